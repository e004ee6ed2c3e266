//! Whole simulations: many seeds, and the same one twice.

use crate::proof::fault::Fuse;
use crate::proof::simulate::{Faults, SOMETIMES, simulate};
use crate::proof::verdict::differences;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g18_simulated_histories_with_faults_keep_every_promise_and_come_to_rest() {
    let fuse = Fuse::watched();
    for seed in 0..crate::proof::size("CAMP_PROOF_SEEDS", 60) {
        if let Err(broken) = simulate(seed, 80, (Faults::All, &fuse)).await {
            panic!("seed {seed}:\n{}", broken.join("\n"));
        }
    }
    let sometimes = fuse.sometimes.lock().unwrap().clone();
    for what in SOMETIMES {
        assert!(sometimes.contains_key(what), "this never happened, so nothing is proven: {what}; {sometimes:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g18_the_same_seed_gives_the_same_run() {
    let fuse = Fuse::watched();
    for seed in 0..6 {
        let (first, second) = (play(seed, &fuse).await, play(seed, &fuse).await);
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let differ = differences(&lines(&first), &lines(&second));
        assert!(differ.is_empty(), "seed {seed}:\n{}", differ.join("\n"));
    }
}

async fn play(seed: u64, fuse: &std::sync::Arc<Fuse>) -> String {
    simulate(seed, 60, (Faults::OfTheProvider, fuse)).await.unwrap()
}
