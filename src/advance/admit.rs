//! At a trigger: may the contact come in? What refuses is recorded with its reason; who may, starts.

use super::context::{Context, Line, Start};
use super::outcome::{Cause, JournalEntry, What};
use crate::bytecode::{CampaignDef, CampaignId, Reenter};
use crate::lang::add_duration;
use crate::machine::state::{Enrollment, EnrollmentUid, SortedMap, StableId, Thread, ThreadId};
use crate::machine::{Entry, Evaluator};
use std::sync::Arc;

impl Context<'_> {
    /// Starts an enrollment, or records why not.
    pub fn admit(&mut self, evaluator: &mut Evaluator, start: Start) {
        let Some(def) = self.linked.program.campaigns.get(start.campaign.index()) else { return };
        let id = self.campaign_id(start.campaign);
        self.cause = start.cause.clone();
        if let Some(reason) = self.refusal(def, (start.campaign, id)) {
            return self.refuse(id, reason);
        }
        let enrollment = self.make_enrollment(id, &start);
        let uid = enrollment.uid;
        self.state.enrollments.push(enrollment);
        let is_asked = def.only_if.iter().all(|block| {
            let whose = self.reads_captures(*block).then_some(uid);
            evaluator.is_true(&self.view_of(whose), *block)
        });
        let is_out = is_asked && def.exits.iter().any(|exit| evaluator.is_true(&self.view_of(Some(uid)), exit.condition));
        if !is_asked || is_out {
            self.state.enrollments.retain(|known| known.uid != uid);
            return self.refuse(id, if is_asked { "exit" } else { "only if" });
        }
        self.state.past.entry(id).entries += 1;
        let why = enrolled_because(&start);
        self.write(JournalEntry { at: self.now, campaign: Some(id), enrollment: Some(uid), step: None, what: What::Enrolled, why, cause: start.cause });
        self.campaign_changed(start.campaign);
        self.ask_exits(evaluator, uid);
        if self.enrollment(uid).is_some() {
            self.go_on(evaluator, Line { enrollment: uid, thread: ThreadId(0) }, &Entry { pc: def.entry.index(), ..Entry::default() });
        }
    }

    fn reads_captures(&self, block: crate::bytecode::BlockId) -> bool {
        self.linked.program.blocks.get(block.index()).is_some_and(|block| block.reads.contains(&crate::bytecode::Fact::Captures))
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

    fn refusal(&self, def: &CampaignDef, (campaign, id): (CampaignId, StableId)) -> Option<&'static str> {
        if !def.is_published && !self.switches.run_drafts {
            return Some("draft");
        }
        if !self.is_acting(campaign) {
            return Some("paused");
        }
        if def.active_from.is_some_and(|from| self.now < from) || def.active_until.is_some_and(|until| self.now >= until) {
            return Some("not active");
        }
        if self.state.enrollments.iter().any(|known| known.campaign == id) {
            return Some("already in");
        }
        let past = self.state.past.get(&id)?;
        let ended = past.ended?;
        let may_come_again = match &def.reenter {
            Reenter::Never => false,
            Reenter::Always | Reenter::Each(_) => true,
            Reenter::After(duration) => add_duration(ended, *duration, &self.zone, &self.linked.holidays) <= self.now,
        };
        (!may_come_again).then_some("reenter")
    }

    fn make_enrollment(&self, campaign: StableId, start: &Start) -> Enrollment {
        let entry = self.state.past.get(&campaign).map_or(0, |past| past.entries) + 1;
        Enrollment {
            uid: EnrollmentUid::derive(self.state.uid, campaign, entry),
            campaign,
            entry,
            started: self.now,
            started_seq: self.seq,
            program: self.linked.deployment.program,
            captures: start.capture.clone().into_iter().collect(),
            threads: vec![Thread::new(ThreadId(0), Vec::new(), self.now)],
            next_thread: ThreadId(1),
            executed: SortedMap::default(),
            exit_recheck: None,
            entered: self.now,
            goals: Vec::new(),
            goal_recheck: None,
        }
    }
}

/// `segment "Hot": points 46 → 56 by visited("/pricing")`
fn enrolled_because(start: &Start) -> Arc<str> {
    let Cause { input, fact } = &start.cause;
    let mut text = start.trigger.to_string();
    if let Some((name, old, new)) = fact {
        text.push_str(&format!(": {name} {old} → {new}"));
    }
    if !input.is_empty() && !text.starts_with(&**input) {
        text.push_str(&format!(" by {input}"));
    }
    Arc::from(text)
}
