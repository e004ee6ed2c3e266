//! The expression half of the machine: a stack of values, and the next instant at which the answer can change.

use super::moving::{earlier, next_change};
use super::value_ops::{holds, is_empty, scale, text_question};
use super::view::{View, stable};
use crate::bytecode::{BlockId, CompareOp, ConstId, Fact, Op, Pc};
use crate::lang::{Date, Duration, Instant, Record, Value, local_instant};
use std::cmp::Ordering;
use std::sync::Arc;

/// How many operations one input may take.
pub const FUEL: u32 = 1_000_000;

/// Something that only a program that passed no verifier can do, or that ran out of fuel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The stack held less than an operation takes.
    EmptyStack,
    /// Too many operations.
    OutOfFuel,
    /// An operation that cannot stand in an expression.
    NotAnExpression,
}

impl Fault {
    /// A phrase for the journal.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Fault::EmptyStack => "the program is damaged: an operation found no value",
            Fault::OutOfFuel => "the program ran too long without waiting",
            Fault::NotAnExpression => "the program is damaged: a step stands in an expression",
        }
    }
}

/// Evaluates blocks. One is kept for all evaluations of an input, so that the stack is allocated once.
#[derive(Debug)]
pub struct Evaluator {
    pub(super) stack: Vec<Value>,
    /// The operations left.
    pub fuel: u32,
    /// Whether anybody wants to know when the answer changes.
    wants_change: bool,
    next_change: Option<Instant>,
}

impl Default for Evaluator {
    fn default() -> Self {
        Self { stack: Vec::with_capacity(16), fuel: FUEL, wants_change: false, next_change: None }
    }
}

