//! At a trigger: may the contact come in? What refuses is recorded with its reason; who may, starts.

use super::context::{Context, Start};
use super::outcome::{Cause, JournalEntry, What};
use super::outlook::facts_read;
use crate::bytecode::{BlockId, CampaignDef, CampaignId, Fact, Reenter};
use crate::lang::{Record, Value, add_duration};
use crate::machine::Evaluator;
use crate::machine::state::{Enrollment, EnrollmentKey, EnrollmentUid, SendStatus, SortedMap, StableId, Thread, ThreadId};
use std::sync::Arc;

/// What becomes of an enrolment that is asked for.
enum Verdict {
    /// It is refused, for this reason.
    Refused(&'static str),
    /// A condition refuses it: the reason, the condition, and the facts that it read.
    Unmet(&'static str, BlockId, Record),
    /// It becomes an enrollment.
    Comes,
    /// Its event is taken in by an enrollment that gathers.
    Gathered(EnrollmentUid),
    /// It begins an enrollment anew.
    Restarts(EnrollmentUid),
}

impl Context<'_> {
    /// Starts an enrollment, or records why not.
    pub fn admit(&mut self, evaluator: &mut Evaluator, start: Start) {
        let Some(def) = self.linked.program.campaigns.get(start.campaign.index()) else { return };
        let id = self.campaign_id(start.campaign);
        self.cause = start.cause.clone();
        if let Some(reason) = self.closed(def, start.campaign) {
            if reason == "paused" {
                self.miss(&start);
            }
            return self.refuse(id, reason);
        }
        // What it captured is read while it is asked; it is nobody's enrollment yet.
        let candidate = self.make_enrollment(def, id, &start);
        let uid = candidate.uid;
        self.state.enrollments.push(candidate);
        let verdict = self.judge(evaluator, (def, id), uid);
        let Some(candidate) = self.state.enrollments.pop() else { return };
        match verdict {
            Verdict::Refused(reason) => self.refuse(id, reason),
            Verdict::Unmet(reason, condition, facts) => {
                let text = self.linked.program.blocks.get(condition.index()).map(|block| block.text.clone()).unwrap_or_default();
                self.cause.fact = Some((text, Value::Unset, Value::Record(Arc::new(facts))));
                self.refuse(id, reason);
            }
            Verdict::Gathered(into) => self.gather((into, def), &candidate),
            Verdict::Restarts(twin) => self.restart(evaluator, (twin, def), (candidate, &start)),
            Verdict::Comes => self.come_in(evaluator, def, (candidate, &start)),
        }
    }

    fn come_in(&mut self, evaluator: &mut Evaluator, def: &CampaignDef, (candidate, start): (Enrollment, &Start)) {
        let (uid, id) = (candidate.uid, candidate.campaign);
        let past = self.state.past.entry(id);
        past.entries += 1;
        past.held_out.entries += u32::from(candidate.is_held_out);
        if let Some(each) = candidate.key.each
            && let Err(at) = past.each.binary_search(&each)
        {
            past.each.insert(at, each);
        }
        self.state.enrollments.push(candidate);
        self.note(uid, None, What::Enrolled, enrolled_because(start));
        self.campaign_changed(start.campaign);
        self.ask_exits(evaluator, uid);
        if self.enrollment(uid).is_some() {
            self.begin(evaluator, uid, def);
        }
    }

    /// The same enrollment begins anew: held sends are taken back, what was sent before is another's, history counts from now.
    fn restart(&mut self, evaluator: &mut Evaluator, (twin, def): (EnrollmentUid, &CampaignDef), (candidate, start): (Enrollment, &Start)) {
        let held: Vec<_> = self.state.sends.iter().filter(|send| send.enrollment == twin && send.status == SendStatus::Held).map(|send| send.effect).collect();
        for effect in held {
            self.cancel_send(effect, "restarted");
        }
        let Some(at) = self.state.enrollments.iter().position(|known| known.uid == twin) else { return };
        let before = self.state.enrollments.remove(at);
        let restarts = before.restarts + 1;
        let uid = twin.restarted(restarts);
        let Enrollment { entry, key, entered, goals, goal_recheck, .. } = before;
        self.state.enrollments.push(Enrollment { uid, entry, key, restarts, entered, goals, goal_recheck, ..candidate });
        self.note(uid, None, What::Restarted, enrolled_because(start));
        self.ask_exits(evaluator, uid);
        if self.enrollment(uid).is_some() {
            self.begin(evaluator, uid, def);
        }
    }

    pub(super) fn reads_captures(&self, block: BlockId) -> bool {
        self.linked.program.blocks.get(block.index()).is_some_and(|block| block.reads.contains(&Fact::Captures))
    }

    /// The control group gets no marketing: what a campaign without any does (receipts, hooks) is for everybody.
    pub(super) fn is_of_control_group(&self, campaign: StableId) -> bool {
        let share = self.linked.program.project.control_group;
        share > 0.0 && self.linked.campaign(campaign).is_some_and(|campaign| self.linked.sends_marketing(campaign)) && self.lot(b"campc-control-1", 0) < share
    }

    /// The contact's lot between 0 and 1, the same for ever: a raised share only adds. In a test it is the last of all: whom a test gives is
    /// there to see what people get, and only a share of everybody takes them.
    fn lot(&self, what: &[u8], campaign: StableId) -> f64 {
        if self.switches.run_drafts {
            return 1.0 - f64::EPSILON;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(what).update(&self.state.uid.0.to_be_bytes()).update(&campaign.to_be_bytes());
        let mut bytes = [0; 4];
        hasher.finalize_xof().fill(&mut bytes);
        f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }

    fn refuse(&mut self, campaign: StableId, reason: &str) {
        let cause = self.cause.clone();
        self.write(JournalEntry {
            at: self.now,
            campaign: Some(campaign),
            enrollment: None,
            step: None,
            what: What::NotEnrolled,
            why: Arc::from(reason),
            cause,
        });
    }

    /// Why nobody comes in at all now.
    pub(super) fn closed(&self, def: &CampaignDef, campaign: CampaignId) -> Option<&'static str> {
        if !def.is_published && !self.switches.run_drafts {
            return Some("draft");
        }
        if !self.is_acting(campaign) {
            return Some("paused");
        }
        let is_active = def.active_from.is_none_or(|from| self.now >= from) && def.active_until.is_none_or(|until| self.now < until);
        (!is_active).then_some("not active")
    }

    /// Not already in (or it is gathered, or restarts), may come again, `only if`, no exit.
    fn judge(&mut self, evaluator: &mut Evaluator, (def, id): (&CampaignDef, StableId), uid: EnrollmentUid) -> Verdict {
        let key = self.key_of(evaluator, def, uid);
        if matches!(def.reenter, Reenter::Each(_)) && key.each.is_none() {
            return Verdict::Refused("each");
        }
        if let Some(candidate) = self.enrollment_mut(uid) {
            candidate.key = key;
        }
        let mut twins = self.state.enrollments.iter().filter(|known| known.campaign == id && known.uid != uid && known.key == key);
        let twin = twins.next_back().map(|twin| (twin.uid, twin.gathering.is_some()));
        let verdict = match twin {
            Some((twin, true)) if self.is_gathered(def, uid) => Verdict::Gathered(twin),
            Some((twin, _)) if def.is_restarting => Verdict::Restarts(twin),
            Some(_) => return Verdict::Refused(if key.each.is_some() { "each" } else { "already in" }),
            None => match self.refusal(def, (id, key)) {
                Some(reason) => return Verdict::Refused(reason),
                None => Verdict::Comes,
            },
        };
        let unmet = def.only_if.iter().find(|block| {
            let whose = self.reads_captures(**block).then_some(uid);
            !evaluator.is_true(&self.view_of(whose), **block)
        });
        if let Some(block) = unmet {
            return Verdict::Unmet("only if", *block, facts_read(&self.view_of(Some(uid)), *block));
        }
        let mut exits = def.exits.iter().filter(|_| matches!(verdict, Verdict::Comes));
        if let Some(exit) = exits.find(|exit| evaluator.is_true(&self.view_of(Some(uid)), exit.condition)) {
            return Verdict::Unmet("exit", exit.condition, facts_read(&self.view_of(Some(uid)), exit.condition));
        }
        if matches!(verdict, Verdict::Comes) && self.is_of_control_group(id) { Verdict::Refused("control group") } else { verdict }
    }

    /// Whether what a candidate captured is what the campaign gathers.
    fn is_gathered(&self, def: &CampaignDef, uid: EnrollmentUid) -> bool {
        let name = def.collect.as_ref().and_then(|collect| def.captures.get(collect.slot.index())).map(|slot| &slot.name);
        self.enrollment(uid).is_some_and(|candidate| candidate.captures.iter().any(|captured| Some(&captured.name) == name))
    }

    fn key_of(&self, evaluator: &mut Evaluator, def: &CampaignDef, uid: EnrollmentUid) -> EnrollmentKey {
        let view = self.view_of(Some(uid));
        let mut number = |block: BlockId| evaluator.value(&view, block).ok().map(|value| view.calendar().settle(value));
        let each = match def.reenter {
            Reenter::Each(block) => number(block).filter(Value::is_set),
            Reenter::Never | Reenter::Always | Reenter::After(_) => None,
        };
        let by = def.collect.as_ref().and_then(|collect| collect.by).and_then(&mut number);
        EnrollmentKey { each: each.as_ref().map(number_of), by: by.as_ref().map(number_of) }
    }

    pub(super) fn refusal(&self, def: &CampaignDef, (id, key): (StableId, EnrollmentKey)) -> Option<&'static str> {
        let past = self.state.past.get(&id)?;
        if let Some(each) = key.each {
            return past.each.binary_search(&each).is_ok().then_some("each");
        }
        let ended = past.ended?;
        let may_come_again = match &def.reenter {
            Reenter::Never => false,
            Reenter::Always | Reenter::Each(_) => true,
            Reenter::After(duration) => add_duration(ended, *duration, &self.zone, &self.linked.holidays) <= self.now,
        };
        (!may_come_again).then_some("reenter")
    }

