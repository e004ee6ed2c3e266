//! Conditions and values as stack code.

use super::context::Lowering;
use crate::bytecode::{Aggregate, Assembler, BuiltinField, CompareOp, GroupId, Op};
use crate::lang::{Type, Value};
use crate::semantic::hir::{ArithmeticOp, Expr, ExprKind};
use std::sync::Arc;

impl Lowering<'_> {
    /// Appends code that pushes the expression's value.
    pub(super) fn value(&mut self, code: &mut Assembler, expr: &Expr) {
        match &expr.kind {
            ExprKind::Literal(value) => self.constant(code, value.clone()),
            ExprKind::LocalDateTime(date, time) => {
                let date = self.builder.constant(Value::Date(*date));
                code.emit(Op::LocalDateTime(date, *time));
            }
            ExprKind::Field(field) => code.emit(self.field(*field)),
            ExprKind::Points(group) => code.emit(Op::Points(*group)),
            ExprKind::Now => code.emit(Op::Now),
            ExprKind::Today => code.emit(Op::Today),
            ExprKind::EventProperty(name) => code.emit(Op::EventProperty(self.builder.text(name))),
            ExprKind::Capture(slot) => code.emit(Op::Capture(*slot)),
            ExprKind::Get(record, name) => self.unary(code, record, |lowering| Op::Get(lowering.builder.text(name))),
            ExprKind::Ago(duration) => self.unary(code, duration, |_| Op::Ago),
            ExprKind::FromNow(duration) => self.unary(code, duration, |_| Op::FromNow),
            ExprKind::Negate(value) => self.unary(code, value, |_| Op::Negate),
            ExprKind::Arithmetic(op, left, right) => self.binary(code, left, right, arithmetic(*op)),
            ExprKind::Compare(op, left, right) => self.compare(code, *op, left, right),
            ExprKind::In { subject, options, is_negated } if is_moving(subject) || options.iter().any(is_moving) => {
                self.in_moving(code, subject, options, *is_negated);
            }
            ExprKind::In { subject, options, is_negated } => {
                self.operand(code, subject);
                options.iter().for_each(|option| self.operand(code, option));
                let count = u32::try_from(options.len()).unwrap_or(u32::MAX);
                code.emit(if *is_negated { Op::NotIn(count) } else { Op::In(count) });
            }
            ExprKind::Between { subject, low, high } => self.between(code, subject, low, high),
            ExprKind::Text { op, is_ignoring_case, subject, pattern } => {
                let op = if *is_ignoring_case { Op::TextIgnoringCase(*op) } else { Op::Text(*op) };
                self.binary(code, subject, pattern, op);
            }
            ExprKind::Matches { subject, pattern } => self.unary(code, subject, |lowering| Op::Matches(lowering.builder.regex(pattern))),
            ExprKind::IsSet(value) => self.unary(code, value, |_| Op::IsSet),
            ExprKind::IsEmpty(value) => self.unary(code, value, |_| Op::IsEmpty),
            ExprKind::IsToday(value) => self.unary(code, value, |_| Op::IsToday),
            ExprKind::Not(value) => self.unary(code, value, |_| Op::Not),
            ExprKind::And(parts) => self.chain(code, parts, Assembler::and_jump),
            ExprKind::Or(parts) => self.chain(code, parts, Assembler::or_jump),
            ExprKind::HasTag(tag) => code.emit(Op::HasTag(self.builder.text(tag))),
            ExprKind::InSegment(segment) => code.emit(Op::InSegment(*segment)),
            ExprKind::InList(list) => code.emit(Op::InList(*list)),
            ExprKind::InCampaign(campaign) => code.emit(Op::InCampaign(*campaign)),
            ExprKind::FinishedCampaign(campaign) => code.emit(Op::FinishedCampaign(*campaign)),
            ExprKind::SubscribedTo(topic) => code.emit(Op::SubscribedTo(*topic)),
            ExprKind::History(history) => code.emit(Op::Query(self.history(history))),
            ExprKind::List(items) => {
                let count = self.values(code, items);
                code.emit(Op::MakeList(count));
            }
            ExprKind::Record(entries) => self.record(code, entries),
            ExprKind::Param(_) | ExprKind::Error => {
                self.poison(expr.span);
                self.constant(code, Value::Unset);
            }
        }
    }

    fn constant(&mut self, code: &mut Assembler, value: Value) {
        let id = self.builder.constant(value);
        code.emit(Op::Const(id));
    }

    /// `points` is a field by its name, and a count by its nature.
    fn field(&self, field: crate::bytecode::FieldId) -> Op {
        let builtin = self.project.fields.get(field.index()).and_then(|def| def.builtin);
        if builtin == Some(BuiltinField::Points) { Op::Points(GroupId(0)) } else { Op::Field(field) }
    }

    fn unary(&mut self, code: &mut Assembler, value: &Expr, op: impl FnOnce(&mut Self) -> Op) {
        self.value(code, value);
        let op = op(self);
        code.emit(op);
    }

    fn binary(&mut self, code: &mut Assembler, left: &Expr, right: &Expr, op: Op) {
        self.value(code, left);
        self.value(code, right);
        code.emit(op);
    }

    /// Pushes all values; how many they are.
    fn values(&mut self, code: &mut Assembler, values: &[Expr]) -> u32 {
        values.iter().for_each(|value| self.value(code, value));
        u32::try_from(values.len()).unwrap_or(u32::MAX)
    }

    fn record(&mut self, code: &mut Assembler, entries: &[(Arc<str>, Expr)]) {
        for (key, value) in entries {
            self.constant(code, Value::Text(Arc::clone(key)));
            self.value(code, value);
        }
        code.emit(Op::MakeRecord(u32::try_from(entries.len()).unwrap_or(u32::MAX)));
    }

    /// A comparison with time on a side keeps both sides as blocks: the machine asks them when the answer changes next.
    fn compare(&mut self, code: &mut Assembler, op: CompareOp, left: &Expr, right: &Expr) {
        if is_moving(left) || is_moving(right) {
            let left = self.block(left);
            let right = self.block(right);
            code.emit(Op::CompareMoving(op, left, right));
        } else {
            self.operand(code, left);
            self.operand(code, right);
            code.emit(Op::Compare(op));
        }
    }

    /// A side of a comparison: an unset bool is false there too.
    fn operand(&mut self, code: &mut Assembler, expr: &Expr) {
        self.value(code, expr);
        if is_kept_bool(expr) {
            code.emit(Op::Not);
            code.emit(Op::Not);
        }
    }

    fn between(&mut self, code: &mut Assembler, subject: &Expr, low: &Expr, high: &Expr) {
        let end = code.label();
        self.compare(code, CompareOp::GreaterEqual, subject, low);
        code.and_jump(end);
        self.compare(code, CompareOp::LessEqual, subject, high);
        code.bind(end);
    }

    /// One of several values that move: each is compared by itself. An unset subject is in nothing, and not in nothing either.
    fn in_moving(&mut self, code: &mut Assembler, subject: &Expr, options: &[Expr], is_negated: bool) {
        let (op, join): (CompareOp, fn(&mut Assembler, crate::bytecode::Label)) =
            if is_negated { (CompareOp::NotEqual, Assembler::and_jump) } else { (CompareOp::Equal, Assembler::or_jump) };
        let end = code.label();
        for (at, option) in options.iter().enumerate() {
            if at > 0 {
                join(code, end);
            }
            self.compare(code, op, subject, option);
        }
        code.bind(end);
    }

    fn chain(&mut self, code: &mut Assembler, parts: &[Expr], join: fn(&mut Assembler, crate::bytecode::Label)) {
        let end = code.label();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                join(code, end);
            }
            self.value(code, part);
        }
        code.bind(end);
    }
}

