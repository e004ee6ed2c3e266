//! The stream between tree and layout: words, gaps, places where a line may end, groups and indentation; and the pen that writes it.
//!
//! A gap belongs to the word after it. Where a builder says nothing, [`usual_gap`] does. Comments are put into the stream where they
//! stand in the source, whatever word comes next. Not here: what fits on a line (`layout.rs`).

use super::words::Word;
use crate::base::Span;
use crate::syntax::{Tok, ast::Comment};

/// What stands between two words on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing.
    Nothing,
    /// A blank.
    Space,
    /// Two blanks: between statements on one line.
    Wide,
    /// A comma and a blank; nothing but the line's end where it is broken.
    Comma,
}

impl Gap {
    /// What is written.
    pub(super) fn text(self) -> &'static str {
        match self {
            Gap::Nothing => "",
            Gap::Space => " ",
            Gap::Wide => "  ",
            Gap::Comma => ", ",
        }
    }
}

/// An instruction to the layout.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// The word with this index.
    Word(usize),
    /// The word `at`, which was not written and need not be.
    At,
    /// What precedes the next word.
    Gap(Gap),
    /// A blank, and after a comment a new line at the statement's indentation.
    Flush,
    /// All comments before the one with this index.
    Comments(usize),
    /// The end of the line where the group is broken, else this gap.
    Line(Gap),
    /// The same, between statements: an empty line of the source is kept.
    Item(Gap),
    /// The end of the line.
    Hard,
    /// The group with this index begins.
    Open(usize),
    /// The innermost group ends.
    Close(usize),
    /// Deeper by one, where the innermost group is broken.
    In,
    /// The end of that.
    Out,
}

/// What is on one line or broken, as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// Where its first word stands in the source.
    pub start: u32,
    /// Whether it is broken even if it would fit.
    pub must_break: bool,
    /// Whether it may stay whole although something inside is broken.
    is_hugging: bool,
}

/// What was written.
pub(super) struct Stream<'a> {
    /// The words.
    pub words: Vec<Word<'a>>,
    /// What to do with them.
    pub ops: Vec<Op>,
    /// The groups.
    pub groups: Vec<Group>,
}

/// The pen: takes the words in order, and writes them with what is between them.
pub(super) struct Flow<'a> {
    words: Vec<Word<'a>>,
    next: usize,
    comments: &'a [Comment],
    next_comment: usize,
    ops: Vec<Op>,
    groups: Vec<Group>,
    open: Vec<usize>,
    is_gap_set: bool,
}

