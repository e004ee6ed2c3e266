//! Layer 2: message templates: what they use (with places), bodies compiled to e-mail parts, and rendering.
//!
//! The only module that knows MiniJinja, MJML, CSS inlining, HTML-to-text and Markdown.
//! Not here: which variables exist (the checker), what a message is (content), any file or network access.

mod analyze;
mod body;
mod chains;
mod growth;
mod guards;
mod html;
mod links;
mod mjml;
mod regions;
mod render;
mod rendered;
mod text;
mod values;
mod walk;

pub use analyze::{Analysis, NameKind, TemplateError, UnknownName, VariableUse, analyze};
pub use body::{BodyError, BodyFormat, CompiledBody, compile_body};
pub use growth::Growth;
pub use links::{LinkUse, links};
pub use render::{Escaping, MAX_OUTPUT_BYTES, RENDER_FUEL, RenderError, TemplateId, Templates};
pub use rendered::{escape_html, insert_at_end, insert_at_start, rewrite_links};
