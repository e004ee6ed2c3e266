//! The project a command works on: where it lies, its `camp.toml`, the files that make it.

mod analysis;
mod discover;
mod file;
mod files;
mod problems;
mod providers;
mod schema;
mod sections;
mod values;

pub use analysis::{Overlay, analyze_project, file_failure, file_findings, is_meant, require_project_file, source_failure};
pub use discover::{Project, Scope, Shape};
pub use file::{Environment, Expand, ProjectFile, process_environment};
pub use files::chosen_sources;
pub use problems::unusable_value;
pub use providers::{ChannelRates, channel_rates, deliver_config};
pub use sections::{EmailSection, FormsSection, ProjectSection, PushSection, ServerSection, SmsSection, StoreSection, WebhooksSection};
