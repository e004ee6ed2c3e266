//! What the check finds: one named constructor a finding, the text right there.

mod flow;
mod messages;
mod names;
mod scenarios;
mod types;

pub(crate) use flow::*;
pub(crate) use messages::*;
pub(crate) use names::*;
pub(crate) use scenarios::*;
pub(crate) use types::*;