impl Evaluator {
    /// As many operations as at the beginning: behind one that has taken them all.
    pub fn refuel(&mut self) {
        self.fuel = FUEL;
    }
    /// The value of a block.
    ///
    /// # Errors
    /// Where the program is damaged or ran out of fuel.
    pub fn value(&mut self, view: &View<'_>, block: BlockId) -> Result<Value, Fault> {
        let Some(start) = view.linked.program.blocks.get(block.index()).map(|block| block.start) else { return Ok(Value::Unset) };
        let depth = self.stack.len();
        let mut pc = start.index();
        loop {
            let op = view.linked.op(pc);
            pc += 1;
            if op == Op::Return {
                let value = self.pop()?;
                self.stack.truncate(depth);
                return Ok(value);
            }
            if let Some(Pc(target)) = self.step(view, op)? {
                pc = usize::try_from(target).unwrap_or(usize::MAX);
            }
        }
    }
    /// Whether a condition holds; a damaged one does not.
    #[must_use]
    pub fn is_true(&mut self, view: &View<'_>, block: BlockId) -> bool {
        self.value(view, block).is_ok_and(|value| value.is_true())
    }
    /// Whether a condition holds, and when time alone can change that.
    pub fn truth_and_change(&mut self, view: &View<'_>, block: BlockId) -> (bool, Option<Instant>) {
        let reads_time = view.linked.program.blocks.get(block.index()).is_some_and(|block| block.reads.contains(&Fact::Time));
        if !reads_time {
            return (self.is_true(view, block), None);
        }
        let before = (std::mem::replace(&mut self.wants_change, true), self.next_change.take());
        let truth = self.is_true(view, block);
        let change = self.next_change;
        (self.wants_change, self.next_change) = before;
        (truth, change)
    }
    /// Notes that an answer can change at `at`.
    pub(super) fn note_change(&mut self, at: Instant) {
        self.next_change = earlier(self.next_change, Some(at));
    }
    pub(super) fn wants_change(&self) -> bool {
        self.wants_change
    }
    pub(super) fn pop(&mut self) -> Result<Value, Fault> {
        self.stack.pop().ok_or(Fault::EmptyStack)
    }
    fn pop_two(&mut self) -> Result<(Value, Value), Fault> {
        let second = self.pop()?;
        Ok((self.pop()?, second))
    }
    fn pop_many(&mut self, count: u32) -> Result<Vec<Value>, Fault> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let at = self.stack.len().checked_sub(count).ok_or(Fault::EmptyStack)?;
        Ok(self.stack.split_off(at))
    }
    fn push(&mut self, value: Value) -> Option<Pc> {
        self.stack.push(value);
        None
    }
    fn burn(&mut self) -> Result<(), Fault> {
        self.fuel = self.fuel.checked_sub(1).ok_or(Fault::OutOfFuel)?;
        Ok(())
    }

    /// Executes one operation of an expression; returns where to jump, if it jumps.
    pub(super) fn step(&mut self, view: &View<'_>, op: Op) -> Result<Option<Pc>, Fault> {
        self.burn()?;
        Ok(match op {
            Op::Const(id) => self.push(constant(view, id)),
            Op::Field(field) => self.push(view.field(field)),
            Op::Points(group) => self.push(Value::Number(view.points(group))),
            Op::Now => self.push(Value::DateTime(view.now)),
            Op::Today => self.push(Value::Date(view.zone.date(view.now))),
            Op::LocalDateTime(date, time) => match constant(view, date) {
                Value::Date(date) => self.push(Value::DateTime(local_instant(date, time, view.zone))),
                _ => self.push(Value::Unset),
            },
            Op::EventProperty(name) => self.push(property(view.event, view, name)),
            Op::Capture(slot) => self.push(capture(view, slot)),
            Op::Get(name) => {
                let record = self.pop()?;
                self.push(get(&record, view, name))
            }
            Op::Jump(target) => Some(target),
            Op::JumpUnless(target) => (!self.pop()?.is_true()).then_some(target),
            Op::AndJump(target) => self.keep_or_jump(target, false)?,
            Op::OrJump(target) => self.keep_or_jump(target, true)?,
            Op::MakeList(count) => {
                let items = self.pop_many(count)?;
                self.push(Value::List(items.into()))
            }
            Op::MakeRecord(count) => {
                let parts = self.pop_many(count.saturating_mul(2))?;
                self.push(record_of(parts))
            }
            Op::Ago | Op::FromNow | Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Negate => self.arithmetic(view, op)?,
            Op::HasTag(_) | Op::InSegment(_) | Op::InList(_) | Op::InCampaign(_) | Op::FinishedCampaign(_) | Op::SubscribedTo(_) | Op::Query(_) => {
                self.membership(view, op)?
            }
            op if op.is_expression() => self.question(view, op)?,
            _ => return Err(Fault::NotAnExpression),
        })
    }

    fn keep_or_jump(&mut self, target: Pc, jump_on: bool) -> Result<Option<Pc>, Fault> {
        let is_true = self.stack.last().ok_or(Fault::EmptyStack)?.is_true();
        if is_true == jump_on {
            return Ok(Some(target));
        }
        self.pop()?;
        Ok(None)
    }

    fn arithmetic(&mut self, view: &View<'_>, op: Op) -> Result<Option<Pc>, Fault> {
        let calendar = view.calendar();
        let value = match op {
            Op::Ago | Op::FromNow => match self.pop()? {
                Value::Duration(duration) => calendar.shift(&Value::DateTime(view.now), duration, op == Op::FromNow),
                _ => Value::Unset,
            },
            Op::Negate => scale(&self.pop()?, &Value::Number(-1.0), |a, b| a * b),
            _ => {
                let (a, b) = self.pop_two()?;
                match op {
                    Op::Add => calendar.add(&a, &b),
                    Op::Subtract => calendar.subtract(&a, &b),
                    Op::Multiply => scale(&a, &b, |a, b| a * b),
                    _ => scale(&a, &b, |a, b| a / b),
                }
            }
        };
        Ok(self.push(value))
    }

    fn question(&mut self, view: &View<'_>, op: Op) -> Result<Option<Pc>, Fault> {
        let calendar = view.calendar();
        let answer = match op {
            Op::Compare(op) => {
                let (a, b) = self.pop_two()?;
                calendar.compare(op, &a, &b)
            }
            Op::CompareMoving(op, left, right) => self.compare_moving(view, op, (left, right))?,
            Op::In(count) | Op::NotIn(count) => {
                let items = self.pop_many(count)?;
                let value = self.pop()?;
                let is_in = items.iter().any(|item| calendar.compare(CompareOp::Equal, &value, item));
                if matches!(op, Op::In(_)) { is_in } else { value.is_set() && !is_in }
            }
            Op::Text(op) => {
                let (a, b) = self.pop_two()?;
                text_question(op, &a, &b, false)
            }
            Op::TextIgnoringCase(op) => {
                let (a, b) = self.pop_two()?;
                text_question(op, &a, &b, true)
            }
            Op::Matches(regex) => {
                let value = self.pop()?;
                let pattern = view.linked.regexes.get(regex.index()).and_then(Option::as_ref);
                value.as_text().is_some_and(|text| pattern.is_some_and(|pattern| pattern.is_match(text)))
            }
            Op::IsSet => self.pop()?.is_set(),
            Op::IsEmpty => is_empty(&self.pop()?),
            Op::IsToday => {
                let value = self.pop()?;
                self.is_today(view, &value)
            }
            _ => !self.pop()?.is_true(),
        };
        Ok(self.push(Value::Bool(answer)))
    }

    fn membership(&mut self, view: &View<'_>, op: Op) -> Result<Option<Pc>, Fault> {
        let deployment = &view.linked.deployment;
        let state = view.state;
        let answer = match op {
            Op::HasTag(name) => match constant(view, name) {
                Value::Text(tag) => state.tags.binary_search(&tag).is_ok(),
                _ => false,
            },
            Op::InSegment(segment) => state.segments.contains(&stable(&deployment.segments, segment.index())),
            Op::InList(list) => state.lists.binary_search(&stable(&deployment.lists, list.index())).is_ok(),
            Op::InCampaign(campaign) => {
                let id = stable(&deployment.campaigns, campaign.index());
                // One whose admission is being asked is not in yet.
                let entries = state.past.get(&id).map_or(0, |past| past.entries);
                state.enrollments.iter().any(|enrollment| enrollment.campaign == id && enrollment.entry <= entries)
            }
            Op::FinishedCampaign(campaign) => state.past.get(&stable(&deployment.campaigns, campaign.index())).is_some_and(|past| past.ended.is_some()),
            Op::SubscribedTo(topic) => view.is_subscribed(topic),
            Op::Query(query) => {
                let value = self.ask(view, query)?;
                return Ok(self.push(value));
            }
            _ => false,
        };
        Ok(self.push(Value::Bool(answer)))
    }

    /// Compares two blocks of which one moves with time, and finds when the answer changes.
    fn compare_moving(&mut self, view: &View<'_>, op: CompareOp, (left, right): (BlockId, BlockId)) -> Result<bool, Fault> {
        let (a, b) = (self.value(view, left)?, self.value(view, right)?);
        let calendar = view.calendar();
        let order = calendar.order(&a, &b);
        if self.wants_change && order.is_some() {
            // If the distance shrinks as time goes by, that is when they meet; calendar units may be off, so it is only a guess.
            let distance = calendar.instant(&a).zip(calendar.instant(&b)).map(|(a, b)| a.millis_since(b).abs());
            let guess = distance.map(|millis| view.now.plus_millis(millis));
            let outer = std::mem::replace(&mut self.wants_change, false);
            let change = next_change(view.now, guess, |at| {
                let later = View { now: at, ..*view };
                let order = self.order_at(&later, (left, right));
                answer_of(op, order)
            });
            self.wants_change = outer;
            if let Some(at) = change {
                self.note_change(at);
            }
        }
        Ok(order.is_some_and(|order| holds(op, order)))
    }

    fn order_at(&mut self, view: &View<'_>, (left, right): (BlockId, BlockId)) -> Option<Ordering> {
        let a = self.value(view, left).ok()?;
        let b = self.value(view, right).ok()?;
        view.calendar().order(&a, &b)
    }

    fn is_today(&mut self, view: &View<'_>, value: &Value) -> bool {
        let today = view.zone.date(view.now);
        if self.wants_change && value.is_set() {
            self.note_change(view.zone.day_start(today.plus_days(1)));
        }
        let date = match value {
            Value::Date(date) | Value::LocalDateTime(date, _) => *date,
            Value::DateTime(at) => view.zone.date(*at),
            Value::Unset | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Duration(_) | Value::List(_) | Value::Record(_) => return false,
        };
        is_anniversary(date, today)
    }
}

