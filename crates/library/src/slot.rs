//! A slot: a wrapped or sealed key that one secret opens.

use chrono::{DateTime, Utc};
use consent_core::Ambient;
use consent_crypto::{
    DropKey, Key, OpenError, Secret, SlotContext,
    seal::{open_sealed, seal_to},
    slot,
};

/// Whose secret opens a slot, and therefore what is in it: the library key for a person's, the grant key for an app's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// A person's password; held by the person's id.
    Password,
    /// A person's recovery code; held by the person's id.
    Recovery,
    /// A person's being signed in; held by the sign-in's id.
    SignIn,
    /// The server's sandbox key; held by a throw-away person's id.
    Sandbox,
    /// An authorization code; held by its row.
    Code,
    /// An access token; held by its row.
    Access,
    /// A refresh token; held by its row.
    Refresh,
}

impl SlotKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Recovery => "recovery",
            Self::SignIn => "sign_in",
            Self::Sandbox => "sandbox",
            Self::Code => "code",
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::Password,
            Self::Recovery,
            Self::SignIn,
            Self::Sandbox,
            Self::Code,
            Self::Access,
            Self::Refresh,
        ];
        all.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A slot about to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewSlot<'a> {
    /// Whose secret opens it.
    pub kind: SlotKind,
    /// The row whose secret that is; it has one slot of each kind.
    pub holder: &'a str,
    /// The secret.
    pub opener: Opener<'a>,
    /// When the secret ends.
    pub not_after: Option<DateTime<Utc>>,
}

/// What opens a slot.
#[derive(Debug, Clone, Copy)]
pub enum Opener<'a> {
    /// A secret that somebody outside holds.
    Secret(&'a Secret),
    /// A key derived from a password, or a key of the server.
    Key(&'a Key),
}

impl Opener<'_> {
    fn key(&self, row: &str) -> Key {
        match self {
            Self::Secret(secret) => secret.slot_key(row),
            Self::Key(key) => key.derive("slot", &[row.as_bytes()]),
        }
    }
}

/// Where a slot is, all of it bound into its seal.
pub(crate) struct Place<'a> {
    pub kind: SlotKind,
    pub library: &'a str,
    pub row: &'a str,
    pub owner: &'a str,
    pub not_after: Option<DateTime<Utc>>,
}

impl Place<'_> {
    fn context(&self) -> SlotContext<'_> {
        SlotContext {
            kind: self.kind.as_str(),
            library: self.library,
            row: self.row,
            owner: self.owner,
            not_after: self.not_after.map(|at| at.timestamp_millis()),
        }
    }

    /// A recovery code's slot is sealed to a key pair derived from the code, so that the locks can be changed
    /// without a new code; every other slot is wrapped.
    pub fn lock(&self, opener: Opener<'_>, content: &Key, ambient: &Ambient) -> Vec<u8> {
        if self.kind == SlotKind::Recovery {
            return seal_to(&recovery(opener).public(), &self.info(), content.expose(), ambient);
        }
        slot::wrap_key(&opener.key(self.row), &self.context(), content, ambient)
    }

    pub fn unlock(&self, opener: Opener<'_>, sealed: &[u8]) -> Result<Key, OpenError> {
        if self.kind == SlotKind::Recovery {
            return Key::from_slice(&open_sealed(&recovery(opener), &self.info(), sealed)?);
        }
        slot::unwrap_key(&opener.key(self.row), &self.context(), sealed)
    }

    fn info(&self) -> [&[u8]; 4] {
        [b"slot", self.library.as_bytes(), self.row.as_bytes(), self.owner.as_bytes()]
    }
}

/// The key pair that a recovery code stands for.
fn recovery(opener: Opener<'_>) -> DropKey {
    match opener {
        Opener::Secret(code) => DropKey::derive(&code.derive("recovery")),
        Opener::Key(key) => DropKey::derive(key),
    }
}
