//! A scene as SVG: light and dark by the reader's choice, text that can be selected, nothing from outside.

use super::model::{ArmKind, Canvas, Node, NodeKind};
use super::place::place;
use super::scene::{Area, Card, Label, Panel, PanelKind, Scene, Text, Way};
use std::fmt::Write;

/// Colours and letters of every canvas; pages that show several hold it once.
pub(super) const STYLE: &str = include_str!("page/canvas.css");

/// The canvases below each other, as one document.
#[must_use]
pub fn svg(canvases: &[Canvas]) -> String {
    let scenes: Vec<(&Canvas, Scene<'_>)> = canvases.iter().map(|canvas| (canvas, place(canvas))).collect();
    let width = scenes.iter().map(|(_, scene)| scene.width).fold(320.0, f64::max);
    let height: f64 = scenes.iter().map(|(_, scene)| scene.height).sum();
    let names = canvases.iter().map(|canvas| canvas.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"canvas\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"group\" aria-label=\"{}\">\n<style>{STYLE}</style>\n",
        escape(&names),
        w = number(width),
        h = number(height),
    );
    let _ = writeln!(out, "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>");
    out.push_str(&heads(""));
    let mut y = 0.0;
    for (canvas, scene) in &scenes {
        let _ = writeln!(out, "<g transform=\"translate(0 {})\">", number(y));
        write_scene(canvas, scene, "", &mut out);
        out.push_str("</g>\n");
        y += scene.height;
    }
    out + "</svg>\n"
}

/// One canvas for a page that has [`STYLE`]. `prefix` keeps the ids of several apart.
pub(super) fn inline(canvas: &Canvas, prefix: &str) -> String {
    let scene = place(canvas);
    let mut out = format!(
        "<svg class=\"canvas\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"group\" aria-label=\"{}\">\n",
        escape(&canvas.name),
        w = number(scene.width),
        h = number(scene.height),
    );
    out.push_str(&heads(prefix));
    write_scene(canvas, &scene, prefix, &mut out);
    out + "</svg>\n"
}

/// The heads of lines, one a colour.
fn heads(prefix: &str) -> String {
    let mut out = String::from("<defs>\n");
    for class in ["next", "yes", "no", "one", "back"] {
        let _ = writeln!(
            out,
            "<marker id=\"{prefix}h-{class}\" class=\"head {class}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker>"
        );
    }
    out + "</defs>\n"
}

fn write_scene(canvas: &Canvas, scene: &Scene<'_>, prefix: &str, out: &mut String) {
    let steps = canvas.count();
    let _ = writeln!(out, "<title>{}</title>", escape(&canvas.name));
    let _ = writeln!(out, "<desc>The campaign {} with {steps} step{}.</desc>", escape(&canvas.name), if steps == 1 { "" } else { "s" });
    for frame in &scene.frames {
        let _ = writeln!(out, "<rect class=\"frame\" {} rx=\"14\"/>", area(*frame));
    }
    for way in &scene.lines {
        write_way(way, prefix, out);
    }
    for label in &scene.labels {
        write_label(label, out);
    }
    for panel in &scene.panels {
        write_panel(panel, out);
    }
    for text in &scene.texts {
        write_text(text, "", out);
    }
    for card in &scene.cards {
        write_card(card, out);
    }
    for end in &scene.ends {
        let _ = writeln!(
            out,
            "<g class=\"end\"><rect x=\"{}\" y=\"{}\" width=\"84\" height=\"26\" rx=\"13\"/><text class=\"tp\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">finished</text></g>",
            number(end.x - 42.0),
            number(end.y),
            number(end.x),
            number(end.y + 17.0)
        );
    }
}

/// At most one digit behind the point.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), ToString::to_string)
}

fn area(area: Area) -> String {
    format!("x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", number(area.x), number(area.y), number(area.width), number(area.height))
}

/// Markup in a text is text; characters that XML forbids are left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

fn write_text(text: &Text, extra: &str, out: &mut String) {
    let _ = writeln!(out, "<text class=\"{}\" x=\"{}\" y=\"{}\"{extra}>{}</text>", text.style.class(), number(text.x), number(text.y), escape(&text.text));
}

fn class(kind: Option<ArmKind>) -> &'static str {
    match kind {
        None => "next",
        Some(ArmKind::Yes) => "yes",
        Some(ArmKind::No) => "no",
        Some(ArmKind::One | ArmKind::All) => "one",
        Some(ArmKind::Body) => "back",
    }
}

