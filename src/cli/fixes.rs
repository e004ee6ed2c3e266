//! Applies the fixes that are certain, file by file, until no more are found.

use super::failure::Failure;
use super::project::{Project, Scope, analyze_project, is_meant};
use super::replace::Ready;
use crate::base::FileId;
use crate::compiler::Analysis;
use crate::diagnostics::{Applicability, Edit};
use std::collections::BTreeMap;

/// One fix can bring another one to light; a circle of them would be a bug, so passes are bounded.
const MAX_PASSES: usize = 8;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Applies all certain fixes of the files that are meant; how many there were.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn apply_fixes(project: &Project, scopes: &[Scope]) -> Result<usize, Failure> {
    let mut total = 0;
    for _ in 0..MAX_PASSES {
        let analysis = analyze_project(project, None)?;
        let (count, edits) = certain_edits(&analysis, scopes);
        if count == 0 {
            break;
        }
        // All files beside themselves first, then each in its place: where one cannot be written, none is changed.
        let mut ready = Vec::new();
        for (file, edits) in edits {
            ready.extend(write_beside(project, &analysis, (file, edits))?);
        }
        for file in ready {
            file.put()?;
        }
        total += count;
    }
    Ok(total)
}

/// The edits by file, from the last to the first; fixes that overlap an earlier one wait for the next pass.
fn certain_edits(analysis: &Analysis, scopes: &[Scope]) -> (usize, BTreeMap<FileId, Vec<Edit>>) {
    let mut by_file: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    let mut count = 0;
    let meant = analysis.findings.iter().filter(|finding| scopes.iter().any(|scope| is_meant(finding, analysis, scope)));
    for fix in meant.filter_map(|finding| finding.fix.as_ref()).filter(|fix| fix.applicability == Applicability::Certain) {
        let is_free = |edit: &Edit| {
            by_file.get(&edit.span.file).is_none_or(|taken| taken.iter().all(|other| edit.span.end < other.span.start || other.span.end < edit.span.start))
        };
        if fix.edits.is_empty() || !fix.edits.iter().all(is_free) {
            continue;
        }
        for edit in &fix.edits {
            by_file.entry(edit.span.file).or_default().push(edit.clone());
        }
        count += 1;
    }
    for edits in by_file.values_mut() {
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    }
    (count, by_file)
}

/// The edited text beside its source.
fn write_beside(project: &Project, analysis: &Analysis, (file, edits): (FileId, Vec<Edit>)) -> Result<Option<Ready>, Failure> {
    let Some(source) = analysis.sources.get(file) else { return Ok(None) };
    let path = project.root.join(&source.path);
    let mut text = source.text.clone();
    for edit in edits {
        let range = edit.span.range();
        if text.get(range.clone()).is_some() {
            text.replace_range(range, &edit.replacement);
        }
    }
    // The sources know nothing of a byte order mark: who wrote one keeps it.
    let written = std::fs::read(&path).map_err(|error| Failure::io("cannot read", &path, &error))?;
    let mark = if written.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { &[] };
    Ready::beside(&path, &[mark, text.as_bytes()].concat()).map(Some)
}
