//! Source texts by path, and the way from byte offsets to lines and columns.

use super::{FileId, Span};

/// A line and a column, both from 1; the column counts code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line, from 1.
    pub line: u32,
    /// The column in code points, from 1.
    pub column: u32,
}

/// The byte offsets at which lines begin.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Reads the line starts of `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        let bytes = text.as_bytes();
        // A carriage return alone ends a line too, as it does in old editors.
        let ends = |(i, b): &(usize, u8)| *b == b'\n' || (*b == b'\r' && bytes.get(i + 1) != Some(&b'\n'));
        starts.extend(text.bytes().enumerate().filter(ends).map(|(i, _)| u32::try_from(i + 1).unwrap_or(u32::MAX)));
        Self { starts }
    }
    /// The line of `offset`, from 1.
    #[must_use]
    pub fn line(&self, offset: u32) -> u32 {
        u32::try_from(self.starts.partition_point(|s| *s <= offset)).unwrap_or(u32::MAX)
    }
    /// The byte offset at which `line` (from 1) begins.
    #[must_use]
    pub fn line_start(&self, line: u32) -> u32 {
        let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        self.starts.get(index).or(self.starts.last()).copied().unwrap_or(0)
    }
}

/// One file: its path as shown to people, and its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path, relative to the project directory, `/`-separated.
    pub path: String,
    /// The text, without a byte order mark.
    pub text: String,
    /// Line starts of `text`.
    pub lines: LineIndex,
}

impl Source {
    /// Line and column of a byte offset.
    #[must_use]
    pub fn position(&self, offset: u32) -> LineColumn {
        let line = self.lines.line(offset);
        let start = usize::try_from(self.lines.line_start(line)).unwrap_or(0);
        let end = usize::try_from(offset).unwrap_or(0).min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |s| s.chars().count());
        LineColumn { line, column: u32::try_from(column + 1).unwrap_or(u32::MAX) }
    }
}

/// All files of an analysis, by [`FileId`].
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a file; a leading byte order mark is taken off.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let mut text: String = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let lines = LineIndex::new(&text);
        self.files.push(Source { path: path.into(), text, lines });
        FileId::from_index(self.files.len() - 1)
    }
    /// The file of that id, if there is one.
    #[must_use]
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(file.index())
    }
    /// The text under a span; empty where the span lies outside its file.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).and_then(|f| f.text.get(span.range())).unwrap_or("")
    }
    /// All files with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.files.iter().enumerate().map(|(i, s)| (FileId::from_index(i), s))
    }
    /// The id of the file with that path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.iter().find(|(_, s)| s.path == path).map(|(id, _)| id)
    }
    /// How a place is named in a journal or message: `main.camp:41:3`.
    #[must_use]
    pub fn describe(&self, span: Span) -> String {
        match self.get(span.file) {
            Some(source) => {
                let at = source.position(span.start);
                format!("{}:{}:{}", source.path, at.line, at.column)
            }
            None => String::new(),
        }
    }
}
