//! The one table of constructs that are checked but cannot run yet. A construct that can run is taken out here, and nowhere else.

/// In the words of the language.
pub(crate) const NOT_YET: &[&str] = &[];
