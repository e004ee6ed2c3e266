//! Typed ids: a macro that makes a `u32` newtype for an index into one table, so that two tables cannot be mixed up.

/// Declares `u32` index newtypes: `typed_id! { /// A field of the contact. pub struct FieldId; }`.
#[macro_export]
macro_rules! typed_id {
    ($($(#[$meta:meta])* pub struct $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The id of the entry at `index`; tables are limited far below `u32::MAX` entries, beyond it saturates.
            #[must_use]
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
            /// The index into the table this id belongs to.
            #[must_use]
            pub fn index(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }
        }
    )+};
}