/// A line with rounded corners.
fn write_way(way: &Way, prefix: &str, out: &mut String) {
    const RADIUS: f64 = 9.0;
    let mut path = String::new();
    let mut points: Vec<(f64, f64)> = Vec::new();
    for point in &way.points {
        if points.last().is_none_or(|last| (last.0 - point.0).abs() + (last.1 - point.1).abs() > 0.05) {
            points.push(*point);
        }
    }
    // The head's tip is the line's end; the line itself stops within it.
    for (at, (x, y)) in points.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| points.get(at));
        let after = points.get(at + 1);
        let _ = match (before, after) {
            (None, _) => write!(path, "M{} {}", number(*x), number(*y)),
            (Some(_), None) => write!(path, "L{} {}", number(*x), number(*y)),
            (Some(before), Some(after)) => {
                let (from, to) = (toward((*x, *y), *before, RADIUS), toward((*x, *y), *after, RADIUS));
                write!(path, "L{} {}Q{} {} {} {}", number(from.0), number(from.1), number(*x), number(*y), number(to.0), number(to.1))
            }
        };
    }
    let class = class(way.kind);
    let head = if way.has_head { format!(" marker-end=\"url(#{prefix}h-{class})\"") } else { String::new() };
    let _ = writeln!(out, "<path class=\"way {class}\" d=\"{path}\"{head}/>");
}

/// The point that lies from `corner` toward `other`, not farther than half the way.
fn toward(corner: (f64, f64), other: (f64, f64), radius: f64) -> (f64, f64) {
    let (dx, dy) = (other.0 - corner.0, other.1 - corner.1);
    let length = dx.hypot(dy);
    let part = if length > 0.0 { radius.min(length / 2.0) / length } else { 0.0 };
    (corner.0 + dx * part, corner.1 + dy * part)
}

fn write_label(label: &Label, out: &mut String) {
    let _ = writeln!(out, "<g class=\"label {}\"><title>{}</title><rect {} rx=\"11\"/>", class(Some(label.kind)), escape(&label.full), area(label.area));
    label.texts.iter().for_each(|text| write_text(text, " text-anchor=\"middle\"", out));
    out.push_str("</g>\n");
}

fn write_panel(panel: &Panel, out: &mut String) {
    let (class, sign) = match panel.kind {
        PanelKind::Start => ("panel start", Some("start")),
        PanelKind::Exit => ("panel exit", Some("exit")),
        PanelKind::Goal => ("panel goal", Some("goal")),
        PanelKind::Fact => ("chip fact", None),
        PanelKind::Published => ("chip published", None),
        PanelKind::Draft => ("chip draft", None),
    };
    let radius = if sign.is_some() { 12.0 } else { 12.0_f64.min(panel.area.height / 2.0) };
    let _ = writeln!(out, "<g class=\"{class}\"><rect {} rx=\"{}\"/>", area(panel.area), number(radius));
    if let Some(sign) = sign {
        write_sign((panel.area.x + 12.0, panel.area.y + 12.0), 28.0, panel_picture(sign), out);
    }
    panel.texts.iter().for_each(|text| write_text(text, "", out));
    out.push_str("</g>\n");
}

fn write_card(card: &Card<'_>, out: &mut String) {
    let (node, place) = (card.node, card.area);
    let _ = writeln!(out, "<g class=\"card k-{}\" data-step=\"{}\"><title>{}</title>", node.kind.word(), escape(&node.path), escape(&told(node)));
    if node.kind == NodeKind::Decision {
        let (l, r, t, b) = (place.x, place.x + place.width, place.y, place.y + place.height);
        let (m, tip) = (t + place.height / 2.0, 15.0);
        let point = |x: f64, y: f64| format!("{} {}", number(x), number(y));
        let _ = writeln!(
            out,
            "<path class=\"box\" d=\"M{}L{}L{}L{}L{}L{}z\"/>",
            point(l, m),
            point(l + tip, t),
            point(r - tip, t),
            point(r, m),
            point(r - tip, b),
            point(l + tip, b)
        );
    } else {
        let _ = writeln!(out, "<rect class=\"box\" {} rx=\"12\"/>", area(place));
    }
    let inset = if node.kind == NodeKind::Decision { 10.0 } else { 0.0 };
    write_sign((place.x + 12.0 + inset, place.y + 12.0), 28.0, picture(node.kind), out);
    if let Some((x, from, to)) = card.doc_bar {
        let _ = writeln!(out, "<path class=\"bar\" d=\"M{} {}V{}\"/>", number(x), number(from), number(to));
    }
    for (x, y, kind) in &card.signs {
        let _ = writeln!(out, "<g class=\"k-{}\">", kind.word());
        write_sign((*x, y - 8.0), 16.0, picture(*kind), out);
        out.push_str("</g>\n");
    }
    card.texts.iter().for_each(|text| write_text(text, "", out));
    out.push_str("</g>\n");
}

