//! Questions to history: atoms, their windows, and functions over them.

use super::scope::Since;
use super::{Checker, problems};
use crate::base::Span;
use crate::bytecode::{Aggregate, EventId};
use crate::lang::Type;
use crate::library::{self, FunctionMeaning};
use crate::semantic::hir::{EventPattern, Expr, ExprKind, History, HistoryWindow};
use crate::semantic::walk::unparen;
use crate::syntax::ast;
use std::sync::Arc;

/// What is said of the window around an atom.
#[derive(Clone)]
enum Said {
    Nothing,
    Window(HistoryWindow),
}

/// The events a function goes over.
struct Operand {
    pattern: EventPattern,
    predicate: Option<Expr>,
    event: Option<EventId>,
    window: Option<HistoryWindow>,
}

impl Checker<'_, '_> {
    /// An atom of history, with or without a window.
    pub(super) fn history(&mut self, expr: &ast::Expr) -> Expr {
        self.windowed(expr, &Said::Nothing)
    }

    /// A bare event: it happened.
    pub(super) fn event_exists(&mut self, event: EventId, span: Span) -> Expr {
        let window = self.default_window();
        let history = History { pattern: EventPattern::Custom(event), predicate: None, window, aggregate: Aggregate::Exists };
        Expr::bool(ExprKind::History(Box::new(history)), span)
    }

    fn default_window(&self) -> HistoryWindow {
        match self.scope.since {
            Since::Ever => HistoryWindow::Ever,
            Since::Enrollment => HistoryWindow::Anchor,
        }
    }

    fn window(&self, said: &Said) -> HistoryWindow {
        match said {
            Said::Nothing => self.default_window(),
            Said::Window(window) => window.clone(),
        }
    }

    fn windowed(&mut self, expr: &ast::Expr, said: &Said) -> Expr {
        use ast::ExprKind as K;
        let span = expr.span;
        match &unparen(expr).kind {
            K::InLast(in_last) => {
                let length = self.length(&in_last.length);
                if length.is_error() {
                    return length;
                }
                let inner = self.windowed(&in_last.subject, &Said::Window(HistoryWindow::Last(length)));
                Expr { span, ..inner }
            }
            K::Ever(inner) => {
                let inner = self.windowed(inner, &Said::Window(HistoryWindow::Ever));
                Expr { span, ..inner }
            }
            K::Call(call) => match library::find_function(&call.name.text) {
                Some(function) => self.function(function.meaning, call, said, None),
                None => self.atom(&call.name, Some(&call.args), said, call.span),
            },
            K::Property(property) => match library::find_function(&property.call.name.text) {
                Some(function) => self.function(function.meaning, &property.call, said, Some(&property.name)),
                None => {
                    self.report(problems::event_as_record(property.call.span, &property.call.name.text, &property.name.text));
                    Expr::error(span)
                }
            },
            K::Path(path) if path.rest.is_empty() && !self.is_value_name(&path.root.text) => self.atom(&path.root, None, said, path.span),
            K::Not(_) => {
                self.report(problems::window_of_not(span));
                Expr::error(span)
            }
            _ => {
                self.report(problems::window_of_no_history(expr.span));
                Expr::error(span)
            }
        }
    }

    fn atom(&mut self, name: &ast::Name, args: Option<&Vec<ast::Arg>>, said: &Said, span: Span) -> Expr {
        let Some(found) = self.pattern(name, args.map(Vec::as_slice), super::events::Place::Condition) else { return Expr::error(span) };
        let window = self.window(said);
        let history = History { pattern: found.pattern, predicate: found.predicate, window, aggregate: Aggregate::Exists };
        Expr::bool(ExprKind::History(Box::new(history)), span)
    }

    fn function(&mut self, meaning: FunctionMeaning, call: &ast::Call, said: &Said, property: Option<&ast::Name>) -> Expr {
        let [ast::Arg::Expr(argument)] = call.args.as_slice() else {
            self.report(problems::function_needs_event(call.span, &call.name.text));
            return Expr::error(call.span);
        };
        let (argument, inner_said) = self.argument_window(argument);
        let (operand_expr, of) = split_property(argument);
        let Some(operand) = self.operand(&operand_expr, inner_said) else { return Expr::error(call.span) };
        let Some((aggregate, ty)) = self.aggregate(meaning, &operand, (of.as_ref(), property), call) else { return Expr::error(call.span) };
        let window = operand.window.clone().unwrap_or_else(|| self.window(said));
        // `last` and `first` look at all there is: they answer when, not whether since.
        let window = match (meaning, said, &operand.window) {
            (FunctionMeaning::Last | FunctionMeaning::First, Said::Nothing, None) => HistoryWindow::Ever,
            _ => window,
        };
        let span = property.map_or(call.span, |name| call.span.to(name.span));
        let history = History { pattern: operand.pattern, predicate: operand.predicate, window, aggregate };
        Expr::new(ExprKind::History(Box::new(history)), ty, span)
    }

