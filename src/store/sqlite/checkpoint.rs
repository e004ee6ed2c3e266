//! Emptying the write-ahead log into the file, in a thread of its own: whoever commits never waits for it.
//!
//! The thread copies what has gathered; the rest, which came meanwhile, is little, and the writer copies it itself between two batches, so that
//! the log begins anew instead of growing for ever.

use super::{StoreError, db};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// The thread is called for so many rows, about 16 MiB of log.
const MANY_ROWS: usize = 30_000;
/// Copies what can be copied, without waiting for anybody.
const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Copies everything and cuts the log off, after those who read; without waiting for them.
const TRUNCATE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
const TRUNCATE_AT_ONCE: &str = "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 5000;";

/// The thread.
#[derive(Debug)]
pub(super) struct Checkpointer {
    calls: Option<SyncSender<()>>,
    /// The thread has copied what it found.
    is_done: Arc<AtomicBool>,
    /// Rows written since it was called.
    rows: usize,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts it for a file.
    pub fn start(path: &Path) -> Result<Checkpointer, StoreError> {
        let connection = Connection::open(path).map_err(db)?;
        connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 0").map_err(db)?;
        let (calls, called) = sync_channel(1);
        let is_done = Arc::new(AtomicBool::new(false));
        let done = is_done.clone();
        let thread = std::thread::Builder::new().name("camp-checkpoint".to_owned()).spawn(move || run(&connection, &called, &done));
        let thread = thread.map_err(|error| StoreError::Other(Box::new(error)))?;
        Ok(Checkpointer { calls: Some(calls), is_done, rows: 0, thread: Some(thread) })
    }
    /// So many rows were committed: sees whether the log is long. `writer` is the writer's own connection.
    pub fn look(&mut self, writer: &Connection, rows: usize) -> Result<(), StoreError> {
        self.rows += rows;
        if self.is_done.swap(false, Ordering::AcqRel) {
            checkpoint(writer, PASSIVE)?;
        } else if self.rows >= MANY_ROWS
            && let Some(calls) = &self.calls
        {
            self.rows = 0;
            match calls.try_send(()) {
                // It works already, or is gone: then the log is copied when the store is opened next.
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
        Ok(())
    }
}

/// Empties the log and cuts it off; somebody who reads may prevent that.
pub(super) fn truncate(writer: &Connection) -> Result<(), StoreError> {
    checkpoint(writer, TRUNCATE)
}

/// The same, if nobody reads just now: there is a next time.
pub(super) fn truncate_at_once(writer: &Connection) -> Result<(), StoreError> {
    writer.execute_batch(TRUNCATE_AT_ONCE).map_err(db)
}

fn checkpoint(connection: &Connection, how: &'static str) -> Result<(), StoreError> {
    connection.prepare_cached(how).map_err(db)?.query_row([], |_| Ok(())).map_err(db)
}

fn run(connection: &Connection, called: &Receiver<()>, done: &AtomicBool) {
    while called.recv().is_ok() {
        match checkpoint(connection, PASSIVE) {
            Ok(()) => done.store(true, Ordering::Release),
            // What is committed stands in the log; the writer meets a failing disk itself.
            Err(error) => tracing::warn!(%error, "the write-ahead log could not be copied"),
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.calls.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there has been told already.
            let _ = thread.join();
        }
    }
}
