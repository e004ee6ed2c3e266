//! Questions to history, and since when they count: *Time* 2 and 5, *Conditions*.

use super::person::{Event, Fate, Happened, Person};
use super::values::Asker;
use super::{Mutant, is_target};
use campc::bytecode::{Aggregate, MessageEvent, MessageTarget};
use campc::lang::{Instant, Value, matches_pattern, subtract_duration};
use campc::semantic::hir::{EventPattern, History, HistoryWindow};

impl Person<'_> {
    pub fn history(&self, history: &History, asker: Asker<'_>, at: Instant) -> Value {
        let mut events: Vec<&Event> = self.events.iter().filter(|event| self.is_asked_for(history, event, asker, at)).collect();
        // Of two events with one happened time the later accepted is the last.
        events.sort_by_key(|event| (event.happened, event.seq));
        let numbers = |name: &str| -> Vec<f64> { events.iter().filter_map(|event| event.properties.get(name)?.as_number()).collect() };
        let property = |event: Option<&&Event>, name: &str| event.and_then(|event| event.properties.get(name)).cloned().unwrap_or_default();
        let moment = |event: Option<&&Event>| event.map_or(Value::Unset, |event| Value::DateTime(event.happened));
        match &history.aggregate {
            Aggregate::Exists => Value::Bool(!events.is_empty()),
            Aggregate::Count => Value::Number(events.len() as f64),
            Aggregate::Sum(name) => Value::number(numbers(name).iter().sum()),
            Aggregate::Average(name) => {
                Some(numbers(name)).filter(|all| !all.is_empty()).map_or(Value::Unset, |all| Value::number(all.iter().sum::<f64>() / all.len() as f64))
            }
            Aggregate::Min(name) => numbers(name).into_iter().reduce(f64::min).map_or(Value::Unset, Value::number),
            Aggregate::Max(name) => numbers(name).into_iter().reduce(f64::max).map_or(Value::Unset, Value::number),
            Aggregate::LastAt => moment(events.last()),
            Aggregate::FirstAt => moment(events.first()),
            Aggregate::LastProperty(name) => property(events.last(), name),
            Aggregate::FirstProperty(name) => property(events.first(), name),
        }
    }

    /// The latest event that makes an atom true: what `on EVENT as NAME` captures.
    pub fn latest_match(&self, history: &History, asker: Asker<'_>, at: Instant) -> Option<&Event> {
        self.events.iter().filter(|event| self.is_asked_for(history, event, asker, at)).max_by_key(|event| (event.happened, event.seq))
    }

    fn is_asked_for(&self, history: &History, event: &Event, asker: Asker<'_>, at: Instant) -> bool {
        event.happened <= at
            && self.is_kind(&history.pattern, event)
            && self.is_in_time(history, event, asker, at)
            && history.predicate.as_ref().is_none_or(|predicate| self.is_true(predicate, Asker { event: Some(event), ..asker }, at))
    }

    /// Whether an event is of the kind that a pattern names, its predicate aside.
    pub fn is_kind(&self, pattern: &EventPattern, event: &Event) -> bool {
        match (pattern, &event.what) {
            (EventPattern::Custom(wanted), Happened::Custom(id)) => wanted == id,
            (EventPattern::Visited(wanted), Happened::Visited(path)) => matches_pattern(wanted, path),
            (EventPattern::Message { event: wanted, target, url, text }, Happened::Message(what, send)) => {
                // Who clicks has opened.
                let is_implied = *wanted == MessageEvent::Opened && *what == MessageEvent::Clicked && self.world.mutant != Mutant::ClickIsNoOpen;
                let is_what = wanted == what || is_implied;
                let detail = event.detail.as_deref().unwrap_or("");
                let is_sent = *wanted != MessageEvent::Sent || self.sends[*send].fate == Fate::Sent;
                is_what
                    && is_sent
                    && is_target(target, &self.sends[*send])
                    && url.as_deref().is_none_or(|url| matches_pattern(url, detail))
                    && text.as_deref().is_none_or(|text| super::values::is_match(text, detail))
            }
            _ => false,
        }
    }

    fn is_in_time(&self, history: &History, event: &Event, asker: Asker<'_>, at: Instant) -> bool {
        match &history.window {
            HistoryWindow::Ever => true,
            HistoryWindow::Last(length) => match self.value(length, asker, at) {
                Value::Duration(length) => {
                    let from = subtract_duration(at, length, &self.zone(), &self.world.holidays);
                    event.happened > from || (event.happened == from && self.world.mutant != Mutant::LastExclusive)
                }
                _ => false,
            },
            HistoryWindow::Anchor => self.is_since_anchor(history, event, asker),
        }
    }

    fn is_since_anchor(&self, history: &History, event: &Event, asker: Asker<'_>) -> bool {
        let Some(enrollment) = asker.enrollment.map(|index| &self.enrollments[index]) else { return false };
        if let EventPattern::Message { target, .. } = &history.pattern
            && !matches!(target, MessageTarget::Any(_))
        {
            // From the latest sending of it on this path; one that was skipped or failed has no events.
            let own = asker.thread.map_or(&enrollment.path, |thread| &enrollment.threads[thread].path);
            let latest_of = |path: &[usize]| path.iter().rev().find(|send| self.is_under_way(**send) && is_target(target, &self.sends[**send])).copied();
            // A message by its name may have been sent by a branch beside this one, where this one has not sent it.
            let beside = || if matches!(target, MessageTarget::Latest(_)) { None } else { latest_of(&enrollment.path) };
            let latest = latest_of(own).or_else(beside);
            return latest.is_some_and(|latest| matches!(event.what, Happened::Message(_, send) if send == latest));
        }
        let (from, seq) = asker.pass.unwrap_or((enrollment.started, enrollment.since));
        let seq = if self.world.mutant == Mutant::TriggerIsHistory { seq.saturating_sub(1) } else { seq };
        event.happened >= from && event.seq > seq
    }

    /// Whether a sending counts as one: what is held or was taken back has not been sent.
    fn is_under_way(&self, send: usize) -> bool {
        !matches!(self.sends[send].fate, Fate::Held | Fate::Cancelled)
    }

    /// The sending that a happening in a test is about.
    pub fn latest_sent(&self, target: &MessageTarget) -> Option<usize> {
        (0..self.sends.len()).rev().find(|index| self.sends[*index].fate == Fate::Sent && is_target(target, &self.sends[*index]))
    }
}
