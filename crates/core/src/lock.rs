//! Proof that the owner of a key slot was locked and found open inside the running transaction.

use crate::{GrantId, PersonId};

/// Whose secret opens a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A person, who opens her library key.
    Person(PersonId),
    /// A grant, whose app opens the grant key.
    Grant(GrantId),
}

impl Owner {
    /// The id of the person or grant.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Person(id) => id.as_str(),
            Self::Grant(id) => id.as_str(),
        }
    }
}

/// An owner whose row this transaction has locked after seeing that it is open.
///
/// Made only by `people::lock` and `grants::lock`; `library` asks for one wherever a slot or a grant's shelf is
/// written, so that none can appear after the door closed.
#[derive(Debug)]
pub struct OpenOwner {
    owner: Owner,
    epoch: i64,
    sharing: bool,
}

impl OpenOwner {
    /// States the fact; see the type for who may.
    #[must_use]
    pub fn locked(owner: Owner, epoch: i64, sharing: bool) -> Self {
        Self { owner, epoch, sharing }
    }

    /// Whom the lock is held on.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// How often the owner was closed, stopped or narrowed before.
    #[must_use]
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Whether shelves may be given now; false while a grant is stopped.
    #[must_use]
    pub fn is_sharing(&self) -> bool {
        self.sharing
    }
}
