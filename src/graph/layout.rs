//! How large everything is. A canvas is nested as its source is, so its layout is too: a block is as wide as its widest step, and the arms
//! of a step stand side by side. Nothing is searched for, and no two lines cross.
//!
//! Every measured thing has a spine, the vertical line on which it hangs: sizes count from there to the left and to the right.
//! Not here: where things come to stand (`place.rs`).

use super::model::{Arm, ArmKind, Node, NodeKind, ends};
use super::text::{Style, width, wrap};

/// Width of a card.
pub(super) const CARD: f64 = 248.0;
/// Width of a card with arms.
pub(super) const WIDE_CARD: f64 = 272.0;
/// From a card's edge to what is in it.
pub(super) const PADDING: f64 = 12.0;
/// Width of a card's sign.
pub(super) const SIGN: f64 = 28.0;
/// Between two things that follow each other.
pub(super) const STEP: f64 = 30.0;
/// Between two arms.
pub(super) const BETWEEN: f64 = 28.0;
/// From a card to the line from which its arms hang.
pub(super) const DROP: f64 = 20.0;
/// Around what a frame encloses.
pub(super) const FRAME: f64 = 18.0;
/// Left of it, for the way back of a `repeat`.
pub(super) const BACK: f64 = 22.0;
/// The widest label.
const LABEL: f64 = 196.0;
/// An arm without steps.
const LANE: f64 = 56.0;

/// How far something reaches from its spine, and how high it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub left: f64,
    pub right: f64,
    pub height: f64,
}

impl Size {
    fn around(width: f64, height: f64) -> Size {
        Size { left: width / 2.0, right: width / 2.0, height }
    }
    /// Both beside and around one spine.
    fn over(self, other: Size) -> Size {
        Size { left: self.left.max(other.left), right: self.right.max(other.right), height: self.height }
    }
    /// From one side to the other.
    pub(super) fn width(self) -> f64 {
        self.left + self.right
    }
}

/// Steps that follow each other.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub size: Size,
    pub steps: Vec<Measured<'a>>,
    /// Whether nobody comes out below.
    pub ends: bool,
}

/// One line of a card.
#[derive(Debug)]
pub(super) struct CardLine {
    pub style: Style,
    pub text: String,
    /// The sign before it.
    pub sign: Option<NodeKind>,
}

/// A step with the size of its card and of all of it.
#[derive(Debug)]
pub(super) struct Measured<'a> {
    pub node: &'a Node,
    /// All of it.
    pub size: Size,
    /// The card alone.
    pub card: (f64, f64),
    pub lines: Vec<CardLine>,
    pub arms: Vec<MeasuredArm<'a>>,
    /// What it encloses has a frame.
    pub is_frame: bool,
}

/// An arm: its label, and its steps.
#[derive(Debug)]
pub(super) struct MeasuredArm<'a> {
    pub arm: &'a Arm,
    pub label: Vec<String>,
    /// Width and height of the label.
    pub label_size: (f64, f64),
    pub block: Block<'a>,
    /// Its spine, from the spine of its step.
    pub offset: f64,
}

/// Measures steps that follow each other.
pub(super) fn measure(nodes: &[Node]) -> Block<'_> {
    let steps: Vec<Measured<'_>> = nodes.iter().map(measure_step).collect();
    let mut size = Size::default();
    for (at, step) in steps.iter().enumerate() {
        size = size.over(step.size);
        size.height += step.size.height + if at > 0 { STEP } else { 0.0 };
    }
    Block { size, steps, ends: ends(nodes) }
}

fn measure_step(node: &Node) -> Measured<'_> {
    let is_frame = matches!(node.kind, NodeKind::Repeat | NodeKind::Sequence);
    let card_width = if node.arms.is_empty() || is_frame { CARD } else { WIDE_CARD };
    let lines = card_lines(node, card_width);
    let card_height = card_height(&lines);
    let mut arms: Vec<MeasuredArm<'_>> = node.arms.iter().map(measure_arm).collect();
    let card = Size::around(card_width, card_height);
    let size = if is_frame { frame(node.kind, card, &arms) } else { fork(node.kind, card, &mut arms) };
    Measured { node, size, card: (card_width, card_height), lines, arms, is_frame }
}

