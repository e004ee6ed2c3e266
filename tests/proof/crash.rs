//! The process dies at a point, early, late and again; what was acknowledged is there, once, and all goes on as if nothing had been.

use super::fault::{Fuse, Mood};
use super::script::history;
use super::verdict::{broken_promises, differences, outcome};
use super::world::{Ground, World};
use campc::proof::Point;
use campc::store::memory::MemoryStore;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Acts of a history.
const ACTS: usize = 60;

/// Points that only the store on disk comes to.
pub const OF_THE_FILE: [Point; 11] = [
    Point::CommitBegun,
    Point::EventsWritten,
    Point::JournalWritten,
    Point::OutboxWritten,
    Point::UpdatesWritten,
    Point::ContactsWritten,
    Point::IdentitiesWritten,
    Point::MetaWritten,
    Point::SweepBegun,
    Point::SweepWritten,
    Point::SweepDone,
];

/// Points of an orderly end; no history ends in order.
pub const OF_THE_END: [Point; 1] = [Point::DrainBegun];

async fn undisturbed(seed: u64, fuse: &Arc<Fuse>) -> Vec<String> {
    let mut world = World::new(Ground::Memory(MemoryStore::new()), seed, fuse.clone());
    world.play(&history(seed, ACTS)).await.unwrap();
    assert_eq!(broken_promises(&world), Vec::<String>::new(), "seed {seed}, undisturbed");
    let outcome = outcome(&world);
    drop(world);
    outcome
}

/// Plays histories with a crash at each of `points`, one after the other, and says what did not hold.
pub async fn crash_everywhere(grounds: impl Fn(&str) -> Ground, points: &[Point], seeds: std::ops::Range<u64>) -> (Vec<String>, BTreeMap<Point, u32>) {
    let fuse = Fuse::watched();
    let mut wrong = Vec::new();
    let mut crashed: BTreeMap<Point, u32> = BTreeMap::new();
    for seed in seeds {
        let expected = undisturbed(seed, &fuse).await;
        for (number, point) in points.iter().enumerate() {
            let mut world = World::new(grounds(&format!("{seed}-{number}")), seed, fuse.clone());
            // Early, then late, then twice.
            if *point == Point::HandOverClaimed {
                // Only a message that was put off is claimed by a hand-over of its own.
                world.set_mood(Mood { later: 30, lost: 0, salt: seed });
            }
            world.crash_at(*point, 1 + u32::try_from(seed % 3).unwrap());
            world.crash_at(*point, 2 + u32::try_from(seed % 5).unwrap());
            let played = world.play(&history(seed, ACTS)).await;
            let left = fuse.crashes.lock().unwrap().drain(..).count();
            *crashed.entry(*point).or_default() += u32::try_from(2 - left).unwrap();
            let told = |text: String| format!("seed {seed}, crash at {point:?}: {text}");
            match played {
                Err(error) => wrong.push(told(error)),
                Ok(()) => {
                    wrong.extend(broken_promises(&world).into_iter().map(told));
                    wrong.extend(differences(&outcome(&world), &expected).into_iter().map(told));
                }
            }
            drop(world);
            if wrong.len() > 20 {
                return (wrong, crashed);
            }
        }
    }
    (wrong, crashed)
}
