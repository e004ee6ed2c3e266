//! Layer 5: runs one enrollment until it waits. Evaluates expressions and history questions, executes steps.
//!
//! Not here: syntax, what happens to the rest of the contact (`advance`), stores and clocks.

mod ask;
mod change;
mod deployment;
mod eval;
mod lineage;
mod linked;
mod moving;
mod release;
mod run;
pub mod state;
mod value_ops;
mod view;
mod waiting;

pub use change::{Change, ConsentTarget};
pub use deployment::{Deployment, IdKind, Registry, StepMove, Terms};
pub use eval::{Evaluator, FUEL, Fault, is_anniversary};
pub use lineage::Lineage;
pub use linked::{Keep, Linked, TriggerKey};
pub use moving::{earlier, next_change};
pub use release::Release;
pub use run::{Entry, Halt, Host, PassFlow, SendFlow, TimelineFlow, operands, passes_of, run, until_instant};
pub use value_ops::Calendar;
pub use view::{View, builtin_text, field_value, stable, topic_passes, zone_of};
pub use waiting::Waiting;
