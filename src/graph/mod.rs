//! Layer 8: the canvas of a campaign. A checked project in; pictures, pages and graphs as text out. Pure.
//!
//! [`canvases`] reads campaigns into a small tree of cards and arms ([`Canvas`]); everything else is drawn from that: [`svg`] and
//! [`html`] by way of `layout`, [`mermaid`], [`dot`] and [`json`] by way of `edges`. A card's id is its step's path, so that whoever
//! shows a canvas can lay counts over it. Not here: what steps mean, and where the text goes.

mod dot;
mod edges;
mod html;
mod json;
mod layout;
mod mermaid;
mod model;
mod place;
mod read;
mod scene;
mod svg;
mod text;

pub use dot::dot;
pub use edges::{END, Edge, EdgeKind, START, edges};
pub use html::html;
pub use json::json;
pub use mermaid::mermaid;
pub use model::{Arm, ArmKind, Canvas, Line, Node, NodeKind, Place, Row};
pub use read::canvases;
pub use svg::svg;
