//! The commands, through the real binary.

mod checking;
mod formats;
mod projects;
mod replaying;
mod running;
mod simulating;
mod testing;
