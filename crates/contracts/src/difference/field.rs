//! The members of a document, as lines of a difference name them.

/// A member of a contract's document that people are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// What people know the request by.
    Name,
    /// What the app may do.
    Access,
    /// Whether it may come back.
    Ongoing,
    /// Why it asks, in one sentence.
    PurposeSummary,
    /// The whole story.
    PurposeDetails,
    /// What it will do, one line.
    Will,
    /// What it will not do, one line.
    WillNot,
    /// One kind of mapped data: `{serviceGroup, serviceType, objectType}`.
    Data,
    /// Of which time the data is.
    Times,
    /// Which raw files.
    Files,
    /// One object type that may be left out.
    Optional,
    /// How long the app keeps what it got.
    RetentionPeriod,
    /// The same in words.
    RetentionText,
    /// Whether anybody else gets the data.
    ThirdParties,
    /// One who does.
    Recipient,
    /// What they get and why.
    SharingText,
    /// Whether the app deletes on request.
    RightToBeForgotten,
    /// How, or why not.
    RightToBeForgottenText,
    /// On what ground of law.
    LawfulBasis,
    /// Whose law.
    Jurisdiction,
    /// Privacy policy.
    PolicyUrl,
    /// Terms and conditions.
    TermsUrl,
    /// Picture to know the app by.
    LogoUrl,
    /// How long a grant lasts.
    GrantFor,
    /// Whether accounts connected later are covered.
    FutureAccounts,
    /// Whether the app may close the whole library.
    MayDeleteLibrary,
}

impl Field {
    /// Where it stands in the document, as in `retention.period`.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Access => "access",
            Self::Ongoing => "ongoing",
            Self::PurposeSummary => "purpose.summary",
            Self::PurposeDetails => "purpose.details",
            Self::Will => "will",
            Self::WillNot => "willNot",
            Self::Data => "scope.serviceGroups",
            Self::Times => "scope.timeRanges",
            Self::Files => "scope.criteria",
            Self::Optional => "optional",
            Self::RetentionPeriod => "retention.period",
            Self::RetentionText => "retention.text",
            Self::ThirdParties => "sharing.thirdParties",
            Self::Recipient => "sharing.recipients",
            Self::SharingText => "sharing.text",
            Self::RightToBeForgotten => "rightToBeForgotten.implemented",
            Self::RightToBeForgottenText => "rightToBeForgotten.text",
            Self::LawfulBasis => "lawfulBasis",
            Self::Jurisdiction => "jurisdiction",
            Self::PolicyUrl => "policyUrl",
            Self::TermsUrl => "termsUrl",
            Self::LogoUrl => "logoUrl",
            Self::GrantFor => "grantFor",
            Self::FutureAccounts => "futureAccounts",
            Self::MayDeleteLibrary => "mayDeleteLibrary",
        }
    }

    /// Whether each entry of it is a line of its own.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Will | Self::WillNot | Self::Data | Self::Optional | Self::Recipient)
    }

    /// Whether it says which data the app may hold, who may, or how long.
    pub(super) fn limits_data(self) -> bool {
        matches!(
            self,
            Self::Access
                | Self::Data
                | Self::Times
                | Self::Files
                | Self::RetentionPeriod
                | Self::ThirdParties
                | Self::Recipient
        )
    }
}
