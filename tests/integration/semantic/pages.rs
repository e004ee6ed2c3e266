//! A page a code: the wrong example yields the code, the right one is free of it.

use super::{check, samples};
use campc::base::ALL_CODES;
use std::path::Path;

fn blocks(page: &str) -> Vec<String> {
    page.split("```camp\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block.to_owned())).collect()
}

#[test]
fn every_page_shows_its_finding_and_the_way_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings");
    let mut told = String::new();
    for (code, title) in ALL_CODES {
        if code.as_str().get(1..3).is_some_and(|family| family == "01" || family == "02" || family == "10" || family > "11") {
            continue;
        }
        // A fault of campc itself: no source is known that shows it.
        if code.as_str() == "E0901" {
            continue;
        }
        let Ok(page) = std::fs::read_to_string(folder.join(format!("{code}.md"))) else {
            told.push_str(&format!("{code}: no page\n"));
            continue;
        };
        if !page.starts_with(&format!("# {code}: {title}\n")) {
            told.push_str(&format!("{code}: the page has another title\n"));
        }
        let blocks = blocks(&page);
        let found: Vec<Vec<String>> = blocks
            .iter()
            .map(|block| {
                let checked = check(block);
                checked.findings.iter().map(|finding| finding.code.to_string()).collect()
            })
            .collect();
        match found.as_slice() {
            [wrong, right] => {
                if !wrong.contains(&code.to_string()) {
                    told.push_str(&format!("{code}: the wrong example yields {wrong:?}\n"));
                }
                if wrong.iter().any(|other| other != &code.to_string() && other.starts_with('E') && code.as_str().starts_with('E')) {
                    told.push_str(&format!("{code}: the wrong example has other faults: {wrong:?}\n"));
                }
                if right.iter().any(|other| other == &code.to_string() || other.starts_with('E')) {
                    told.push_str(&format!("{code}: the right example yields {right:?}\n"));
                }
            }
            _ => told.push_str(&format!("{code}: a page has two examples\n")),
        }
    }
    assert_eq!(told, "");
    assert!(samples().is_dir());
}
