//! Whether a campaign's windows and the project's quiet hours leave any time to send.
//!
//! Those of one clock are held against each other over a week; those of several over a year, since zones change their clocks on different days.

use super::problems;
use crate::base::Span;
use crate::diagnostics::Diagnostic;
use crate::lang::{Date, Instant, TimeOfDay, Weekday, Window, WindowZone, Zone, local_instant};
use crate::semantic::hir;
use crate::semantic::resolve::Names;
use crate::syntax::ast::{HeaderKind, Item, PolicyItemKind};

const MINUTES_A_DAY: usize = 1440;
const MINUTES_A_WEEK: usize = 7 * MINUTES_A_DAY;
const DAY_MS: i64 = 86_400_000;
const QUARTER_MS: i64 = 15 * 60_000;
/// A Monday, and a year of whole weeks from it: every change of every zone's clock lies in it, wherever it stands.
const FIRST_DAY: Date = Date(20_458);
const YEAR_DAYS: i32 = 53 * 7;

/// Finds campaigns that can never send.
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
        let Some(last) = spans.last() else { continue };
        if !leaves_time(&campaign.windows, &project.policy.quiet_hours) {
            let others: Vec<Span> = spans.iter().filter(|span| *span != last).chain(&quiet_spans).copied().collect();
            findings.push(problems::never_open(*last, &others));
        }
    }
}

/// Whether the quiet hours leave no time at all.
fn is_always_quiet(project: &hir::Project) -> bool {
    !leaves_time(&[], &project.policy.quiet_hours)
}

/// Whether there is a moment in all windows and in no quiet hours.
fn leaves_time(windows: &[Window], quiet: &[Window]) -> bool {
    let mut all = windows.iter().chain(quiet);
    let Some(first) = all.next() else { return true };
    if all.all(|window| window.zone == first.zone) {
        return leaves_time_in_a_week(windows, quiet);
    }
    // A contact's clock may be any.
    let has_contact_clock = windows.iter().chain(quiet).any(|window| window.zone == WindowZone::Contact);
    let offsets = if has_contact_clock { -48..=56 } else { 0..=0 };
    offsets.into_iter().any(|quarters| leaves_time_in_a_year((windows, quiet), quarters * QUARTER_MS))
}

fn leaves_time_in_a_week(windows: &[Window], quiet: &[Window]) -> bool {
    let mut open = vec![true; MINUTES_A_WEEK];
    for window in windows {
        open.iter_mut().zip(&minutes_of(window)).for_each(|(open, is_in)| *open &= *is_in);
    }
    for window in quiet {
        open.iter_mut().zip(&minutes_of(window)).for_each(|(open, is_in)| *open &= !*is_in);
    }
    open.contains(&true)
}

/// Stretches of time: first moment, and the first one after it.
type Stretches = Vec<(Instant, Instant)>;

/// The same over a year, for contacts whose clock is ahead of UTC by so much.
fn leaves_time_in_a_year((windows, quiet): (&[Window], &[Window]), ahead_ms: i64) -> bool {
    let day = |number: i32| Instant(i64::from(FIRST_DAY.0 + number) * DAY_MS);
    let mut open = vec![(day(0), day(YEAR_DAYS))];
    for window in windows {
        open = common(&open, &stretches(window, ahead_ms));
    }
    for window in quiet {
        let closed = stretches(window, ahead_ms);
        let ends = closed.iter().map(|(_, end)| *end);
        let starts = closed.iter().skip(1).map(|(start, _)| *start).chain([Instant::FAR_FUTURE]);
        let before = closed.first().map(|(start, _)| (Instant::FAR_PAST, *start));
        open = common(&open, &before.into_iter().chain(ends.zip(starts)).filter(|(from, to)| from < to).collect::<Stretches>());
    }
    !open.is_empty()
}

/// When a window is open in the year that is looked at, a week around it included.
fn stretches(window: &Window, ahead_ms: i64) -> Stretches {
    let zone = match &window.zone {
        WindowZone::Contact => None,
        WindowZone::Named(name) => Some(Zone::find(name).unwrap_or_else(Zone::utc)),
    };
    let at = |date: Date, time: TimeOfDay| match &zone {
        Some(zone) => local_instant(date, time, zone),
        None => Instant(i64::from(date.0) * DAY_MS + i64::from(time.0) - ahead_ms),
    };
    let days = (-7..YEAR_DAYS + 7).map(|number| Date(FIRST_DAY.0 + number)).filter(|date| window.days.contains(Weekday::of(*date)));
    days.map(|date| {
        let end = if window.to <= window.from { date.plus_days(1) } else { date };
        (at(date, window.from), at(end, window.to))
    })
    .collect()
}

/// What two lists of stretches have in common; both stand in order.
fn common(a: &[(Instant, Instant)], b: &[(Instant, Instant)]) -> Stretches {
    let mut found = Vec::new();
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    while let (Some((a_from, a_to)), Some((b_from, b_to))) = (left.peek(), right.peek()) {
        let (from, to) = (*a_from.max(b_from), *a_to.min(b_to));
        if from < to {
            found.push((from, to));
        }
        if a_to <= b_to {
            left.next();
        } else {
            right.next();
        }
    }
    found
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