    fn make_enrollment(&self, def: &CampaignDef, campaign: StableId, start: &Start) -> Enrollment {
        let holdout = def.sending.holdout;
        let entry = self.state.past.get(&campaign).map_or(0, |past| past.entries) + 1;
        Enrollment {
            uid: EnrollmentUid::derive(self.state.uid, campaign, entry),
            campaign,
            entry,
            key: EnrollmentKey::default(),
            restarts: 0,
            started: self.now,
            started_seq: self.seq,
            program: self.linked.deployment.program,
            captures: self.first_capture(def, start.capture.clone()).into_iter().collect(),
            threads: vec![Thread::new(ThreadId(0), Vec::new(), self.now)],
            next_thread: ThreadId(1),
            executed: SortedMap::default(),
            is_held_out: holdout.is_some_and(|share| self.lot(b"campc-holdout-1", campaign) < share),
            done_elsewhere: Vec::new(),
            exit_recheck: None,
            entered: self.now,
            goals: Vec::new(),
            goal_recheck: None,
            gathering: None,
            timelines: Vec::new(),
        }
    }
}

/// A value as a number: values that are equal have the same.
fn number_of(value: &Value) -> u64 {
    let hash = blake3::hash(value.to_string().as_bytes());
    hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// `segment "Hot": points 46 → 56 by visited("/pricing")`
fn enrolled_because(start: &Start) -> Arc<str> {
    let Cause { input, fact } = &start.cause;
    let mut text = start.trigger.to_string();
    // Time alone changes no value.
    if let Some((name, old, new)) = fact.as_ref().filter(|(_, old, new)| old != new) {
        text.push_str(&format!(": {name} {old} → {new}"));
    }
    if !input.is_empty() && !text.starts_with(&**input) {
        text.push_str(&format!(" by {input}"));
    }
    Arc::from(text)
}
