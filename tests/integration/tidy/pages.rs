//! The pages: each finding has one, and links lead somewhere.

use super::files::{File, Tree};

/// Findings whose wrong source cannot stand on a page, and why.
const UNPRINTABLE: &[(&str, &str)] = &[("E0109", "a NUL character is no text"), ("E0111", "bytes that are no text"), ("E0212", "a file of megabytes")];

/// Registry and pages against each other.
pub fn faults(codes: &[(&str, &str)], pages: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for (code, title) in codes {
        let path = format!("docs/findings/{code}.md");
        let Some(page) = pages.iter().find(|page| page.path == path) else {
            faults.push(format!("{path} is missing: begin it with `# {code}: {title}`, say why the rule exists, then `## Wrong` and `## Right`"));
            continue;
        };
        if page.text.lines().next() != Some(&format!("# {code}: {title}")) {
            faults.push(format!("{path}: the first line must be `# {code}: {title}`, as in the registry"));
        }
        if UNPRINTABLE.iter().any(|(known, _)| known == code) {
            continue;
        }
        for heading in ["## Wrong", "## Right"] {
            if !page.text.lines().any(|line| line == heading) {
                faults.push(format!("{path}: `{heading}` with an example is missing"));
            }
        }
    }
    for page in pages {
        let code = page.path.trim_start_matches("docs/findings/").trim_end_matches(".md");
        if !codes.iter().any(|(known, _)| *known == code) && code != "README" {
            faults.push(format!("{}: no such code is registered in src/base/codes.rs: register it, or drop the page", page.path));
        }
    }
    faults
}

/// Links of Markdown pages to files of the project.
pub fn links(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for file in tree.all.iter().filter(|file| file.path.ends_with(".md") && !file.path.starts_with("tests/")) {
        for target in targets(&file.text) {
            let path = resolve(&file.path, target);
            let is_there = tree.all.iter().any(|known| known.path == path || known.path.starts_with(&format!("{path}/")));
            if !is_there && !path.is_empty() {
                faults.push(format!("{}: the link to `{target}` leads nowhere: mend it", file.path));
            }
        }
    }
    faults
}

/// `[text](target)` outside code blocks, without those to other hosts and to headings.
fn targets(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let found = prose.flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
    found.filter(|target| !target.contains("://") && !target.starts_with(['#', '<']) && !target.contains("{{")).collect()
}

/// A link's path from the top of the project.
pub fn resolve(from: &str, target: &str) -> String {
    let target = target.split('#').next().unwrap_or("").trim_end_matches('/');
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Rows `| N | promise | `test` … |` of the README: each names tests, and the tests are there.
pub fn promises(readme: &str, files: &[File]) -> Vec<String> {
    let tests: Vec<&File> = files.iter().filter(|file| file.path.starts_with("tests/") || file.path.starts_with("src/")).collect();
    let is_there = |name: &str| tests.iter().any(|file| file.text.contains(&format!("fn {name}(")) || file.text.contains(&format!("def {name}(")));
    let is_row = |line: &&str| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit());
    let rows: Vec<&str> = readme.lines().filter(is_row).collect();
    let mut faults = Vec::new();
    if rows.is_empty() {
        faults.push("README.md: the table of promises is gone: rows `| 1 | promise | `name_of_a_test` |`".to_string());
    }
    for row in rows {
        let names: Vec<&str> = row.split('|').nth(3).unwrap_or("").split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            faults.push(format!("README.md: a promise without a test: name one, or drop the promise: {row}"));
        }
        for name in names.into_iter().filter(|name| !is_there(name)) {
            faults.push(format!("README.md: a promise names the test `{name}`, which is not there: name another, or drop the promise"));
        }
    }
    faults
}