/// Equality can be true for a while and false again, so its change is a change of the order; other answers change once.
fn answer_of(op: CompareOp, order: Option<Ordering>) -> i8 {
    match op {
        CompareOp::Equal | CompareOp::NotEqual => order.map_or(2, |order| order as i8),
        CompareOp::Less | CompareOp::LessEqual | CompareOp::Greater | CompareOp::GreaterEqual => i8::from(order.is_some_and(|order| holds(op, order))),
    }
}

/// Whether `today` is the day of the year of `date`; 29 February falls on the 28th in other years.
#[must_use]
pub fn is_anniversary(date: Date, today: Date) -> bool {
    let (_, month, day) = date.parts();
    let (year, this_month, this_day) = today.parts();
    this_month == month && this_day == day.min(crate::lang::days_in_month(year, month))
}

pub(super) fn constant(view: &View<'_>, id: ConstId) -> Value {
    view.linked.program.constants.get(id.index()).cloned().unwrap_or_default()
}

/// The duration a block computes; anything else is no time.
pub(super) fn as_duration(value: &Value) -> Duration {
    match value {
        Value::Duration(duration) => *duration,
        Value::Unset
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::DateTime(_)
        | Value::LocalDateTime(..)
        | Value::List(_)
        | Value::Record(_) => Duration::ZERO,
    }
}

fn property(record: Option<&Record>, view: &View<'_>, name: ConstId) -> Value {
    match (record, view.linked.program.constants.get(name.index())) {
        (Some(record), Some(Value::Text(name))) => record.get(name).cloned().unwrap_or_default(),
        _ => Value::Unset,
    }
}

fn get(record: &Value, view: &View<'_>, name: ConstId) -> Value {
    match record {
        Value::Record(record) => property(Some(record), view, name),
        Value::Unset
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::DateTime(_)
        | Value::LocalDateTime(..)
        | Value::Duration(_)
        | Value::List(_) => Value::Unset,
    }
}

fn capture(view: &View<'_>, slot: crate::bytecode::SlotId) -> Value {
    let Some(enrollment) = view.enrollment() else { return Value::Unset };
    let campaign = view.linked.campaign(enrollment.campaign).and_then(|id| view.linked.program.campaigns.get(id.index()));
    let name = campaign.and_then(|campaign| campaign.captures.get(slot.index())).map(|capture| &capture.name);
    let captured = name.and_then(|name| enrollment.captures.iter().find(|captured| captured.name == *name));
    captured.map_or(Value::Unset, |captured| Value::Record(captured.record.clone()))
}

fn record_of(parts: Vec<Value>) -> Value {
    let mut record = Record::new();
    let mut parts = parts.into_iter();
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        if let Value::Text(key) = key {
            record.insert(key, value);
        }
    }
    Value::Record(Arc::new(record))
}