/// Card and body within a frame.
fn frame(kind: NodeKind, card: Size, arms: &[MeasuredArm<'_>]) -> Size {
    let back = if kind == NodeKind::Repeat { BACK } else { 0.0 };
    let mut size = card;
    for arm in arms.iter().filter(|arm| !arm.block.steps.is_empty()) {
        size = size.over(arm.block.size);
        size.height += STEP + arm.block.size.height;
    }
    Size { left: size.left + FRAME + back, right: size.right + FRAME, height: size.height + 2.0 * FRAME }
}

/// Arms side by side below the card, their spines around its own.
fn fork(kind: NodeKind, card: Size, arms: &mut [MeasuredArm<'_>]) -> Size {
    if arms.is_empty() {
        return card;
    }
    if kind == NodeKind::Decision && arms.iter().filter(|arm| arm.block.steps.is_empty()).count() == 1 {
        return detour(card, arms);
    }
    let mut at = 0.0;
    let mut before: Option<f64> = None;
    for arm in arms.iter_mut() {
        let mut spine = at + arm.block.size.left;
        // The two ways of a decision leave its card at the sides.
        if let Some(before) = before.filter(|_| kind == NodeKind::Decision) {
            spine = spine.max(before + card.width() + 2.0 * DROP);
        }
        arm.offset = spine;
        before = Some(spine);
        at = spine + arm.block.size.right + BETWEEN;
    }
    let width = at - BETWEEN;
    let middle = (arms.first().map_or(0.0, |arm| arm.offset) + arms.last().map_or(0.0, |arm| arm.offset)) / 2.0;
    arms.iter_mut().for_each(|arm| arm.offset -= middle);
    Size { left: middle, right: width - middle, height: hung(kind, card, arms) }.over(card)
}

/// A decision with steps on one way alone: the other goes straight down, and what it passes stands beside.
fn detour(card: Size, arms: &mut [MeasuredArm<'_>]) -> Size {
    let lane = arms.iter().filter(|arm| arm.block.steps.is_empty()).map(|arm| arm.block.size.width() / 2.0).fold(0.0, f64::max) + BETWEEN;
    let mut size = Size { height: hung(NodeKind::Decision, card, arms), ..card };
    for arm in arms.iter_mut().filter(|arm| !arm.block.steps.is_empty()) {
        let aside = card.left + DROP;
        if arm.arm.kind == ArmKind::Yes {
            arm.offset = -aside.max(lane + arm.block.size.right);
            size.left = size.left.max(arm.block.size.left - arm.offset);
        } else {
            arm.offset = aside.max(lane + arm.block.size.left);
            size.right = size.right.max(arm.block.size.right + arm.offset);
        }
    }
    size
}

/// The height of a card with what hangs below it.
fn hung(kind: NodeKind, card: Size, arms: &[MeasuredArm<'_>]) -> f64 {
    let deepest = arms.iter().map(|arm| arm.block.size.height + if arm.block.steps.is_empty() { 0.0 } else { STEP }).fold(0.0, f64::max);
    // Where one way alone goes on, and straight, nothing comes together.
    let goes_straight = kind == NodeKind::Decision && arms.iter().all(|arm| arm.block.ends || arm.block.steps.is_empty());
    let on = arms.iter().filter(|arm| !arm.block.ends).count();
    let joined = if on == 0 || (on == 1 && goes_straight) { 0.0 } else { DROP };
    card.height + drop(kind) + label_row(arms) + deepest + joined
}

/// From the card to the labels.
pub(super) fn drop(kind: NodeKind) -> f64 {
    // The ways of a decision leave at the sides of its card.
    if kind == NodeKind::Decision { 14.0 } else { DROP + 14.0 }
}

/// The height of the row of labels.
pub(super) fn label_row(arms: &[MeasuredArm<'_>]) -> f64 {
    arms.iter().map(|arm| arm.label_size.1).fold(0.0, f64::max)
}

fn measure_arm(arm: &Arm) -> MeasuredArm<'_> {
    let label = wrap(&arm.label, Style::Pill, LABEL, 3);
    let label_width = label.iter().map(|line| width(line, Style::Pill)).fold(0.0, f64::max) + 20.0;
    let label_size = if label.is_empty() { (0.0, 0.0) } else { (label_width, lines_high(label.len()) * Style::Pill.line_height() + 8.0) };
    let mut block = measure(&arm.nodes);
    if !matches!(arm.kind, ArmKind::Body) {
        block.size = block.size.over(Size::around(label_size.0.max(LANE), 0.0));
    }
    MeasuredArm { arm, label, label_size, block, offset: 0.0 }
}

/// A count as a number to calculate with.
pub(super) fn lines_high(count: usize) -> f64 {
    u32::try_from(count).map_or(0.0, f64::from)
}

fn card_lines(node: &Node, card: f64) -> Vec<CardLine> {
    let inset = if node.kind == NodeKind::Decision { 10.0 } else { 0.0 };
    let room = card - 2.0 * PADDING - SIGN - 10.0 - inset;
    let mut lines = vec![CardLine { style: Style::Kind, text: node.kind.word().to_uppercase(), sign: None }];
    let mut add = |text: &str, style: Style, room: f64, most: usize, sign: Option<NodeKind>| {
        for (at, text) in wrap(text, style, room, most).into_iter().enumerate() {
            lines.push(CardLine { style, text, sign: sign.filter(|_| at == 0) });
        }
    };
    let is_code = node.kind.is_said_by_title() || matches!(node.kind, NodeKind::Decision | NodeKind::Sequence);
    add(&node.title, if is_code { Style::Code } else { Style::Title }, room, 5, None);
    for detail in &node.details {
        let style = if node.kind == NodeKind::Webhook { Style::Code } else { Style::Detail };
        add(detail, style, room, 3, None);
    }
    for row in &node.rows {
        add(&row.text, Style::Row, room - 22.0, 1, Some(row.kind));
    }
    if let Some(name) = &node.name {
        add(&format!("as {name}"), Style::Name, room, 1, None);
    }
    if let Some(doc) = &node.doc {
        add(doc, Style::Doc, room - 10.0, 6, None);
    }
    lines
}

fn card_height(lines: &[CardLine]) -> f64 {
    let text: f64 = lines.iter().map(|line| line.style.line_height()).sum();
    let doc = if lines.iter().any(|line| line.style == Style::Doc) { 5.0 } else { 0.0 };
    (text + doc + 2.0 * PADDING - 4.0).max(SIGN + 2.0 * PADDING)
}
