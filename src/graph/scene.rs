//! What a canvas comes to: boxes, lines and texts with their places, in pixels. How they look is the format's (`svg.rs`).

use super::model::{ArmKind, Node, NodeKind};
use super::text::Style;

/// All of a picture.
#[derive(Debug, Default)]
pub(super) struct Scene<'a> {
    /// How wide it is.
    pub width: f64,
    /// How high it is.
    pub height: f64,
    /// Dashed frames, below everything.
    pub frames: Vec<Area>,
    /// Lines between cards.
    pub lines: Vec<Way>,
    /// What stands on lines.
    pub labels: Vec<Label>,
    /// Steps.
    pub cards: Vec<Card<'a>>,
    /// Boxes and texts of the header.
    pub panels: Vec<Panel>,
    /// Texts that stand free.
    pub texts: Vec<Text>,
    /// The round ends.
    pub ends: Vec<End>,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A line with right angles.
#[derive(Debug)]
pub(super) struct Way {
    /// Its corners.
    pub points: Vec<(f64, f64)>,
    /// Its colour; none is grey.
    pub kind: Option<ArmKind>,
    /// Whether it has a head.
    pub has_head: bool,
}

/// A line of text, its baseline at `y`.
#[derive(Debug)]
pub(super) struct Text {
    pub x: f64,
    pub y: f64,
    pub style: Style,
    pub text: String,
}

/// A label on a line.
#[derive(Debug)]
pub(super) struct Label {
    pub area: Area,
    pub kind: ArmKind,
    /// The lines, centred.
    pub texts: Vec<Text>,
    /// All of it.
    pub full: String,
}

/// A step.
#[derive(Debug)]
pub(super) struct Card<'a> {
    pub node: &'a Node,
    pub area: Area,
    pub texts: Vec<Text>,
    /// The signs of its rows.
    pub signs: Vec<(f64, f64, NodeKind)>,
    /// The bar beside its doc comment: where it begins and ends.
    pub doc_bar: Option<(f64, f64, f64)>,
}

/// A box of the header.
#[derive(Debug)]
pub(super) struct Panel {
    pub area: Area,
    pub kind: PanelKind,
    pub texts: Vec<Text>,
}

/// What a box of the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PanelKind {
    /// What enrols.
    Start,
    /// An exit.
    Exit,
    /// A goal.
    Goal,
    /// Any other line.
    Fact,
    /// `published`
    Published,
    /// `draft`
    Draft,
}

/// Where a way through the campaign ends.
#[derive(Debug)]
pub(super) struct End {
    pub x: f64,
    pub y: f64,
}
