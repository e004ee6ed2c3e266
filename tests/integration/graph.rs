//! The canvas: what is drawn of a campaign, and that it is tidy whatever the campaign.

use crate::bench::Folder;
use campc::compiler::{Workspace, analyze};
use campc::graph::{Canvas, END, EdgeKind, NodeKind, START, canvases, dot, edges, html, json, mermaid, svg};
use campc::semantic::hir;
use std::collections::BTreeSet;
use std::path::Path;

const HOT: &str = r#"project "Acme" { timezone "UTC"  from "Ana <ana@acme.example>"  address "1 King St W" }
segment hot = points > 50
event purchase { amount: number }
email welcome { subject "Welcome, {{ contact.first_name | default('there') }}"  body "Hello." }
email reminder { subject "Still <interested>?"  body "Hello again." }
/// For those who look around.
campaign "Hot & \"new\"" {
  published
  when segment hot
  exit when purchase
  goal "bought" = purchase within 14d
  only if country == "Canada"

  /// The first thing they see.
  email welcome as first
  if opened(first) then sms "Thanks!"
  else {
    wait 3d
    email reminder
  }
  if points > 900 then stop "enough"
  repeat up to 2 times every 1d { tag "again" }
}
"#;

/// The canvases of a source without errors.
fn drawn(source: &str) -> Vec<Canvas> {
    let mut workspace = Workspace::of_source("main.camp", source);
    for path in workspace.missing() {
        let text = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(&path));
        match text {
            Ok(bytes) => workspace.add_file(&path, bytes),
            Err(_) => workspace.set_absent(&path),
        }
    }
    canvases(&analyze(&workspace))
}

fn sample_canvases() -> Vec<Canvas> {
    crate::syntax::good_samples().into_iter().flat_map(|(_, text)| drawn(&text)).collect()
}

