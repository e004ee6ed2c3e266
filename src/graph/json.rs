//! The canvas as data: one object, made for editors and for whoever lays counts over it.
//!
//! `{"campaigns": [{"name", "published", "doc", "triggers", "facts", "exits", "goals", "nodes", "edges", …}]}`. A node's `id` is its step's
//! path; a `wait` that is only the label of a red path has no node, but stands as `wait` on its edge.

use super::edges::{END, Edge, START, edges};
use super::model::{Canvas, Line, Node, Place};
use serde_json::{Value, json};

/// All canvases.
#[must_use]
pub fn json(canvases: &[Canvas]) -> String {
    let campaigns: Vec<Value> = canvases.iter().map(campaign).collect();
    format!("{}\n", json!({ "campaigns": campaigns }))
}

fn campaign(canvas: &Canvas) -> Value {
    let mut nodes = vec![json!({ "id": START, "kind": "start", "text": triggers(canvas), "span": canvas.place })];
    canvas.steps.iter().for_each(|node| add(node, None, &mut nodes));
    nodes.push(json!({ "id": END, "kind": "end", "text": "finished" }));
    let lines = |lines: &[Line]| -> Vec<Value> { lines.iter().map(|line| json!({ "text": line.text, "doc": line.doc, "span": line.place })).collect() };
    json!({
        "name": canvas.name,
        "doc": canvas.doc,
        "published": canvas.is_published,
        "span": canvas.place,
        "triggers": lines(&canvas.triggers),
        "facts": lines(&canvas.facts),
        "exits": lines(&canvas.exits),
        "goals": lines(&canvas.goals),
        "nodes": nodes,
        "edges": edges(canvas).iter().map(edge).collect::<Vec<Value>>(),
    })
}

fn triggers(canvas: &Canvas) -> String {
    canvas.triggers.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" or ")
}

/// A node, and those inside, each with the one that encloses it.
fn add(node: &Node, parent: Option<&str>, nodes: &mut Vec<Value>) {
    let text = std::iter::once(&node.title).chain(&node.details).cloned().collect::<Vec<_>>().join(" · ");
    nodes.push(json!({
        "id": node.path, "name": node.name, "kind": node.kind.word(), "text": text, "doc": node.doc, "parent": parent, "ends": node.ends(), "span": node.place,
    }));
    for row in &node.rows {
        let span: &Place = &row.place;
        nodes.push(json!({ "id": row.path, "kind": row.kind.word(), "text": row.text, "parent": node.path, "span": span }));
    }
    for inner in node.arms.iter().flat_map(|arm| &arm.nodes) {
        add(inner, Some(&node.path), nodes);
    }
}

fn edge(edge: &Edge) -> Value {
    let mut value = json!({ "from": edge.from, "to": edge.to, "label": edge.label, "kind": edge.kind });
    if let (Some(wait), Some(object)) = (&edge.wait, value.as_object_mut()) {
        object.insert("wait".to_string(), json!(wait));
    }
    value
}
