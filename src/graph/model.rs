//! What is drawn: a campaign as cards that follow each other, with arms where its path parts.
//!
//! Not here: sizes, colours, or any text format.

/// A campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Canvas {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Whether it is published.
    pub is_published: bool,
    /// What enrols.
    pub triggers: Vec<Line>,
    /// Its other header lines but exits and goals.
    pub facts: Vec<Line>,
    /// What ends the enrollment at any step.
    pub exits: Vec<Line>,
    /// What is counted.
    pub goals: Vec<Line>,
    /// Its steps.
    pub steps: Vec<Node>,
    /// Where it was written.
    pub place: Place,
}

/// A header line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// As it is written, blanks collapsed.
    pub text: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Where it was written.
    pub place: Place,
}

/// Where something was written; lines and columns from 1, columns in code points.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Place {
    /// The file, from the project's directory.
    pub path: String,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column one past the end.
    pub end_column: u32,
    /// First byte.
    pub byte_start: u32,
    /// One past the last byte.
    pub byte_end: u32,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The step's path, which is unique in the campaign.
    pub path: String,
    /// Its `as` name.
    pub name: Option<String>,
    /// What it is.
    pub kind: NodeKind,
    /// What it says first.
    pub title: String,
    /// What else it says.
    pub details: Vec<String>,
    /// Sends of a `reach`, in order.
    pub rows: Vec<Row>,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Where it was written.
    pub place: Place,
    /// Where its path parts, or what it encloses.
    pub arms: Vec<Arm>,
}

/// A step inside a card.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its path.
    pub path: String,
    /// What it is.
    pub kind: NodeKind,
    /// What it says.
    pub text: String,
    /// Where it was written.
    pub place: Place,
}

/// One way on from a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// What leads into it.
    pub label: String,
    /// Which colour that has.
    pub kind: ArmKind,
    /// The path of the `wait` that a red path begins with: it is this arm's label, and a step by its identity all the same.
    pub wait: Option<String>,
    /// Its steps.
    pub nodes: Vec<Node>,
}

/// What an arm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmKind {
    /// The condition holds.
    Yes,
    /// It does not, or the time is up.
    No,
    /// One of several.
    One,
    /// One of those that all run.
    All,
    /// What is repeated or expanded.
    Body,
}

/// What a step is; each has a sign and a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum NodeKind {
    Email,
    Sms,
    Push,
    Reach,
    Webhook,
    Notify,
    Field,
    Points,
    Tag,
    List,
    Topic,
    Campaign,
    Emit,
    Mute,
    Wait,
    Decision,
    Await,
    Timeline,
    Split,
    Experiment,
    Repeat,
    Parallel,
    Sequence,
    Stop,
}

impl NodeKind {
    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            NodeKind::Email => "email",
            NodeKind::Sms => "sms",
            NodeKind::Push => "push",
            NodeKind::Reach => "reach",
            NodeKind::Webhook => "webhook",
            NodeKind::Notify => "notify",
            NodeKind::Field => "contact",
            NodeKind::Points => "points",
            NodeKind::Tag => "tag",
            NodeKind::List => "list",
            NodeKind::Topic => "topic",
            NodeKind::Campaign => "campaign",
            NodeKind::Emit => "emit",
            NodeKind::Mute => "mute",
            NodeKind::Wait => "wait",
            NodeKind::Decision => "if",
            NodeKind::Await => "await",
            NodeKind::Timeline => "timeline",
            NodeKind::Split => "split",
            NodeKind::Experiment => "experiment",
            NodeKind::Repeat => "repeat",
            NodeKind::Parallel => "parallel",
            NodeKind::Sequence => "sequence",
            NodeKind::Stop => "stop",
        }
    }
}

impl NodeKind {
    /// Whether a card of this kind has the step's own words as its title.
    #[must_use]
    pub fn is_said_by_title(self) -> bool {
        match self {
            NodeKind::Field | NodeKind::Points | NodeKind::Tag | NodeKind::List | NodeKind::Topic | NodeKind::Campaign | NodeKind::Emit | NodeKind::Mute => {
                true
            }
            NodeKind::Email
            | NodeKind::Sms
            | NodeKind::Push
            | NodeKind::Reach
            | NodeKind::Webhook
            | NodeKind::Notify
            | NodeKind::Wait
            | NodeKind::Decision
            | NodeKind::Await
            | NodeKind::Timeline
            | NodeKind::Split
            | NodeKind::Experiment
            | NodeKind::Repeat
            | NodeKind::Parallel
            | NodeKind::Sequence
            | NodeKind::Stop => false,
        }
    }
}

impl Node {
    /// How many steps it is, with those inside.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.rows.len() + self.arms.iter().flat_map(|arm| &arm.nodes).map(Node::count).sum::<usize>()
    }
    /// All that its card says, a line each, uncut; the doc comment not.
    #[must_use]
    pub fn says(&self) -> Vec<String> {
        let first = if self.kind.is_said_by_title() { self.title.clone() } else { format!("{} {}", self.kind.word(), self.title) };
        let rows = self.rows.iter().map(|row| format!("{} {}", row.kind.word(), row.text));
        std::iter::once(first).chain(self.details.iter().cloned()).chain(rows).collect()
    }
    /// Whether nobody goes on behind it.
    #[must_use]
    pub fn ends(&self) -> bool {
        match self.kind {
            NodeKind::Stop => true,
            // A pass may stop, but there need not be one.
            NodeKind::Repeat => false,
            NodeKind::Parallel => self.arms.iter().any(|arm| ends(&arm.nodes)),
            _ => !self.arms.is_empty() && self.arms.iter().all(|arm| ends(&arm.nodes)),
        }
    }
}

/// Whether nobody goes on behind those steps.
pub(super) fn ends(nodes: &[Node]) -> bool {
    nodes.iter().any(Node::ends)
}

impl Canvas {
    /// How many steps it has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.steps.iter().map(Node::count).sum()
    }
}
