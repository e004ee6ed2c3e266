//! Which lines of a campaign's header change, and what follows for those inside.

use super::plan::HeaderPlan;
use crate::bytecode::{BlockId, CampaignDef, Program, Reenter, SegmentId, TriggerKind};
use std::collections::BTreeMap;

/// A line by its words, with everything that stands behind them.
type Lines = BTreeMap<String, String>;

/// The lines that differ. `is_changed` says of a segment whether its predicate does.
pub(super) fn header(
    (running, old): (&Program, &CampaignDef),
    (next, new): (&Program, &CampaignDef),
    is_changed: &dyn Fn(SegmentId) -> bool,
) -> Vec<HeaderPlan> {
    let mut found = Vec::new();
    let mut compare = |(before, after): (Lines, Lines), note: &str| {
        for (line, meaning) in &after {
            match before.get(line) {
                None => found.push(plan(line, "new", note)),
                Some(former) if former != meaning => found.push(plan(line, "changed", note)),
                Some(_) => {}
            }
        }
        found.extend(before.keys().filter(|line| !after.contains_key(*line)).map(|line| plan(line, "gone", note)));
    };
    compare((exits(running, old), exits(next, new)), "asked at once of all inside");
    compare((goals(running, old), goals(next, new)), "counted from enrolment on");
    compare((triggers(old, &|_| false), triggers(new, is_changed)), "new entries only");
    compare((entry(running, old), entry(next, new)), "from the next trigger on");
    compare((sending(old), sending(new)), "from the next hand-over on");
    found
}

fn plan(line: &str, change: &str, note: &str) -> HeaderPlan {
    HeaderPlan { line: line.to_owned(), change: change.to_owned(), note: note.to_owned(), ends_at_once: 0 }
}

/// The text of a condition.
pub(super) fn text(program: &Program, block: BlockId) -> String {
    program.blocks.get(block.index()).map(|block| block.text.to_string()).unwrap_or_default()
}

fn exits(program: &Program, def: &CampaignDef) -> Lines {
    def.exits.iter().map(|exit| (format!("exit when {}", text(program, exit.condition)), String::new())).collect()
}

fn goals(program: &Program, def: &CampaignDef) -> Lines {
    let line = |goal: &crate::bytecode::GoalDef| {
        let within = goal.within.map(|within| format!(" within {}", text(program, within))).unwrap_or_default();
        let condition = format!("{}{within}", text(program, goal.condition));
        match &goal.name {
            Some(name) => (format!("goal {name:?}"), condition),
            None => (format!("goal {condition}"), String::new()),
        }
    };
    def.goals.iter().map(line).collect()
}

fn triggers(def: &CampaignDef, is_changed: &dyn Fn(SegmentId) -> bool) -> Lines {
    let line = |trigger: &crate::bytecode::Trigger| {
        let is_other = match &trigger.kind {
            TriggerKind::SegmentEntered(segment) | TriggerKind::SegmentLeft(segment) => is_changed(*segment),
            _ => false,
        };
        (format!("when {}", trigger.text), if is_other { "its segment is another".to_owned() } else { String::new() })
    };
    def.triggers.iter().map(line).collect()
}

fn entry(program: &Program, def: &CampaignDef) -> Lines {
    let mut lines: Lines = def.only_if.iter().map(|block| (format!("only if {}", text(program, *block)), String::new())).collect();
    let reenter = match &def.reenter {
        Reenter::Never => "never".to_owned(),
        Reenter::Always => "always".to_owned(),
        Reenter::After(duration) => format!("after {duration}"),
        Reenter::Each(block) => format!("each {}", text(program, *block)),
    };
    lines.insert("reenter".to_owned(), reenter);
    lines.insert("retrigger".to_owned(), def.is_restarting.to_string());
    lines.insert("collect".to_owned(), def.collect.as_ref().map(|collect| format!("{} {:?}", collect.length, collect.sliding_up_to)).unwrap_or_default());
    lines.insert("active".to_owned(), format!("{:?} {:?}", def.active_from, def.active_until));
    lines
}

fn sending(def: &CampaignDef) -> Lines {
    let rules = &def.sending;
    let lines = [
        ("send between", format!("{:?}", def.windows)),
        ("limit", format!("{:?}", rules.limits)),
        ("capped", format!("{:?}", rules.capped.as_ref().map(|capped| capped.is_waiting))),
        ("throttle", format!("{:?}", rules.throttle)),
        ("holdout", format!("{:?}", rules.holdout)),
        ("priority", rules.priority.to_string()),
    ];
    lines.into_iter().map(|(line, meaning)| (line.to_owned(), meaning)).collect()
}
