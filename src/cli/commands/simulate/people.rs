//! The contacts of a forecast from a file, by the reader of `contacts import`.

use crate::advance::Change;
use crate::bytecode::Program;
use crate::cli::commands::contacts::each_row;
use crate::cli::context::remark;
use crate::cli::failure::Failure;
use crate::daemon::LogReader;
use crate::lang::Instant;
use crate::machine::{Deployment, Linked};
use std::path::Path;
use std::sync::Arc;

/// How many bad rows are told of one by one.
const TOLD: usize = 5;

/// The facts that each contact of a file comes into being with.
///
/// # Errors
/// Where the file cannot be read, or none of its rows does.
pub fn read(program: &Program, path: &Path, country: Option<&str>) -> Result<Vec<Vec<Change>>, Failure> {
    let deployment = Deployment::next(program, [0; 32], Instant::FAR_PAST, None);
    let linked = Linked::new(Arc::new(program.clone()), deployment);
    let reader = LogReader::new(&linked, country);
    let mut people = Vec::new();
    let mut bad = Vec::new();
    each_row((path, program), |line, row| {
        let body = row.and_then(|json| serde_json::from_str(&json).map_err(|error| error.to_string()));
        match body {
            Ok(body) => {
                let (changes, problems) = reader.first_facts(&body);
                bad.extend(problems.into_iter().map(|problem| (line, problem)));
                people.push(changes);
            }
            Err(reason) => bad.push((line, reason)),
        }
    })?;
    for (line, problem) in bad.iter().take(TOLD) {
        remark(&format!("{}, line {line}: {problem}", path.display()));
    }
    if bad.len() > TOLD {
        remark(&format!("… and {} more", bad.len() - TOLD));
    }
    if people.is_empty() {
        return Err(Failure::usage(format!("{} has no contact that can be used", path.display())));
    }
    Ok(people)
}
