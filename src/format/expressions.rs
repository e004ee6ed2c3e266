//! Conditions, values, objects, texts of types: where their lines may end.

use super::stream::{Flow, Gap};
use crate::syntax::{
    Tok,
    ast::{Arg, Call, EventPattern, Expr, ExprKind, Field, Logic, Object, PointDelta, Schema, Text, Type, TypeKind, Value},
};

impl Flow<'_> {
    /// A condition or value.
    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Text(_)
            | ExprKind::Number(_)
            | ExprKind::Percent(_)
            | ExprKind::Bool(_)
            | ExprKind::Date(_)
            | ExprKind::Time(_)
            | ExprKind::DateTime(_)
            | ExprKind::Duration(_)
            | ExprKind::Ago(_)
            | ExprKind::FromNow(_)
            | ExprKind::Path(_)
            | ExprKind::PointsInGroup(_)
            | ExprKind::HasTag(_)
            | ExprKind::InSegment(_)
            | ExprKind::InList(_)
            | ExprKind::InCampaign(_)
            | ExprKind::FinishedCampaign(_)
            | ExprKind::SubscribedTo(_)
            | ExprKind::Error => {}
            ExprKind::Call(call) => self.call(call),
            ExprKind::Property(property) => self.call(&property.call),
            ExprKind::Paren(inner) | ExprKind::Not(inner) => {
                self.word();
                self.expr(inner);
            }
            ExprKind::Negate(inner) => {
                self.word();
                self.gap(Gap::Nothing);
                self.expr(inner);
            }
            ExprKind::Logic(logic) => self.logic(logic),
            ExprKind::Arithmetic(sum) => self.pair(&sum.left, &sum.right),
            ExprKind::Compare(compare) => self.pair(&compare.left, &compare.right),
            ExprKind::TextTest(test) => self.pair(&test.subject, &test.pattern),
            ExprKind::Between(between) => {
                self.pair(&between.subject, &between.low);
                self.upto(between.high.span.start);
                self.expr(&between.high);
            }
            ExprKind::OneOf(one) => {
                self.expr(&one.subject);
                while !matches!(self.peek(), None | Some(Tok::LParen)) {
                    self.word();
                }
                self.list(&one.options, Flow::expr);
            }
            ExprKind::State(state) => self.expr(&state.subject),
            ExprKind::InLast(last) => self.expr(&last.subject),
            ExprKind::Ever(inner) => self.expr(inner),
        }
        self.through(expr.span);
    }

    fn pair(&mut self, left: &Expr, right: &Expr) {
        self.expr(left);
        self.upto(right.span.start);
        self.expr(right);
    }

    /// `a and b and c`: all on one line, or one a line with its operator before it.
    fn logic(&mut self, logic: &Logic) {
        self.open_here();
        self.indent();
        for (i, operand) in logic.operands.iter().enumerate() {
            if i > 0 {
                self.line(Gap::Space);
                self.word();
            }
            self.expr(operand);
        }
        self.dedent();
        self.close();
    }

    fn call(&mut self, call: &Call) {
        self.through(call.name.span);
        self.args(&call.args);
    }

    /// `(…)` right behind a name.
    pub(super) fn args(&mut self, args: &[Arg]) {
        self.gap(Gap::Nothing);
        self.list(args, Flow::arg);
    }

    fn arg(&mut self, arg: &Arg) {
        match arg {
            Arg::Expr(expr) => self.expr(expr),
            Arg::Any(any) => self.through(any.span),
        }
    }

    /// `purchase(amount > 3)`
    pub(super) fn event_pattern(&mut self, event: &EventPattern) {
        self.through(event.name.span);
        if let Some(args) = &event.args {
            self.args(args);
        }
    }

    /// `+10`, `-(a / 2)`
    pub(super) fn point_delta(&mut self, delta: &PointDelta) {
        self.word();
        self.gap(Gap::Nothing);
        self.expr(&delta.amount);
    }

    /// Anything that may stand behind a `:` or `=`.
    pub(super) fn value(&mut self, value: &Value) {
        match value {
            Value::Expr(expr) => self.expr(expr),
            Value::Object(object) => self.object(object),
            Value::Array(array) => self.list(&array.items, Flow::value),
        }
    }

    /// `{ key: value, … }`
    pub(super) fn object(&mut self, object: &Object) {
        self.braces(&object.pairs, Gap::Space, |flow, pair| {
            flow.upto(pair.value.span().start);
            flow.value(&pair.value);
            flow.comma();
        });
    }

    /// An object that may be missing.
    pub(super) fn maybe_object(&mut self, object: Option<&Object>) {
        if let Some(object) = object {
            self.upto(object.span.start);
            self.object(object);
        }
    }

    /// `{ name: type, … }`, with `gap` between fields on one line; broken, there is no comma.
    pub(super) fn schema(&mut self, schema: &Schema, gap: Gap) {
        self.upto(schema.span.start);
        self.braces(&schema.fields, gap, |flow, field| {
            flow.field(field);
            flow.skip_comma();
        });
    }

    /// `name: type [= default]`
    pub(super) fn field(&mut self, field: &Field) {
        self.upto(field.ty.span.start);
        self.type_of(&field.ty);
        if let Some(default) = &field.default {
            self.upto(default.span().start);
            self.value(default);
        }
        self.through(field.span);
    }

    fn type_of(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Enum(values) => {
                self.word();
                self.gap(Gap::Nothing);
                self.texts(values);
            }
            TypeKind::List(item) => {
                self.word();
                self.gap(Gap::Nothing);
                self.word();
                self.type_of(item);
            }
            TypeKind::Text
            | TypeKind::Number
            | TypeKind::Bool
            | TypeKind::Date
            | TypeKind::DateTime
            | TypeKind::Duration
            | TypeKind::Email
            | TypeKind::Sms
            | TypeKind::Push
            | TypeKind::Webhook
            | TypeKind::Segment => {}
        }
        self.through(ty.span);
    }

    fn texts(&mut self, texts: &[Text]) {
        self.list(texts, |flow, text| flow.through(text.span));
    }

    /// Words in a row, each on a line of its own where they do not fit.
    pub(super) fn row(&mut self, texts: &[&Text]) {
        self.gap(Gap::Nothing);
        self.open();
        self.indent();
        for text in texts {
            self.line(Gap::Space);
            self.through(text.span);
            self.comma();
        }
        self.dedent();
        self.close();
    }
}
