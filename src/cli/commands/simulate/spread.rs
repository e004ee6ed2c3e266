//! A forecast on several threads. What is counted adds up to the same, on however many.

use crate::sim::forecast::{Scene, Tally};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many contacts a thread takes at a time.
const PORTION: u64 = 2_000;
/// A run that takes longer shows how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs all contacts.
pub fn run_all(scene: &Scene, threads: Option<usize>) -> Tally {
    if scene.is_in_one_order() {
        return scene.run_in_one_order();
    }
    let cores = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let portions = usize::try_from(scene.contacts().div_ceil(PORTION)).unwrap_or(usize::MAX);
    let workers = cores.min(portions).max(1);
    let progress = Progress::new(scene.contacts());
    let next = AtomicU64::new(0);
    let mut sum = Tally::new(scene);
    if workers == 1 {
        return work(scene, (&next, &progress));
    }
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(|| work(scene, (&next, &progress)))).collect();
        for thread in running {
            // A panic of a worker is a bug of ours, and goes on as one.
            sum.join(&thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    progress.bar.finish_and_clear();
    sum
}

fn work(scene: &Scene, (next, progress): (&AtomicU64, &Progress)) -> Tally {
    let mut sum = Tally::new(scene);
    loop {
        let first = next.fetch_add(PORTION, Ordering::Relaxed);
        if first >= scene.contacts() {
            return sum;
        }
        scene.run_range(first..(first + PORTION).min(scene.contacts()), &mut sum);
        progress.show(first);
    }
}

/// How far a long run is, on a terminal alone.
struct Progress {
    bar: ProgressBar,
    began: Instant,
}

impl Progress {
    fn new(contacts: u64) -> Progress {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} contacts, {eta} left").unwrap_or_else(|_| ProgressStyle::default_bar());
        Progress { bar: ProgressBar::new(contacts).with_style(style), began: Instant::now() }
    }
    fn show(&self, begun: u64) {
        if self.began.elapsed() > PATIENCE {
            self.bar.set_position(begun);
        }
    }
}
