//! The commands, through the real binary.

mod checking;
mod formats;
mod operating;
mod outbox;
mod planning;
mod projects;
mod replaying;
mod running;
mod simulating;
mod stores;
mod testing;
