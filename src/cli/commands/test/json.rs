//! Results for programs: one JSON object a test, one a campaign with `--coverage`, and the summary last.

use super::Results;
use super::coverage::{Covered, Missing, Share};
use super::run::{Case, Spot, Why};
use crate::sim::{Happened, Moment};
use serde_json::{Value as Json, json};

/// The lines.
#[must_use]
pub fn render(results: &Results) -> String {
    let mut out = String::new();
    let covered = results.coverage.as_deref().unwrap_or_default();
    let lines = results.cases.iter().map(case).chain(covered.iter().map(campaign));
    lines.for_each(|line| out += &format!("{line}\n"));
    let mut summary = json!({
        "result": results.word(), "passed": results.passed(), "failed": results.failed(), "filtered_out": results.filtered_out,
        "milliseconds": milliseconds(results.took),
    });
    if let (Some(covered), Some(object)) = (&results.coverage, summary.as_object_mut()) {
        let of = |pick: fn(&Covered) -> Share| share(covered.iter().map(pick).sum());
        object.insert("coverage".to_owned(), json!({ "steps": of(|covered| covered.steps), "branches": of(|covered| covered.branches) }));
    }
    out + &format!("{summary}\n")
}

fn case(case: &Case) -> Json {
    json!({
        "name": case.name, "at": case.spot.to_string(), "path": case.spot.path, "line": case.spot.start.0, "passed": case.failure.is_none(),
        "milliseconds": milliseconds(case.took), "failure": case.failure.as_ref().map(failure),
    })
}

fn failure(why: &Why) -> Json {
    let mut line = json!({
        "at": why.spot.to_string(), "expected": why.expected, "happened": why.happened, "contact": why.contact,
        "timeline": why.timeline.iter().map(|(moment, text)| told(moment, text)).collect::<Vec<_>>(),
    });
    with_place(&mut line, &why.spot);
    line
}

fn with_place(line: &mut Json, spot: &Spot) {
    let Some(object) = line.as_object_mut() else { return };
    object.insert("path".to_owned(), json!(spot.path));
    for (key, number) in [("line", spot.start.0), ("column", spot.start.1), ("end_line", spot.end.0), ("end_column", spot.end.1)] {
        object.insert(key.to_owned(), json!(number));
    }
}

fn told(moment: &Moment, text: &str) -> Json {
    let head = json!({ "at": moment.at.to_rfc3339(), "local": moment.local, "zone": moment.zone, "contact": moment.contact });
    let what = match &moment.happened {
        Happened::Line(_) => json!({ "what": "test", "why": text.trim_start_matches("» ") }),
        Happened::Note(note) => json!({ "what": "note", "why": note }),
        Happened::Entry { campaign, step, what, why } => json!({ "what": what.word(), "campaign": campaign, "step": step, "why": why }),
    };
    match (head, what) {
        (Json::Object(mut head), Json::Object(what)) => {
            head.extend(what);
            Json::Object(head)
        }
        (head, _) => head,
    }
}

fn campaign(covered: &Covered) -> Json {
    json!({
        "coverage": covered.campaign, "at": covered.spot.to_string(), "steps": share(covered.steps), "branches": share(covered.branches),
        "missing": covered.missing.iter().map(missing).collect::<Vec<_>>(),
    })
}

fn missing(missing: &Missing) -> Json {
    let mut line = json!({ "kind": missing.kind, "name": missing.name });
    with_place(&mut line, &missing.spot);
    line
}

fn share(share: Share) -> Json {
    json!({ "reached": share.reached, "total": share.total, "percent": share.percent() })
}

fn milliseconds(took: std::time::Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}
