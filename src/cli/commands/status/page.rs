//! How things stand, for people: aligned, cut to the terminal, coloured only where that is wanted.

use crate::cli::context::Context;
use crate::diagnostics::terminal::{Paint, printable};
use serde_json::Value as Json;
use std::io::IsTerminal;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a line may be long where nobody says how wide the terminal is.
const ANY_WIDTH: usize = 200;
/// A name is cut to no less than this.
const LEAST_NAME: usize = 12;

/// How it is shown.
pub struct Look {
    paint: Paint,
    width: usize,
}

/// A colour that says something.
#[derive(Clone, Copy)]
enum Tone {
    Good,
    Warn,
    Bad,
    Dim,
    Bold,
}

impl Look {
    /// As wide as the terminal, if it is one.
    #[must_use]
    pub fn of(context: &Context) -> Look {
        let width = std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0));
        Look { paint: context.paint_stdout(), width: width.unwrap_or(ANY_WIDTH).max(40) }
    }
    fn toned(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "31",
            Tone::Dim => "2",
            Tone::Bold => "1",
        };
        if self.paint == Paint::Colored { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

/// The whole page.
#[must_use]
pub fn text(status: &Json, look: &Look) -> String {
    let mut out = head(status, look);
    out += &campaigns(status, look);
    out += &lanes(status, look);
    out + &troubles(status, look)
}

fn get<'a>(json: &'a Json, key: &str) -> &'a str {
    json.get(key).and_then(Json::as_str).unwrap_or("")
}

fn number(json: &Json, key: &str) -> u64 {
    json.get(key).and_then(Json::as_u64).unwrap_or(0)
}

fn list<'a>(json: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> + use<'a> {
    json.get(key).and_then(Json::as_array).into_iter().flatten()
}

fn head(status: &Json, look: &Look) -> String {
    let is_running = status.get("is_running").and_then(Json::as_bool).unwrap_or(false);
    let running = if is_running { look.toned(Tone::Good, "running") } else { look.toned(Tone::Warn, "not running") };
    let mut out = format!("{}  {running}\n", look.toned(Tone::Bold, &printable(get(status, "project"))));
    let mut line = |name: &str, value: String| out += &format!("{name:<11} {value}\n");
    line("now", format!("{} ({} clock)", get(status, "now"), get(status, "clock")));
    let source = match get(status, "source") {
        "differs" => look.toned(Tone::Warn, "; the source differs: `campc plan` shows how"),
        "has errors" => look.toned(Tone::Warn, "; the source has errors: `campc check` shows them"),
        _ => String::new(),
    };
    line("deployed", format!("no. {} at {}{source}", number(status, "deployment"), get(status, "deployed_at")));
    line("contacts", number(status, "contacts").to_string());
    line("inside", number(status, "enrollments").to_string());
    let late_ms = status.get("late_ms").and_then(Json::as_u64).unwrap_or(0);
    // What is due at this very moment is not late.
    let late = if late_ms >= 1_000 { look.toned(Tone::Warn, &format!(" ({} late)", span(late_ms))) } else { String::new() };
    let next = Some(get(status, "next_due")).filter(|at| !at.is_empty()).unwrap_or("-");
    line("next due", format!("{next}{late}"));
    if let Some(text) = roll_over(status) {
        line("roll-over", look.toned(Tone::Warn, &text));
    }
    if let Some(store) = status.get("store") {
        let free = store.get("free_bytes").and_then(Json::as_u64);
        let free = free.map(|bytes| format!(", {} free on its disk", size(bytes))).unwrap_or_default();
        line("store", format!("{}  {}{free}", printable(get(store, "path")), size(number(store, "bytes"))));
    }
    out
}

/// How far the contacts have followed the last deploy, until all have.
fn roll_over(status: &Json) -> Option<String> {
    let progress = status.get("roll_over").filter(|progress| number(progress, "seq") > 0 && progress.get("finished").is_none_or(Json::is_null))?;
    let (followed, all) = (number(progress, "contacts"), number(status, "contacts"));
    let is_resting = progress.get("is_resting").and_then(Json::as_bool) == Some(true);
    let rest = if is_resting { "; it rests: `campc deploy --continue` lets it go on" } else { "" };
    Some(format!("{followed} of {all} contacts are under no. {}{rest}", number(progress, "seq")))
}

