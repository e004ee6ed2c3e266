//! A plan for people: columns that stand under one another, colours where they help, findings as the checker shows its own.

use crate::diagnostics::terminal::{Paint, printable};
use crate::migrate::{CampaignChange, CampaignPlan, Finding, Plan, StepHow, StepPlan, Version, grouped};
use std::fmt::Write as _;

/// So many digits of a hash tell two programs apart.
const SHORT_HASH: usize = 4;
/// The columns of a step's name and of what becomes of it.
const NAME_WIDTH: usize = 30;
const CHANGE_WIDTH: usize = 22;

/// What a piece of text is, for its colour.
#[derive(Clone, Copy)]
enum Ink {
    Plain,
    Bold,
    Dim,
    Green,
    Red,
    Yellow,
    Cyan,
}

/// Writes in colours, or plainly.
struct Brush(Paint);

impl Brush {
    fn ink(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Plain => return text.to_owned(),
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Green => "32",
            Ink::Red => "31",
            Ink::Yellow => "33",
            Ink::Cyan => "36",
        };
        match self.0 {
            Paint::Colored => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Paint::Plain => text.to_owned(),
        }
    }
}

/// The text of a plan. `line_of` finds a line of the source at hand.
#[must_use]
pub fn text(plan: &Plan, paint: Paint, line_of: &dyn Fn(&str) -> Option<String>) -> String {
    let found = findings(plan, paint, line_of);
    changes(plan, paint) + if found.is_empty() { "" } else { "\n" } + &found
}

/// What is found, in the plan's order, with an empty line between two.
#[must_use]
pub fn findings(plan: &Plan, paint: Paint, line_of: &dyn Fn(&str) -> Option<String>) -> String {
    let is_one = plan.campaigns.len() <= 1;
    let told = |finding: &Finding| if is_one { finding.clone() } else { finding.of_its_campaign() };
    let found: Vec<String> = plan.all_findings().map(|finding| finding_text(&Brush(paint), &told(finding), line_of)).collect();
    printable_lines(&found.join("\n"), paint)
}

/// What changes, without what is found.
#[must_use]
pub fn changes(plan: &Plan, paint: Paint) -> String {
    let brush = Brush(paint);
    if !plan.is_change() {
        return "nothing changes: the source is what is deployed\n".to_owned();
    }
    let mut out = String::new();
    if plan.base.is_none() {
        out.push_str("nothing is deployed yet: everything is new\n");
    }
    for campaign in &plan.campaigns {
        out.push_str(&campaign_text(&brush, campaign));
    }
    for segment in &plan.segments {
        let numbers = if segment.change == "gone" { String::new() } else { numbers(segment.comes_in, segment.goes_out) };
        let name = format!("segment {:?}", segment.segment);
        let _ = writeln!(out, "{}  {}  {numbers}", pad(&brush.ink(Ink::Bold, &name), &name, NAME_WIDTH + 4), segment.change);
    }
    for field in &plan.fields {
        let name = format!("field {}: {} → {}", field.field, field.from, field.to);
        let misfits = format!("{} of {} do not convert", grouped(field.misfits), grouped(field.values));
        let ink = if field.misfits > 0 { Ink::Red } else { Ink::Plain };
        let _ = writeln!(out, "{}  {}", pad(&brush.ink(Ink::Bold, &name), &name, NAME_WIDTH + CHANGE_WIDTH), brush.ink(ink, &misfits));
    }
    if plan.campaigns.is_empty() && plan.segments.is_empty() && plan.fields.is_empty() {
        out.push_str("no campaign, segment or field changes\n");
    }
    for old in &plan.lingering {
        let text = format!("{} in {:?} finish on an older version since {}: {} days", grouped(old.enrollments), old.campaign, old.since, old.days);
        let _ = writeln!(out, "{}: {text}; a `migrate` line or `campc contacts end` settles it", brush.ink(Ink::Yellow, "warning"));
    }
    if plan.is_sampled {
        let _ = writeln!(out, "{}", brush.ink(Ink::Dim, "what becomes due or ends at once was tried on 1,000 contacts at each place; `--all` tries all"));
    }
    printable_lines(&out, paint)
}

