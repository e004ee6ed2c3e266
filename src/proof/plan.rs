//! What is to happen at the points, set by a proof in this process, or by `CAMP_PROOF_END=POINT:N` for a binary: the process is
//! aborted when it comes to the point for the N-th time.

use super::{Mutant, Point};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Told each point that is reached; it may panic, which ends the thread as a crash would.
type Hook = Box<dyn Fn(Point) + Send + Sync>;

static IS_WATCHED: AtomicBool = AtomicBool::new(false);
static HOOK: Mutex<Option<std::sync::Arc<Hook>>> = Mutex::new(None);
static PLANTED: Mutex<BTreeSet<Mutant>> = Mutex::new(BTreeSet::new());
static END: OnceLock<Option<(String, u32)>> = OnceLock::new();
static PASSES: Mutex<u32> = Mutex::new(0);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on `hook` is told each point that this process reaches; none takes it away.
pub fn on_reach(hook: Option<Box<dyn Fn(Point) + Send + Sync>>) {
    IS_WATCHED.store(hook.is_some(), Ordering::Release);
    *locked(&HOOK) = hook.map(std::sync::Arc::new);
}

/// Plants exactly these mistakes.
pub fn plant(mutants: &[Mutant]) {
    *locked(&PLANTED) = mutants.iter().copied().collect();
}

/// Whether a mistake is planted.
#[must_use]
pub fn is_planted(mutant: Mutant) -> bool {
    locked(&PLANTED).contains(&mutant)
}

/// The process comes to a point.
pub fn reach(point: Point) {
    if IS_WATCHED.load(Ordering::Acquire) {
        let hook = locked(&HOOK).clone();
        if let Some(hook) = hook {
            hook(point);
        }
    }
    if let Some(Some((name, pass))) = END.get() {
        if *name != format!("{point:?}") {
            return;
        }
        let mut passes = locked(&PASSES);
        *passes += 1;
        if *passes == *pass {
            std::process::abort();
        }
    }
}

/// Reads where the process is to end, as `POINT:N`; the shell hands over what its environment says, once.
pub fn end_at(text: Option<&str>) {
    let plan = text.and_then(|text| {
        let (name, pass) = text.split_once(':')?;
        Some((name.to_owned(), pass.parse().ok()?))
    });
    // A second plan of one process would be a mistake of the proof; the first one stands.
    let _ = END.set(plan);
}
