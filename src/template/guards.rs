//! What a condition of a template says about which variables have a value.
//!
//! Not here: the walk itself, and values at run time.

use super::walk::Walk;
use minijinja::machinery::ast::{BinOpKind, Expr, UnaryOpKind};

/// The paths that surely have a value where `condition` has come out as `outcome`.
pub(super) fn assured(walk: &Walk<'_>, condition: &Expr<'_>, outcome: bool) -> Vec<Vec<String>> {
    match condition {
        Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) if outcome => walk.resolve(condition).into_iter().collect(),
        Expr::Filter(filter) if outcome => match &filter.expr {
            // `x | length` is only true of something that is there.
            Some(inner) => assured(walk, inner, true),
            None => Vec::new(),
        },
        Expr::Compare(compare) if outcome => assured_by_comparison(walk, &compare.expr),
        Expr::Test(test) => {
            let says_defined = match test.name {
                "defined" => true,
                "undefined" | "none" => false,
                _ => return if outcome { walk.resolve(&test.expr).into_iter().collect() } else { Vec::new() },
            };
            if says_defined == outcome { walk.resolve(&test.expr).into_iter().collect() } else { Vec::new() }
        }
        Expr::UnaryOp(not) if matches!(not.op, UnaryOpKind::Not) => assured(walk, &not.expr, !outcome),
        Expr::BinOp(both) if matches!((both.op, outcome), (BinOpKind::ScAnd, true) | (BinOpKind::ScOr, false)) => {
            let mut paths = assured(walk, &both.left, outcome);
            paths.extend(assured(walk, &both.right, outcome));
            paths
        }
        Expr::BinOp(both) if matches!((both.op, outcome), (BinOpKind::ScAnd, false) | (BinOpKind::ScOr, true)) => {
            let right = assured(walk, &both.right, outcome);
            assured(walk, &both.left, outcome).into_iter().filter(|path| right.contains(path)).collect()
        }
        Expr::BinOp(compared) if outcome && !matches!(compared.op, BinOpKind::ScAnd | BinOpKind::ScOr) => assured_by_comparison(walk, &compared.left),
        _ => Vec::new(),
    }
}

fn assured_by_comparison(walk: &Walk<'_>, left: &Expr<'_>) -> Vec<Vec<String>> {
    // A comparison with something unset fails by itself, so behind it the value is there.
    walk.resolve(left).into_iter().collect()
}