/// Without what a terminal would obey, our own colours apart.
fn printable_lines(text: &str, paint: Paint) -> String {
    match paint {
        Paint::Plain => printable(text),
        // Names come from a program that was compiled: it has no control characters but in strings, which are shown escaped.
        Paint::Colored => text.to_owned(),
    }
}

fn campaign_text(brush: &Brush, campaign: &CampaignPlan) -> String {
    let mut out = String::new();
    let short = |hash: Option<&String>| hash.map_or("new".to_owned(), |hash| hash.chars().take(SHORT_HASH).collect::<String>() + "…");
    let name = format!("campaign {:?}", campaign.campaign);
    let change = match campaign.change {
        CampaignChange::Changed => format!("{} → {}", short(campaign.from.as_ref()), short(campaign.to.as_ref())),
        CampaignChange::New => "new".to_owned(),
        CampaignChange::Gone => "gone".to_owned(),
    };
    let inside = match campaign.inside {
        0 => String::new(),
        1 => "1 contact inside".to_owned(),
        many => format!("{} contacts inside", grouped(many)),
    };
    let _ = writeln!(out, "{}   {change:20}  {inside:>26}", pad(&brush.ink(Ink::Bold, &name), &name, NAME_WIDTH));
    if let Some(was) = &campaign.was {
        let _ = writeln!(out, "  was {was:?}");
    }
    match campaign.becomes.as_deref() {
        Some("draft") if campaign.change == CampaignChange::Changed => {
            let _ = writeln!(out, "  {}", brush.ink(Ink::Yellow, "published → draft: nothing is sent, time goes on"));
        }
        Some(state) if campaign.change == CampaignChange::Changed => {
            let _ = writeln!(out, "  {}", brush.ink(Ink::Green, &format!("draft → {state}")));
        }
        Some(_) | None => {}
    }
    campaign.steps.iter().for_each(|step| out.push_str(&step_text(brush, step, campaign.needs_release)));
    if campaign.unchanged_steps > 0 {
        let name = format!("{} step{} unchanged", campaign.unchanged_steps, if campaign.unchanged_steps == 1 { "" } else { "s" });
        let here = format!("{} here", grouped(campaign.unchanged_here));
        let _ = writeln!(out, "  {} {name:NAME_WIDTH$} {:CHANGE_WIDTH$} {here:>12}", brush.ink(Ink::Dim, "="), "");
    }
    for line in &campaign.header {
        let ends = if line.ends_at_once > 0 { format!("{} end at once", grouped(line.ends_at_once)) } else { line.note.clone() };
        let _ = writeln!(out, "  {:width$} {:CHANGE_WIDTH$} {ends}", line.line, line.change, width = NAME_WIDTH + 2);
    }
    if campaign.change == CampaignChange::Gone && campaign.ends_at_once > 0 {
        let _ = writeln!(out, "  {} end by this deploy", grouped(campaign.ends_at_once));
    }
    if campaign.stranded > 0 {
        let text = format!("{} would be stranded: what they have captured does not fit its new type", grouped(campaign.stranded));
        let _ = writeln!(out, "  {}", brush.ink(Ink::Red, &text));
    }
    if campaign.finishes_on_old > 0 {
        let _ = writeln!(out, "  {} finish on the old version", grouped(campaign.finishes_on_old));
    }
    out
}

