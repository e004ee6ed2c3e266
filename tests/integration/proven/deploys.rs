//! A deploy whose process dies on the way, at each boundary that a roll-over passes.

use crate::proof::fault::Fuse;
use crate::proof::roll_over::{deployed, prepare};
use campc::proof::Point;
use std::path::{Path, PathBuf};

/// What a deploy and its roll-over come to, and when the process dies there: at which pass. Behind the first slice there are two more.
const CRASHES: &[&[(Point, u32)]] = &[
    &[(Point::DeployBegun, 1)],
    &[(Point::DeployWritten, 1)],
    &[(Point::DeployDone, 1)],
    &[(Point::RollOverBegun, 1)],
    &[(Point::RollOverBatch, 1)],
    &[(Point::RollOverBatch, 256)],
    &[(Point::RollOverBatch, 258)],
    &[(Point::RollOverBatch, 600)],
    &[(Point::RollOverBatch, 300), (Point::LoadBegun, 1)],
    &[(Point::RollOverBatch, 300), (Point::LoadDone, 1), (Point::RollOverBatch, 100)],
    &[(Point::RollOverDone, 1)],
    &[(Point::DeployWritten, 1), (Point::RollOverDone, 1)],
    &[(Point::BatchDecided, 1)],
    &[(Point::BatchDecided, 2)],
    &[(Point::CommitBegun, 2)],
    &[(Point::JournalWritten, 1)],
    &[(Point::ContactsWritten, 2)],
    &[(Point::MetaWritten, 1)],
    &[(Point::CommitDue, 1)],
    &[(Point::CommitDone, 1)],
    &[(Point::MemoryInstalled, 1)],
    &[(Point::MemoryInstalled, 2)],
    &[(Point::BeforeFirstByte, 7)],
    &[(Point::ProviderAnswered, 20)],
    &[(Point::ResultQueued, 9)],
];

/// A copy of a store, with what belongs to it.
fn copied(from: &Path, name: &str) -> PathBuf {
    let folder = from.parent().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if let Some(rest) = file.strip_prefix("prepared.db") {
            std::fs::copy(folder.join(&file), folder.join(format!("{name}.db{rest}"))).unwrap();
        }
    }
    folder.join(format!("{name}.db"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r05_r10_a_crash_at_every_boundary_of_a_roll_over_comes_to_the_same_states_and_sends_and_a_right_census() {
    let folder = tempfile::tempdir().unwrap();
    let (prepared, fuse) = (folder.path().join("prepared.db"), Fuse::watched());
    prepare(&prepared, &fuse).await;
    let calm = deployed(&copied(&prepared, "calm"), &fuse, &[]).await.unwrap();
    // Ten leave by the new exit; forty stand in both campaigns, and are due at once in one.
    assert_eq!(calm.numbers(), ((600, 630, 10), 590 + 40));
    for (number, crashes) in CRASHES.iter().enumerate() {
        let path = copied(&prepared, &format!("at-{number}"));
        let came = deployed(&path, &fuse, crashes).await.unwrap_or_else(|error| panic!("{crashes:?}: {error}"));
        let left: Vec<(Point, u32)> = fuse.crashes.lock().unwrap().drain(..).collect();
        assert_eq!(left, [], "{crashes:?}: it did not come there, so nothing is proven");
        assert!(came == calm, "{crashes:?}: {:#?}", differing(&came, &calm));
    }
}

/// The first lines in which two outcomes differ.
fn differing(came: &impl std::fmt::Debug, calm: &impl std::fmt::Debug) -> Vec<(String, String)> {
    let (came, calm) = (format!("{came:#?}"), format!("{calm:#?}"));
    came.lines().zip(calm.lines()).filter(|(a, b)| a != b).take(4).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}
