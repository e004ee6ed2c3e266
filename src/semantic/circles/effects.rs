//! What a campaign does at the very instant at which it begins.

use crate::base::Span;
use crate::bytecode::{CampaignId, EventId, FieldId, GroupId, ListId, TopicId};
use crate::lang::Value;
use crate::semantic::hir::{Campaign, Expr, ExprKind, Step, StepKind};
use std::sync::Arc;

/// Something that others can be started by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    Enroll(CampaignId),
    Emit(EventId),
    Tag(Arc<str>),
    Untag(Arc<str>),
    AddToList(ListId),
    RemoveFromList(ListId),
    Subscribe(TopicId),
    Unsubscribe(TopicId),
    /// With the value that is written out, if one is.
    Set(FieldId, Option<Value>),
    /// With the number that is written out, if one is.
    AddPoints(GroupId, Option<f64>),
    SetPoints(GroupId, Option<f64>),
}

/// A change, and where.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub change: Change,
    pub span: Span,
    /// Whether everybody comes by it.
    pub is_certain: bool,
}

/// All that a campaign does before time passes, and whether it then has ended.
pub(super) fn of(campaign: &Campaign) -> (Vec<Effect>, bool) {
    let mut found = Vec::new();
    if campaign.collect.is_some() {
        return (found, false);
    }
    let passage = walk(&campaign.steps, true, &mut found);
    (found, passage != Passage::Waits)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passage {
    /// Goes on at the same instant.
    Through,
    /// Time passes.
    Waits,
    Ends,
}

fn walk(steps: &[Step], is_certain: bool, found: &mut Vec<Effect>) -> Passage {
    let mut is_certain = is_certain;
    for step in steps {
        let before = found.len();
        match one(step, is_certain, found) {
            Passage::Through => {}
            passage => return passage,
        }
        // Behind a block that some leave, not everybody comes by.
        is_certain &= found.len() == before || matches!(step.kind, StepKind::Do { .. }) || change_of(step).is_some();
    }
    Passage::Through
}

fn one(step: &Step, is_certain: bool, found: &mut Vec<Effect>) -> Passage {
    if let Some(change) = change_of(step) {
        found.push(Effect { change, span: step.header.span, is_certain });
        return Passage::Through;
    }
    match &step.kind {
        StepKind::Wait { .. } | StepKind::WaitBetween { .. } | StepKind::WaitUntil(_) | StepKind::WaitFor { .. } => Passage::Waits,
        StepKind::Await { .. } | StepKind::Timeline { .. } | StepKind::Webhook { answer: Some(_), .. } | StepKind::Error => Passage::Waits,
        StepKind::Decide { deadline: Some(_), .. } => Passage::Waits,
        StepKind::Decide { then_, else_, .. } => any([then_.as_slice(), else_].into_iter(), found),
        StepKind::Split(arms) => any(arms.iter().map(|arm| arm.body.as_slice()), found),
        StepKind::Experiment { variants, .. } => any(variants.iter().map(|variant| variant.body.as_slice()), found),
        StepKind::Repeat { every, body, .. } => match walk(body, false, found) {
            Passage::Through if every.is_none() => Passage::Through,
            _ => Passage::Waits,
        },
        StepKind::Parallel(branches) => {
            let all: Vec<Passage> = branches.iter().map(|branch| walk(branch, is_certain, found)).collect();
            if all.contains(&Passage::Ends) {
                Passage::Ends
            } else if all.contains(&Passage::Waits) {
                Passage::Waits
            } else {
                Passage::Through
            }
        }
        StepKind::Do { body, .. } => walk(body, is_certain, found),
        StepKind::Stop(_) => Passage::Ends,
        _ => Passage::Through,
    }
}

/// One of several ways: whoever goes through goes on.
fn any<'s>(bodies: impl Iterator<Item = &'s [Step]>, found: &mut Vec<Effect>) -> Passage {
    let all: Vec<Passage> = bodies.map(|body| walk(body, false, found)).collect();
    if all.contains(&Passage::Through) {
        Passage::Through
    } else if all.contains(&Passage::Waits) {
        Passage::Waits
    } else {
        Passage::Ends
    }
}

fn change_of(step: &Step) -> Option<Change> {
    Some(match &step.kind {
        StepKind::Enroll(campaign) => Change::Enroll(*campaign),
        StepKind::Emit { event, .. } => Change::Emit(*event),
        StepKind::Tag(tag) => Change::Tag(tag.clone()),
        StepKind::Untag(tag) => Change::Untag(tag.clone()),
        StepKind::AddToList(list) => Change::AddToList(*list),
        StepKind::RemoveFromList(list) => Change::RemoveFromList(*list),
        StepKind::Subscribe(topic) => Change::Subscribe(*topic),
        StepKind::Unsubscribe(topic) => Change::Unsubscribe((*topic)?),
        StepKind::Set { field, value } if matches!(value.kind, ExprKind::Field(read) if read == *field) => return None,
        StepKind::Set { field, value } => Change::Set(*field, value.literal().cloned()),
        StepKind::Clear { field } => Change::Set(*field, Some(Value::Unset)),
        StepKind::AddItem { field, .. } | StepKind::RemoveItem { field, .. } => Change::Set(*field, None),
        StepKind::AddPoints { group, amount } => Change::AddPoints(*group, number(amount)),
        StepKind::SetPoints { group, amount } => Change::SetPoints(*group, number(amount)),
        _ => return None,
    })
}

/// The number that is written out.
pub(super) fn number(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Literal(value) => value.as_number(),
        ExprKind::Negate(inner) => number(inner).map(|number| -number),
        _ => None,
    }
}