/// A bool that was kept somewhere, and so may be unset; what is asked of the engine is true or false.
fn is_kept_bool(expr: &Expr) -> bool {
    let is_kept = match &expr.kind {
        ExprKind::Field(_) | ExprKind::EventProperty(_) | ExprKind::Capture(_) | ExprKind::Get(..) => true,
        ExprKind::History(history) => history.aggregate != Aggregate::Exists,
        ExprKind::Literal(_) | ExprKind::LocalDateTime(..) | ExprKind::Points(_) | ExprKind::Now | ExprKind::Today | ExprKind::Ago(_) => false,
        ExprKind::FromNow(_) | ExprKind::Negate(_) | ExprKind::Arithmetic(..) | ExprKind::Compare(..) | ExprKind::In { .. } => false,
        ExprKind::Between { .. } | ExprKind::Text { .. } | ExprKind::Matches { .. } | ExprKind::IsSet(_) | ExprKind::IsEmpty(_) => false,
        ExprKind::IsToday(_) | ExprKind::Not(_) | ExprKind::And(_) | ExprKind::Or(_) | ExprKind::HasTag(_) | ExprKind::InSegment(_) => false,
        ExprKind::InList(_) | ExprKind::InCampaign(_) | ExprKind::FinishedCampaign(_) | ExprKind::SubscribedTo(_) | ExprKind::List(_) => false,
        ExprKind::Record(_) | ExprKind::Param(_) | ExprKind::Error => false,
    };
    is_kept && expr.ty == Type::Bool
}

fn arithmetic(op: ArithmeticOp) -> Op {
    match op {
        ArithmeticOp::Add => Op::Add,
        ArithmeticOp::Subtract => Op::Subtract,
        ArithmeticOp::Multiply => Op::Multiply,
        ArithmeticOp::Divide => Op::Divide,
    }
}

/// Whether a value changes as time passes. Conditions inside it look after themselves.
fn is_moving(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Now | ExprKind::Today | ExprKind::Ago(_) | ExprKind::FromNow(_) => true,
        ExprKind::Get(value, _) | ExprKind::Negate(value) => is_moving(value),
        ExprKind::Arithmetic(_, left, right) => is_moving(left) || is_moving(right),
        ExprKind::List(items) => items.iter().any(is_moving),
        ExprKind::Record(entries) => entries.iter().any(|(_, value)| is_moving(value)),
        ExprKind::Literal(_) | ExprKind::LocalDateTime(..) | ExprKind::Field(_) | ExprKind::Points(_) | ExprKind::EventProperty(_) => false,
        ExprKind::Capture(_) | ExprKind::Compare(..) | ExprKind::In { .. } | ExprKind::Between { .. } | ExprKind::Text { .. } => false,
        ExprKind::Matches { .. } | ExprKind::IsSet(_) | ExprKind::IsEmpty(_) | ExprKind::IsToday(_) | ExprKind::Not(_) => false,
        ExprKind::And(_) | ExprKind::Or(_) | ExprKind::HasTag(_) | ExprKind::InSegment(_) | ExprKind::InList(_) => false,
        ExprKind::InCampaign(_) | ExprKind::FinishedCampaign(_) | ExprKind::SubscribedTo(_) | ExprKind::History(_) => false,
        ExprKind::Param(_) | ExprKind::Error => false,
    }
}
