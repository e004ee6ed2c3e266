//! What is said when we break off: a panic is a fault of ours, and a Rust backtrace means nothing to a user.

use super::context::remark;

/// What of a panic is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Its place and its text: commands on a source.
    All,
    /// Its place alone: a daemon, where the text may hold what a contact is called.
    PlaceOnly,
}

/// From now on panics are told so.
pub fn tell(telling: Telling) {
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map_or_else(|| "an unknown place".to_string(), |at| format!("{}:{}", at.file(), at.line()));
        let text = info.payload();
        let text = text.downcast_ref::<&str>().map(ToString::to_string).or_else(|| text.downcast_ref::<String>().cloned()).unwrap_or_default();
        remark(&message((&place, &text), telling));
    }));
}

fn message((place, text): (&str, &str), telling: Telling) -> String {
    let what = match telling {
        Telling::All => format!(": {text}"),
        Telling::PlaceOnly => String::new(),
    };
    let version = env!("CARGO_PKG_VERSION");
    format!("this is a bug in campc, at {place}{what}\nPlease report it with the command you gave and `campc --version` ({version}).")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_tells_the_place_of_a_panic_and_nothing_that_may_be_a_persons() {
        let at = ("src/x.rs:1", "no field for ana@x.example");
        assert!(message(at, Telling::All).contains("ana@x.example"));
        assert!(!message(at, Telling::PlaceOnly).contains("ana") && message(at, Telling::PlaceOnly).contains("src/x.rs:1"));
    }
}