#[test]
fn the_formats_of_a_small_campaign() {
    let canvases = drawn(HOT);
    insta::assert_snapshot!("graph_mermaid", mermaid(&canvases));
    insta::assert_snapshot!("graph_dot", dot(&canvases));
    let value: serde_json::Value = serde_json::from_str(&json(&canvases)).unwrap();
    insta::assert_snapshot!("graph_json", serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn a_decision_has_a_green_and_a_red_way_and_its_wait_is_said_on_the_red_one() {
    let canvases = drawn(HOT);
    let edges = edges(&canvases[0]);
    let of = |kind: EdgeKind| edges.iter().find(|edge| edge.kind == kind && edge.from == "if").unwrap();
    assert_eq!((of(EdgeKind::Yes).to.as_str(), of(EdgeKind::Yes).label.as_str()), ("then/sms", "yes"));
    let red = of(EdgeKind::After);
    assert_eq!((red.to.as_str(), red.label.as_str(), red.wait.as_deref()), ("else/email reminder", "no, after 3d", Some("else/wait")));
    let picture = svg(&canvases);
    for part in
        ["way yes", "way no", "label yes", "label no", ">no, after 3d<", "data-step=\"else/email reminder\"", ">as first<", ">The first thing they see.<"]
    {
        assert!(picture.contains(part), "{part}");
    }
}

#[test]
fn a_stop_leads_nowhere_and_a_repeat_goes_back() {
    let edges = edges(&drawn(HOT)[0]);
    assert!(!edges.iter().any(|edge| edge.from == "then/stop"));
    let again: Vec<_> = edges.iter().filter(|edge| edge.kind == EdgeKind::Again).map(|edge| (edge.from.as_str(), edge.to.as_str())).collect();
    assert_eq!(again, [("repeat/tag again", "repeat")]);
    assert!(edges.iter().any(|edge| edge.from == "repeat" && edge.to == END));
    assert!(edges.iter().any(|edge| edge.from == START && edge.to == "email welcome"));
}

fn paths(steps: &[campc::graph::Node], into: &mut Vec<String>) {
    for step in steps {
        into.push(step.path.clone());
        into.extend(step.rows.iter().map(|row| row.path.clone()));
        step.arms.iter().for_each(|arm| {
            into.extend(arm.wait.clone());
            paths(&arm.nodes, into);
        });
    }
}

#[test]
fn every_step_of_every_sample_is_on_its_canvas_once_and_edges_lead_to_steps() {
    for canvas in sample_canvases() {
        let mut all = Vec::new();
        paths(&canvas.steps, &mut all);
        let once: BTreeSet<&String> = all.iter().collect();
        assert_eq!(once.len(), all.len(), "{}: {all:?}", canvas.name);
        for edge in edges(&canvas) {
            assert!(edge.from == START || once.contains(&edge.from), "{}: {edge:?}", canvas.name);
            assert!(edge.to == END || once.contains(&edge.to), "{}: {edge:?}", canvas.name);
        }
    }
}

#[test]
fn the_identities_are_those_of_the_checked_tree() {
    let analysis = analyze(&Workspace::of_source("main.camp", HOT));
    let first: &hir::StepHeader = &analysis.project.campaigns[0].steps[0].header;
    let canvas = &canvases(&analysis)[0];
    assert_eq!(canvas.steps[0].path, first.path.as_ref());
    assert_eq!(canvas.steps[0].kind, NodeKind::Email);
    assert_eq!((canvas.steps[0].place.line, canvas.steps[0].place.column), (15, 3));
}

/// The boxes of cards and labels, as left, top, right, bottom.
fn boxes(picture: &str) -> Vec<(f64, f64, f64, f64)> {
    let number = |line: &str, name: &str| line.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap().parse::<f64>().unwrap();
    let mut found = Vec::new();
    for line in picture.lines() {
        if line.contains("<rect class=\"box\"") {
            let (x, y) = (number(line, "x"), number(line, "y"));
            found.push((x, y, x + number(line, "width"), y + number(line, "height")));
        } else if let Some(path) = line.split("class=\"box\" d=\"M").nth(1) {
            let numbers: Vec<f64> = path.split('z').next().unwrap().split(['L', ' ']).map(|n| n.parse().unwrap()).collect();
            found.push((numbers[0], numbers[3], numbers[6], numbers[9]));
        }
    }
    found
}

fn is_tidy(canvas: &Canvas) {
    let picture = svg(std::slice::from_ref(canvas));
    let view: Vec<f64> = picture.split("viewBox=\"").nth(1).unwrap().split('"').next().unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
    let boxes = boxes(&picture);
    for (i, a) in boxes.iter().enumerate() {
        assert!(a.0 >= 0.0 && a.1 >= 0.0 && a.2 <= view[2] && a.3 <= view[3], "{}: {a:?} is outside {view:?}", canvas.name);
        for b in boxes.iter().skip(i + 1) {
            let is_apart = a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1;
            assert!(is_apart, "{}: {a:?} and {b:?} overlap", canvas.name);
        }
    }
    well_formed(&picture);
}

/// Every tag is closed by its own, and nothing but known entities stands in the text.
fn well_formed(picture: &str) {
    let mut open: Vec<String> = Vec::new();
    for piece in picture.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '/', '\n']).find(|word| !word.is_empty()).unwrap();
        // Style sheets have children by `>`.
        assert!(!text.contains('>') || name == "style", "{text}");
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed));
        } else if !tag.ends_with('/') {
            open.push(name.to_string());
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn no_two_cards_overlap_and_all_is_inside_the_picture() {
    for canvas in sample_canvases().iter().chain(&drawn(HOT)) {
        is_tidy(canvas);
    }
}

#[test]
fn wide_deep_long_and_empty_campaigns_are_tidy_too() {
    let arms: String = (0..10).map(|n| format!("{}d before {{ tag \"a{n}\" }} ", n + 1)).collect();
    let deep = (0..30).fold("tag \"inner\"".to_string(), |inner, n| format!("if points > {n} then {{ {inner} }} else {{ tag \"b{n}\"  wait 1d }}"));
    let long = "word ".repeat(200) + &"x".repeat(300) + &"日本語😀".repeat(40);
    let source = format!(
        "contact {{ trial: date }}\ncampaign wide {{ when enrolled  timeline trial {{ {arms} }} }}\ncampaign deep {{ when enrolled  {deep} }}\n\
         /// {long}\ncampaign long {{ when enrolled\n /// {long}\n tag \"{long}\"\n if points > 3 then {{ }} else {{ }}\n split {{ 50% {{ }} else {{ }} }} }}\n\
         campaign empty {{ }}\n"
    );
    let canvases = drawn(&source);
    assert_eq!(canvases.len(), 4);
    canvases.iter().for_each(is_tidy);
}

#[test]
fn thousands_of_steps_are_drawn() {
    let steps: String = (0..1_250).map(|n| format!("  if points > {n} then tag \"a{n}\" else {{ untag \"a{n}\"  wait 1d }}\n")).collect();
    let canvases = drawn(&format!("campaign large {{\n  when enrolled\n{steps}}}\n"));
    assert_eq!(canvases[0].count(), 5_000);
    assert_eq!(boxes(&svg(&canvases)).len(), 5_000);
}

#[test]
fn what_people_wrote_is_never_markup() {
    let source = "campaign \"<script>alert(1)</script> & 'x'\" {\n  when enrolled\n  /// </text><b>\n  tag \"]]> <img src=x> #quot; \\\" | {{\"\n}\n";
    let canvases = drawn(source);
    let page = html("</title><script>", &canvases);
    assert!(!page.contains("<script>alert") && !page.contains("<img") && !page.contains("</text><b>") && !page.contains("</title><script>\n"), "{page}");
    well_formed(&svg(&canvases));
    let chart = mermaid(&canvases);
    assert!(!chart.contains("<img") && !chart.contains("<script"), "{chart}");
    assert!(chart.lines().filter(|line| line.contains("tag")).all(|line| line.matches('"').count() == 2), "{chart}");
    let graph = dot(&canvases);
    assert!(graph.contains("\\\""), "{graph}");
}

#[test]
fn the_page_loads_nothing() {
    let page = html("Acme", &drawn(HOT));
    for word in ["http://", "https://", "src=", "@import", "url(http"] {
        let found: Vec<&str> = page.lines().filter(|line| line.contains(word)).collect();
        assert!(found.is_empty(), "{word}: {found:?}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn the_command_writes_what_the_files_name_says() {
    let folder = Folder::new();
    folder.write("main.camp", HOT);
    for (file, begins) in [("a.svg", "<svg"), ("a.html", "<!doctype html>"), ("a.mmd", "flowchart TD"), ("a.dot", "digraph"), ("a.json", "{")] {
        let ran = folder.run(&["graph", "-o", file]);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""), "{file}");
        assert!(folder.read(file).starts_with(begins), "{file}");
    }
    let ran = folder.run(&["graph", "--format", "json"]);
    assert_eq!((ran.code, ran.out), (0, folder.read("a.json")));
}

#[test]
fn one_campaign_is_drawn_by_name_and_a_near_name_is_suggested() {
    let folder = Folder::new();
    folder.write("main.camp", format!("{HOT}campaign other {{ when enrolled  tag \"x\" }}\n"));
    let ran = folder.run(&["graph", "--campaign", "other", "--format", "mermaid"]);
    assert!(ran.code == 0 && ran.out.matches("subgraph").count() == 1, "{ran:?}");
    let ran = folder.run(&["graph", "--campaign", "othr"]);
    assert_eq!((ran.code, ran.err.as_str()), (2, "error: there is no campaign \"othr\"; did you mean \"other\"?\n"));
}

#[test]
fn a_source_with_errors_is_not_drawn() {
    let folder = Folder::new();
    folder.write("main.camp", "campaign a { when segment nowhere  tag \"x\" }\n");
    let ran = folder.run(&["graph"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("[E0"), "{}", ran.err);
}