impl<'a> Flow<'a> {
    /// A pen before the first word.
    pub(super) fn new(words: Vec<Word<'a>>, comments: &'a [Comment]) -> Self {
        let ops = Vec::with_capacity(words.len() * 4);
        Flow { words, next: 0, comments, next_comment: 0, ops, groups: Vec::new(), open: Vec::new(), is_gap_set: true }
    }
    /// Writes what is left, and gives the stream.
    pub(super) fn finish(mut self) -> Stream<'a> {
        self.upto(u32::MAX);
        self.hard();
        self.comments();
        Stream { words: self.words, ops: self.ops, groups: self.groups }
    }

    /// What the next word is.
    pub(super) fn peek(&self) -> Option<Tok> {
        self.words.get(self.next).map(|word| word.tok)
    }
    fn next_start(&self) -> u32 {
        self.words.get(self.next).map_or(u32::MAX, |word| word.start)
    }
    /// Whether the source breaks the line between the word before and the next one.
    pub(super) fn is_new_line(&self) -> bool {
        self.words.get(self.next).is_some_and(|word| word.is_first)
    }

    /// Writes the next word.
    pub(super) fn word(&mut self) {
        if self.next < self.words.len() {
            self.before_word();
            self.ops.push(Op::Word(self.next));
            if self.words.get(self.next).is_some_and(|word| word.is_block) {
                self.must_break_around();
            }
            self.next += 1;
            self.is_gap_set = false;
        }
    }
    /// Writes all words that begin before `offset`.
    pub(super) fn upto(&mut self, offset: u32) {
        while self.next_start() < offset {
            self.word();
        }
    }
    /// Writes the words up to the end of `span`.
    pub(super) fn through(&mut self, span: Span) {
        self.upto(span.end);
    }
    /// Leaves the next word out, if it is a comma.
    pub(super) fn skip_comma(&mut self) {
        if self.is_movable_comma() {
            self.next += 1;
        }
    }
    /// Writes the next word, if it is a comma: right behind what it follows, even if a comment stands between. One that nothing follows
    /// is left out.
    pub(super) fn comma(&mut self) {
        if !self.is_movable_comma() {
            return;
        }
        if !self.words.get(self.next + 1).is_some_and(|after| after.tok.is_closer()) {
            self.ops.push(Op::Gap(Gap::Nothing));
            self.ops.push(Op::Word(self.next));
            self.is_gap_set = false;
        }
        self.next += 1;
    }
    /// Whether the next word is a comma. One with a doc comment before it is written as it stands: the comment is the comma's, and must not
    /// come to belong to what follows.
    fn is_movable_comma(&mut self) -> bool {
        let start = self.next_start();
        let mut due = self.comments.get(self.next_comment..).unwrap_or(&[]).iter().take_while(|comment| comment.span.start < start);
        let is_comma = self.peek() == Some(Tok::Comma);
        if is_comma && due.any(|comment| comment.is_doc) {
            self.word();
            return false;
        }
        is_comma
    }
    /// Writes `at`.
    pub(super) fn insert_at(&mut self) {
        self.gap(Gap::Space);
        self.ops.push(Op::At);
        self.is_gap_set = false;
    }

    /// Says what precedes the next word.
    pub(super) fn gap(&mut self, gap: Gap) {
        self.ops.push(Op::Gap(gap));
        self.is_gap_set = true;
    }
    /// A blank before the next word, which stands at the statement's indentation if a comment ends the line before it.
    pub(super) fn flush(&mut self) {
        self.ops.push(Op::Flush);
        self.is_gap_set = true;
    }
    /// The line may end here.
    pub(super) fn line(&mut self, gap: Gap) {
        self.ops.push(Op::Line(gap));
        self.is_gap_set = true;
    }
    /// The line may end here, and an empty one may follow.
    pub(super) fn item(&mut self, gap: Gap) {
        self.ops.push(Op::Item(gap));
        self.is_gap_set = true;
    }
    /// The line ends here.
    pub(super) fn hard(&mut self) {
        self.ops.push(Op::Hard);
        self.is_gap_set = true;
    }
    fn before_word(&mut self) {
        if !self.is_gap_set {
            let before = self.next.checked_sub(1).and_then(|at| self.words.get(at)).map(|word| word.tok);
            let gap = usual_gap(before, self.peek());
            self.gap(gap);
        }
        self.comments();
    }
    /// Writes the comments before the next word.
    pub(super) fn comments(&mut self) {
        let start = self.next_start();
        let behind = self.comments.get(self.next_comment..).unwrap_or(&[]).iter().take_while(|comment| comment.span.start < start).count();
        if behind > 0 {
            self.next_comment += behind;
            self.ops.push(Op::Comments(self.next_comment));
            self.must_break();
        }
    }

    /// Writes the comments before a closing bracket or the end, as what comes last inside.
    fn last_comments(&mut self, gap: Gap) {
        let start = self.next_start();
        if self.comments.get(self.next_comment).is_some_and(|comment| comment.span.start < start) {
            self.ops.push(Op::Item(gap));
            self.comments();
        }
    }

    /// Begins a group before the gap of the next word.
    pub(super) fn open(&mut self) {
        self.push_group(false);
    }
    /// Begins a group that may stay whole although something inside is broken.
    pub(super) fn open_hugging(&mut self) {
        self.push_group(true);
    }
    /// Begins a group at the next word.
    pub(super) fn open_here(&mut self) {
        self.before_word();
        self.push_group(false);
        self.is_gap_set = true;
    }
    fn push_group(&mut self, is_hugging: bool) {
        let index = self.groups.len();
        self.groups.push(Group { start: self.next_start(), must_break: false, is_hugging });
        self.open.push(index);
        self.ops.push(Op::Open(index));
    }
    /// The innermost group is broken, whether it fits or not.
    pub(super) fn must_break(&mut self) {
        if let Some(group) = self.open.last().and_then(|at| self.groups.get_mut(*at)) {
            group.must_break = true;
        }
    }
    /// What is around a text over several lines is broken.
    fn must_break_around(&mut self) {
        for at in self.open.iter().rev() {
            if let Some(group) = self.groups.get_mut(*at).filter(|group| !group.is_hugging) {
                group.must_break = true;
                break;
            }
        }
    }
    /// Ends the innermost group. What is around a broken one is broken too, but for what hugs it.
    pub(super) fn close(&mut self) {
        let Some(index) = self.open.pop() else { return };
        self.ops.push(Op::Close(index));
        if self.groups.get(index).is_some_and(|group| group.must_break) {
            self.must_break_around();
        }
    }
    /// Deeper by one, where the innermost group is broken.
    pub(super) fn indent(&mut self) {
        self.ops.push(Op::In);
    }
    /// The end of that.
    pub(super) fn dedent(&mut self) {
        self.ops.push(Op::Out);
    }

    /// `{ … }` as a group of its own: `items`, each written by `visit`, with `gap` between them on one line.
    pub(super) fn braces<T>(&mut self, items: &[T], gap: Gap, visit: impl FnMut(&mut Self, &T)) {
        self.word();
        self.gap(Gap::Nothing);
        self.open();
        self.inside(items, gap, visit);
        self.close();
    }
    /// `{ … }` that is broken or not as the innermost group is.
    pub(super) fn shared_braces<T>(&mut self, items: &[T], gap: Gap, visit: impl FnMut(&mut Self, &T)) {
        self.word();
        self.inside(items, gap, visit);
    }
    /// From behind the opening brace to the closing one.
    fn inside<T>(&mut self, items: &[T], gap: Gap, mut visit: impl FnMut(&mut Self, &T)) {
        let start = self.next_start();
        let has_comment = self.comments.get(self.next_comment).is_some_and(|comment| comment.span.start < start);
        if items.is_empty() && !has_comment {
            self.gap(Gap::Space);
            self.word();
            return;
        }
        self.indent();
        self.line(Gap::Space);
        let mut is_broken = self.is_new_line();
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                is_broken |= self.is_new_line();
                self.item(gap);
            }
            visit(self, item);
        }
        self.last_comments(gap);
        self.dedent();
        self.line(Gap::Space);
        if is_broken | self.is_new_line() {
            self.must_break();
        }
        self.word();
    }
    /// `( … )` or `[ … ]` with commas between `items`; one behind the last is left out.
    pub(super) fn list<T>(&mut self, items: &[T], mut visit: impl FnMut(&mut Self, &T)) {
        self.word();
        if items.is_empty() {
            self.word();
            return;
        }
        self.gap(Gap::Nothing);
        self.open();
        self.indent();
        self.line(Gap::Nothing);
        for (i, item) in items.iter().enumerate() {
            visit(self, item);
            self.comma();
            if i + 1 < items.len() {
                self.line(Gap::Space);
            }
        }
        self.last_comments(Gap::Nothing);
        self.dedent();
        self.line(Gap::Nothing);
        self.word();
        self.close();
    }
}

/// What precedes a word where nobody says otherwise.
fn usual_gap(before: Option<Tok>, next: Option<Tok>) -> Gap {
    let is_tight = matches!(next, Some(Tok::Comma | Tok::RParen | Tok::RBracket | Tok::Dot | Tok::Colon))
        || matches!(before, Some(Tok::LParen | Tok::LBracket | Tok::Dot));
    if is_tight { Gap::Nothing } else { Gap::Space }
}
