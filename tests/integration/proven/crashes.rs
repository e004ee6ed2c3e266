//! The process dies at every point of the engine, on both stores.

use crate::proof::crash::{OF_THE_END, OF_THE_FILE, crash_everywhere};
use crate::proof::world::Ground;
use campc::proof::Point;
use campc::store::memory::MemoryStore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g02_a_crash_at_every_point_of_the_store_on_disk_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (wrong, crashed) = crash_everywhere(|name| Ground::File(folder.path().join(format!("{name}.db"))), &OF_THE_FILE, 0..2).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let never: Vec<&Point> = OF_THE_FILE.iter().filter(|point| crashed.get(point).is_none_or(|times| *times == 0)).collect();
    assert!(never.is_empty(), "no history came to {never:?}: nothing is proven there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g02_a_crash_at_every_point_of_the_engine_loses_and_doubles_nothing() {
    let points: Vec<Point> = Point::ALL.into_iter().filter(|point| !OF_THE_FILE.contains(point) && !OF_THE_END.contains(point)).collect();
    let (wrong, crashed) = crash_everywhere(|_| Ground::Memory(MemoryStore::new()), &points, 0..5).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let never: Vec<&Point> = points.iter().filter(|point| crashed.get(point).is_none_or(|times| *times == 0)).collect();
    assert!(never.is_empty(), "no history came to {never:?}: nothing is proven there");
}
