//! Results for people: a line a test, and the whole story of those that failed.

use super::Results;
use super::coverage;
use super::run::{Case, Spot, Why};
use crate::diagnostics::terminal::{Paint, printable};

/// Everything, the summary line last.
#[must_use]
pub fn render(results: &Results, paint: Paint) -> String {
    let mut out = String::new();
    for case in &results.cases {
        match &case.failure {
            None => out += &format!("{}    {}\n", colored("ok", Color::Green, paint), printable(&case.name)),
            Some(why) => {
                out += &format!("{}  {}\n", colored("FAIL", Color::Red, paint), printable(&case.name));
                out += &printable(&told(why));
            }
        }
    }
    let failures: Vec<&Case> = results.cases.iter().filter(|case| case.failure.is_some()).collect();
    // Who reads the end of a long log need not look for them.
    if !failures.is_empty() && results.cases.len() > 1 {
        out += "\nfailures:\n";
        for case in failures {
            out += &format!("  {}  at {}\n", printable(&case.name), case.failure.as_ref().map_or(&case.spot, |why| &why.spot));
        }
    }
    if let Some(covered) = &results.coverage {
        out += &format!("\n{}", printable(&coverage::table(covered)));
    }
    out + &summary(results, paint)
}

fn summary(results: &Results, paint: Paint) -> String {
    let color = if results.failed() > 0 { Color::Red } else { Color::Green };
    let filtered = if results.filtered_out > 0 { format!(", {} filtered out", results.filtered_out) } else { String::new() };
    let word = colored(results.word(), color, paint);
    format!("\ntest result: {word}. {} passed, {} failed{filtered}; {:.2} s\n", results.passed(), results.failed(), results.took.as_secs_f64())
}

/// Where, what, what instead, and what happened up to then.
fn told(why: &Why) -> String {
    let mut out = format!("      at {}\n", why.spot);
    out += &drawn(&why.spot);
    out += &format!("      expected  {}\n      instead   {}\n", why.expected, why.happened);
    let zones: std::collections::BTreeSet<&str> = why.timeline.iter().map(|(moment, _)| &*moment.zone).collect();
    let one_zone = (zones.len() == 1).then(|| zones.iter().next().copied()).flatten();
    if !why.timeline.is_empty() {
        let whom = why.contact.as_ref().map(|name| format!(" to {name}")).unwrap_or_default();
        out += &format!("      what happened{whom}{}:\n", one_zone.map(|zone| format!(" ({zone})")).unwrap_or_default());
    }
    for (moment, text) in &why.timeline {
        let zone = if one_zone.is_none() { format!(" {}", moment.zone) } else { String::new() };
        let name = moment.contact.as_ref().filter(|_| why.contact.is_none()).map(|name| format!("  {name}")).unwrap_or_default();
        out += &format!("        {}{zone}{name}  {text}\n", moment.local);
    }
    out
}

/// The line of the source, with what failed underlined.
fn drawn(spot: &Spot) -> String {
    let number = spot.start.0.to_string();
    let (line, column) = (&spot.line, usize::try_from(spot.start.1.saturating_sub(1)).unwrap_or(0));
    let end = if spot.end.0 == spot.start.0 { usize::try_from(spot.end.1.saturating_sub(1)).unwrap_or(0) } else { line.trim_end().chars().count() };
    // Tabs stay tabs, so that the mark stands under its text.
    let before: String = line.chars().take(column).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("      {number} | {}\n      {} | {before}{}\n", line.trim_end(), " ".repeat(number.len()), "^".repeat(end.saturating_sub(column).max(1)))
}

#[derive(Clone, Copy)]
enum Color {
    Green,
    Red,
}

fn colored(text: &str, color: Color, paint: Paint) -> String {
    match (paint, color) {
        (Paint::Plain, _) => text.to_owned(),
        (Paint::Colored, Color::Green) => format!("\u{1b}[32m{text}\u{1b}[0m"),
        (Paint::Colored, Color::Red) => format!("\u{1b}[31m{text}\u{1b}[0m"),
    }
}
