//! Charts as SVG, each readable without scripts; what a mark stands for is said by its title.

use super::report::{MessageReport, Report, percent, thousands};
use super::values::real;
use std::fmt::Write;

const WIDTH: f64 = 1_040.0;
/// Colours of the page's style.
const COLORS: usize = 8;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Text that may stand in markup.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What is stacked: a name, a colour, and a number a day.
struct Layer {
    name: String,
    color: usize,
    by_day: Vec<u64>,
}

/// The messages that are sent, the most frequent first; beyond the colours the rest as one.
fn layers(report: &Report) -> Vec<Layer> {
    let mut sent: Vec<&MessageReport> = report.messages.iter().filter(|message| message.sent > 0).collect();
    sent.sort_by_key(|message| std::cmp::Reverse(message.sent));
    let has_rest = sent.len() > COLORS;
    let shown = if has_rest { COLORS - 1 } else { sent.len() };
    let mut layers: Vec<Layer> = sent
        .iter()
        .take(shown)
        .enumerate()
        .map(|(color, message)| Layer { name: format!("{} {}", message.channel, message.message), color, by_day: message.by_day.clone() })
        .collect();
    if has_rest {
        let mut by_day = vec![0; report.by_day.len()];
        for message in sent.iter().skip(shown) {
            by_day.iter_mut().zip(&message.by_day).for_each(|(sum, count)| *sum += count);
        }
        layers.push(Layer { name: format!("{} others", sent.len() - shown), color: COLORS - 1, by_day });
    }
    layers
}

/// A number for the end of a scale whose quarters are easy to read.
fn round_up(most: u64) -> u64 {
    if most < 4 {
        return most.max(1);
    }
    let mut unit = 1;
    loop {
        for step in [4, 8, 12, 16, 20, 24, 32] {
            if unit * step >= most {
                return unit * step;
            }
        }
        unit *= 10;
    }
}

