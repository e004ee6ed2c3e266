//! `collect NAME for D`: triggering events are gathered into one enrollment, whose steps begin when the gathering ends.

use super::context::{Context, Line};
use super::outcome::What;
use crate::bytecode::{CampaignDef, CollectDef};
use crate::lang::{Instant, Record, Value, add_duration};
use crate::machine::state::{Captured, Enrollment, EnrollmentUid, Gathering, ThreadId};
use crate::machine::{Entry, Evaluator};
use std::sync::Arc;

/// How many events `NAME.items` holds at the most; `NAME.count` counts on.
const ITEMS_LIMIT: usize = 1_000;

impl Context<'_> {
    /// What a fresh enrollment captures: in a campaign that gathers, the first of its events.
    pub fn first_capture(&self, def: &CampaignDef, capture: Option<Captured>) -> Option<Captured> {
        let captured = capture?;
        let is_gathered = def.collect.as_ref().and_then(|collect| def.captures.get(collect.slot.index())).is_some_and(|slot| slot.name == captured.name);
        Some(if is_gathered { Captured { record: Arc::new(gathered(&Record::new(), &captured.record)), ..captured } } else { captured })
    }

    /// An enrollment has come in (or has been restarted): it gathers first, or does its steps at once.
    pub fn begin(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, def: &CampaignDef) {
        let name = def.collect.as_ref().and_then(|collect| def.captures.get(collect.slot.index())).map(|slot| slot.name.clone());
        let is_gathering = self.enrollment(uid).is_some_and(|e| e.captures.iter().any(|captured| Some(&captured.name) == name.as_ref()));
        match &def.collect {
            Some(collect) if is_gathering => self.set_gathering(uid, collect, self.now),
            Some(_) | None => self.go_on(evaluator, first_line(uid), &Entry { pc: def.entry.index(), ..Entry::default() }),
        }
    }

    fn set_gathering(&mut self, uid: EnrollmentUid, collect: &CollectDef, since: Instant) {
        let until = self.gathering_ends(collect, (since, self.now));
        let last = self.now;
        if let Some(enrollment) = self.enrollment_mut(uid) {
            enrollment.gathering = Some(Gathering { since, last, until });
        }
        let why = format!("gathering until {}", self.clock_text(until));
        self.note(uid, None, What::Waiting, why);
    }

    /// From the first event on; sliding, from the last one on, but no longer than it may.
    pub fn gathering_ends(&self, collect: &CollectDef, (since, last): (Instant, Instant)) -> Instant {
        let after = |at: Instant, duration| add_duration(at, duration, &self.zone, &self.linked.holidays);
        match collect.sliding_up_to {
            Some(most) => after(last, collect.length).min(after(since, most)),
            None => after(since, collect.length),
        }
    }

    /// Takes the event of `candidate`, which does not become an enrollment of its own, into one that gathers.
    pub fn gather(&mut self, (uid, def): (EnrollmentUid, &CampaignDef), candidate: &Enrollment) {
        let Some(collect) = &def.collect else { return };
        let Some(event) = candidate.captures.first() else { return };
        let Some(enrollment) = self.enrollment_mut(uid) else { return };
        let Some(gathering) = enrollment.gathering else { return };
        if let Some(captured) = enrollment.captures.iter_mut().find(|captured| captured.name == event.name) {
            let item = items(&event.record).first().cloned();
            if let Some(Value::Record(item)) = item {
                captured.record = Arc::new(gathered(&captured.record, &item));
            }
        }
        self.dirty.push(crate::bytecode::Fact::Captures);
        self.set_gathering(uid, collect, gathering.since);
    }

    /// Under a new program: who gathers does so as long as that says; where it gathers no more, the steps are due.
    pub fn refit_gatherings(&mut self, moved: &[EnrollmentUid]) {
        for uid in moved.iter().copied() {
            let collect = self.campaign_of(uid).and_then(|(_, def)| def.collect.as_ref());
            let Some(gathering) = self.enrollment(uid).and_then(|e| e.gathering) else { continue };
            let until = collect.map_or(self.now, |collect| self.gathering_ends(collect, (gathering.since, gathering.last)));
            if let Some(enrollment) = self.enrollment_mut(uid) {
                enrollment.gathering = Some(Gathering { until, ..gathering });
            }
        }
    }

    /// The gathering ends, and the steps begin.
    pub fn close_gathering(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid) {
        let Some((_, def)) = self.campaign_of(uid) else { return };
        if let Some(enrollment) = self.enrollment_mut(uid) {
            enrollment.gathering = None;
        }
        self.go_on(evaluator, first_line(uid), &Entry { pc: def.entry.index(), ..Entry::default() });
    }
}

/// The line on which an enrollment begins.
pub(super) fn first_line(enrollment: EnrollmentUid) -> Line {
    Line { enrollment, thread: ThreadId(0) }
}

/// Of two enrollments that gathered the same, one goes on with the events of both.
pub(super) fn unite_gatherings(survivor: &mut Enrollment, gone: &Enrollment) {
    let (Some(gathering), Some(other)) = (&mut survivor.gathering, &gone.gathering) else { return };
    gathering.last = gathering.last.max(other.last);
    for captured in &mut survivor.captures {
        let theirs = gone.captures.iter().find(|known| known.name == captured.name);
        for item in theirs.into_iter().flat_map(|theirs| items(&theirs.record)) {
            if let Value::Record(item) = item {
                captured.record = Arc::new(gathered(&captured.record, item));
            }
        }
    }
}

/// What has been gathered and one event more: the properties of the first, `count`, `items`.
fn gathered(so_far: &Record, event: &Arc<Record>) -> Record {
    let mut all = items(so_far).to_vec();
    let count = so_far.get(COUNT).and_then(Value::as_number).unwrap_or(0.0) + 1.0;
    if all.len() < ITEMS_LIMIT {
        all.push(Value::Record(event.clone()));
    }
    let mut record = if so_far.is_empty() { Record::clone(event) } else { so_far.clone() };
    record.insert(Arc::from(COUNT), Value::Number(count));
    record.insert(Arc::from(ITEMS), Value::List(all.into()));
    record
}

const COUNT: &str = "count";
const ITEMS: &str = "items";

fn items(record: &Record) -> &[Value] {
    match record.get(ITEMS) {
        Some(Value::List(items)) => items,
        Some(_) | None => &[],
    }
}
