//! `--watch`: a changed source is deployed to the daemon that runs. One with errors is shown, and what runs goes on.

use crate::bytecode::program_hash;
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, remark};
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::daemon::Engine;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tokio::runtime::Handle;

/// An editor writes a file in several goes: what follows within this time belongs to the same change.
const SETTLED: Duration = Duration::from_millis(150);
/// Files that a source is made of: itself, templates, styles, what is read of other files.
const KINDS: [&str; 8] = ["camp", "html", "htm", "mjml", "css", "txt", "md", "toml"];

/// Watches as long as it is held.
pub(super) struct Watch {
    _watcher: RecommendedWatcher,
}

/// What is compiled again at a change.
pub(super) struct Watched {
    pub context: Context,
    pub path: Option<PathBuf>,
    pub engine: Engine,
}

impl Watch {
    /// Begins to watch a project's folder.
    ///
    /// # Errors
    /// The system cannot watch it.
    pub fn begin(root: &Path, watched: Watched) -> Result<Watch, Failure> {
        let cannot = |error: &dyn std::fmt::Display| Failure::usage(format!("the folder {} cannot be watched: {error}", root.display()));
        let (tell, changes) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(|path| is_source(path))) {
                // Nobody hears it any more once the daemon has ended.
                let _ = tell.send(());
            }
        })
        .map_err(|error| cannot(&error))?;
        watcher.watch(root, RecursiveMode::Recursive).map_err(|error| cannot(&error))?;
        let runtime = Handle::current();
        let thread = std::thread::Builder::new().name("camp-watch".to_owned());
        thread.spawn(move || watched.follow(&changes, &runtime)).map_err(|error| cannot(&error))?;
        Ok(Watch { _watcher: watcher })
    }
}

impl Watched {
    fn follow(&self, changes: &Receiver<()>, runtime: &Handle) {
        while changes.recv().is_ok() {
            while changes.recv_timeout(SETTLED).is_ok() {}
            if let Err(failure) = self.redeploy(runtime) {
                remark(&failure.text);
                remark("what runs goes on");
            }
        }
    }

    fn redeploy(&self, runtime: &Handle) -> Result<(), Failure> {
        let project = Project::find(&self.context, self.path.as_deref())?;
        let program = Arc::new(compiled(&project, &self.context)?);
        if self.engine.linked().is_some_and(|running| running.deployment.program == program_hash(&program)) {
            return Ok(());
        }
        let deployed = runtime.block_on(async {
            // The change before this one is done with first.
            self.engine.rolled_over().await;
            self.engine.deploy(program).await
        });
        match deployed {
            Ok(deployed) => remark(&format!("deployment {} runs", deployed.seq)),
            Err(error) => return Err(super::not_deployed(&error)),
        }
        Ok(())
    }
}

/// Whether a file may be part of a source; what the daemon itself writes is not.
fn is_source(path: &Path) -> bool {
    let is_written = path.components().any(|part| part.as_os_str() == OsStr::new("outbox"));
    !is_written && path.extension().and_then(OsStr::to_str).is_some_and(|extension| KINDS.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::is_source;
    use std::path::Path;

    #[test]
    fn what_the_daemon_writes_is_no_source() {
        for (path, expected) in [
            ("/acme/main.camp", true),
            ("/acme/emails/welcome.mjml", true),
            ("/acme/outbox/0001.txt", false),
            ("/acme/camp.db", false),
            ("/acme/camp.db-wal", false),
            ("/acme/main.camp~", false),
        ] {
            assert_eq!(is_source(Path::new(path)), expected, "{path}");
        }
    }
}
