//! The promises under faults, in short form: crashes at every point, whole simulations, mistakes that must be noticed.

mod crashes;
mod deploys;
mod mutants;
mod simulation;
