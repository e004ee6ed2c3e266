//! A forecast as one page that stands alone: no script, nothing loaded from anywhere, light and dark.

use super::charts::{escape, per_contact, sends_by_day, week};
use super::report::{CampaignReport, Counted, Report, StepReport, length, percent, thousands};
use super::values::real;
use std::fmt::Write;

const STYLE: &str = include_str!("style/page.css");

/// The page.
#[must_use]
pub fn html(report: &Report) -> String {
    let title = escape(if report.project.is_empty() { "Forecast" } else { &report.project });
    let mut out = page_head(&format!("{title}: forecast"));
    head(&mut out, report, &title);
    if report.sends() > 0 {
        section(&mut out, "", ("Sends per day", &format!("by message, in {}", report.timezone)), &sends_by_day(report));
        section(&mut out, "half", ("When people hear from you", "sends by weekday and hour, by each contact's own clock"), &week(report));
        section(&mut out, "half", ("Messages per contact", "how many contacts get how many messages"), &per_contact(report));
    }
    report.campaigns.iter().for_each(|found| campaign(&mut out, found));
    messages(&mut out, report);
    segments(&mut out, report);
    notes(&mut out, report);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// The beginning of a page in the style of these, up to its content; `title` is markup.
pub(crate) fn page_head(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
}

fn head(out: &mut String, report: &Report, title: &str) {
    let days = if report.days == 1 { "day" } else { "days" };
    let _ = write!(
        out,
        "<header><h1>{title}</h1><p class=\"lead\">A forecast of {} contacts over {} {days} from {} · seed {}</p><div class=\"tiles\">",
        thousands(report.contacts),
        report.days,
        report.from,
        report.seed
    );
    let mut tile = |value: String, label: String| {
        let _ = write!(out, "<div class=\"tile\"><b>{value}</b><span>{label}</span></div>");
    };
    for (count, label) in
        [(report.email, "mails"), (report.sms, "texts"), (report.push, "push messages"), (report.webhooks, "webhooks"), (report.notices, "notices")]
    {
        if count > 0 {
            tile(thousands(count), label.to_owned());
        }
    }
    let enrolled: u64 = report.campaigns.iter().map(|campaign| campaign.enrolled).sum();
    tile(thousands(enrolled), "enrollments".to_owned());
    let reached = report.contacts - report.messages_per_contact.first().copied().unwrap_or(0);
    tile(percent(reached, report.contacts), "of contacts get a message".to_owned());
    if let Some(peak) = &report.peak {
        tile(thousands(peak.sends), format!("in the busiest hour, {}", peak.hour));
    }
    out.push_str("</div></header>\n");
}

fn section(out: &mut String, class: &str, (title, note): (&str, &str), body: &str) {
    let _ = writeln!(out, "<section class=\"{class}\"><h2>{title}</h2><p class=\"note\">{}</p>{body}</section>", escape(note));
}

fn campaign(out: &mut String, campaign: &CampaignReport) {
    let tag = if campaign.is_published { "published" } else { "draft" };
    let _ = write!(out, "<section><div class=\"top\"><h2>{}</h2><span class=\"tag\">{tag}</span></div><div class=\"facts\">", escape(&campaign.campaign));
    let mut fact = |value: String, label: &str| {
        let _ = write!(out, "<div><b>{value}</b>{}</div>", escape(label));
    };
    fact(thousands(campaign.enrolled), "enrolled");
    fact(thousands(campaign.inside), "still inside");
    for goal in &campaign.goals {
        fact(percent(goal.count, campaign.enrolled), &format!("reach {}", goal.what));
    }
    if let (Some(median), Some(p90)) = (campaign.finished_median_minutes, campaign.finished_p90_minutes) {
        fact(length(median), "to the last step (half of them)");
        fact(length(p90), "(nine in ten)");
    }
    out.push_str("</div>");
    let most = campaign.steps.iter().map(|step| step.arrived).max().unwrap_or(0);
    if most > 0 {
        out.push_str("<div class=\"funnel\">");
        campaign.steps.iter().for_each(|found| step(out, found, most));
        out.push_str("</div>");
    }
    words(out, "Ended", (&campaign.ended, campaign.enrolled));
    words(out, "Not enrolled", (&campaign.not_enrolled, campaign.not_enrolled.iter().map(|word| word.count).sum()));
    out.push_str("</section>\n");
}

fn step(out: &mut String, step: &StepReport, most: u64) {
    let name = step.step.rsplit('/').next().unwrap_or(&step.step);
    let share = 100.0 * real(step.arrived) / real(most);
    let indent = step.depth * 18;
    let _ = write!(
        out,
        "<div class=\"step\" title=\"{} · {}\"><div class=\"name\" style=\"padding-left:{indent}px\">{}</div><div class=\"track\"><div class=\"fill\" style=\"width:{share:.2}%\">",
        escape(&step.step),
        escape(&step.source),
        escape(name)
    );
    if let (Some(green), Some(red)) = (step.green, step.red) {
        let part = |count: u64| 100.0 * real(count) / real(step.arrived.max(1));
        let _ = write!(out, "<i class=\"green\" style=\"width:{:.2}%\"></i><i class=\"red\" style=\"width:{:.2}%\"></i>", part(green), part(red));
        let _ = write!(out, "<i class=\"wait\" style=\"width:{:.2}%\"></i>", part(step.waiting));
    }
    let _ = write!(out, "</div></div><div class=\"number\">{}</div>", thousands(step.arrived));
    let detail = details(step);
    if !detail.is_empty() {
        let _ = write!(out, "<div class=\"detail\">{}</div>", detail.join(" · "));
    }
    out.push_str("</div>");
}

fn details(step: &StepReport) -> Vec<String> {
    let mut parts = Vec::new();
    if let (Some(green), Some(red), true) = (step.green, step.red, step.arrived > 0) {
        parts.push(format!("<span class=\"g\">green {} ({})</span>", thousands(green), percent(green, green + red)));
        parts.push(format!("<span class=\"r\">red {} ({})</span>", thousands(red), percent(red, green + red)));
    } else {
        parts.extend(step.decided.iter().map(|word| format!("{} {}", escape(&word.what), thousands(word.count))));
    }
    if step.waiting > 0 {
        parts.push(format!("<span class=\"w\">waiting {}</span>", thousands(step.waiting)));
    }
    if step.left > 0 {
        parts.push(format!("left here {}", thousands(step.left)));
    }
    for (what, all) in [("skipped", &step.skipped), ("held", &step.held), ("failed", &step.failed), ("cancelled", &step.cancelled)] {
        parts.extend(all.iter().map(|word| format!("{what} {} ({})", thousands(word.count), escape(&word.what))));
    }
    parts
}

fn words(out: &mut String, title: &str, (words, whole): (&[Counted], u64)) {
    if words.is_empty() {
        return;
    }
    let _ = write!(out, "<h3>{title}</h3><div class=\"scroll\"><table>");
    for word in words {
        let _ = write!(out, "<tr><td>{}</td><td>{}<small>{}</small></td></tr>", escape(&word.what), thousands(word.count), percent(word.count, whole));
    }
    out.push_str("</table></div>");
}

fn messages(out: &mut String, report: &Report) {
    if report.messages.is_empty() {
        return;
    }
    out.push_str("<section><h2>Messages</h2><p class=\"note\">as shares of what was sent</p><div class=\"scroll\"><table><tr><th>Message</th><th>Sent</th><th>Opened</th><th>Clicked</th><th>Replied</th><th>Unsubscribed</th><th>Bounced</th></tr>");
    for message in &report.messages {
        let share = |count: u64| percent(count, message.sent);
        let opened = if message.channel == "sms" { "–".to_owned() } else { share(message.opened) };
        let _ = write!(
            out,
            "<tr><td>{}<small>{}</small></td><td>{}</td><td>{opened}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&message.message),
            message.channel,
            thousands(message.sent),
            share(message.clicked),
            share(message.replied),
            share(message.unsubscribed),
            share(message.bounced)
        );
    }
    out.push_str("</table></div></section>\n");
}

fn segments(out: &mut String, report: &Report) {
    if report.segments.is_empty() {
        return;
    }
    out.push_str("<section><h2>Segments</h2><p class=\"note\">members when the time is up, and how often contacts came and went</p><div class=\"scroll\"><table><tr><th>Segment</th><th>Members</th><th>Entered</th><th>Left</th></tr>");
    for segment in &report.segments {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}<small>{}</small></td><td>{}</td><td>{}</td></tr>",
            escape(&segment.segment),
            thousands(segment.members),
            percent(segment.members, report.contacts),
            thousands(segment.entered),
            thousands(segment.left)
        );
    }
    out.push_str("</table></div></section>\n");
}

fn notes(out: &mut String, report: &Report) {
    let mut lines: Vec<String> = report.problems.iter().map(|word| format!("{}: {}", word.what, thousands(word.count))).collect();
    lines.extend(report.made_up.iter().map(|line| format!("made up, {line}")));
    if !report.shared.is_empty() {
        lines.push(format!("contacts share {}: all of them ran in one order of time", report.shared.join(", ")));
    }
    if lines.is_empty() {
        return;
    }
    out.push_str("<section><h2>To bear in mind</h2><ul class=\"notes\">");
    for line in lines {
        let _ = write!(out, "<li>{}</li>", escape(&line));
    }
    out.push_str("</ul></section>\n");
}
