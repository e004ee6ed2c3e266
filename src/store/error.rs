//! What can go wrong with a store.

/// Why a store operation failed. Unless it [is fatal](StoreError::is_fatal), nothing of the operation is durable.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no space left.
    #[error("the disk is full")]
    Full,
    /// The file system takes no writes.
    #[error("the store is read-only")]
    ReadOnly,
    /// Another process has the store open for writing.
    #[error("the store {0} is in use by another process")]
    InUse(String),
    /// A newer version made the store.
    #[error("the store has schema version {found}, this version knows up to {known}: use a newer campc")]
    Newer {
        /// What it says.
        found: u32,
        /// What we know.
        known: u32,
    },
    /// A file is there where one was to be made.
    #[error("{0} is there already; name another file, or move it away")]
    Exists(String),
    /// An older version made the store, and nobody has brought it up to date.
    #[error("the store has schema version {found}, this version reads {known}: run `campc store migrate`")]
    Older {
        /// What it says.
        found: u32,
        /// What we know.
        known: u32,
    },
    /// The store contradicts itself.
    #[error("the store is damaged: {0}; `campc store check` says more, `campc store restore FILE` takes a backup")]
    Damaged(String),
    /// An effect id stands in the outbox already: a bug of ours, the batch is dropped.
    #[error("effect {0} is in the outbox already")]
    Clash(String),
    /// A guarded update met another status or attempt: a bug of ours, the batch is dropped.
    #[error("effect {0} is not in the state that was expected")]
    Conflict(String),
    /// A value could not be written as bytes.
    #[error("a value cannot be stored")]
    Codec(#[from] postcard::Error),
    /// The disk failed: whether the last commit is durable is not known.
    #[error("the disk failed")]
    Disk(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else the database says.
    #[error("the store failed")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Whether nobody knows what is durable, so that the process must end and load anew.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            StoreError::Disk(_) | StoreError::Damaged(_) => true,
            StoreError::Full
            | StoreError::ReadOnly
            | StoreError::InUse(_)
            | StoreError::Exists(_)
            | StoreError::Older { .. }
            | StoreError::Newer { .. }
            | StoreError::Clash(_)
            | StoreError::Conflict(_)
            | StoreError::Codec(_)
            | StoreError::Other(_) => false,
        }
    }
}
