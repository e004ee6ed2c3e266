//! What somebody may have meant who named a campaign, segment or contact that is not there.

use crate::daemon::Engine;
use crate::diagnostics::suggest;
use crate::http::problem::Problem;

/// So many keys of contacts are compared with one that nobody has.
const KEYS: usize = 20_000;

/// 404 for a campaign that the running program does not have.
pub fn no_campaign(engine: &Engine, name: &str) -> Problem {
    let linked = engine.linked();
    let names = || linked.iter().flat_map(|linked| linked.program.campaigns.iter().map(|def| &*def.name));
    Problem::not_found(not_there(&format!("there is no campaign {name:?}"), suggest(name, names())))
}

/// 404 for a segment that the running program does not have.
pub fn no_segment(engine: &Engine, name: &str) -> Problem {
    let linked = engine.linked();
    let names = || linked.iter().flat_map(|linked| linked.program.segments.iter().map(|def| &*def.name));
    Problem::not_found(not_there(&format!("there is no segment {name:?}"), suggest(name, names())))
}

/// 404 for a key that names nobody.
pub fn no_contact(engine: &Engine, key: &str) -> Problem {
    let keys = engine.some_keys(KEYS);
    let near = suggest(key, keys.iter().map(|key| &**key));
    Problem::not_found(not_there(&format!("no contact has the id, user id, email or phone {key:?}"), near))
}

fn not_there(what: &str, near: Option<String>) -> String {
    match near {
        Some(near) => format!("{what}; did you mean {near:?}?"),
        None => what.to_owned(),
    }
}
