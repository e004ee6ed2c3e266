//! Whether a template grows beyond all bounds: texts that double themselves, loops in loops.
//!
//! An estimate, low where nothing is known: a list of the data has one element, a value of the data a line. So what is told is told of
//! every contact. Not here: the bounds of a rendering itself (`render.rs`), which hold whatever this finds.

use super::render::{MAX_OUTPUT_BYTES, RENDER_FUEL};
use minijinja::machinery::ast::{BinOpKind, Call, CallArg, Expr, ForLoop, Macro, Stmt};
use std::collections::HashMap;

/// What a value of the data is taken for.
const UNKNOWN_BYTES: f64 = 64.0;
/// Macros in macros are followed this deep.
const MAX_DEPTH: usize = 16;
/// The look itself is bounded too.
const MAX_LOOKS: usize = 200_000;

/// How a template grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// A text in it, or what it yields, becomes longer than a message may be.
    Bytes,
    /// It takes more steps than a rendering may.
    Steps,
}

/// Whether a template is sure to grow beyond what a rendering may.
pub(super) fn growth(tree: &Stmt<'_>) -> Option<Growth> {
    let mut look = Look { sizes: HashMap::new(), macros: HashMap::new(), looks: 0, largest: 0.0, steps: 0.0, depth: 0 };
    let yielded = look.statement(tree);
    let limit = f64::from(u32::try_from(MAX_OUTPUT_BYTES).unwrap_or(u32::MAX));
    let fuel = f64::from(u32::try_from(RENDER_FUEL).unwrap_or(u32::MAX));
    if look.largest.max(yielded) > limit {
        Some(Growth::Bytes)
    } else if look.steps > fuel || look.looks >= MAX_LOOKS {
        Some(Growth::Steps)
    } else {
        None
    }
}

struct Look<'t> {
    /// How long the texts of local names are; of lists, their elements together.
    sizes: HashMap<String, f64>,
    macros: HashMap<&'t str, &'t Macro<'t>>,
    looks: usize,
    largest: f64,
    /// How many steps are taken at the least.
    steps: f64,
    depth: usize,
}

impl<'t> Look<'t> {
    /// How many bytes a statement yields.
    fn statement(&mut self, statement: &'t Stmt<'t>) -> f64 {
        self.looks += 1;
        self.steps += 1.0;
        if self.looks >= MAX_LOOKS {
            return 0.0;
        }
        match statement {
            Stmt::Template(template) => self.block(&template.children),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            Stmt::EmitRaw(raw) => length(raw.raw),
            Stmt::ForLoop(each) => self.each(each),
            Stmt::IfCond(condition) => {
                let (first, second) = (self.block(&condition.true_body), self.block(&condition.false_body));
                first.min(second)
            }
            Stmt::WithBlock(with) => {
                let before = self.sizes.clone();
                for (target, value) in &with.assignments {
                    self.assign(target, value);
                }
                let yielded = self.block(&with.body);
                self.sizes = before;
                yielded
            }
            Stmt::Set(set) => {
                self.assign(&set.target, &set.expr);
                0.0
            }
            Stmt::SetBlock(set) => {
                let size = self.block(&set.body);
                self.bind(&set.target, size);
                0.0
            }
            Stmt::AutoEscape(escape) => self.block(&escape.body),
            Stmt::FilterBlock(filter) => self.block(&filter.body),
            Stmt::Block(block) => self.block(&block.body),
            Stmt::Macro(node) => {
                self.macros.insert(node.name, node);
                0.0
            }
            Stmt::CallBlock(node) => self.block(&node.macro_decl.body),
            Stmt::Do(node) => {
                self.call(&node.call);
                0.0
            }
            Stmt::Import(_) | Stmt::FromImport(_) | Stmt::Extends(_) | Stmt::Include(_) => 0.0,
        }
    }