/// All that a card says, uncut.
fn told(node: &Node) -> String {
    node.says().into_iter().chain(node.doc.clone()).collect::<Vec<_>>().join(" · ")
}

/// A rounded square with a picture of 16 by 16.
fn write_sign((x, y): (f64, f64), side: f64, picture: &str, out: &mut String) {
    let scale = side / 28.0;
    let _ = writeln!(
        out,
        "<g class=\"sign\" transform=\"translate({} {}) scale({scale:.3})\"><rect width=\"28\" height=\"28\" rx=\"8\"/><path d=\"{picture}\"/></g>",
        number(x),
        number(y)
    );
}

/// Strokes within the square from 6 to 22.
fn picture(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Email => "M6.5 9.5h15v10h-15zM6.5 10l7.500 5.500l7.500 -5.500",
        NodeKind::Sms => "M7 8h14v9.500h-7.500l-3.500 3.500v-3.500h-3zM10.500 12.750h.01M14 12.750h.01M17.500 12.750h.01",
        NodeKind::Push => "M9 18v-5a5 5 0 0 1 10 0v5l1.500 1.500h-13zM12.500 21.500h3",
        NodeKind::Reach => "M14 20v-5M14 15a2 2 0 1 0 -.01 0M10 16a5.500 5.500 0 1 1 8 0M8 19a9 9 0 1 1 12 0",
        NodeKind::Webhook => "M10 9l-4 5l4 5M18 9l4 5l-4 5M15.500 7.500l-3 13",
        NodeKind::Notify => "M14 13.500a3.200 3.200 0 1 0 -.01 0M8 21.500c0 -3.800 2.500 -5.300 6 -5.300s6 1.500 6 5.300",
        NodeKind::Field => "M8 20l1 -4l8.500 -8.500l3 3l-8.500 8.500zM15.500 9.500l3 3",
        NodeKind::Points => "M14 6.500l2.300 4.900l5.200 .7l-3.800 3.700l.9 5.300l-4.600 -2.600l-4.600 2.600l.9 -5.300l-3.800 -3.700l5.200 -.7z",
        NodeKind::Tag => "M7 7.500h7l7.500 7.500l-6.500 6.500l-8 -8zM10.500 11h.01",
        NodeKind::List => "M11 9.500h10.500M11 14h10.500M11 18.500h10.500M7 9.500h.01M7 14h.01M7 18.500h.01",
        NodeKind::Topic => "M8 20a1 1 0 1 0 .01 0M7 14a7 7 0 0 1 7 7M7 8a13 13 0 0 1 13 13",
        NodeKind::Campaign => "M8 21v-13.500h11l-2.500 3.750l2.500 3.750h-11",
        NodeKind::Emit => "M15.500 6.500l-7 9h5l-1 6.500l7 -9h-5z",
        NodeKind::Mute => "M8 12h3l4 -4v12l-4 -4h-3zM18 12l4 4M22 12l-4 4",
        NodeKind::Wait => "M14 6.500a7.500 7.500 0 1 0 .01 0M14 10v4l3 2",
        NodeKind::Decision => "M14 6v5M14 11l-6 5v5M14 11l6 5v5",
        NodeKind::Await => "M7 14s2.700 -5 7 -5s7 5 7 5s-2.700 5 -7 5s-7 -5 -7 -5M14 12a2 2 0 1 0 .01 0",
        NodeKind::Timeline => "M7.500 9h13v12h-13zM7.500 13h13M11 6.500v4M17 6.500v4",
        NodeKind::Split => "M14 21.500v-6l-6 -5.500v-3M14 15.500l6 -5.500v-3",
        NodeKind::Experiment => {
            "M12 6.500v5l-4.500 8.500a1.500 1.500 0 0 0 1.300 2h10.400a1.500 1.500 0 0 0 1.300 -2l-4.500 -8.500v-5M10.500 6.500h7M10 16.500h8"
        }
        NodeKind::Repeat => "M8 12.500a6.500 6.500 0 0 1 11.500 -2M19.500 6.500v4h-4M20 15.500a6.500 6.500 0 0 1 -11.500 2M8.500 21.500v-4h4",
        NodeKind::Parallel => "M10 7.500v13M18 7.500v13",
        NodeKind::Sequence => "M8 7.500h12v4h-12zM8 16.500h12v4h-12zM14 11.500v5",
        NodeKind::Stop => "M9.500 9.500h9v9h-9z",
    }
}

fn panel_picture(sign: &str) -> &'static str {
    match sign {
        "start" => "M10.500 8l10 6l-10 6z",
        "exit" => "M15.500 7h-7v14h7M12.500 14h9M18.500 11l3 3l-3 3",
        _ => "M9 21.500v-14h11l-2.500 3.750l2.500 3.750h-11",
    }
}