/// What deploys have put aside.
fn asides(status: &Json, look: &Look) -> String {
    let mut out = String::new();
    for one in list(status, "stranded") {
        let place = if get(one, "step").is_empty() { String::new() } else { format!(" at {}", printable(get(one, "step"))) };
        let said = format!("{} in {:?}{place} since {}: {}", number(one, "enrollments"), get(one, "campaign"), get(one, "since"), get(one, "why"));
        out += &format!("{:<11} {}\n", "stranded", look.toned(Tone::Bad, &printable(&said)));
    }
    if !out.is_empty() {
        out += &format!("{:<11} a deploy with a `migrate` line for them, `campc contacts release CONTACT` or `campc contacts end CONTACT`\n", "");
    }
    for one in list(status, "finishing_on_old") {
        let (count, campaign) = (number(one, "enrollments"), get(one, "campaign"));
        let said = format!("{count} in {campaign:?} on deployment {} since {}", number(one, "deployment"), get(one, "since"));
        out += &format!("{:<11} {}\n", "finishing", printable(&said));
    }
    out
}

fn campaigns(status: &Json, look: &Look) -> String {
    let campaigns: Vec<&Json> = list(status, "campaigns").collect();
    if campaigns.is_empty() {
        return String::new();
    }
    let steps = |name: &str| list(status, "standing").filter(|step| get(step, "campaign") == name).collect::<Vec<_>>();
    let names = campaigns.iter().map(|one| get(one, "name").width());
    let goals = campaigns.iter().flat_map(|one| list(one, "goals")).map(|goal| get(goal, "name").width() + "  goal ".len());
    let inner = list(status, "standing").map(|step| get(step, "step").width() + "  at ".len()).chain(goals);
    // The name's column takes what the numbers leave.
    let most = look.width.saturating_sub(44).max(LEAST_NAME);
    let wide = names.chain(inner).max().unwrap_or(0).clamp("campaign".len(), most);
    let mut out = format!("\n{}\n", look.toned(Tone::Dim, &format!("{:<wide$}  {:<10}  {:>8}  {:>8}  {:>8}", "campaign", "", "inside", "entered", "ended")));
    for one in campaigns {
        let status = get(one, "status");
        let padded = format!("{status:<10}");
        let shown = match status {
            "live" => look.toned(Tone::Good, &padded),
            "paused" => look.toned(Tone::Warn, &padded),
            _ => look.toned(Tone::Dim, &padded),
        };
        let (inside, entered, ended) = (number(one, "inside"), number(one, "entered"), number(one, "ended"));
        out += &format!("{}  {shown}  {inside:>8}  {entered:>8}  {ended:>8}\n", fitted(get(one, "name"), wide));
        for step in steps(get(one, "name")) {
            out += &format!("{}  {:<10}  {:>8}\n", fitted(&format!("  at {}", get(step, "step")), wide), "", number(step, "here"));
        }
        for goal in list(one, "goals") {
            let held_out = number(goal, "held_out");
            let held_out = if held_out > 0 { format!(" ({held_out} of the holdout)") } else { String::new() };
            out += &format!("{}  reached {}{held_out}\n", fitted(&format!("  goal {}", get(goal, "name")), wide), number(goal, "reached"));
        }
    }
    out
}

/// The text in exactly so many columns: filled, or cut with a mark.
fn fitted(text: &str, wide: usize) -> String {
    let text = printable(text);
    let used = text.width();
    if used <= wide {
        return text + &" ".repeat(wide - used);
    }
    let mut out = String::new();
    let mut left = wide.saturating_sub(1);
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if columns > left {
            break;
        }
        left -= columns;
        out.push(c);
    }
    out + "…" + &" ".repeat(left)
}

fn lanes(status: &Json, look: &Look) -> String {
    let lanes: Vec<&Json> = list(status, "lanes").collect();
    let mut out = String::new();
    if !lanes.is_empty() {
        let wide = lanes.iter().map(|lane| get(lane, "lane").width()).max().unwrap_or(0).clamp("queue".len(), look.width.saturating_sub(36).max(LEAST_NAME));
        out += &format!("\n{}\n", look.toned(Tone::Dim, &format!("{:<wide$}  {:>8}  {:>9}  {:>8}", "queue", "waiting", "under way", "late")));
        for lane in lanes {
            let late_ms = number(lane, "late_ms");
            let late = if number(lane, "queued") > 0 && late_ms > 0 { span(late_ms) } else { "-".to_string() };
            let broken =
                if lane.get("is_broken").and_then(Json::as_bool) == Some(true) { look.toned(Tone::Bad, "  its provider fails: held") } else { String::new() };
            out += &format!("{}  {:>8}  {:>9}  {late:>8}{broken}\n", fitted(get(lane, "lane"), wide), number(lane, "queued"), number(lane, "in_flight"));
        }
    }
    let counts = status.get("outbox").and_then(Json::as_object).into_iter().flatten();
    let counts: Vec<String> = counts.filter(|(_, count)| count.as_u64() != Some(0)).map(|(state, count)| format!("{state} {count}")).collect();
    if !counts.is_empty() {
        out += &format!("{:<11} {}\n", "outbox", counts.join(", "));
    }
    out
}