    fn block(&mut self, statements: &'t [Stmt<'t>]) -> f64 {
        statements.iter().map(|statement| self.statement(statement)).sum()
    }

    fn assign(&mut self, target: &'t Expr<'t>, value: &'t Expr<'t>) {
        // `namespace(a = "x")`: each of its parts by itself.
        if let (Expr::Var(var), Expr::Call(call)) = (target, value) {
            for argument in &call.args {
                if let CallArg::Kwarg(name, part) = argument {
                    let size = self.expression(part);
                    self.sizes.insert(format!("{}.{name}", var.id), size);
                }
            }
        }
        let size = self.expression(value);
        self.bind(target, size);
    }

    fn bind(&mut self, target: &Expr<'_>, size: f64) {
        self.largest = self.largest.max(size);
        match target {
            Expr::Var(var) => {
                self.sizes.insert(var.id.to_owned(), size);
            }
            // Of a `namespace`: what is put there outlives a loop.
            Expr::GetAttr(attr) => {
                if let Expr::Var(var) = &attr.expr {
                    self.sizes.insert(format!("{}.{}", var.id, attr.name), size);
                }
            }
            _ => {}
        }
    }

    fn each(&mut self, each: &'t ForLoop<'t>) -> f64 {
        let total = self.expression(&each.iter);
        let count = count_of(&each.iter).unwrap_or(1.0);
        let (before, steps) = (self.sizes.clone(), self.steps);
        self.bind(&each.target, total / count.max(1.0));
        let yielded = self.block(&each.body);
        self.steps = steps + (self.steps - steps) * count;
        // What a loop sets ends with each round; what it puts into a namespace grows from round to round.
        let after = std::mem::replace(&mut self.sizes, before);
        for (name, size) in after.into_iter().filter(|(name, _)| name.contains('.')) {
            let old = self.sizes.get(&name).copied().unwrap_or(UNKNOWN_BYTES);
            let ratio = if old > 0.0 { size / old } else { 1.0 };
            let grown = if ratio > 1.5 { old * ratio.powf(count) } else { old + (size - old).max(0.0) * count };
            self.largest = self.largest.max(grown);
            self.sizes.insert(name, grown);
        }
        yielded * count
    }

    /// How long the text is that an expression yields.
    fn expression(&mut self, expr: &'t Expr<'t>) -> f64 {
        self.looks += 1;
        self.steps += 1.0;
        if self.looks >= MAX_LOOKS {
            return 0.0;
        }
        let size = match expr {
            Expr::Const(constant) => constant.value.as_str().map_or(8.0, length),
            Expr::Var(var) => self.sizes.get(var.id).copied().unwrap_or(UNKNOWN_BYTES),
            Expr::GetAttr(attr) => match &attr.expr {
                Expr::Var(var) => self.sizes.get(&format!("{}.{}", var.id, attr.name)).copied().unwrap_or(UNKNOWN_BYTES),
                _ => UNKNOWN_BYTES,
            },
            Expr::GetItem(_) | Expr::Slice(_) => UNKNOWN_BYTES,
            Expr::UnaryOp(_) | Expr::Compare(_) | Expr::Test(_) => 8.0,
            Expr::BinOp(binary) => self.binary(binary.op, [&binary.left, &binary.right]),
            Expr::IfExpr(choice) => {
                let first = self.expression(&choice.true_expr);
                choice.false_expr.as_ref().map_or(0.0, |other| self.expression(other)).min(first)
            }
            Expr::Filter(filter) => {
                let inner = filter.expr.as_ref().map_or(0.0, |inner| self.expression(inner));
                let width = if matches!(filter.name, "indent" | "center" | "ljust" | "rjust") { self.arguments(&filter.args) } else { 0.0 };
                inner + width
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => list.items.iter().map(|item| self.expression(item)).sum(),
            Expr::Tuple(tuple) => tuple.items.iter().map(|item| self.expression(item)).sum(),
            Expr::Map(map) => map.values.iter().map(|item| self.expression(item)).sum(),
        };
        self.largest = self.largest.max(size);
        size
    }

    fn binary(&mut self, op: BinOpKind, [left, right]: [&'t Expr<'t>; 2]) -> f64 {
        let (a, b) = (self.expression(left), self.expression(right));
        match op {
            BinOpKind::Add | BinOpKind::Concat => a + b,
            BinOpKind::Mul => match (number(left), number(right)) {
                (None, Some(times)) if is_text(left) => a * times,
                (Some(times), None) if is_text(right) => b * times,
                (_, _) => 8.0,
            },
            BinOpKind::ScAnd | BinOpKind::ScOr => a.min(b),
            _ => 8.0,
        }
    }

    fn call(&mut self, call: &'t Call<'t>) -> f64 {
        let Expr::Var(name) = &call.expr else { return UNKNOWN_BYTES };
        if let Some(count) = range_of(call) {
            self.steps += count;
            return count * 8.0;
        }
        let sizes: Vec<f64> = call.args.iter().map(|argument| self.argument(argument)).collect();
        let Some(called) = self.macros.get(name.id).copied() else {
            // `namespace(a = "x")`
            return sizes.iter().sum::<f64>().max(8.0);
        };
        if self.depth >= MAX_DEPTH {
            return 0.0;
        }
        self.depth += 1;
        let before = self.sizes.clone();
        for (at, target) in called.args.iter().enumerate() {
            self.bind(target, sizes.get(at).copied().unwrap_or(UNKNOWN_BYTES));
        }
        let yielded = self.block(&called.body);
        self.sizes = before;
        self.depth -= 1;
        yielded
    }

    fn argument(&mut self, argument: &'t CallArg<'t>) -> f64 {
        match argument {
            CallArg::Pos(value) | CallArg::Kwarg(_, value) | CallArg::PosSplat(value) | CallArg::KwargSplat(value) => self.expression(value),
        }
    }

    /// The largest number among arguments.
    fn arguments(&mut self, arguments: &'t [CallArg<'t>]) -> f64 {
        let values = arguments.iter().filter_map(|argument| match argument {
            CallArg::Pos(value) | CallArg::Kwarg(_, value) => number(value),
            CallArg::PosSplat(_) | CallArg::KwargSplat(_) => None,
        });
        values.fold(0.0, f64::max)
    }
}

