//! The commands, through the real binary.

mod checking;
mod projects;
mod running;
mod testing;
