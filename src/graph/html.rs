//! A page with all canvases: an index, a search, and a canvas that can be moved and made larger. It stands alone: nothing is loaded from
//! anywhere, and what it shows cannot load anything either.

use super::model::{Canvas, Node};
use super::svg::{STYLE, escape, inline};
use std::fmt::Write;

const PAGE_STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The page; `title` stands at its top.
#[must_use]
pub fn html(title: &str, canvases: &[Canvas]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}{PAGE_STYLE}</style>\n</head>\n<body>\n<aside>\n<h1>{title}</h1>\n\
         <input id=\"search\" type=\"search\" placeholder=\"Search campaigns and steps\" aria-label=\"Search campaigns and steps\">\n<nav aria-label=\"Campaigns\"><ul>\n",
        title = escape(title)
    );
    for (at, canvas) in canvases.iter().enumerate() {
        let steps = canvas.count();
        let _ = writeln!(
            out,
            "<li data-words=\"{}\"><a href=\"#{}\"><b>{}</b><span>{} · {steps} step{}</span></a></li>",
            escape(&words(canvas).to_lowercase()),
            at + 1,
            escape(&canvas.name),
            if canvas.is_published { "published" } else { "draft" },
            if steps == 1 { "" } else { "s" }
        );
    }
    out.push_str("</ul></nav>\n</aside>\n<main>\n");
    for (at, canvas) in canvases.iter().enumerate() {
        let _ = writeln!(out, "<section id=\"c{}\" data-number=\"{0}\" hidden tabindex=\"0\" aria-label=\"{}\">", at + 1, escape(&canvas.name));
        out.push_str(&inline(canvas, &format!("c{}-", at + 1)));
        out.push_str("</section>\n");
    }
    out.push_str(
        "<div class=\"tools\"><button data-zoom=\"in\" aria-label=\"Larger\">+</button><button data-zoom=\"out\" aria-label=\"Smaller\">−</button>\
         <button data-zoom=\"fit\" aria-label=\"Show all\">Fit</button><button data-zoom=\"one\" aria-label=\"Actual size\">1:1</button></div>\n</main>\n",
    );
    let _ = write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

/// All words of a canvas, for the search.
fn words(canvas: &Canvas) -> String {
    let header = canvas.triggers.iter().chain(&canvas.facts).chain(&canvas.exits).chain(&canvas.goals).map(|line| line.text.clone());
    let mut all: Vec<String> = std::iter::once(canvas.name.clone()).chain(canvas.doc.clone()).chain(header).collect();
    canvas.steps.iter().for_each(|node| add_words(node, &mut all));
    all.join(" ")
}

fn add_words(node: &Node, all: &mut Vec<String>) {
    all.push(node.kind.word().to_string());
    all.push(node.title.clone());
    all.extend(node.details.iter().chain(&node.name).chain(&node.doc).cloned());
    all.extend(node.rows.iter().map(|row| row.text.clone()));
    for arm in &node.arms {
        all.push(arm.label.clone());
        arm.nodes.iter().for_each(|inner| add_words(inner, all));
    }
}
