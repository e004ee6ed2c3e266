//! Results as JUnit's XML, which continuous integration reads.

use super::Timed;

/// The document.
#[must_use]
pub fn render(results: &[Timed]) -> String {
    let failures = results.iter().filter(|result| result.report.failure.is_some()).count();
    let seconds: f64 = results.iter().map(|result| result.took.as_secs_f64()).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out += &format!("<testsuites>\n  <testsuite name=\"campc\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" time=\"{seconds:.6}\">\n", results.len());
    for result in results {
        let file = result.place.split(':').next().unwrap_or("");
        let head = format!(
            "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" time=\"{:.6}\"",
            escaped(&result.report.name),
            escaped(file),
            escaped(file),
            result.took.as_secs_f64()
        );
        match &result.report.failure {
            None => out += &format!("{head}/>\n"),
            Some(failure) => {
                let at = result.failed_at.as_deref().unwrap_or(&result.place);
                let text = format!("at {at}\nexpected {}\ninstead {}\n{}", failure.expected, failure.happened, failure.timeline.join("\n"));
                let message = format!("expected {}, instead {}", failure.expected, failure.happened);
                out += &format!("{head}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n", escaped(&message), escaped(&text));
            }
        }
    }
    out + "  </testsuite>\n</testsuites>\n"
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
