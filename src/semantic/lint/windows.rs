//! Whether a campaign's windows and the project's quiet hours leave any time to send.

use super::problems;
use crate::base::Span;
use crate::diagnostics::Diagnostic;
use crate::lang::{Weekday, Window, WindowZone};
use crate::semantic::hir;
use crate::semantic::resolve::Names;
use crate::syntax::ast::{HeaderKind, Item, PolicyItemKind};

const MINUTES_A_DAY: usize = 1440;
const MINUTES_A_WEEK: usize = 7 * MINUTES_A_DAY;

/// Finds campaigns that can never send. Only windows that follow the same clock are held against each other.
pub(super) fn check(project: &hir::Project, names: &Names<'_>, findings: &mut Vec<Diagnostic>) {
    let quiet_spans: Vec<Span> = names
        .policies
        .iter()
        .flat_map(|policy| &policy.items)
        .filter(|item| matches!(item.kind, PolicyItemKind::QuietHours(_)))
        .map(|item| item.span)
        .collect();
    if let Some(last) = quiet_spans.last()
        && is_always_quiet(project)
    {
        findings.push(problems::always_quiet(*last, quiet_spans.get(..quiet_spans.len() - 1).unwrap_or_default()));
        return;
    }
    for (campaign, declared) in project.campaigns.iter().zip(names.campaigns.iter()) {
        let spans: Vec<Span> = declared
            .decl
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Header(line) if matches!(line.kind, HeaderKind::Send(_)) => Some(line.span),
                Item::Header(_) | Item::Step(_) | Item::Error(_) => None,
            })
            .collect();
        let (Some(first), Some(last)) = (campaign.windows.first(), spans.last()) else { continue };
        let mut open = vec![true; MINUTES_A_WEEK];
        for window in campaign.windows.iter().filter(|window| is_same_clock(&window.zone, &first.zone)) {
            let minutes = minutes_of(window);
            open.iter_mut().zip(&minutes).for_each(|(open, is_in)| *open &= *is_in);
        }
        for quiet in project.policy.quiet_hours.iter().filter(|quiet| is_same_clock(&quiet.zone, &first.zone)) {
            let minutes = minutes_of(quiet);
            open.iter_mut().zip(&minutes).for_each(|(open, is_in)| *open &= !*is_in);
        }
        if !open.contains(&true) {
            let others: Vec<Span> = spans.iter().filter(|span| *span != last).chain(&quiet_spans).copied().collect();
            findings.push(problems::never_open(*last, &others));
        }
    }
}

/// Whether the quiet hours of one clock leave no minute of the week.
fn is_always_quiet(project: &hir::Project) -> bool {
    let quiet = &project.policy.quiet_hours;
    quiet.iter().any(|first| {
        let mut is_quiet = vec![false; MINUTES_A_WEEK];
        for other in quiet.iter().filter(|other| is_same_clock(&other.zone, &first.zone)) {
            is_quiet.iter_mut().zip(&minutes_of(other)).for_each(|(quiet, is_in)| *quiet |= *is_in);
        }
        !is_quiet.contains(&false)
    })
}

fn is_same_clock(a: &WindowZone, b: &WindowZone) -> bool {
    a == b
}

/// The minutes of a week, from Monday, in which the window is open.
fn minutes_of(window: &Window) -> Vec<bool> {
    let mut minutes = vec![false; MINUTES_A_WEEK];
    let minute = |millis: u32| usize::try_from(millis / 60_000).unwrap_or(0);
    let (from, to) = (minute(window.from.0), minute(window.to.0));
    let length = if to > from { to - from } else { to + MINUTES_A_DAY - from };
    for day in Weekday::ALL.into_iter().filter(|day| window.days.contains(*day)) {
        let start = usize::from(day.number()) * MINUTES_A_DAY + from;
        for at in start..start + length {
            if let Some(slot) = minutes.get_mut(at % MINUTES_A_WEEK) {
                *slot = true;
            }
        }
    }
    minutes
}
