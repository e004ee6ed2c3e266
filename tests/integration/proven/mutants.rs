//! Mistakes planted on purpose: each must be noticed by what proves the promises, or that proves nothing.

use crate::proof::crash::crash_everywhere;
use crate::proof::fault::{Fuse, Mood, Refusal};
use crate::proof::script::{Act, Event};
use crate::proof::simulate::{Faults, simulate};
use crate::proof::verdict::broken_promises;
use crate::proof::world::{Ground, World};
use campc::daemon::{Clock, RealClock};
use campc::lang::Instant;
use campc::proof::{Mutant, Point, plant};
use campc::store::memory::MemoryStore;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Histories within which a mistake must be noticed.
const SEEDS: u64 = 40;

/// Plays histories until one breaks a promise; what it said.
async fn noticed(mutant: Mutant) -> Vec<String> {
    let fuse = Fuse::watched();
    plant(&[mutant]);
    for seed in 0..SEEDS {
        if let Err(broken) = simulate(seed, 80, (Faults::All, &fuse)).await {
            return broken;
        }
    }
    panic!("{mutant:?} was not noticed in {SEEDS} histories")
}

/// Asserts that a mistake is noticed, by the promise that it breaks.
async fn is_noticed(mutant: Mutant, by: &[&str]) {
    let broken = noticed(mutant).await;
    assert!(broken.iter().any(|line| by.iter().any(|word| line.contains(word))), "{mutant:?} was noticed otherwise: {broken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_an_answer_before_the_commit_is_noticed() {
    is_noticed(Mutant::AcknowledgedBeforeCommit, &["is lost", "were counted"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_an_event_that_is_not_stored_is_noticed() {
    is_noticed(Mutant::EventNotStored, &["is lost"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_a_random_part_in_the_id_of_an_effect_is_noticed() {
    let fuse = Fuse::watched();
    plant(&[Mutant::RandomEffectId]);
    // The simulation may notice it by itself: an open of an effect that nobody knows.
    let (first, second) = (simulate(0, 60, (Faults::OfTheProvider, &fuse)).await, simulate(0, 60, (Faults::OfTheProvider, &fuse)).await);
    assert!(first.is_err() || first != second, "two runs of one history have the same ids");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_a_timer_that_is_not_set_is_noticed() {
    is_noticed(Mutant::TimerNotArmed, &["are still in", "stays"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_a_message_id_that_counts_twice_is_noticed() {
    is_noticed(Mutant::NoDedupe, &["times in the log", "were counted"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_dedupe_keys_that_a_restart_forgets_are_noticed() {
    is_noticed(Mutant::DedupeForgotten, &["times in the log"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_a_hand_over_without_a_second_look_is_noticed() {
    let broken = second_look(&[]).await;
    assert_eq!(broken, Vec::<String>::new());
    let broken = second_look(&[Mutant::NoSecondLook]).await;
    assert!(broken.iter().any(|line| line.contains("after the unsubscribe")), "{broken:?}");
}

/// A mail is put off; before its next attempt its reader leaves.
async fn second_look(mutants: &[Mutant]) -> Vec<String> {
    plant(mutants);
    let mut world = World::new(Ground::Memory(MemoryStore::new()), 1, Fuse::watched());
    world.set_mood(Mood { later: 100, ..Mood::default() });
    world.play(&[Act::Submit(vec![Event::Identify(0)]), Act::Unsubscribe(0)]).await.unwrap();
    world.set_mood(Mood::default());
    world.play(&[Act::Hours(24 * 30)]).await.unwrap();
    broken_promises(&world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_a_lost_answer_of_a_commit_taken_for_a_refusal_is_noticed() {
    assert_eq!(lost_answer(&[]).await, Vec::<String>::new());
    let broken = lost_answer(&[Mutant::LostCommitIsAbort]).await;
    assert!(!broken.is_empty(), "what was committed was decided again, and nobody noticed");
}

/// The answer to a commit is lost, and its sender repeats what it sent.
async fn lost_answer(mutants: &[Mutant]) -> Vec<String> {
    plant(mutants);
    let mut world = World::new(Ground::Memory(MemoryStore::new()), 1, Fuse::watched());
    world.play(&[Act::Submit(vec![Event::Identify(0)])]).await.unwrap();
    world.refusals.lock().unwrap().push(Refusal::AnswerLost);
    let played = world.play(&[Act::Submit(vec![Event::Ping(0, 1), Event::Bought(0, 5)]), Act::Hours(24 * 60)]).await;
    played.map_or_else(|error| vec![error], |()| broken_promises(&world))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_attempts_without_an_end_are_noticed() {
    is_noticed(Mutant::UnboundedRetry, &["stays"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_what_a_refused_commit_leaves_in_memory_is_noticed() {
    is_noticed(Mutant::MemoryBeforeCommit, &["is lost", "were counted"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_an_erasure_that_leaves_events_is_noticed() {
    is_noticed(Mutant::EraseLeavesEvents, &["of an erased contact"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g33_images_that_are_let_go_too_early_are_noticed() {
    plant(&[Mutant::ImagesDroppedEarly]);
    let folder = tempfile::tempdir().unwrap();
    let ground = |name: &str| Ground::File(folder.path().join(format!("{name}.db")));
    let (wrong, _) = crash_everywhere(ground, &[Point::CommitDone, Point::SweepDone], 0..4).await;
    assert!(!wrong.is_empty(), "what the tables did not hold yet was let go, and nobody noticed");
}

static SYSTEM: AtomicI64 = AtomicI64::new(0);

fn system() -> Instant {
    Instant(SYSTEM.load(Ordering::SeqCst))
}

/// What a clock says while the system's is set to these instants, one after the other.
fn readings(instants: &[i64]) -> Vec<i64> {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::following(system));
    let read = |at: &i64| {
        SYSTEM.store(*at, Ordering::SeqCst);
        clock.now().0
    };
    instants.iter().map(read).collect()
}

const JUMPS: [i64; 5] = [1_000_000, 996_400, 1_000_500, 913_600, 1_003_000];

#[test]
fn g08_a_clock_that_is_set_back_stands_still_until_it_has_caught_up() {
    assert_eq!(readings(&JUMPS), [1_000_000, 1_000_000, 1_000_500, 1_000_500, 1_003_000]);
}

#[test]
fn g33_a_clock_that_goes_back_is_noticed() {
    plant(&[Mutant::ClockGoesBack]);
    assert!(!readings(&JUMPS).is_sorted(), "the clock went back, and nobody noticed");
}

#[test]
fn g33_there_are_at_least_twelve_controls_each_with_a_test_here() {
    let text = concat!(include_str!("mutants.rs"), include_str!("../store/disk.rs"));
    let planted = Mutant::ALL.iter().filter(|mutant| text.contains(&format!("Mutant::{mutant:?}"))).count();
    assert_eq!(planted, Mutant::ALL.len(), "a mistake without a test proves nothing");
    assert!(planted >= 12);
}
