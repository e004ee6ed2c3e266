//! Which groups fit on their line, and the text that comes of it.
//!
//! The stream is read twice: backwards, to measure how far it is from each group to where its line can end next; forwards, to print. A
//! group is broken if it must be, or if its line would be longer than [`WIDTH`]; each is decided by itself, from the outside in.
//! Not here: where lines may end; the builders say that.

use super::WIDTH;
use super::stream::{Gap, Group, Op, Stream};
use super::words::{Word, width};
use crate::base::Span;
use crate::syntax::ast::Comment;

/// Columns of one step of indentation.
const STEP: usize = 2;

/// The text of a stream.
pub(super) fn print(text: &str, comments: &[Comment], stream: Stream<'_>) -> String {
    let room = measure(&stream);
    let mut printer = Printer {
        text,
        comments,
        next_comment: 0,
        out: String::with_capacity(text.len() + text.len() / 8),
        column: 0,
        line_indent: 0,
        depth: 0,
        source_end: 0,
        before: Before::Start,
        is_behind_comment: false,
        broken: Vec::new(),
        deeper: Vec::new(),
    };
    for op in &stream.ops {
        printer.step(*op, &stream, &room);
    }
    if !printer.out.is_empty() {
        printer.out.push('\n');
    }
    printer.out
}

/// Columns from the beginning of each group to the next place, inside or behind it, where its line ends or can end without it.
fn measure(stream: &Stream<'_>) -> Vec<usize> {
    let mut room = vec![0; stream.groups.len()];
    let mut inside: Vec<(usize, usize)> = Vec::new();
    // All distances are from the end of the stream.
    let (mut here, mut soft, mut forced) = (0_usize, 0_usize, 0_usize);
    for op in stream.ops.iter().rev() {
        match op {
            Op::Word(at) => {
                let word = stream.words.get(*at);
                here += word.map_or(0, |word| columns(word.width));
                if let Some(word) = word.filter(|word| word.is_block) {
                    forced = here - columns(word.width);
                    soft = forced;
                }
            }
            Op::At => here += 2,
            Op::Gap(gap) => here += gap.text().len(),
            Op::Flush => here += 1,
            Op::Line(gap) | Op::Item(gap) => {
                here += gap.text().len();
                soft = here;
                if inside.last().and_then(|(group, _)| stream.groups.get(*group)).is_some_and(|group| group.must_break) {
                    forced = here;
                }
            }
            Op::Hard => (soft, forced) = (here, here),
            Op::Close(group) => inside.push((*group, soft)),
            Op::Open(_) => {
                if let Some((group, behind)) = inside.pop()
                    && let Some(slot) = room.get_mut(group)
                {
                    *slot = here - forced.max(behind);
                }
            }
            Op::Comments(_) | Op::In | Op::Out => {}
        }
    }
    room
}

fn columns(width: u32) -> usize {
    usize::try_from(width).unwrap_or(usize::MAX)
}

/// What is between what was printed last and what comes next.
#[derive(Clone, Copy)]
enum Before {
    /// Nothing was printed yet.
    Start,
    /// A gap on the line.
    Gap(Gap),
    /// A blank; behind a comment the statement's own indentation.
    Flush,
    /// A new line.
    Line,
    /// A new line, before it an empty one if the source has one.
    Item,
}

struct Printer<'a> {
    text: &'a str,
    comments: &'a [Comment],
    next_comment: usize,
    out: String,
    column: usize,
    /// Indentation of the present line, in columns.
    line_indent: usize,
    /// Indentation of new lines, in steps.
    depth: usize,
    /// Where in the source the last printed thing ends.
    source_end: u32,
    before: Before,
    is_behind_comment: bool,
    /// Of each open group whether it is broken.
    broken: Vec<bool>,
    /// Of each open indentation whether it counts.
    deeper: Vec<bool>,
}