    /// `count(visited("/x") in last 7d)`: the window may stand inside too.
    fn argument_window<'e>(&mut self, argument: &'e ast::Expr) -> (&'e ast::Expr, Option<HistoryWindow>) {
        match &unparen(argument).kind {
            ast::ExprKind::InLast(in_last) => {
                let length = self.length(&in_last.length);
                (&in_last.subject, Some(HistoryWindow::Last(length)))
            }
            ast::ExprKind::Ever(inner) => (inner, Some(HistoryWindow::Ever)),
            _ => (unparen(argument), None),
        }
    }

    fn operand(&mut self, (name, args, span): &OperandRef<'_>, window: Option<HistoryWindow>) -> Option<Operand> {
        let Some(name) = name else {
            self.report(problems::function_needs_event(*span, "a function"));
            return None;
        };
        let found = self.pattern(name, *args, super::events::Place::Condition)?;
        Some(Operand { pattern: found.pattern, predicate: found.predicate, event: found.event, window })
    }

    fn aggregate(
        &mut self,
        meaning: FunctionMeaning,
        operand: &Operand,
        (of, property): (Option<&ast::Name>, Option<&ast::Name>),
        call: &ast::Call,
    ) -> Option<(Aggregate, Type)> {
        if meaning.needs_property() {
            let Some(of) = of else {
                self.report(problems::function_needs_property(call.span, &call.name.text));
                return None;
            };
            let ty = self.known_property(operand.event, of)?;
            if !matches!(ty, Type::Number | Type::Any) {
                self.report(problems::wrong_kind(of.span, "a number", &ty));
                return None;
            }
        }
        if let (Some(extra), false) = (property, matches!(meaning, FunctionMeaning::Last | FunctionMeaning::First)) {
            self.report(problems::no_parts(extra.span, &Type::Number));
            return None;
        }
        let named = of.map_or_else(|| Arc::from(""), |name| name.text.clone());
        Some(match (meaning, property.or(of)) {
            (FunctionMeaning::Count, _) => (Aggregate::Count, Type::Number),
            (FunctionMeaning::Sum, _) => (Aggregate::Sum(named), Type::Number),
            (FunctionMeaning::Average, _) => (Aggregate::Average(named), Type::Number),
            (FunctionMeaning::Min, _) => (Aggregate::Min(named), Type::Number),
            (FunctionMeaning::Max, _) => (Aggregate::Max(named), Type::Number),
            (FunctionMeaning::Last, None) => (Aggregate::LastAt, Type::DateTime),
            (FunctionMeaning::First, None) => (Aggregate::FirstAt, Type::DateTime),
            (FunctionMeaning::Last, Some(name)) => (Aggregate::LastProperty(name.text.clone()), self.known_property(operand.event, name)?),
            (FunctionMeaning::First, Some(name)) => (Aggregate::FirstProperty(name.text.clone()), self.known_property(operand.event, name)?),
        })
    }

    fn known_property(&mut self, event: Option<EventId>, name: &ast::Name) -> Option<Type> {
        let found = event.and_then(|event| self.property_type(event, &name.text));
        if found.is_none() {
            let finding = self.unknown_property(event, name);
            self.report(finding);
        }
        found
    }
}

/// The event's name, its arguments, and where it stands.
type OperandRef<'e> = (Option<&'e ast::Name>, Option<&'e [ast::Arg]>, Span);

/// `purchase(sku == "x").amount` → the event and the property.
fn split_property(argument: &ast::Expr) -> (OperandRef<'_>, Option<ast::Name>) {
    match &argument.kind {
        ast::ExprKind::Path(path) => match path.rest.as_slice() {
            [] => ((Some(&path.root), None, path.span), None),
            [property] => ((Some(&path.root), None, path.span), Some(property.clone())),
            _ => ((None, None, path.span), None),
        },
        ast::ExprKind::Call(call) => ((Some(&call.name), Some(&call.args), call.span), None),
        ast::ExprKind::Property(property) => ((Some(&property.call.name), Some(&property.call.args), property.call.span), Some(property.name.clone())),
        _ => ((None, None, argument.span), None),
    }
}
