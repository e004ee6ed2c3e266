//! A program over the recorded past of real contacts, by the very `advance` of the daemon; and what it would have sent differently.
//!
//! Pure: the shell reads the store, and says by a closure which inputs a row of the event log stands for.

mod compare;
mod page;
mod past;
mod person;
mod report;
mod text;

pub use compare::{Difference, differences};
pub use page::replay_html;
pub use past::{Came, PastRow, PastSend, Story, Variant};
pub use person::{Inputs, NewSend, Replay};
pub use report::{DayChange, Gathering, MessageChange, PersonReport, ReplayReport, SendChange};
pub use text::replay_human;
