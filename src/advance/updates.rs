//! `update NAME when EVENT`: a later event replaces properties of the captured one. It is a fact like others: exits and decisions come after.

use super::accept::record_of;
use super::context::{Context, Happening};
use super::outcome::What;
use crate::bytecode::{CampaignDef, Fact, SlotId};
use crate::lang::Record;
use crate::machine::Evaluator;
use crate::machine::state::EnrollmentUid;
use std::sync::Arc;

impl Context<'_> {
    /// Replaces what enrollments have captured, where their campaigns say so.
    pub fn update_captures(&mut self, evaluator: &mut Evaluator, happening: &Happening) {
        let Some(record) = record_of(&happening.kind) else { return };
        let uids: Vec<EnrollmentUid> = self.state.enrollments.iter().map(|enrollment| enrollment.uid).collect();
        for uid in uids {
            self.inside(uid, |context| context.update_captures_of(evaluator, uid, (happening, record)));
        }
    }

    fn update_captures_of(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, (happening, record): (&Happening, &Record)) {
        let Some((_, def)) = self.campaign_of(uid) else { return };
        for update in &def.updates {
            if self.pattern_matches(evaluator, (&happening.kind, Some(uid)), (&update.pattern, update.predicate)) {
                self.replace(uid, (def, update.slot), record);
            }
        }
    }

    /// Properties that the later event does not have stay what they are; those that the captured event does not know are nothing to it.
    fn replace(&mut self, uid: EnrollmentUid, (def, slot): (&CampaignDef, SlotId), later: &Record) {
        let Some(capture) = def.captures.get(slot.index()) else { return };
        let event = capture.event.and_then(|event| self.linked.program.events.get(event.index()));
        let knows = |name: &Arc<str>| event.is_some_and(|event| event.properties.iter().any(|property| property.name == *name));
        let Some(captured) = self.enrollment_mut(uid).and_then(|e| e.captures.iter_mut().find(|captured| captured.name == capture.name)) else { return };
        let mut record = Record::clone(&captured.record);
        record.extend(later.iter().filter(|(name, _)| knows(name)).map(|(name, value)| (name.clone(), value.clone())));
        if record == *captured.record {
            return;
        }
        captured.record = Arc::new(record);
        self.dirty.push(Fact::Captures);
        self.note(uid, None, What::Changed, format!("update {} when {}", capture.name, self.cause.input));
    }
}
