//! The project a command works on: where it lies, its `camp.toml`, the files that make it.

mod discover;
mod file;
mod problems;
mod schema;
mod sections;

pub use discover::{Project, Scope, Shape, slashed};
pub use file::{Environment, Expand, FILE_NAME, ProjectFile, process_environment};
pub use problems::unusable_value;
pub use sections::{Dkim, EmailSection, FormsSection, ProjectSection, PushSection, ServerSection, SmsSection, StoreSection, WebhooksSection};
