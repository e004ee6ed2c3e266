//! A line of the journal for people: when, where, what, and why.

use super::{local_time, shown_facts, shown_value, text};
use serde_json::Value as Json;

/// `2026-03-02 10:00:00  Hot lead follow-up  enrolled  segment "Canada Hot Leads": points 46 → 56 by visited("/pricing")`
pub fn human(line: &Json) -> String {
    let mut parts = vec![local_time(text(line, "at"))];
    if !text(line, "campaign").is_empty() {
        parts.push(text(line, "campaign").to_string());
    }
    parts.push(text(line, "what").to_string());
    let why = explained(line);
    // The step's own name is said where the phrase does not say it; who is through with all of them stands nowhere.
    let step = text(line, "step");
    let target = step.rsplit('/').next().unwrap_or(step);
    let phrase = text(line, "why");
    let is_told = step.is_empty() || (!target.is_empty() && phrase.contains(target.split('#').next().unwrap_or(target))) || text(line, "what") == "finished";
    parts.push(match (is_told, why.is_empty()) {
        (true, _) => why,
        (false, true) => step.to_string(),
        (false, false) => format!("{step}: {why}"),
    });
    parts.join("  ").trim_end().to_string() + "\n"
}

/// The phrase, with the fact that changed and the input that changed it where the phrase does not say them.
fn explained(line: &Json) -> String {
    let mut out = text(line, "why").to_string();
    let cause = line.get("cause").cloned().unwrap_or(Json::Null);
    let condition = text(&cause, "condition");
    if !condition.is_empty() {
        let verdict = if out == "exit" { "holds already" } else { "is false" };
        out += &format!(": {condition} {verdict}{}", shown_facts(cause.get("facts")));
    }
    let fact = text(&cause, "fact");
    let value = |key: &str| cause.get(key).map_or_else(|| "unset".to_string(), shown_value);
    // Of a wait or a send the fact that began it all says nothing, and time alone changes no value.
    let is_told = !matches!(text(line, "what"), "waiting" | "held" | "sent" | "called" | "notified" | "skipped" | "finished");
    if is_told && !fact.is_empty() && !out.contains('→') && cause.get("old") != cause.get("new") {
        let separator = if out.is_empty() { "" } else { ": " };
        out += &format!("{separator}{fact} {} → {}", value("old"), value("new"));
    }
    let input = text(&cause, "input");
    if !input.is_empty() && !out.contains(input) {
        let separator = if out.is_empty() { "" } else { " " };
        out += &format!("{separator}by {input}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_says_when_where_what_and_why() {
        let line = json!({
            "at": "2026-03-02T10:00:00-05:00", "campaign": "Hot lead follow-up", "step": null, "what": "enrolled", "why": "segment \"Canada Hot Leads\"",
            "cause": { "input": "visited(\"/pricing\")", "fact": "points", "old": 46, "new": 56 },
        });
        let wanted = "2026-03-02 10:00:00  Hot lead follow-up  enrolled  segment \"Canada Hot Leads\": points 46 → 56 by visited(\"/pricing\")\n";
        assert_eq!(human(&line), wanted);
    }

    #[test]
    fn a_refusal_says_which_check_failed_and_what_it_read() {
        let line = json!({
            "at": "2026-03-02T10:00:00-05:00", "campaign": "Pro", "step": null, "what": "not enrolled", "why": "only if",
            "cause": { "input": "signed_up", "condition": "plan == \"pro\"", "facts": { "plan": "free" } },
        });
        assert_eq!(human(&line), "2026-03-02 10:00:00  Pro  not enrolled  only if: plan == \"pro\" is false: plan is \"free\" by signed_up\n");
    }

    #[test]
    fn what_a_step_changed_is_told_with_the_step() {
        let line = json!({
            "at": "2026-03-02T10:00:00Z", "campaign": "Score", "step": "then/points", "what": "changed", "why": "",
            "cause": { "input": "timer", "fact": "points", "old": 46, "new": 56 },
        });
        assert_eq!(human(&line), "2026-03-02 10:00:00  Score  changed  then/points: points 46 → 56 by timer\n");
    }
}
