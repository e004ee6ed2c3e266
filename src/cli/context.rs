//! What every command knows of its surroundings: global flags, the folder it was called in, where output goes.

use super::failure::Failure;
use crate::diagnostics::terminal::Paint;
use std::io::{IsTerminal, Write};
use std::path::{Component, Path, PathBuf};

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that has not said `NO_COLOR`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The surroundings of a command.
#[derive(Clone, Debug)]
pub struct Context {
    /// `--project`.
    pub project: Option<PathBuf>,
    /// `--color`.
    pub color: ColorChoice,
    /// How often `-v` was given.
    pub verbosity: u8,
    /// The folder the command was called in.
    pub here: PathBuf,
}

impl Context {
    /// The surroundings, from the global flags.
    ///
    /// # Errors
    /// Where the current folder is gone.
    pub fn new(project: Option<PathBuf>, color: ColorChoice, verbosity: u8) -> Result<Context, Failure> {
        let here = std::env::current_dir().map_err(|error| Failure::usage(format!("the current folder cannot be read: {error}")))?;
        Ok(Context { project, color, verbosity, here })
    }
    /// Whether to colour what goes to stdout.
    #[must_use]
    pub fn paint_stdout(&self) -> Paint {
        self.paint(std::io::stdout().is_terminal())
    }
    /// Whether to colour what goes to stderr.
    #[must_use]
    pub fn paint_stderr(&self) -> Paint {
        self.paint(std::io::stderr().is_terminal())
    }
    fn paint(&self, is_terminal: bool) -> Paint {
        let is_colored = match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        if is_colored { Paint::Colored } else { Paint::Plain }
    }
    /// How a path is shown to the caller: relative to where the command was called.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        let here = std::fs::canonicalize(&self.here).unwrap_or_else(|_| self.here.clone());
        let target = if path.is_absolute() { path.to_path_buf() } else { here.join(path) };
        relative(&here, &target).display().to_string()
    }
}

/// The way from one folder to a path, with `..` where it must climb.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let from: Vec<Component> = from.components().collect();
    let to: Vec<Component> = to.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    // Nothing but the root in common: the absolute path is what people understand.
    if shared <= 1 && from.len() > 1 {
        return to.iter().collect();
    }
    let mut way: PathBuf = from.iter().skip(shared).map(|_| Component::ParentDir).collect();
    way.extend(to.iter().skip(shared));
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

/// Writes data to stdout. A reader that has gone away (`campc … | head`) is no fault.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // The reader closed the pipe: there is nobody left to tell.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a remark to stderr.
pub fn remark(text: &str) {
    let mut out = std::io::stderr().lock();
    // Without a stderr there is nobody to tell.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_from_where_the_command_was_called() {
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/b/c.camp")), PathBuf::from("c.camp"));
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/c/d.camp")), PathBuf::from("../c/d.camp"));
        assert_eq!(relative(Path::new("/a/b"), Path::new("/x/d.camp")), PathBuf::from("/x/d.camp"));
    }
}
