//! What the process is about, in a small file beside the store: if it dies, the next one knows over what. An input over which it died three
//! times is run by itself, and if it dies then as well, the input is put aside without being run.
//!
//! The file outlives the process and not the machine, so it is never synced; a power cut at worst forgets a death.

use super::units::Unit;
use rustc_hash::FxHashSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Over how many deaths an input is run by itself.
const CAREFUL: u32 = 3;

/// What is known of deaths.
#[derive(Debug, Default)]
pub(crate) struct Deaths {
    file: Option<File>,
    /// How often in a row the process died over inputs that all these were among.
    count: u32,
    suspects: Vec<u64>,
}

impl Deaths {
    /// Reads what the former process left.
    pub fn open(path: Option<&Path>) -> Deaths {
        let Some(path) = path else { return Deaths::default() };
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut deaths = Deaths::default();
        match opened {
            Ok(mut file) => {
                deaths.learn(&numbers(&mut file));
                deaths.file = Some(file);
                deaths.end();
            }
            Err(error) => tracing::warn!(%error, path = %path.display(), "deaths of the process cannot be noted"),
        }
        deaths
    }

    /// `count, how many suspects, the suspects, what was under way`.
    fn learn(&mut self, left: &[u64]) {
        let [count, length, rest @ ..] = left else { return };
        let Some((suspects, under_way)) = usize::try_from(*length).ok().and_then(|length| rest.split_at_checked(length)) else { return };
        if under_way.is_empty() {
            return;
        }
        let known: FxHashSet<u64> = suspects.iter().copied().collect();
        let again: Vec<u64> = under_way.iter().copied().filter(|unit| known.contains(unit)).collect();
        if again.is_empty() {
            (self.count, self.suspects) = (1, under_way.to_vec());
        } else {
            (self.count, self.suspects) = (u32::try_from(*count).unwrap_or(u32::MAX).saturating_add(1), again);
        }
        tracing::warn!(count = self.count, inputs = self.suspects.len(), "the process before this one died over a batch");
    }

    /// A batch begins, over one whose commit is under way.
    pub fn begin(&mut self, batches: &[&[Unit]]) {
        if self.file.is_some() {
            let under_way: Vec<u64> = batches.iter().flat_map(|units| units.iter()).flat_map(Unit::marks).collect();
            self.write(&under_way);
        }
    }

    /// No batch is under way.
    pub fn end(&mut self) {
        self.write(&[]);
    }

    /// Whether an input must be run by itself.
    pub fn is_suspect(&self, unit: &Unit) -> bool {
        self.count >= CAREFUL && unit.marks().iter().any(|mark| self.suspects.contains(mark))
    }

    /// Whether the process died over that input alone: it is not run again.
    pub fn is_deadly(&self, unit: &Unit) -> bool {
        self.count > CAREFUL && self.suspects.len() == 1 && self.is_suspect(unit)
    }

    /// All suspects have been run, and nobody died.
    pub fn acquit(&mut self, unit: &Unit) {
        let marks = unit.marks();
        self.suspects.retain(|suspect| !marks.contains(suspect));
        if self.suspects.is_empty() {
            self.count = 0;
        }
    }

    fn write(&mut self, under_way: &[u64]) {
        let Some(file) = self.file.as_mut() else { return };
        let length = u64::try_from(self.suspects.len()).unwrap_or(0);
        let numbers = [u64::from(self.count), length].into_iter().chain(self.suspects.iter().copied()).chain(under_way.iter().copied());
        let bytes: Vec<u8> = numbers.flat_map(u64::to_be_bytes).collect();
        let size = u64::try_from(bytes.len()).unwrap_or(0);
        let written = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&bytes)).and_then(|()| file.set_len(size));
        if let Err(error) = written {
            tracing::debug!(%error, "what is under way could not be noted");
        }
    }
}

fn numbers(file: &mut File) -> Vec<u64> {
    let mut bytes = Vec::new();
    if let Err(error) = file.read_to_end(&mut bytes) {
        tracing::warn!(%error, "what the former process left cannot be read");
    }
    bytes.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok().map(u64::from_be_bytes)).collect()
}

impl Unit {
    /// What tells this unit from others in every process: none for what is new each time.
    fn marks(&self) -> Vec<u64> {
        let mark = |kind: u8, bytes: &[u8]| {
            let mut out = [0; 8];
            blake3::Hasher::new().update(&[kind]).update(bytes).finalize_xof().fill(&mut out);
            u64::from_be_bytes(out)
        };
        match self {
            Unit::Submit(items) => items.iter().filter_map(|item| item.message_id.as_ref()).map(|id| mark(1, id.as_bytes())).collect(),
            Unit::Wake(uid) => vec![mark(2, &uid.0.to_be_bytes())],
            Unit::HandOver(id) | Unit::Expire(id) | Unit::Recover(id) | Unit::Lapse(id) | Unit::Reconcile(id, _) => vec![mark(3, &id.0)],
            Unit::Settle(settlement) => vec![mark(3, &settlement.effect.0)],
            Unit::Switch(uid, ..) | Unit::Bring(uid) => vec![mark(4, &uid.0.to_be_bytes())],
            Unit::Again(..) => Vec::new(),
        }
    }
}
