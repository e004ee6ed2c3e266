//! A replay as one page that stands alone, in the style of forecasts.

use super::report::{ReplayReport, SendChange};
use super::text::count;
use crate::sim::forecast::{escape, page_head, pairs_by_day, thousands};
use std::fmt::Write;

/// Further sendings are counted, not shown: `--format json` has them all.
const SHOWN: usize = 500;

/// The page.
#[must_use]
pub fn replay_html(report: &ReplayReport) -> String {
    let title = escape(if report.project.is_empty() { "Replay" } else { &report.project });
    let mut out = page_head(&format!("{title}: replay"));
    let _ = write!(
        out,
        "<header><h1>{title}</h1><p class=\"lead\">What this source would have sent to {} people, {} to {} ({})</p><div class=\"tiles\">",
        thousands(report.people),
        report.since,
        report.until,
        escape(&report.timezone)
    );
    let tiles =
        [(report.same, "sendings are the same"), (count(report.differences()), "sendings differ"), (count(report.differing.len()), "people are concerned")];
    for (number, label) in tiles {
        let _ = write!(out, "<div class=\"tile\"><b>{}</b><span>{label}</span></div>", thousands(number));
    }
    out.push_str("</div></header>\n");
    if !report.days.is_empty() {
        let days: Vec<(&str, u64, u64)> = report.days.iter().map(|day| (day.date.as_str(), day.was, day.would_be)).collect();
        let _ = writeln!(out, "<section><h2>Sends per day</h2><p class=\"note\">as they were, and as they would be</p>{}</section>", pairs_by_day(&days));
    }
    out.push_str("<section><h2>By message</h2><div class=\"scroll\"><table><tr><th>Message</th><th>Was</th><th>Would be</th><th>Gone</th><th>New</th><th>Moved</th><th>Changed</th></tr>");
    for message in &report.messages {
        let counts = [message.was, message.would_be, message.gone, message.new, message.moved, message.changed];
        let cells: String = counts.into_iter().map(|count| format!("<td>{}</td>", thousands(count))).collect();
        let _ = write!(out, "<tr><td>{}</td>{cells}</tr>", escape(&message.message));
    }
    out.push_str("</table></div></section>\n");
    people(&mut out, report);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn people(out: &mut String, report: &ReplayReport) {
    if report.differing.is_empty() {
        return;
    }
    out.push_str("<section><h2>Person by person</h2><div class=\"scroll\"><table class=\"plain\"><tr><th>Contact</th><th>Difference</th><th>Message</th><th>Was</th><th>Would be</th><th>Where</th></tr>");
    let all = report.differing.iter().flat_map(|person| person.differences.iter().enumerate().map(move |(at, change)| (person, at, change)));
    for (person, at, change) in all.take(SHOWN) {
        let who = if at > 0 {
            String::new()
        } else {
            format!("{}<small>{}</small>", escape(if person.to.is_empty() { &person.contact } else { &person.to }), person.contact)
        };
        let _ = write!(out, "<tr><td>{who}</td>{}</tr>", cells(change));
    }
    out.push_str("</table></div>");
    if report.differences() > SHOWN {
        let _ = write!(out, "<p class=\"note\">and {} more; --format json has them all</p>", thousands(count(report.differences() - SHOWN)));
    }
    out.push_str("</section>\n");
}

fn cells(change: &SendChange) -> String {
    let class = if change.difference == "gone" { "r" } else { "g" };
    let message = match &change.becomes {
        Some(becomes) => format!("{} → {}", escape(&change.message), escape(becomes)),
        None => escape(&change.message),
    };
    let at = |at: &Option<String>| at.clone().unwrap_or_else(|| "–".to_owned());
    format!(
        "<td class=\"{class}\">{}</td><td>{message}</td><td>{}</td><td>{}</td><td>{}<small>{}</small></td>",
        change.difference,
        at(&change.was_at),
        at(&change.would_be_at),
        escape(&change.campaign),
        escape(&change.step)
    )
}
