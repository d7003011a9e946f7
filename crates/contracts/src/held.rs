//! What holds between a person and an app: the text she agreed to, less what the texts published since have given up.

use chrono::{DateTime, Utc};
use consent_core::Scope;

use crate::{Access, Contract, Difference, Document};

/// What holds for somebody who agreed to one version of a contract.
///
/// A later version only ever takes away: what it asks for in addition waits for her yes, and so does what one version
/// gave up and the next one wants again.
#[derive(Debug, Clone)]
pub struct Held<'c> {
    agreed: &'c Contract,
    since: Vec<&'c Contract>,
}

impl<'c> Held<'c> {
    /// Of the published versions of a contract, oldest first; none where the one she agreed to is not among them.
    #[must_use]
    pub fn of(published: impl IntoIterator<Item = &'c Contract>, agreed: i32) -> Option<Self> {
        let mut published = published.into_iter().skip_while(|contract| contract.version != agreed);
        Some(Self { agreed: published.next()?, since: published.collect() })
    }

    /// The version she agreed to.
    #[must_use]
    pub fn agreed(&self) -> &'c Contract {
        self.agreed
    }

    /// The one in force.
    #[must_use]
    pub fn current(&self) -> &'c Contract {
        self.since.last().copied().unwrap_or(self.agreed)
    }

    /// What it was up to one of its versions.
    #[must_use]
    pub fn until(&self, version: i32) -> Self {
        let since = self.since.iter().copied().filter(|contract| contract.version <= version);
        Self { agreed: self.agreed, since: since.collect() }
    }

    /// What the app may do, as long as it has not wanted anything else since.
    #[must_use]
    pub fn access(&self) -> Option<Access> {
        let access = self.agreed.document.access;
        self.documents().all(|document| document.access == access).then_some(access)
    }

    /// Whether the app may come back.
    #[must_use]
    pub fn is_ongoing(&self) -> bool {
        self.documents().all(|document| document.ongoing)
    }

    /// Whether accounts that she connects later are covered, if she agreed to that.
    #[must_use]
    pub fn covers_future_accounts(&self) -> bool {
        self.documents().all(|document| document.future_accounts)
    }

    /// A scope without what is not held: beyond the text she agreed to, or given up since.
    #[must_use]
    pub fn narrow(&self, scope: &Scope, now: DateTime<Utc>) -> Scope {
        self.documents().fold(scope.clone(), |scope, document| scope.narrowed_by(&document.scope, now))
    }

    /// When a grant that was given at `from` ends by what the contract says since she agreed to it; none where it has
    /// no end.
    #[must_use]
    pub fn grant_ends_at(&self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.since.iter().filter_map(|later| later.document.grant_ends_at(from)).min()
    }

    /// Whether there is any use left for an account of this service type.
    #[must_use]
    pub fn asks_for(&self, service_type: i64) -> bool {
        match self.access() {
            Some(Access::Read) => self.agreed.document.scope.mapped().any(|(group, kind, object)| {
                let asked = |document: &Document| document.scope.covers(group, kind, object);
                kind == service_type && self.documents().all(asked)
            }),
            Some(Access::ReadRaw) => true,
            Some(Access::Write) | None => false,
        }
    }

    /// What the version in force would change for her.
    #[must_use]
    pub fn difference(&self) -> Difference {
        Difference::of(&self.documents().collect::<Vec<_>>())
    }

    fn documents(&self) -> impl Iterator<Item = &'c Document> {
        [self.agreed].into_iter().chain(self.since.iter().copied()).map(|contract| &contract.document)
    }

    /// What the last version takes from her that the ones up to `noted` had left her.
    #[must_use]
    pub fn narrowed_since(&self, noted: i32) -> Vec<crate::Change> {
        let mut texts: Vec<_> = self.until(noted).documents().collect();
        texts.push(&self.current().document);
        Difference::narrowed_by_last(&texts)
    }
}