fn step_text(brush: &Brush, step: &StepPlan, needs_release: bool) -> String {
    let old = step.old.as_deref().unwrap_or("");
    let new = step.new.as_deref().unwrap_or("");
    let (sign, ink, name, change) = match step.how {
        StepHow::New => ("+", Ink::Green, new.to_owned(), String::new()),
        StepHow::Gone => ("-", Ink::Red, old.to_owned(), "gone".to_owned()),
        StepHow::Stopped => ("-", Ink::Red, old.to_owned(), "stop".to_owned()),
        StepHow::Ambiguous => ("?", Ink::Red, old.to_owned(), "one of several".to_owned()),
        StepHow::Moved => ("↦", Ink::Cyan, last(old).to_owned(), format!("{} → {}", arms(old), arms(new))),
        StepHow::Rule => ("↦", Ink::Cyan, old.to_owned(), format!("→ {new}")),
        StepHow::Name | StepHow::Anchor | StepHow::Ordinal => ("~", Ink::Yellow, new.to_owned(), changed(step)),
    };
    let here = match step.how {
        StepHow::New if step.here == 0 => String::new(),
        StepHow::New => format!("reached by {}", grouped(step.here)),
        StepHow::Moved if step.here == 0 => "moved".to_owned(),
        StepHow::Moved => format!("moved; {} have had it, none gets it again", grouped(step.here)),
        StepHow::Gone | StepHow::Ambiguous if step.here > 0 => format!("{} here; needs a rule", grouped(step.here)),
        StepHow::Gone | StepHow::Ambiguous | StepHow::Stopped | StepHow::Rule | StepHow::Name | StepHow::Anchor | StepHow::Ordinal => {
            format!("{:>7} here", grouped(step.here))
        }
    };
    let due = match (step.due_at_once, needs_release) {
        (0, _) => String::new(),
        (due, false) => format!("; {} become due at once", grouped(due)),
        (due, true) => format!("; {} become due at once   {}", grouped(due), brush.ink(Ink::Yellow, "needs --release")),
    };
    let line = format!("  {} {} {} {here}{due}", brush.ink(ink, sign), pad(&brush.ink(ink, &name), &name, NAME_WIDTH), pad(&change, &change, CHANGE_WIDTH));
    line.trim_end().to_owned() + "\n"
}

/// `3d → 1d`: what differs between two texts, without what they have in common at both ends.
fn changed(step: &StepPlan) -> String {
    let (Some(before), Some(after)) = (&step.before, &step.after) else {
        return if step.is_content_changed { "its text changes".to_owned() } else { String::new() };
    };
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split(' ').collect(), after.split(' ').collect());
    let front = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let back = old.iter().skip(front).rev().zip(new.iter().skip(front).rev()).take_while(|(a, b)| a == b).count();
    let middle = |words: &[&str]| words.get(front..words.len() - back).map(|words| words.join(" ")).unwrap_or_default();
    let (old, new) = (middle(&old), middle(&new));
    match (old.is_empty(), new.is_empty()) {
        (true, _) => format!("+ {}", shortened(&new)),
        (_, true) => format!("− {}", shortened(&old)),
        (false, false) => format!("{} → {}", shortened(&old), shortened(&new)),
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 24;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST - 1).chain(['…']).collect() }
}

/// The last part of a path.
fn last(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

/// The arms of a path, or where it stands without any.
fn arms(path: &str) -> String {
    path.rsplit_once('/').map_or_else(|| "top".to_owned(), |(arms, _)| format!("{arms}/"))
}

fn numbers(comes_in: u64, goes_out: u64) -> String {
    format!("+{} in, −{} out, nobody enrolled by that", grouped(comes_in), grouped(goes_out))
}

/// Fills up what is shown to a width; colours take no room.
fn pad(shown: &str, plain: &str, width: usize) -> String {
    let length = plain.chars().count();
    format!("{shown}{}", " ".repeat(width.saturating_sub(length)))
}

/// A finding as the checker shows its own: title, place, line of source, what else is to be known, what to do.
fn finding_text(brush: &Brush, finding: &Finding, line_of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let (word, ink) = if finding.is_error() { ("error", Ink::Red) } else { ("warning", Ink::Yellow) };
    let _ = writeln!(out, "{}: {}", brush.ink(ink, &format!("{word}[{}]", finding.code)), brush.ink(Ink::Bold, &finding.title));
    if let Some(place) = finding.place() {
        let _ = writeln!(out, "  {} {place}", brush.ink(Ink::Cyan, "┌─"));
        // The deployed version's own text is not at hand; that of the new one is.
        if let Some(line) = line_of(&finding.source).filter(|_| finding.version == Version::New) {
            let _ = writeln!(out, "  {} {}", brush.ink(Ink::Cyan, "│"), line.trim_end());
        }
    }
    for note in &finding.notes {
        let _ = writeln!(out, "  {} {note}", brush.ink(Ink::Dim, "="));
    }
    let _ = writeln!(out, "  {} {}", brush.ink(Ink::Green, "help:"), finding.advice());
    for line in finding.block.iter().flat_map(|block| block.lines()) {
        let _ = writeln!(out, "        {line}");
    }
    out
}