fn troubles(status: &Json, look: &Look) -> String {
    let mut out = String::new();
    let unknown = status.get("outbox").map_or(0, |outbox| number(outbox, "unknown"));
    if unknown > 0 {
        let said = format!("{unknown} of unknown outcome wait for you: `campc outbox list --status unknown`");
        out += &format!("{:<11} {}\n", "attention", look.toned(Tone::Bad, &said));
    }
    out += &asides(status, look);
    if let Some(count) = status.get("put_aside").and_then(Json::as_u64).filter(|count| *count > 0) {
        out += &format!("{:<11} {count} (`campc store events --quarantined` shows them)\n", "put aside");
    }
    for webhook in list(status, "disabled_endpoints") {
        let name = printable(webhook.as_str().unwrap_or(""));
        out += &format!("{:<11} {name} answered 410; the next deploy or `campc outbox retry` calls it again\n", "webhook off");
    }
    for contact in list(status, "quarantined") {
        out += &format!("{:<11} {}\n", "quarantined", look.toned(Tone::Bad, &printable(contact.as_str().unwrap_or(""))));
    }
    for event in list(status, "undeclared") {
        let (count, last) = (number(event, "count"), get(event, "last_at"));
        let times = if count == 1 { "once" } else { "times" };
        let told = if count == 1 { format!("{times}, at {last}") } else { format!("{count} {times}, last at {last}") };
        out += &format!("{:<11} {} ({told})\n", "undeclared", look.toned(Tone::Warn, &printable(get(event, "name"))));
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// A span of time as people say it.
fn span(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis}ms"),
        1_000..120_000 => format!("{}s", millis / 1_000),
        120_000..7_200_000 => format!("{}min", millis / 60_000),
        7_200_000..172_800_000 => format!("{}h", millis / 3_600_000),
        _ => format!("{}d", millis / 86_400_000),
    }
}

/// Bytes as people say them.
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status() -> Json {
        json!({
            "project": "Acme", "is_running": true, "now": "2026-03-02T10:00:00Z", "clock": "manual", "deployment": 3, "deployed_at": "2026-03-01T09:00:00Z",
            "source": "differs", "contacts": 1200, "enrollments": 40, "next_due": "2026-03-02T09:58:00Z", "late_ms": 120_000,
            "store": { "path": "camp.db", "bytes": 3_200_000, "free_bytes": 50_000_000_000_u64 },
            "campaigns": [
                { "name": "Hot lead follow-up", "status": "live", "inside": 40, "entered": 52, "ended": 12, "goals": [{ "name": "bought", "reached": 3, "held_out": 1 }] },
                { "name": "A campaign with a name that nobody should ever have given to it", "status": "paused", "inside": 0, "entered": 0, "ended": 0, "goals": [] },
            ],
            "standing": [{ "campaign": "Hot lead follow-up", "step": "else/wait", "here": 40 }],
            "lanes": [{ "lane": "email/marketing", "queued": 12, "in_flight": 3, "late_ms": 65_000, "is_broken": true }],
            "outbox": { "queued": 12, "claimed": 3, "unknown": 2 },
            "undeclared": [{ "name": "cart_seen", "count": 7, "last_at": "2026-03-02T09:00:00Z" }], "quarantined": [],
        })
    }

    #[test]
    fn a_page_is_aligned_and_says_what_wants_attention() {
        let said = text(&status(), &Look { paint: Paint::Plain, width: 80 });
        for wanted in [
            "Acme  running\n",
            "(2min late)",
            "campc plan",
            "3.0 MiB, 46.5 GiB free",
            "email/marketing        12          3       65s",
            "2 of unknown outcome",
            "cart_seen (7 times",
        ] {
            assert!(said.contains(wanted), "{wanted}\n{said}");
        }
        assert!(!said.contains('\u{1b}'), "nobody asked for colours");
    }

    #[test]
    fn no_row_of_campaigns_is_wider_than_the_terminal() {
        for width in [40, 60, 80, 120] {
            let said = text(&status(), &Look { paint: Paint::Plain, width });
            let table = said.lines().skip_while(|line| !line.starts_with("campaign ")).take_while(|line| !line.is_empty());
            let widest = table.map(UnicodeWidthStr::width).max().unwrap();
            assert!(widest <= width.max(44 + LEAST_NAME), "{width}: {said}");
        }
        assert!(text(&status(), &Look { paint: Paint::Plain, width: 60 }).contains('…'));
    }

    #[test]
    fn colours_come_only_when_they_are_asked_for() {
        let said = text(&status(), &Look { paint: Paint::Colored, width: 80 });
        assert!(said.contains("\u{1b}[32mrunning\u{1b}[0m"), "{said}");
    }
}
