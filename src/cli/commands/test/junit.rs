//! Results as JUnit's XML, which continuous integration reads: a suite a file, a case a `test` block.

use super::Results;
use super::run::Case;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The document.
#[must_use]
pub fn render(results: &Results) -> String {
    let mut suites: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    results.cases.iter().for_each(|case| suites.entry(&case.spot.path).or_default().push(case));
    let all: Vec<&Case> = results.cases.iter().collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out += &format!("<testsuites name=\"campc test\"{}>\n", counts(&all));
    for (path, cases) in suites {
        out += &format!("  <testsuite name=\"{}\"{} skipped=\"0\">\n", escaped(path), counts(&cases));
        cases.iter().for_each(|case| out += &one(case));
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

fn counts(cases: &[&Case]) -> String {
    let failures = cases.iter().filter(|case| case.failure.is_some()).count();
    let seconds: f64 = cases.iter().map(|case| case.took.as_secs_f64()).sum();
    format!(" tests=\"{}\" failures=\"{failures}\" errors=\"0\" time=\"{seconds:.6}\"", cases.len())
}

fn one(case: &Case) -> String {
    let (path, line) = (escaped(&case.spot.path), case.spot.start.0);
    let mut out =
        format!("    <testcase name=\"{}\" classname=\"{path}\" file=\"{path}\" line=\"{line}\" time=\"{:.6}\"", escaped(&case.name), case.took.as_secs_f64());
    let Some(why) = &case.failure else { return out + "/>\n" };
    let mut text = format!("at {}\nexpected {}\ninstead {}\n", why.spot, why.expected, why.happened);
    for (moment, told) in &why.timeline {
        let who = moment.contact.as_deref().unwrap_or("");
        // Writing to a text does not fail.
        let _ = writeln!(text, "{} {}  {who}  {told}", moment.local, moment.zone);
    }
    let message = format!("expected {}, instead {}", why.expected, why.happened);
    out += &format!(">\n      <failure type=\"expect\" message=\"{}\">{}</failure>\n    </testcase>\n", escaped(&message), escaped(&text));
    out
}

/// Text as XML may hold it: markup escaped, characters that XML does not know replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push(' '),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
