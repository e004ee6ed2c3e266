//! How a command ends: its exit code, and the message where it could not do what was asked.

use std::process::ExitCode;

/// The exit codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done.
    Done,
    /// Findings that fail, a test that failed, rows that were rejected, something that is not there.
    Failed,
    /// Usage, set-up or input and output.
    Usage,
    /// It is done, and there are differences: what was asked.
    Differs,
    /// The disk failed under a running daemon.
    Disk,
}

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Differs => 3,
            Exit::Disk => 74,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// A command that could not do what was asked. Its text goes to stderr, as it stands.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What is wrong, where, and what to do.
    pub text: String,
}

impl Failure {
    /// Usage, set-up or input and output: exit 2.
    #[must_use]
    pub fn usage(text: impl Into<String>) -> Failure {
        Failure { exit: Exit::Usage, text: format!("error: {}", text.into()) }
    }
    /// What was asked for is not there or failed: exit 1.
    #[must_use]
    pub fn failed(text: impl Into<String>) -> Failure {
        Failure { exit: Exit::Failed, text: format!("error: {}", text.into()) }
    }
    /// A file or folder that could not be read or written: exit 2.
    #[must_use]
    pub fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
        Failure::usage(format!("{what} {}: {error}", path.display()))
    }
    /// Text that is complete already, such as rendered findings.
    #[must_use]
    pub fn rendered(exit: Exit, text: impl Into<String>) -> Failure {
        Failure { exit, text: text.into().trim_end().to_string() }
    }
}

/// What a command comes to.
pub type Outcome = Result<Exit, Failure>;
