//! `campc explain CODE`: the page of a finding.

use crate::base::{ALL_CODES, Code};
use crate::cli::context::print;
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::diagnostics::suggest;

include!(concat!(env!("OUT_DIR"), "/finding_pages.rs"));

/// Explains a finding.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc explain E0301\n  campc explain e1002")]
pub struct Explain {
    /// The code in brackets behind `error` or `warning`: E0301
    pub code: String,
}

impl Explain {
    /// Prints the page.
    ///
    /// # Errors
    /// Where there is no such code.
    pub fn run(&self) -> Outcome {
        let wanted = self.code.trim().trim_matches(['[', ']']);
        let Some(code) = Code::find(wanted) else {
            return Err(unknown(wanted));
        };
        let page = FINDING_PAGES.iter().find(|(name, _)| *name == code.as_str()).map(|(_, text)| (*text).to_string());
        let title = ALL_CODES.iter().find(|(known, _)| *known == code).map_or("", |(_, title)| *title);
        print(&page.unwrap_or_else(|| format!("# {code}: {title}\n")));
        Ok(Exit::Done)
    }
}

fn unknown(wanted: &str) -> Failure {
    let upper = wanted.to_uppercase();
    // E and W share their numbers, so the other letter is the likeliest slip.
    let digits = upper.get(1..).unwrap_or("");
    let twin = ALL_CODES.iter().map(|(code, _)| code.as_str()).find(|code| !digits.is_empty() && code.get(1..) == Some(digits)).map(str::to_string);
    let near = twin.or_else(|| suggest(&upper, ALL_CODES.iter().map(|(code, _)| code.as_str())));
    let hint = near.map_or_else(|| "a code is a letter and four digits, such as E0301".to_string(), |near| format!("did you mean {near}?"));
    Failure::usage(format!("there is no finding {wanted}; {hint}"))
}
