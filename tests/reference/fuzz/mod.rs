//! Input that nobody would write, through the whole front end: it must end, in time and in memory, with findings and never with a panic.

pub mod bombs;
pub mod images;
pub mod mutate;

use campc::compiler::{Workspace, analyze, compile_with_tests};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Longer than this is a hang.
pub const LONGEST: Duration = Duration::from_secs(1);

/// What became of an input.
#[derive(Debug)]
pub struct Tried {
    pub took: Duration,
    /// Whether it was a program without errors, which was compiled too.
    pub is_clean: bool,
    /// The panic's text.
    pub panic: Option<String>,
}

/// Lexes, parses and checks a project of one source and some files; what is clean is compiled.
pub fn attempt(source: &[u8], files: &[(&str, &[u8])]) -> Tried {
    let began = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut workspace = Workspace::new();
        workspace.add_root("case.camp", source);
        files.iter().for_each(|(path, bytes)| workspace.add_file(path, *bytes));
        for missing in workspace.missing() {
            workspace.set_absent(&missing);
        }
        let analysis = analyze(&workspace);
        let is_clean = !analysis.has_errors();
        if is_clean {
            let _ = compile_with_tests(&analysis);
        }
        is_clean
    }));
    let took = began.elapsed();
    match outcome {
        Ok(is_clean) => Tried { took, is_clean, panic: None },
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Tried { took, is_clean: false, panic: Some(text.unwrap_or_default()) }
        }
    }
}

/// The most memory this process has ever had, in MiB; none where the system does not tell.
pub fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}