impl Printer<'_> {
    fn step(&mut self, op: Op, stream: &Stream<'_>, room: &[usize]) {
        match op {
            Op::Word(at) => {
                if let Some(word) = stream.words.get(at) {
                    self.word(word);
                }
            }
            Op::At => {
                self.separate(self.source_end);
                self.put("at");
            }
            Op::Gap(gap) => self.before = Before::Gap(gap),
            Op::Flush => self.before = Before::Flush,
            Op::Line(gap) => self.before = if self.is_broken() { Before::Line } else { Before::Gap(gap) },
            Op::Item(gap) => self.before = if self.is_broken() { Before::Item } else { Before::Gap(gap) },
            Op::Hard => self.before = Before::Item,
            Op::Comments(until) => self.comments(until),
            Op::Open(group) => self.open(stream.groups.get(group), room.get(group).copied().unwrap_or(0)),
            Op::Close(_) => {
                self.broken.pop();
            }
            Op::In => {
                let counts = self.is_broken();
                self.deeper.push(counts);
                self.depth += usize::from(counts);
            }
            Op::Out => {
                let counted = self.deeper.pop().unwrap_or(false);
                self.depth -= usize::from(counted);
            }
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.last().copied().unwrap_or(false)
    }

    fn open(&mut self, group: Option<&Group>, room: usize) {
        let Some(group) = group else { return };
        self.separate(group.start);
        self.broken.push(group.must_break || self.column + room > WIDTH);
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += width(text);
    }

    fn new_line(&mut self, depth: usize) {
        self.out.push('\n');
        self.line_indent = depth * STEP;
        self.column = self.line_indent;
        self.out.extend(std::iter::repeat_n(' ', self.line_indent));
    }

    /// Prints what is before the thing that stands at `start` in the source.
    fn separate(&mut self, start: u32) {
        match (self.before, self.is_behind_comment) {
            (Before::Start, _) => {}
            (Before::Gap(gap), false) => self.put(gap.text()),
            (Before::Flush, false) => self.put(" "),
            // In the middle of a statement.
            (Before::Gap(_), true) => self.new_line(self.depth + 1),
            (Before::Flush | Before::Line, _) => self.new_line(self.depth),
            (Before::Item, _) => {
                if self.has_empty_line(start) {
                    self.out.push('\n');
                }
                self.new_line(self.depth);
            }
        }
        self.before = Before::Gap(Gap::Nothing);
        self.is_behind_comment = false;
    }

    /// Whether the source has an empty line between what was printed last and `start`.
    fn has_empty_line(&self, start: u32) -> bool {
        let between = self.text.get(Span { file: crate::base::FileId(0), start: self.source_end, end: start }.range()).unwrap_or("");
        between.bytes().filter(|byte| *byte == b'\n').nth(1).is_some()
    }

    fn word(&mut self, word: &Word<'_>) {
        self.separate(word.start);
        if word.is_block {
            self.block_text(&word.text);
        } else {
            self.out.push_str(&word.text);
            self.column += columns(word.width);
        }
        self.source_end = word.end;
    }

    /// A trailing comment stays on its line, others get one of their own.
    fn comments(&mut self, until: usize) {
        let due = self.comments.get(self.next_comment..until).unwrap_or(&[]);
        for comment in due {
            let text = self.text.get(comment.span.range()).unwrap_or("");
            if comment.is_own_line || matches!(self.before, Before::Start) || self.is_behind_comment {
                let depth = if matches!(self.before, Before::Gap(_)) { self.depth + 1 } else { self.depth };
                if matches!(self.before, Before::Item) && self.has_empty_line(comment.span.start) {
                    self.out.push('\n');
                }
                if !matches!(self.before, Before::Start) {
                    self.new_line(depth);
                }
            } else {
                self.out.push(' ');
            }
            self.put(text);
            self.source_end = comment.span.end;
            self.is_behind_comment = true;
            if matches!(self.before, Before::Line | Before::Start) {
                self.before = Before::Item;
            }
        }
        self.next_comment = until.max(self.next_comment);
    }

    /// A text over several lines, its own indentation replaced by that of the line it begins on.
    fn block_text(&mut self, literal: &str) {
        let inside = literal.strip_prefix("\"\"\"").and_then(|rest| rest.strip_suffix("\"\"\"")).unwrap_or(literal);
        let (above, last) = inside.rsplit_once('\n').unwrap_or(("", inside));
        let mut lines: Vec<&str> = above.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        let first = lines.first().copied().unwrap_or("");
        let is_below = is_blank(first);
        let ends_below = is_blank(last);
        if !ends_below {
            lines.push(last);
        }
        let body = lines.get(1..).unwrap_or(&[]);
        let indent = body.iter().filter(|line| !is_blank(line)).map(|line| indent_of(line)).min();
        self.out.push_str("\"\"\"");
        if !is_below {
            self.out.push_str(first);
        }
        for line in body {
            self.out.push('\n');
            let Some(indent) = indent else {
                // Nothing but blanks, which are the text: they stay.
                self.out.push_str(line);
                continue;
            };
            let kept = line.get(indent.min(indent_of(line))..).unwrap_or("");
            if !kept.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', self.line_indent));
                self.out.push_str(kept);
            }
        }
        if ends_below {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', self.line_indent));
        }
        self.out.push_str("\"\"\"");
        self.column = self.out.rfind('\n').map_or(0, |at| self.out.get(at + 1..).map_or(0, width));
    }
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}