fn length(text: &str) -> f64 {
    f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX))
}

fn is_text(expr: &Expr<'_>) -> bool {
    match expr {
        Expr::Const(constant) => constant.value.as_str().is_some(),
        Expr::Var(_) | Expr::GetAttr(_) | Expr::List(_) | Expr::Filter(_) => true,
        _ => false,
    }
}

fn number(expr: &Expr<'_>) -> Option<f64> {
    match expr {
        Expr::Const(constant) if constant.value.is_number() => f64::try_from(constant.value.clone()).ok(),
        Expr::BinOp(binary) => {
            let (left, right) = (number(&binary.left)?, number(&binary.right)?);
            match binary.op {
                BinOpKind::Mul => Some(left * right),
                BinOpKind::Add => Some(left + right),
                BinOpKind::Pow => Some(left.powf(right)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// How many elements are gone through, where that stands there.
fn count_of(expr: &Expr<'_>) -> Option<f64> {
    match expr {
        Expr::Call(call) => range_of(call),
        Expr::List(list) => Some(length_of(list.items.len())),
        Expr::Const(constant) => constant.value.as_str().map(length),
        _ => None,
    }
}

fn length_of(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// `range(1000)`, `range(2, 1000)`
fn range_of(call: &Call<'_>) -> Option<f64> {
    let Expr::Var(name) = &call.expr else { return None };
    if name.id != "range" {
        return None;
    }
    let at = |index: usize| match call.args.get(index) {
        Some(CallArg::Pos(value)) => number(value),
        Some(CallArg::Kwarg(..) | CallArg::PosSplat(_) | CallArg::KwargSplat(_)) | None => None,
    };
    match (at(0)?, at(1), at(2)) {
        (stop, None, _) => Some(stop.max(0.0)),
        (start, Some(stop), None) => Some((stop - start).max(0.0)),
        (start, Some(stop), Some(step)) => Some(((stop - start) / if step == 0.0 { 1.0 } else { step }).max(0.0)),
    }
}
