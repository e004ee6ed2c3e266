//! What an expression can read: the contact, the enrollment, the event that is looked at, and the time.

use super::Linked;
use super::state::{ContactState, Enrollment, EnrollmentUid, Frame, StableId};
use super::value_ops::Calendar;
use crate::bytecode::{BuiltinField, EventId, FieldId, GroupId, TopicId};
use crate::lang::{Instant, Record, Value, Zone};
use std::sync::Arc;

/// Everything an evaluation reads. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The program.
    pub linked: &'a Linked,
    /// The contact.
    pub state: &'a ContactState,
    /// The contact's zone.
    pub zone: &'a Zone,
    /// The time.
    pub now: Instant,
    /// Happenings after this instant do not exist (a decision taken late, as of its own time).
    pub as_of: Option<Instant>,
    /// The enrollment whose captures and anchors count.
    pub enrollment: Option<EnrollmentUid>,
    /// What its line of execution is inside of: passes of `repeat`, branches of `parallel`. Empty for what concerns the whole enrollment.
    pub frames: &'a [Frame],
    /// The event that is being looked at.
    pub event: Option<&'a Record>,
}

impl<'a> View<'a> {
    /// Calendar arithmetic for this contact.
    #[must_use]
    pub fn calendar(&self) -> Calendar<'a> {
        Calendar { zone: self.zone, holidays: &self.linked.holidays }
    }
    /// The enrollment, if it is one's; also one that has ended and whose goals are still open.
    #[must_use]
    pub fn enrollment(&self) -> Option<&'a Enrollment> {
        let uid = self.enrollment?;
        self.state.enrollments.iter().chain(&self.state.ended).find(|known| known.uid == uid)
    }
    /// Since when history counts here: since this pass of the innermost `repeat` began, else since the enrollment did.
    #[must_use]
    pub fn began(&self) -> Option<(Instant, u64)> {
        let enrollment = self.enrollment()?;
        let pass = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Pass { started, started_seq, .. } => Some((*started, *started_seq)),
            Frame::Branch { .. } | Frame::Arm { .. } => None,
        });
        Some(pass.unwrap_or((enrollment.started, enrollment.started_seq)))
    }
    /// The value of a field, its default included.
    #[must_use]
    pub fn field(&self, field: FieldId) -> Value {
        field_value(self.linked, self.state, field)
    }
    /// The points of a group.
    #[must_use]
    pub fn points(&self, group: GroupId) -> f64 {
        let stable = stable(&self.linked.deployment.groups, group.index());
        self.state.points.get(&stable).copied().unwrap_or(0.0)
    }
    /// A captured record by its name.
    #[must_use]
    pub fn captured(&self, name: &str) -> Option<&'a Arc<Record>> {
        self.enrollment()?.captures.iter().find(|captured| captured.name.as_ref() == name).map(|captured| &captured.record)
    }
    /// Whether a topic lets messages pass.
    #[must_use]
    pub fn is_subscribed(&self, topic: TopicId) -> bool {
        topic_passes(self.linked, self.state, topic)
    }
    /// The stable id of an event.
    #[must_use]
    pub fn event_id(&self, event: EventId) -> StableId {
        stable(&self.linked.deployment.events, event.index())
    }
}

/// The stable id at an index; 0, which is never given, where the tables do not fit (the verifier refuses that).
#[must_use]
pub fn stable(ids: &[StableId], index: usize) -> StableId {
    ids.get(index).copied().unwrap_or(0)
}

/// The value of a contact's field, its default included.
#[must_use]
pub fn field_value(linked: &Linked, state: &ContactState, field: FieldId) -> Value {
    let Some(def) = linked.program.fields.get(field.index()) else { return Value::Unset };
    match def.builtin {
        Some(BuiltinField::Id) => Value::text(state.uid.to_text()),
        Some(BuiltinField::Points) => {
            let main = stable(&linked.deployment.groups, 0);
            Value::Number(state.points.get(&main).copied().unwrap_or(0.0))
        }
        Some(BuiltinField::CreatedAt) => Value::DateTime(state.created_at),
        Some(BuiltinField::LastSeenAt) => state.last_seen_at.map_or(Value::Unset, Value::DateTime),
        Some(
            BuiltinField::Email
            | BuiltinField::Phone
            | BuiltinField::FirstName
            | BuiltinField::LastName
            | BuiltinField::Timezone
            | BuiltinField::Locale
            | BuiltinField::Country,
        )
        | None => {
            let stable = stable(&linked.deployment.fields, field.index());
            state.fields.get(&stable).cloned().unwrap_or_else(|| def.default.clone())
        }
    }
}

/// The text of a built-in field.
#[must_use]
pub fn builtin_text(linked: &Linked, state: &ContactState, field: BuiltinField) -> Option<Arc<str>> {
    field_value(linked, state, linked.builtin(field)?).as_shared_text().cloned()
}

/// The zone of a contact: its `timezone`, else the project's.
#[must_use]
pub fn zone_of(linked: &Linked, state: &ContactState) -> Zone {
    builtin_text(linked, state, BuiltinField::Timezone).and_then(|name| Zone::find(&name)).unwrap_or_else(|| linked.zone.clone())
}

/// Whether a topic lets messages pass: what is recorded, else what the topic says.
#[must_use]
pub fn topic_passes(linked: &Linked, state: &ContactState, topic: TopicId) -> bool {
    use super::state::ConsentState;
    match state.consent.topic(stable(&linked.deployment.topics, topic.index())) {
        ConsentState::Given => true,
        ConsentState::Withdrawn | ConsentState::Pending => false,
        ConsentState::None => !linked.program.topics.get(topic.index()).is_some_and(|def| def.is_opt_in),
    }
}
