//! A store of which a test has its own idea what a commit is: everything else goes through to the one below.

use campc::advance::Switches;
use campc::lang::Instant;
use campc::machine::state::ContactUid;
use campc::store::memory::MemoryStore;
use campc::store::{Batch, DeployRecord, LoadItem, LogPosition, Store, StoreError, StoreReader, Sweep, Swept};
use std::sync::Arc;

type Commit = Box<dyn FnMut(&mut MemoryStore, &Batch) -> Result<LogPosition, StoreError> + Send>;
type Reader = Box<dyn Fn(&MemoryStore) -> Arc<dyn StoreReader> + Send>;

pub struct Committing {
    inner: MemoryStore,
    commit: Commit,
    reader: Option<Reader>,
}

impl Committing {
    pub fn on(inner: &MemoryStore, commit: impl FnMut(&mut MemoryStore, &Batch) -> Result<LogPosition, StoreError> + Send + 'static) -> Box<Committing> {
        Box::new(Committing { inner: inner.clone(), commit: Box::new(commit), reader: None })
    }
    /// And of what is read.
    pub fn read_by(mut self, reader: impl Fn(&MemoryStore) -> Arc<dyn StoreReader> + Send + 'static) -> Box<Committing> {
        self.reader = Some(Box::new(reader));
        Box::new(self)
    }
}

impl Store for Committing {
    fn load(&mut self, seen_since: Instant, sink: &mut dyn FnMut(LoadItem)) -> Result<(), StoreError> {
        self.inner.load(seen_since, sink)
    }
    fn commit(&mut self, batch: &Batch) -> Result<LogPosition, StoreError> {
        (self.commit)(&mut self.inner, batch)
    }
    fn deploy(&mut self, record: &DeployRecord, batch: &Batch) -> Result<LogPosition, StoreError> {
        self.inner.deploy(record, batch)
    }
    fn set_switches(&mut self, switches: &Switches) -> Result<(), StoreError> {
        self.inner.set_switches(switches)
    }
    fn set_meta(&mut self, entries: &[(&str, &[u8])]) -> Result<(), StoreError> {
        self.inner.set_meta(entries)
    }
    fn sweep(&mut self, effort: Sweep) -> Result<Swept, StoreError> {
        self.inner.sweep(effort)
    }
    fn forget_before(&mut self, before: Instant) -> Result<Swept, StoreError> {
        self.inner.forget_before(before)
    }
    fn erase(&mut self, contact: ContactUid) -> Result<(), StoreError> {
        self.inner.erase(contact)
    }
    fn reader(&self) -> Result<Arc<dyn StoreReader>, StoreError> {
        self.reader.as_ref().map_or_else(|| self.inner.reader(), |reader| Ok(reader(&self.inner)))
    }
}
