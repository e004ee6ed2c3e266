//! `use` lines: the file is there, inside the project, and no circle.

use super::problems;
use crate::base::{FileId, Span};
use crate::diagnostics::Diagnostic;
use crate::semantic::input::{Input, SourceFile, join_path};
use crate::syntax::ast::Decl;

struct Edge {
    from: FileId,
    to: FileId,
    span: Span,
}

/// Checks every `use`.
pub(super) fn check(files: &[SourceFile<'_>], input: &Input<'_>, out: &mut Vec<Diagnostic>) {
    let mut edges = Vec::new();
    for file in files {
        for decl in &file.tree.decls {
            let Decl::Use(used) = decl else { continue };
            let Some(path) = join_path(input.path(file.id), &used.path.value) else {
                out.push(problems::outside_project(used.path.span, &used.path.value));
                continue;
            };
            match files.iter().find(|other| input.path(other.id) == path) {
                Some(other) => edges.push(Edge { from: file.id, to: other.id, span: used.path.span }),
                None => out.push(problems::missing_file(used.path.span, &path)),
            }
        }
    }
    for file in files {
        find_circle(&edges, file.id, out);
    }
}

/// Reports a circle at the file of it that comes first.
fn find_circle(edges: &[Edge], start: FileId, out: &mut Vec<Diagnostic>) {
    let mut reached: Vec<(FileId, Span)> = edges.iter().filter(|e| e.from == start).map(|e| (e.to, e.span)).collect();
    let mut at = 0;
    while let Some((file, first)) = reached.get(at).copied() {
        if file == start {
            out.push(problems::use_circle(first));
            return;
        }
        // A circle through an earlier file has been told there.
        if file > start {
            for edge in edges.iter().filter(|e| e.from == file) {
                if !reached.iter().any(|(known, _)| *known == edge.to) {
                    reached.push((edge.to, first));
                }
            }
        }
        at += 1;
    }
}
