//! The project a command works on: where it lies, its `camp.toml`, the files that make it.

mod discover;
mod file;
mod files;
mod problems;
mod providers;
mod schema;
mod sections;

pub use discover::{Project, Scope, Shape, slashed};
pub use file::{Environment, Expand, FILE_NAME, ProjectFile, process_environment};
pub use files::{Files, read_inside, source_files};
pub use problems::unusable_value;
pub use providers::deliver_config;
pub use sections::{Dkim, EmailSection, FormsSection, ProjectSection, PushSection, ServerSection, SmsSection, StoreSection, WebhooksSection};
