//! A forecast for a terminal: tables with bars, as wide as it is.

use super::report::{CampaignReport, Counted, Report, StepReport, length, percent, thousands};
use super::values::{real, whole};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// How many columns there are.
    pub width: usize,
    /// Whether colours may be used.
    pub is_colored: bool,
}

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// The report as text.
#[must_use]
pub fn human(report: &Report, look: Look) -> String {
    let mut page = Page { out: String::new(), look: Look { width: look.width.clamp(40, 120), ..look } };
    page.head(report);
    report.campaigns.iter().for_each(|campaign| page.campaign(campaign));
    page.messages(report);
    page.days(report);
    page.per_contact(report);
    page.segments(report);
    page.words("Problems", &report.problems);
    page.notes(report);
    page.out
}

struct Page {
    out: String,
    look: Look,
}

impl Page {
    fn paint(&self, color: &str, text: &str) -> String {
        if self.look.is_colored { format!("{color}{text}{PLAIN}") } else { text.to_owned() }
    }
    fn title(&mut self, text: &str) {
        let text = self.paint(BOLD, text);
        let _ = writeln!(self.out, "\n{text}");
    }
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "  {text}");
    }
    /// A label, a number at the right place, and a bar of what is left of the line.
    fn bar(&mut self, (label, label_width): (&str, usize), (count, most): (u64, u64), tail: &str) {
        let number = thousands(count);
        let room = self.look.width.saturating_sub(label_width + 2 + 11 + 2 + tail.width() + 2).min(50);
        let bar = blocks(count, most, room);
        let pad = " ".repeat(room.saturating_sub(bar.chars().count()));
        let line = format!("  {}  {number:>10}  {}{pad} {tail}", fitted(label, label_width), self.paint(GREEN, &bar));
        let _ = writeln!(self.out, "{}", line.trim_end());
    }

    fn head(&mut self, report: &Report) {
        let days = if report.days == 1 { "day" } else { "days" };
        let title = format!("{}: {} contacts, {} {days} from {}", named(&report.project), thousands(report.contacts), report.days, report.from);
        let title = self.paint(BOLD, &title);
        let _ = writeln!(self.out, "{title}");
        let mut parts = Vec::new();
        for (count, one, many) in [
            (report.email, "mail", "mails"),
            (report.sms, "text", "texts"),
            (report.push, "push message", "push messages"),
            (report.webhooks, "webhook", "webhooks"),
            (report.notices, "notice", "notices"),
        ] {
            if count > 0 {
                parts.push(format!("{} {}", thousands(count), if count == 1 { one } else { many }));
            }
        }
        self.line(&if parts.is_empty() { "nothing is sent".to_owned() } else { parts.join(", ") });
        if let Some(peak) = &report.peak {
            self.line(&format!("most in one hour: {} ({} on {})", thousands(peak.sends), report.timezone, peak.hour));
        }
    }

    fn campaign(&mut self, campaign: &CampaignReport) {
        self.title(&format!("{}{}", campaign.campaign, if campaign.is_published { "" } else { "  (draft: enrols nobody)" }));
        let ended: u64 = campaign.ended.iter().map(|end| end.count).sum();
        self.line(&format!("{} enrolled, {} still inside, {} ended", thousands(campaign.enrolled), thousands(campaign.inside), thousands(ended)));
        if campaign.restarted > 0 {
            self.line(&format!("{} began anew", thousands(campaign.restarted)));
        }
        if let (Some(median), Some(p90)) = (campaign.finished_median_minutes, campaign.finished_p90_minutes) {
            self.line(&format!("to the last step: {} (half of them), {} (nine in ten)", length(median), length(p90)));
        }
        for (what, words) in [("not enrolled", &campaign.not_enrolled), ("ended", &campaign.ended), ("goal", &campaign.goals)] {
            let whole = if what == "not enrolled" { words.iter().map(|word| word.count).sum() } else { campaign.enrolled };
            for word in words {
                self.line(&format!("{what}: {}  {} ({})", word.what, thousands(word.count), percent(word.count, whole)));
            }
        }
        let most = campaign.steps.iter().map(|step| step.arrived).max().unwrap_or(0);
        if most == 0 {
            return;
        }
        let width = self.label_width(campaign.steps.iter().map(|step| step.depth * 2 + last_part(&step.step).width()).max().unwrap_or(0));
        for step in &campaign.steps {
            let label = format!("{}{}", "  ".repeat(step.depth), last_part(&step.step));
            self.bar((&label, width), (step.arrived, most), "");
            self.step(step);
        }
    }

    fn step(&mut self, step: &StepReport) {
        let indent = "  ".repeat(step.depth + 2);
        let mut parts = Vec::new();
        if let (Some(green), Some(red), true) = (step.green, step.red, step.arrived > 0) {
            let all = green + red;
            parts.push(format!("green {} ({})", thousands(green), percent(green, all)));
            parts.push(format!("red {} ({})", thousands(red), percent(red, all)));
        } else {
            parts.extend(step.decided.iter().map(|word| format!("{} {}", word.what, thousands(word.count))));
        }
        for (what, count) in [("waiting", step.waiting), ("left here", step.left)] {
            if count > 0 {
                parts.push(format!("{what} {}", thousands(count)));
            }
        }
        for (what, words) in [("skipped", &step.skipped), ("held", &step.held), ("failed", &step.failed), ("cancelled", &step.cancelled)] {
            parts.extend(words.iter().map(|word| format!("{what} {} ({})", thousands(word.count), word.what)));
        }
        self.listed(&indent, &parts);
    }

    /// Parts side by side, on as many lines as they need.
    fn listed(&mut self, indent: &str, parts: &[String]) {
        let mut used = 0;
        for (at, part) in parts.iter().enumerate() {
            let comma = if at + 1 < parts.len() { "," } else { "" };
            let wide = part.width() + comma.len();
            if used == 0 || used + 1 + wide > self.look.width {
                self.out.push_str(if used == 0 { "" } else { "\n" });
                self.out.push_str(indent);
                used = indent.len();
            } else {
                self.out.push(' ');
                used += 1;
            }
            let color = if part.starts_with("green ") { GREEN } else { RED };
            let is_way = part.starts_with("green ") || part.starts_with("red ");
            let part = if is_way { self.paint(color, part) } else { part.clone() };
            let _ = write!(self.out, "{part}{comma}");
            used += wide;
        }
        if used > 0 {
            self.out.push('\n');
        }
    }

    fn messages(&mut self, report: &Report) {
        let sent: Vec<_> = report.messages.iter().filter(|message| message.sent > 0).collect();
        if sent.is_empty() {
            return;
        }
        self.title("Messages");
        let width = self.label_width(sent.iter().map(|message| message.message.width() + 6).max().unwrap_or(0));
        let most = sent.iter().map(|message| message.sent).max().unwrap_or(0);
        for message in sent {
            let mut tail = Vec::new();
            for (what, count) in [("opened", message.opened), ("clicked", message.clicked), ("replied", message.replied), ("bounced", message.bounced)] {
                if count > 0 {
                    tail.push(format!("{what} {}", percent(count, message.sent)));
                }
            }
            self.bar((&format!("{} {}", message.channel, message.message), width), (message.sent, most), "");
            self.listed("      ", &tail);
        }
    }

    fn days(&mut self, report: &Report) {
        if report.sends() == 0 {
            return;
        }
        self.title("Sends per day");
        let total = |day: &super::report::DayReport| day.email + day.sms + day.push;
        let most = report.by_day.iter().map(total).max().unwrap_or(0);
        for day in &report.by_day {
            self.bar((&day.date, 10), (total(day), most), "");
        }
    }

    fn per_contact(&mut self, report: &Report) {
        if report.sends() == 0 {
            return;
        }
        self.title("Messages per contact");
        let last = report.messages_per_contact.iter().rposition(|count| *count > 0).unwrap_or(0);
        let most = report.messages_per_contact.iter().copied().max().unwrap_or(0);
        for (messages, contacts) in report.messages_per_contact.iter().enumerate().take(last + 1) {
            let label = if messages == Report::many() { format!("{messages} or more") } else { messages.to_string() };
            self.bar((&label, 10), (*contacts, most), &percent(*contacts, report.contacts));
        }
    }

    fn segments(&mut self, report: &Report) {
        if report.segments.is_empty() {
            return;
        }
        self.title("Segments at the end");
        let width = self.label_width(report.segments.iter().map(|segment| segment.segment.width()).max().unwrap_or(0));
        for segment in &report.segments {
            self.bar((&segment.segment, width), (segment.members, report.contacts), &percent(segment.members, report.contacts));
        }
    }

    fn words(&mut self, title: &str, words: &[Counted]) {
        if words.is_empty() {
            return;
        }
        self.title(title);
        for word in words {
            self.line(&format!("{}  {}", thousands(word.count), word.what));
        }
    }

    fn notes(&mut self, report: &Report) {
        if report.made_up.is_empty() && report.shared.is_empty() {
            return;
        }
        let mut lines: Vec<String> = report.made_up.iter().map(|line| format!("made up, {line}")).collect();
        if !report.shared.is_empty() {
            lines.push(format!("contacts share {}: all of them ran in one order of time", report.shared.join(", ")));
        }
        self.title("To bear in mind");
        for line in lines {
            for part in wrapped(&line, self.look.width.saturating_sub(2)) {
                let part = self.paint(DIM, &part);
                self.line(&part);
            }
        }
    }

    /// How wide labels are: what the widest needs, but never more than half of the line.
    fn label_width(&self, widest: usize) -> usize {
        widest.clamp(8, (self.look.width / 2).saturating_sub(8).max(8))
    }
}

fn named(project: &str) -> &str {
    if project.is_empty() { "Forecast" } else { project }
}

/// What a step is called beside those around it: the last part of its path.
fn last_part(identity: &str) -> &str {
    identity.rsplit('/').next().unwrap_or(identity)
}

/// A label in exactly so many columns.
fn fitted(label: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    let is_long = label.width() > width;
    let room = if is_long { width.saturating_sub(1) } else { width };
    for c in label.chars() {
        let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used + wide > room {
            break;
        }
        out.push(c);
        used += wide;
    }
    if is_long {
        out.push('…');
        used += 1;
    }
    out + &" ".repeat(width.saturating_sub(used))
}

/// A bar in eighths of a column; something that is there is seen.
fn blocks(count: u64, most: u64, room: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if count == 0 || most == 0 {
        return String::new();
    }
    let eighths = whole(real(count) / real(most) * real(u64::try_from(room * 8).unwrap_or(0))).max(1);
    let eighths = usize::try_from(eighths).unwrap_or(0);
    "█".repeat(eighths / 8) + PARTS.get(eighths % 8).unwrap_or(&"")
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(format!("  {word}"));
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
