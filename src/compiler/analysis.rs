//! The pipeline from files to findings, and from there to a program.

use super::Workspace;
use super::problems;
use super::sources::{Parsed, parse, reachable, read_text};
use crate::base::{FileId, Severity, Sources, Span};
use crate::bytecode::{Program, find_errors};
use crate::diagnostics::{Diagnostic, Sink};
use crate::lower::{TestBlocks, lower, lower_with_tests};
use crate::semantic::{self, Input, ReferenceKind, SourceFile, hir, join_path, references};
use crate::syntax::ast;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A source file of an analysis.
#[derive(Clone, Debug)]
pub struct AnalyzedFile {
    /// Its id in the sources.
    pub id: FileId,
    /// Its tree.
    pub tree: Arc<ast::File>,
    /// Whether it could not be read whole: then it has its syntax errors alone.
    pub is_broken: bool,
}

/// What is known of a workspace.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The texts: source files by path, then template files.
    pub sources: Sources,
    /// The source files, by path.
    pub files: Vec<AnalyzedFile>,
    /// All findings by file, place and code.
    pub findings: Vec<Diagnostic>,
    /// The checked tree, with poison where there are errors.
    pub project: hir::Project,
}

impl Analysis {
    /// Whether there is a finding that fails a build.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity() == Severity::Error)
    }
    /// The findings that fail a build.
    #[must_use]
    pub fn errors(&self) -> Vec<Diagnostic> {
        self.findings.iter().filter(|finding| finding.severity() == Severity::Error).cloned().collect()
    }
}

/// Reads and checks a workspace. Files that are missing are findings.
#[must_use]
pub fn analyze(workspace: &Workspace) -> Analysis {
    let mut sources = Sources::default();
    let mut sink = Sink::new();
    let mut files = Vec::new();
    let reached = reachable(workspace);
    for (path, parsed) in &reached {
        let Some(bytes) = workspace.files.get(path) else { continue };
        files.push(read_source(&mut sources, (path, bytes), parsed, &mut sink));
    }
    for (path, text) in templates(workspace, &reached) {
        if sources.find(&path).is_none() {
            sources.add(path, text);
        }
    }
    let given: Vec<SourceFile<'_>> = files.iter().map(|file| SourceFile { id: file.id, tree: &file.tree, is_broken: file.is_broken }).collect();
    let input = Input { files: &given, sources: &sources, assets: &workspace.files, defaults: &workspace.defaults };
    let project = semantic::analyze(&input, &mut sink);
    Analysis { findings: sink.into_sorted(), project, files, sources }
}

fn read_source(sources: &mut Sources, (path, bytes): (&str, &[u8]), parsed: &Arc<Parsed>, sink: &mut Sink) -> AnalyzedFile {
    let id = sources.add(path, read_text(bytes).unwrap_or(""));
    let parsed = if parsed.id == id { Arc::clone(parsed) } else { Arc::new(parse(id, bytes)) };
    sink.extend(parsed.findings.iter().cloned());
    AnalyzedFile { id, tree: Arc::clone(&parsed.tree), is_broken: parsed.is_broken }
}

/// The text files that sources name as templates, with their texts.
fn templates<'w>(workspace: &'w Workspace, reached: &BTreeMap<String, Arc<Parsed>>) -> BTreeMap<String, &'w str> {
    let mut templates = BTreeMap::new();
    for (path, parsed) in reached {
        let named = references(&parsed.tree).into_iter().filter(|reference| reference.kind == ReferenceKind::Template);
        for full in named.filter_map(|reference| join_path(path, &reference.path)) {
            if let Some(text) = workspace.files.get(&full).and_then(|bytes| read_text(bytes).ok()) {
                templates.insert(full, text);
            }
        }
    }
    templates
}

/// The program of an analysis, verified.
///
/// # Errors
/// The errors among the findings.
pub fn compile(analysis: &Analysis) -> Result<Program, Vec<Diagnostic>> {
    compile_by(analysis, lower).and_then(|program| whole(program, analysis))
}

/// The program of an analysis with the blocks of its tests, for `campc test`.
///
/// # Errors
/// As [`compile`].
pub fn compile_with_tests(analysis: &Analysis) -> Result<(Program, TestBlocks), Vec<Diagnostic>> {
    let (program, blocks) = compile_by(analysis, lower_with_tests)?;
    Ok((whole(program, analysis)?, blocks))
}

/// The program of what a project knows of contacts alone: fields, events, lists and topics. Nothing happens by it; an import takes people in
/// by it before there is anything to be in.
///
/// # Errors
/// As [`compile`].
pub fn compile_data(analysis: &Analysis) -> Result<Program, Vec<Diagnostic>> {
    let hir::Project { info, fields, events, lists, topics, groups, files, .. } = analysis.project.clone();
    let data = hir::Project { info, fields, events, lists, topics, groups, files, ..hir::Project::default() };
    compile_by(analysis, |_, sources| lower(&data, sources)).and_then(|program| whole(program, analysis))
}

fn compile_by<T>(analysis: &Analysis, lower: impl FnOnce(&hir::Project, &Sources) -> Result<T, Vec<Span>>) -> Result<T, Vec<Diagnostic>> {
    let errors = analysis.errors();
    if !errors.is_empty() {
        return Err(errors);
    }
    lower(&analysis.project, &analysis.sources).map_err(|refused| refused.into_iter().map(problems::not_understood).collect())
}

/// The program, unless the verifier finds that the compiler has failed.
fn whole(program: Program, analysis: &Analysis) -> Result<Program, Vec<Diagnostic>> {
    let errors = find_errors(&program);
    debug_assert!(errors.is_empty(), "the compiler makes only programs that verify: {errors:?}");
    if errors.is_empty() {
        return Ok(program);
    }
    let nowhere = Span::new(analysis.files.first().map_or(FileId(0), |file| file.id), 0, 0);
    Err(errors.iter().map(|error| problems::does_not_hold(&error.to_string(), nowhere)).collect())
}
