//! A replay for people, as text.

use super::report::{PersonReport, ReplayReport, SendChange};
use crate::sim::forecast::thousands;
use std::fmt::Write;

/// Further people are counted, not shown: `--format json` has them all.
const SHOWN: usize = 50;

/// The report as text.
#[must_use]
pub fn replay_human(report: &ReplayReport) -> String {
    let mut out = String::new();
    let people = if report.people == 1 { "person" } else { "people" };
    let _ = writeln!(out, "{} {people} replayed, sendings from {} to {} ({})", thousands(report.people), report.since, report.until, report.timezone);
    if report.differences() == 0 {
        let _ = writeln!(out, "no difference: {} sendings are the same", thousands(report.same));
        return out;
    }
    let of = count(report.differing.len());
    let _ = writeln!(out, "{} sendings differ, for {of} of them; {} are the same\n", thousands(count(report.differences())), thousands(report.same));
    let width = report.messages.iter().map(|message| message.message.chars().count()).max().unwrap_or(0).max(7);
    let _ = writeln!(out, "{:width$}  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}", "message", "was", "would be", "gone", "new", "moved", "changed");
    for message in &report.messages {
        let name = &message.message;
        let counts = [message.was, message.would_be, message.gone, message.new, message.moved, message.changed].map(thousands);
        let _ = writeln!(out, "{name:width$}  {}", counts.map(|count| format!("{count:>8}")).join("  "));
    }
    for person in report.differing.iter().take(SHOWN) {
        let _ = writeln!(out, "\n{}", who(person));
        person.differences.iter().for_each(|change| {
            let _ = writeln!(out, "  {}", line(change));
        });
    }
    if report.differing.len() > SHOWN {
        let _ = writeln!(out, "\n… and {} more; --format json has them all", thousands(count(report.differing.len() - SHOWN)));
    }
    out
}

pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn who(person: &PersonReport) -> String {
    if person.to.is_empty() { person.contact.clone() } else { format!("{}  {}", person.contact, person.to) }
}

fn line(change: &SendChange) -> String {
    let place = format!("{}, {}", change.campaign, change.step);
    let (was, would_be) = (change.was_at.as_deref().unwrap_or(""), change.would_be_at.as_deref().unwrap_or(""));
    match change.difference {
        "gone" => format!("{was}  - {}  ({place})", change.message),
        "new" => format!("{would_be}  + {}  ({place})", change.message),
        "moved" => format!("{was}  ~ {} → {would_be}  ({place})", change.message),
        _ => format!("{was}  ~ {} → {}  ({place})", change.message, change.becomes.as_deref().unwrap_or("")),
    }
}
