//! How a command reaches a project's store: through the daemon that runs on it, or by opening it itself.
//!
//! Both ways speak the admin API, over a socket or within the process, so that a command is written once.

mod door;
mod notice;
mod store;

pub use door::{Door, Part, contact_answer, encoded};
pub use notice::Notice;
pub use store::StorePlace;