/// Lines and numbers at quarters of the scale, or at each whole number of a small one.
fn grid(out: &mut String, (top, height): (f64, f64), most: u64, left: f64) {
    let parts = if most < 4 { most.max(1) } else { 4 };
    for part in 0..=parts {
        let y = top + height - height * real(part) / real(parts);
        let _ = write!(out, "<line class=\"grid\" x1=\"{left}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
        let number = if most.is_multiple_of(parts) { thousands(most * part / parts) } else { format!("{:.1}", real(most * part) / real(parts)) };
        let _ = write!(out, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{number}</text>", left - 8.0, y + 4.0);
    }
}

/// Sends by day, stacked by message, with a legend.
pub(super) fn sends_by_day(report: &Report) -> String {
    let layers = layers(report);
    let (left, top, height) = (64.0, 10.0, 240.0);
    let days = report.by_day.len().max(1);
    let total = |day: usize| layers.iter().filter_map(|layer| layer.by_day.get(day)).sum::<u64>();
    let most = round_up((0..days).map(total).max().unwrap_or(0).max(1));
    let mut out = String::from("<ul class=\"legend\">");
    for layer in &layers {
        let _ = write!(out, "<li><i class=\"k{}\"></i>{}</li>", layer.color, escape(&layer.name));
    }
    let _ = write!(out, "</ul><svg class=\"chart\" viewBox=\"0 0 {WIDTH} 285\" role=\"img\" aria-label=\"Sends by day\">");
    grid(&mut out, (top, height), most, left);
    let slot = (WIDTH - left) / real(u64::try_from(days).unwrap_or(1));
    let width = (slot * 0.78).min(64.0);
    let every = days.div_ceil(10);
    for (day, about) in report.by_day.iter().enumerate() {
        let middle = left + slot * (real(u64::try_from(day).unwrap_or(0)) + 0.5);
        let mut base = top + height;
        for layer in &layers {
            let count = layer.by_day.get(day).copied().unwrap_or(0);
            if count == 0 {
                continue;
            }
            let tall = height * real(count) / real(most);
            base -= tall;
            let _ = write!(
                out,
                "<rect class=\"k{}\" x=\"{:.1}\" y=\"{base:.1}\" width=\"{width:.1}\" height=\"{tall:.1}\"><title>{}: {} {}</title></rect>",
                layer.color,
                middle - width / 2.0,
                about.date,
                thousands(count),
                escape(&layer.name)
            );
        }
        if day.is_multiple_of(every) {
            let label = about.date.get(5..).unwrap_or(&about.date);
            let _ = write!(out, "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>", top + height + 20.0);
        }
    }
    out + "</svg>"
}

/// Two numbers a day, side by side: as it was, and as it would be.
pub(crate) fn pairs_by_day(days: &[(&str, u64, u64)]) -> String {
    let (left, top, height) = (64.0, 10.0, 240.0);
    let most = round_up(days.iter().map(|(_, was, would_be)| *was.max(would_be)).max().unwrap_or(0).max(1));
    let mut out = String::from("<ul class=\"legend\"><li><i class=\"k7\"></i>was</li><li><i class=\"k0\"></i>would be</li></ul>");
    let _ = write!(out, "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} 285\" role=\"img\" aria-label=\"Sends by day\">");
    grid(&mut out, (top, height), most, left);
    let slot = (WIDTH - left) / real(u64::try_from(days.len()).unwrap_or(1).max(1));
    let width = (slot * 0.36).min(30.0);
    let every = days.len().div_ceil(10).max(1);
    for (day, (date, was, would_be)) in days.iter().enumerate() {
        let middle = left + slot * (real(u64::try_from(day).unwrap_or(0)) + 0.5);
        for (count, class, x, word) in [(*was, "k7", middle - width, "was"), (*would_be, "k0", middle, "would be")] {
            let tall = height * real(count) / real(most);
            let (y, count) = (top + height - tall, thousands(count));
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{tall:.1}\"><title>{date}: {word} {count}</title></rect>"
            );
        }
        if day.is_multiple_of(every) {
            let label = date.get(5..).unwrap_or(date);
            let _ = write!(out, "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>", top + height + 20.0);
        }
    }
    out + "</svg>"
}

/// Sends by weekday and hour, by the contacts' own clocks.
pub(super) fn week(report: &Report) -> String {
    let (left, top, cell) = (44.0, 4.0, 19.0);
    let most = report.by_week_hour.iter().flatten().copied().max().unwrap_or(0).max(1);
    let (wide, tall) = (left + 24.0 * cell, top + 7.0 * cell + 22.0);
    let mut out = format!("<svg class=\"chart\" viewBox=\"0 0 {wide} {tall}\" role=\"img\" aria-label=\"Sends by weekday and hour\">");
    for ((day, hours), word) in report.by_week_hour.iter().enumerate().zip(WEEKDAYS) {
        let y = top + cell * real(u64::try_from(day).unwrap_or(0));
        let _ = write!(out, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{word}</text>", left - 8.0, y + cell / 2.0 + 4.0);
        for (hour, count) in hours.iter().enumerate() {
            let x = left + cell * real(u64::try_from(hour).unwrap_or(0));
            let shade = if *count == 0 { 0.0 } else { 0.12 + 0.88 * (real(*count) / real(most)).sqrt() };
            let class = if *count == 0 { "ground" } else { "cell" };
            let opacity = if *count == 0 { 1.0 } else { shade };
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{0}\" height=\"{0}\" rx=\"3\" fill-opacity=\"{opacity:.2}\"><title>{word} {hour:02}:00: {1}</title></rect>",
                cell - 2.0,
                thousands(*count)
            );
        }
    }
    for hour in [0_u64, 6, 12, 18] {
        let x = left + cell * real(hour);
        let _ = write!(out, "<text x=\"{x:.1}\" y=\"{:.1}\">{hour:02}:00</text>", tall - 6.0);
    }
    out + "</svg>"
}

/// Contacts by how many messages they got.
pub(super) fn per_contact(report: &Report) -> String {
    let counts = &report.messages_per_contact;
    let last = counts.iter().rposition(|count| *count > 0).unwrap_or(0).max(4);
    let (wide, top, height) = (500.0, 18.0, 118.0);
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let slot = wide / real(u64::try_from(last + 1).unwrap_or(1));
    let width = (slot * 0.78).min(52.0);
    let mut out = format!("<svg class=\"chart\" viewBox=\"0 0 {wide} 160\" role=\"img\" aria-label=\"Messages per contact\">");
    let _ = write!(out, "<line class=\"grid\" x1=\"0\" x2=\"{wide}\" y1=\"{0}\" y2=\"{0}\"/>", top + height);
    let every = (last + 1).div_ceil(16);
    for (messages, count) in counts.iter().enumerate().take(last + 1) {
        let middle = slot * (real(u64::try_from(messages).unwrap_or(0)) + 0.5);
        let tall = height * real(*count) / real(most);
        let label = if messages == Report::many() { format!("{messages}+") } else { messages.to_string() };
        let share = percent(*count, report.contacts);
        if *count > 0 {
            let _ = write!(
                out,
                "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"3\"><title>{label} messages: {} contacts ({share})</title></rect>",
                middle - width / 2.0,
                top + height - tall.max(1.0),
                tall.max(1.0),
                thousands(*count)
            );
        }
        if last < 12 && *count > 0 {
            let _ =
                write!(out, "<text class=\"count\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{share}</text>", top + height - tall.max(1.0) - 5.0);
        }
        if messages.is_multiple_of(every) {
            let _ = write!(out, "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>", top + height + 17.0);
        }
    }
    out + "</svg>"
}
