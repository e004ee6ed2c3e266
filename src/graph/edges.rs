//! A canvas as a graph: which step follows which. For formats that draw by themselves, and for editors.

use super::model::{Arm, ArmKind, Canvas, Node, NodeKind};

/// The id of where all begin.
pub const START: &str = "#start";
/// The id of where those end who get to the end.
pub const END: &str = "#end";

/// A way from one step to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// From which step, by path, or [`START`].
    pub from: String,
    /// To which, or [`END`].
    pub to: String,
    /// What is said on it.
    pub label: String,
    /// Which way it is.
    pub kind: EdgeKind,
    /// The path of the `wait` that is this way's label.
    pub wait: Option<String>,
}

/// Which way an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// At once.
    Next,
    /// The condition holds.
    Yes,
    /// It does not.
    No,
    /// It has not held in time.
    After,
    /// One of several arms.
    Arm,
    /// One of those that all run.
    Branch,
    /// Into what is repeated or expanded.
    Into,
    /// Back for another pass.
    Again,
}

/// A way that has a beginning, and no end yet.
#[derive(Clone)]
struct Open {
    from: String,
    label: String,
    kind: EdgeKind,
    wait: Option<String>,
}

impl Open {
    fn next(node: &Node) -> Open {
        Open { from: node.path.clone(), label: String::new(), kind: EdgeKind::Next, wait: None }
    }
    fn into_arm(node: &Node, arm: &Arm) -> Open {
        let kind = match arm.kind {
            ArmKind::Yes => EdgeKind::Yes,
            ArmKind::No if arm.label == "no" => EdgeKind::No,
            ArmKind::No => EdgeKind::After,
            ArmKind::One => EdgeKind::Arm,
            ArmKind::All => EdgeKind::Branch,
            ArmKind::Body => EdgeKind::Into,
        };
        Open { from: node.path.clone(), label: arm.label.clone(), kind, wait: arm.wait.clone() }
    }
    fn to(&self, to: &str) -> Edge {
        Edge { from: self.from.clone(), to: to.to_string(), label: self.label.clone(), kind: self.kind, wait: self.wait.clone() }
    }
}

/// All edges of a canvas, in source order.
#[must_use]
pub fn edges(canvas: &Canvas) -> Vec<Edge> {
    let mut found = Vec::new();
    let start = Open { from: START.to_string(), label: String::new(), kind: EdgeKind::Next, wait: None };
    for open in follow(&canvas.steps, vec![start], &mut found) {
        found.push(open.to(END));
    }
    found
}

/// Goes through steps that follow each other; gives the ways that lead on from the last.
fn follow(nodes: &[Node], mut open: Vec<Open>, found: &mut Vec<Edge>) -> Vec<Open> {
    for node in nodes {
        found.extend(open.iter().map(|open| open.to(&node.path)));
        open = out_of(node, found);
    }
    open
}

fn out_of(node: &Node, found: &mut Vec<Edge>) -> Vec<Open> {
    if node.kind == NodeKind::Stop {
        return Vec::new();
    }
    if node.arms.is_empty() {
        return vec![Open::next(node)];
    }
    let mut out = Vec::new();
    for arm in &node.arms {
        let ends = follow(&arm.nodes, vec![Open::into_arm(node, arm)], found);
        if node.kind == NodeKind::Repeat {
            let back = ends.iter().filter(|_| !arm.nodes.is_empty()).map(|open| Edge { kind: EdgeKind::Again, ..open.to(&node.path) });
            found.extend(back);
        } else {
            out.extend(ends);
        }
    }
    if node.kind == NodeKind::Repeat {
        out.push(Open::next(node));
    }
    if node.ends() { Vec::new() } else { out }
}
