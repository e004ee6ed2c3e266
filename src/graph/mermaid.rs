//! The canvas as a Mermaid flowchart, for pages that draw those.

use super::edges::{END, EdgeKind, START, edges};
use super::model::{Canvas, Node, NodeKind};
use std::collections::BTreeMap;
use std::fmt::Write;

/// All canvases as one chart, each in a box of its own where there are several.
#[must_use]
pub fn mermaid(canvases: &[Canvas]) -> String {
    let mut out = String::from("flowchart TD\n");
    let mut styles = String::new();
    let mut drawn = 0;
    for (at, canvas) in canvases.iter().enumerate() {
        let _ = writeln!(out, "  subgraph c{at}[\"{}\"]", escape(&canvas.name));
        let mut ids = BTreeMap::from([(START.to_string(), format!("c{at}start"))]);
        let when = canvas.triggers.iter().map(|line| escape(&line.text)).collect::<Vec<_>>().join("<br/>");
        let _ = writeln!(out, "    c{at}start([\"{when}\"])");
        canvas.steps.iter().for_each(|node| write_node(node, at, &mut ids, &mut out));
        let edges = edges(canvas);
        if edges.iter().any(|edge| edge.to == END) {
            ids.insert(END.to_string(), format!("c{at}end"));
            let _ = writeln!(out, "    c{at}end([\"finished\"])");
        }
        for edge in &edges {
            let (Some(from), Some(to)) = (ids.get(&edge.from), ids.get(&edge.to)) else { continue };
            let arrow = if edge.kind == EdgeKind::Again { "-.->" } else { "-->" };
            let label = if edge.label.is_empty() { String::new() } else { format!("|\"{}\"|", escape(&edge.label)) };
            let _ = writeln!(out, "    {from} {arrow}{label} {to}");
            let colour = match edge.kind {
                EdgeKind::Yes => Some("#14804a"),
                EdgeKind::No | EdgeKind::After => Some("#c62f3b"),
                EdgeKind::Next | EdgeKind::Arm | EdgeKind::Branch | EdgeKind::Into | EdgeKind::Again => None,
            };
            if let Some(colour) = colour {
                let _ = writeln!(styles, "  linkStyle {drawn} stroke:{colour},color:{colour}");
            }
            drawn += 1;
        }
        out.push_str("  end\n");
    }
    out + &styles
}

fn write_node(node: &Node, campaign: usize, ids: &mut BTreeMap<String, String>, out: &mut String) {
    let id = format!("c{campaign}n{}", ids.len());
    let says: Vec<String> = node.says().iter().map(|text| escape(text)).collect();
    let text = says.join("<br/>");
    let _ = match node.kind {
        NodeKind::Decision => writeln!(out, "    {id}{{\"{text}\"}}"),
        NodeKind::Stop => writeln!(out, "    {id}([\"{text}\"])"),
        _ => writeln!(out, "    {id}[\"{text}\"]"),
    };
    ids.insert(node.path.clone(), id);
    for inner in node.arms.iter().flat_map(|arm| &arm.nodes) {
        write_node(inner, campaign, ids, out);
    }
}

/// Inside quotes everything with a meaning of its own is written as its code.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' | '{' | '}' | '[' | ']' | '|' | ';' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            '\n' | '\r' | '\t' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
