//! What a program would do to many contacts: a population, how they behave, the very `advance` of the daemon on a virtual clock, and counts.
//!
//! Pure: the same seed gives the same counts, whichever thread runs which contacts. The shell reads files and spreads ranges over threads.
//! Each contact is simulated by itself. Where contacts share something (throttles, experiments, a paced `including existing`), all of them
//! run in one order of time instead ([`Scene::is_in_one_order`]); nothing is approximated.

mod behaviour;
mod chance;
mod charts;
mod compared;
mod csv;
mod keys;
mod made_up;
mod page;
mod person;
mod population;
mod reading;
mod report;
mod run;
mod tally;
mod text;
mod values;

pub use behaviour::{Arriving, Behaviour};
pub(crate) use charts::{escape, pairs_by_day};
pub use csv::csv;
pub use keys::BehaviourProblem;
pub use page::html;
pub(crate) use page::page_head;
pub use reading::read_behaviour;
pub use report::Report;
pub(crate) use report::thousands;
pub use run::{Period, Population, Scene};
pub use tally::Tally;
pub use text::{Look, human};
