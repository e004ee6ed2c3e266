//! What blocks read: the index from a changed fact to the predicates that must be asked again.

use super::{BlockId, EventPattern, Fact, HistoryWindow, Layout, Op, Program, Query, RoutineOwner};
use std::collections::BTreeSet;

/// The blocks that a block asks: sides of a moving comparison, predicates and durations of its queries.
#[must_use]
pub(super) fn inner_blocks(program: &Program, code: &[Op]) -> Vec<BlockId> {
    let mut inner = Vec::new();
    for op in code {
        if let Op::CompareMoving(_, left, right) = op {
            inner.extend([*left, *right]);
        } else if let Op::Query(query) = op {
            inner.extend(program.queries.get(query.index()).into_iter().flat_map(query_blocks));
        }
    }
    inner
}

/// The blocks of a query.
pub(super) fn query_blocks(query: &Query) -> impl Iterator<Item = BlockId> + use<> {
    let span = match query.window {
        HistoryWindow::Last(block) => Some(block),
        HistoryWindow::Anchor | HistoryWindow::Ever => None,
    };
    query.predicate.into_iter().chain(span)
}

/// What every block reads, with what its inner blocks read; `None` where blocks ask each other in a circle.
#[must_use]
pub(super) fn all_reads(program: &Program, layout: &Layout) -> Option<Vec<BTreeSet<Fact>>> {
    let mut reads: Vec<BTreeSet<Fact>> = vec![BTreeSet::new(); program.blocks.len()];
    for block in inner_first(program, layout)? {
        let Some(routine) = layout.block(block) else { continue };
        let code = routine.code(program);
        let mut facts: BTreeSet<Fact> = code.iter().flat_map(|op| facts_of(program, *op)).collect();
        for inner in inner_blocks(program, code) {
            facts.extend(reads.get(inner.index()).into_iter().flatten().copied());
        }
        if let Some(slot) = reads.get_mut(block.index()) {
            *slot = facts;
        }
    }
    Some(reads)
}

/// All blocks, each behind those it asks; `None` where there is a circle.
pub(super) fn inner_first(program: &Program, layout: &Layout) -> Option<Vec<BlockId>> {
    let count = program.blocks.len();
    let mut waits_for = vec![0_usize; count];
    let mut asked_by: Vec<Vec<BlockId>> = vec![Vec::new(); count];
    for routine in layout.routines() {
        let RoutineOwner::Block(block) = routine.owner else { continue };
        for inner in inner_blocks(program, routine.code(program)) {
            if let (Some(waiting), Some(askers)) = (waits_for.get_mut(block.index()), asked_by.get_mut(inner.index())) {
                *waiting += 1;
                askers.push(block);
            }
        }
    }
    let mut order: Vec<BlockId> = (0..count).filter(|i| waits_for.get(*i) == Some(&0)).map(BlockId::from_index).collect();
    let mut next = 0;
    while let Some(block) = order.get(next).copied() {
        next += 1;
        for asker in asked_by.get(block.index()).into_iter().flatten() {
            let Some(waiting) = waits_for.get_mut(asker.index()) else { continue };
            *waiting -= 1;
            if *waiting == 0 {
                order.push(*asker);
            }
        }
    }
    (order.len() == count).then_some(order)
}

fn facts_of(program: &Program, op: Op) -> Vec<Fact> {
    match op {
        Op::Field(field) => vec![Fact::Field(field)],
        Op::Points(group) => vec![Fact::Points(group)],
        Op::Now | Op::Today | Op::Ago | Op::FromNow | Op::IsToday | Op::CompareMoving(..) => vec![Fact::Time],
        Op::Capture(_) => vec![Fact::Captures],
        Op::HasTag(_) => vec![Fact::Tags],
        Op::InSegment(segment) => vec![Fact::Segment(segment)],
        Op::InList(list) => vec![Fact::List(list)],
        Op::InCampaign(campaign) | Op::FinishedCampaign(campaign) => vec![Fact::Campaign(campaign)],
        Op::SubscribedTo(topic) => vec![Fact::Topic(topic)],
        Op::Query(query) => program.queries.get(query.index()).map(query_facts).unwrap_or_default(),
        Op::Const(_)
        | Op::LocalDateTime(..)
        | Op::EventProperty(_)
        | Op::Get(_)
        | Op::Add
        | Op::Subtract
        | Op::Multiply
        | Op::Divide
        | Op::Negate
        | Op::Compare(_) => vec![],
        Op::In(_) | Op::NotIn(_) | Op::Text(_) | Op::TextIgnoringCase(_) | Op::Matches(_) | Op::IsSet | Op::IsEmpty | Op::Not => vec![],
        Op::MakeList(_) | Op::MakeRecord(_) | Op::Jump(_) | Op::JumpUnless(_) | Op::AndJump(_) | Op::OrJump(_) | Op::Return => vec![],
        Op::Step(_) | Op::Send(_) | Op::Webhook(..) | Op::Notify(_) | Op::SetField(_) | Op::AddItem(_) | Op::RemoveItem(_) => vec![],
        Op::AddPoints(_) | Op::SetPoints(_) | Op::Tag(_) | Op::Untag(_) | Op::AddToList(_) | Op::RemoveFromList(_) | Op::Subscribe(_) => vec![],
        Op::Unsubscribe(_) | Op::UnsubscribeAll | Op::Enroll(_) | Op::Leave(_) | Op::Wait(_) | Op::WaitBetween(_) | Op::WaitUntil(..) => vec![],
        Op::Listen(..) | Op::Stop(_) | Op::Finish | Op::ReachedJump(_) | Op::Mute => vec![],
        Op::Emit(_)
        | Op::Fork(_)
        | Op::Join(_)
        | Op::Split(..)
        | Op::Repeat(..)
        | Op::Experiment(..)
        | Op::Timeline(..)
        | Op::EnterTimeline(_)
        | Op::EndArm(_) => vec![],
    }
}

fn query_facts(query: &Query) -> Vec<Fact> {
    let mut facts = vec![match &query.pattern {
        EventPattern::Custom(event) => Fact::Event(*event),
        EventPattern::Visited(_) => Fact::Visited,
        EventPattern::Message { event, .. } => Fact::Message(*event),
    }];
    match query.window {
        HistoryWindow::Last(_) => facts.push(Fact::Time),
        HistoryWindow::Anchor | HistoryWindow::Ever => {}
    }
    facts
}
