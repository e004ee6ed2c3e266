//! The walk over a parsed template that collects its uses.
//!
//! Names that a loop, `set` or `with` makes are resolved to what they stand for, so that the checker sees fields only.
//! Not here: parsing, and what the collected uses mean.

use super::analyze::{Analysis, NameKind, UnknownName, VariableUse, look_up};
use super::guards::assured;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{BinOpKind, Call, CallArg, Expr, Filter, ForLoop, IfCond, Macro, Stmt, Test, UnaryOpKind};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// Filters after which the value is still the same list, or of the same elements.
const SAME_ELEMENTS: &[&str] = &["sort", "reverse", "list", "unique", "select", "reject", "selectattr", "rejectattr", "default", "d"];

/// The state of a walk: local names and what is known to have a value.
pub(super) struct Walk<'t> {
    text: &'t str,
    /// Innermost last; `None` is a local name that stands for no path.
    locals: Vec<FxHashMap<String, Option<Vec<String>>>>,
    assured: Vec<Vec<String>>,
    analysis: Analysis,
}

impl<'t> Walk<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, locals: vec![FxHashMap::default()], assured: Vec::new(), analysis: Analysis::default() }
    }

    pub fn finish(self) -> Analysis {
        self.analysis
    }

    /// The path an expression names, if it names one.
    pub fn resolve(&self, expr: &Expr<'_>) -> Option<Vec<String>> {
        match expr {
            Expr::Var(var) => match self.locals.iter().rev().find_map(|names| names.get(var.id)) {
                Some(local) => local.clone(),
                None => Some(vec![var.id.to_owned()]),
            },
            Expr::GetAttr(attr) => self.resolve(&attr.expr).map(|path| joined(path, attr.name)),
            Expr::GetItem(item) => {
                let path = self.resolve(&item.expr)?;
                Some(match constant_text(&item.subscript_expr) {
                    Some(key) => joined(path, &key),
                    None => joined(path, "[]"),
                })
            }
            Expr::Filter(filter) => {
                let path = self.resolve(filter.expr.as_ref()?)?;
                match filter.name {
                    "first" | "last" | "min" | "max" => Some(joined(path, "[]")),
                    name if SAME_ELEMENTS.contains(&name) => Some(path),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.block(&template.children),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr, false),
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(each) => self.each(each),
            Stmt::IfCond(condition) => self.condition(condition),
            Stmt::WithBlock(with) => self.scoped(|walk| {
                for (target, value) in &with.assignments {
                    walk.assign(target, value);
                }
                walk.block(&with.body);
            }),
            Stmt::Set(set) => self.assign(&set.target, &set.expr),
            Stmt::SetBlock(set) => {
                self.block(&set.body);
                self.bind(&set.target, None);
            }
            Stmt::AutoEscape(escape) => {
                self.expression(&escape.enabled, false);
                self.block(&escape.body);
            }
            Stmt::FilterBlock(filter) => {
                self.expression(&filter.filter, false);
                self.block(&filter.body);
            }
            Stmt::Block(block) => self.block(&block.body),
            Stmt::Import(node) => self.not_available("import", node.span()),
            Stmt::FromImport(node) => self.not_available("from", node.span()),
            Stmt::Extends(node) => self.not_available("extends", node.span()),
            Stmt::Include(node) => self.not_available("include", node.span()),
            Stmt::Macro(node) => self.definition(node),
            Stmt::CallBlock(node) => {
                self.call(&node.call, node.call.span());
                self.definition(&node.macro_decl);
            }
            Stmt::Do(node) => self.call(&node.call, node.call.span()),
        }
    }

    fn block(&mut self, statements: &[Stmt<'_>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn scoped(&mut self, inside: impl FnOnce(&mut Self)) {
        self.locals.push(FxHashMap::default());
        inside(self);
        self.locals.pop();
    }

    fn assuming(&mut self, paths: Vec<Vec<String>>, inside: impl FnOnce(&mut Self)) {
        let before = self.assured.len();
        self.assured.extend(paths);
        inside(self);
        self.assured.truncate(before);
    }

    fn bind(&mut self, target: &Expr<'_>, path: Option<Vec<String>>) {
        match target {
            Expr::Var(var) => {
                if let Some(names) = self.locals.last_mut() {
                    names.insert(var.id.to_owned(), path);
                }
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.bind(item, None)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.bind(item, None)),
            _ => {}
        }
    }

    fn assign(&mut self, target: &Expr<'_>, value: &Expr<'_>) {
        self.expression(value, false);
        let path = self.resolve(value);
        self.bind(target, path);
    }

    fn each(&mut self, each: &ForLoop<'_>) {
        self.expression(&each.iter, false);
        let list = self.resolve(&each.iter);
        let element = list.clone().map(|path| joined(path, "[]"));
        self.scoped(|walk| {
            walk.bind(&each.target, element);
            if let Some(names) = walk.locals.last_mut() {
                names.insert("loop".to_owned(), None);
            }
            if let Some(filter) = &each.filter_expr {
                walk.expression(filter, true);
            }
            // Where there is an element, there is the list.
            walk.assuming(list.into_iter().collect(), |walk| walk.block(&each.body));
        });
        self.scoped(|walk| walk.block(&each.else_body));
    }

    fn condition(&mut self, condition: &IfCond<'_>) {
        self.expression(&condition.expr, true);
        let when_true = assured(self, &condition.expr, true);
        self.assuming(when_true, |walk| walk.block(&condition.true_body));
        let when_false = assured(self, &condition.expr, false);
        self.assuming(when_false, |walk| walk.block(&condition.false_body));
    }

    fn definition(&mut self, node: &Macro<'_>) {
        if let Some(names) = self.locals.last_mut() {
            names.insert(node.name.to_owned(), None);
        }
        for default in &node.defaults {
            self.expression(default, false);
        }
        self.scoped(|walk| {
            for argument in &node.args {
                walk.bind(argument, None);
            }
            if let Some(names) = walk.locals.last_mut() {
                names.insert("caller".to_owned(), None);
            }
            walk.block(&node.body);
        });
    }

    /// `copes`: whether an unset value does no harm here.
    fn expression(&mut self, expr: &Expr<'_>, copes: bool) {
        match expr {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.path_use(expr, copes),
            Expr::Const(_) => {}
            Expr::Slice(slice) => {
                self.expression(&slice.expr, copes);
                for part in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.expression(part, false);
                }
            }
            Expr::UnaryOp(unary) => self.expression(&unary.expr, copes && matches!(unary.op, UnaryOpKind::Not)),
            Expr::BinOp(binary) => self.binary(binary.op, [&binary.left, &binary.right], copes),
            Expr::Compare(compare) => {
                self.expression(&compare.expr, false);
                compare.ops.iter().for_each(|op| self.expression(&op.expr, false));
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr, true);
                let when_true = assured(self, &choice.test_expr, true);
                self.assuming(when_true, |walk| walk.expression(&choice.true_expr, copes));
                if let Some(other) = &choice.false_expr {
                    let when_false = assured(self, &choice.test_expr, false);
                    self.assuming(when_false, |walk| walk.expression(other, copes));
                }
            }
            Expr::Filter(filter) => self.filter(filter, filter.span(), copes),
            Expr::Test(test) => self.test(test, test.span()),
            Expr::Call(call) => self.call(call, call.span()),
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item, copes)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expression(item, copes)),
            Expr::Map(map) => map.keys.iter().chain(&map.values).for_each(|item| self.expression(item, false)),
        }
    }

    fn binary(&mut self, op: BinOpKind, sides: [&Expr<'_>; 2], copes: bool) {
        let [left, right] = sides;
        match op {
            BinOpKind::ScOr | BinOpKind::ScAnd => {
                // `a or b` prints b where a is unset; `a and b` asks a first.
                self.expression(left, copes || matches!(op, BinOpKind::ScOr));
                let known = assured(self, left, matches!(op, BinOpKind::ScAnd));
                self.assuming(known, |walk| walk.expression(right, copes));
            }
            BinOpKind::Eq
            | BinOpKind::Ne
            | BinOpKind::Lt
            | BinOpKind::Lte
            | BinOpKind::Gt
            | BinOpKind::Gte
            | BinOpKind::Add
            | BinOpKind::Sub
            | BinOpKind::Mul
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Rem
            | BinOpKind::Pow
            | BinOpKind::Concat
            | BinOpKind::In => {
                self.expression(left, false);
                self.expression(right, false);
            }
        }
    }

    fn filter(&mut self, filter: &Filter<'_>, span: Span, copes: bool) {
        let gives_default = matches!(filter.name, "default" | "d");
        if let Some(inner) = &filter.expr {
            self.expression(inner, copes || gives_default);
        }
        self.arguments(&filter.args);
        self.known(NameKind::Filter, filter.name, span);
    }

    fn test(&mut self, test: &Test<'_>, span: Span) {
        self.expression(&test.expr, matches!(test.name, "defined" | "undefined" | "none"));
        self.arguments(&test.args);
        self.known(NameKind::Test, test.name, span);
    }

    fn call(&mut self, call: &Call<'_>, span: Span) {
        match &call.expr {
            Expr::Var(var) => {
                if !self.locals.iter().any(|names| names.contains_key(var.id)) {
                    self.known(NameKind::Function, var.id, var.span());
                }
            }
            Expr::GetAttr(method) => {
                let is_local = self.resolve(&method.expr).is_none();
                if !is_local {
                    self.expression(&method.expr, false);
                    self.known(NameKind::Function, method.name, span);
                }
            }
            other => self.expression(other, false),
        }
        self.arguments(&call.args);
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(value) | CallArg::Kwarg(_, value) | CallArg::PosSplat(value) | CallArg::KwargSplat(value) => self.expression(value, false),
            }
        }
    }

    fn path_use(&mut self, expr: &Expr<'_>, copes: bool) {
        self.subscripts(expr);
        let Some(path) = self.resolve(expr) else { return };
        let is_engine_name = path.len() == 1 && path.first().is_some_and(|name| look_up(NameKind::Function, name).is_none());
        if is_engine_name {
            return;
        }
        // `if order` says nothing of `order.note`, but `if order.note` does of `order`.
        let shared = |known: &Vec<String>| known.iter().zip(&path).take_while(|(known, name)| known == name).count();
        let assured = self.assured.iter().map(shared).max().unwrap_or(0);
        let range = self.range(expr);
        self.analysis.uses.push(VariableUse { has_default: copes || assured == path.len(), assured, path, range });
    }

    fn subscripts(&mut self, expr: &Expr<'_>) {
        match expr {
            Expr::GetAttr(attr) => self.subscripts(&attr.expr),
            Expr::GetItem(item) => {
                self.subscripts(&item.expr);
                self.expression(&item.subscript_expr, false);
            }
            Expr::Var(_) => {}
            other => self.expression(other, false),
        }
    }

    /// The engine's span of `a.b.c` begins at the last dot but one; ours at the `a`.
    fn range(&self, expr: &Expr<'_>) -> Range<usize> {
        let mut first = expr;
        loop {
            first = match first {
                Expr::GetAttr(attr) => &attr.expr,
                Expr::GetItem(item) => &item.expr,
                _ => break,
            };
        }
        let start = offset(first.span().start_offset);
        start..offset(expr.span().end_offset).clamp(start, self.text.len())
    }

    fn known(&mut self, kind: NameKind, name: &str, span: Span) {
        let Some(suggestion) = look_up(kind, name) else { return };
        let from = offset(span.start_offset);
        let start = self.text.get(from..).and_then(|rest| rest.find(name)).map_or(from, |found| from + found);
        self.analysis.unknown.push(UnknownName { kind, name: name.to_owned(), range: start..start + name.len(), suggestion });
    }

    fn not_available(&mut self, name: &str, span: Span) {
        let range = offset(span.start_offset)..offset(span.end_offset).min(self.text.len());
        self.analysis.unknown.push(UnknownName { kind: NameKind::Statement, name: name.to_owned(), range, suggestion: None });
    }
}

fn offset(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn joined(mut path: Vec<String>, segment: &str) -> Vec<String> {
    path.push(segment.to_owned());
    path
}

fn constant_text(expr: &Expr<'_>) -> Option<String> {
    match expr {
        Expr::Const(constant) => constant.value.as_str().map(str::to_owned),
        _ => None,
    }
}
