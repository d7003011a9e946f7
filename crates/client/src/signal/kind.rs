//! What an app is told.

/// What an app is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The person paused sharing: stop fetching; what is held may be used within the contract.
    SharingStopped,
    /// She continued it: fetch again.
    SharingResumed,
    /// She ended it: stop using what rests on consent, and report what is kept on which other ground.
    ConsentRevoked,
    /// Its time ran out: as revoked.
    ConsentExpired,
    /// Delete what is held, pass it on to own recipients, and report with evidence.
    ErasureRequested,
    /// Abandon the erasure if it has not begun, else report.
    ErasureCancelled,
    /// The scope became narrower: delete what is held outside of it, and report with evidence.
    ScopeNarrowed,
    /// Nothing to do: whoever answers with 2xx has shown that the road works.
    Verification,
    /// Something that this version does not know; to be acknowledged and passed over.
    Other(String),
}

impl Kind {
    /// The end of its event type, and the `action` of reports.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::SharingStopped => "sharing-stopped",
            Self::SharingResumed => "sharing-resumed",
            Self::ConsentRevoked => "consent-revoked",
            Self::ConsentExpired => "consent-expired",
            Self::ErasureRequested => "erasure-requested",
            Self::ErasureCancelled => "erasure-cancelled",
            Self::ScopeNarrowed => "scope-narrowed",
            Self::Verification => "verification",
            Self::Other(name) => name,
        }
    }

    /// The kind of a name.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        const KNOWN: [Kind; 8] = [
            Kind::SharingStopped,
            Kind::SharingResumed,
            Kind::ConsentRevoked,
            Kind::ConsentExpired,
            Kind::ErasureRequested,
            Kind::ErasureCancelled,
            Kind::ScopeNarrowed,
            Kind::Verification,
        ];
        KNOWN.into_iter().find(|kind| kind.name() == name).unwrap_or_else(|| Self::Other(name.to_owned()))
    }

    /// Whether it is about a consent, and so has its name and its place in the order.
    pub(super) fn is_about_a_consent(&self) -> bool {
        !matches!(self, Self::Verification | Self::Other(_))
    }
}
