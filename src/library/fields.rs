//! The fields every contact has.

use crate::lang::Type;

/// A field every contact has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltinFieldEntry {
    /// The name.
    pub name: &'static str,
    /// What it holds.
    pub doc: &'static str,
    kind: Kind,
    /// Whether every contact has a value.
    pub is_always_set: bool,
    /// Whether a program may write it.
    pub is_writable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    DateTime,
}

impl BuiltinFieldEntry {
    /// Its type.
    #[must_use]
    pub fn ty(&self) -> Type {
        match self.kind {
            Kind::Text => Type::Text,
            Kind::Number => Type::Number,
            Kind::DateTime => Type::DateTime,
        }
    }
}

const fn field(name: &'static str, kind: Kind, flags: (bool, bool), doc: &'static str) -> BuiltinFieldEntry {
    BuiltinFieldEntry { name, doc, kind, is_always_set: flags.0, is_writable: flags.1 }
}

/// The built-in fields, in the order of the program's table.
pub const BUILTIN_FIELDS: &[BuiltinFieldEntry] = &[
    field("id", Kind::Text, (true, false), "The contact's own id, an opaque text."),
    field("email", Kind::Text, (false, true), "Where mail goes."),
    field("phone", Kind::Text, (false, true), "Where text messages go, with the country's code."),
    field("first_name", Kind::Text, (false, true), "The first name."),
    field("last_name", Kind::Text, (false, true), "The last name."),
    field("timezone", Kind::Text, (false, true), "The contact's time zone; without one the project's counts."),
    field("locale", Kind::Text, (false, true), "The language, such as `fr` or `fr-CA`."),
    field("country", Kind::Text, (false, true), "The country."),
    field("points", Kind::Number, (true, true), "The main score; 0 before any rule fired."),
    field("created_at", Kind::DateTime, (true, false), "When the contact came into being."),
    field("last_seen_at", Kind::DateTime, (true, false), "When the contact was last heard of."),
];

/// The built-in field of that name, and its position.
#[must_use]
pub fn find_field(name: &str) -> Option<(usize, &'static BuiltinFieldEntry)> {
    BUILTIN_FIELDS.iter().enumerate().find(|(_, field)| field.name == name)
}
