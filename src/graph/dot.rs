//! The canvas in the language of Graphviz.

use super::edges::{END, EdgeKind, START, edges};
use super::model::{Canvas, Node, NodeKind};
use std::fmt::Write;

/// All canvases as one graph, each a cluster.
#[must_use]
pub fn dot(canvases: &[Canvas]) -> String {
    let mut out = String::from(
        "digraph camp {\n  rankdir=TB;\n  node [shape=box, style=\"rounded,filled\", fillcolor=\"white\", color=\"#c9cedb\", fontname=\"Helvetica\", fontsize=11];\n  edge [color=\"#8a93a6\", fontname=\"Helvetica\", fontsize=10];\n",
    );
    for (at, canvas) in canvases.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{at} {{\n    label={};\n    color=\"#d9dce5\";", quoted(&canvas.name));
        let when: Vec<&str> = canvas.triggers.iter().map(|line| line.text.as_str()).collect();
        let _ = writeln!(out, "    {} [label={}, shape=box, fillcolor=\"#eef3fd\"];", id(at, START), quoted(&when.join("\n")));
        canvas.steps.iter().for_each(|node| write_node(node, at, &mut out));
        let edges = edges(canvas);
        if edges.iter().any(|edge| edge.to == END) {
            let _ = writeln!(out, "    {} [label=\"finished\", shape=oval];", id(at, END));
        }
        for edge in &edges {
            let look = match edge.kind {
                EdgeKind::Yes => ", color=\"#14804a\", fontcolor=\"#14804a\"",
                EdgeKind::No | EdgeKind::After => ", color=\"#c62f3b\", fontcolor=\"#c62f3b\"",
                EdgeKind::Again => ", style=dashed, constraint=false",
                EdgeKind::Next | EdgeKind::Arm | EdgeKind::Branch | EdgeKind::Into => "",
            };
            let _ = writeln!(out, "    {} -> {} [label={}{look}];", id(at, &edge.from), id(at, &edge.to), quoted(&edge.label));
        }
        out.push_str("  }\n");
    }
    out + "}\n"
}

fn write_node(node: &Node, campaign: usize, out: &mut String) {
    let look = match node.kind {
        NodeKind::Decision => ", shape=diamond, style=filled",
        NodeKind::Stop => ", color=\"#c62f3b\"",
        _ => "",
    };
    let _ = writeln!(out, "    {} [label={}{look}];", id(campaign, &node.path), quoted(&node.says().join("\n")));
    for inner in node.arms.iter().flat_map(|arm| &arm.nodes) {
        write_node(inner, campaign, out);
    }
}

fn id(campaign: usize, path: &str) -> String {
    quoted(&format!("{campaign}:{path}"))
}

/// A text in quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
