//! A third-party application, and who answers for it.

use chrono::{DateTime, Utc};
use consent_core::AppId;

use crate::{
    ContractsError, Controller, Invalid, Policy, Verb,
    error::unless_any,
    text::{check_email, check_line},
    uri::check_web,
};

/// A registered third-party application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its name, as people read it.
    pub name: String,
    /// Who answers for it; apps with the same partner share what is stored for that partner.
    pub partner_id: String,
    /// E-mail address for questions about privacy.
    pub contact: String,
    /// What it is.
    pub description: Option<String>,
    /// Its home page.
    pub website: Option<String>,
    /// Who is behind it by law, as receipts name them.
    pub controller: Option<Controller>,
    /// Where in its life it is.
    pub stage: AppStage,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

/// Where in its life an app is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppStage {
    /// It may ask.
    Registered,
    /// An operator has shut it for a while.
    Suspended {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// Shut for good.
    Closed {
        /// Since when.
        at: DateTime<Utc>,
    },
}

/// What is needed to register an app.
///
/// Whoever calls has made sure that the one who registers may act for `partner_id`, because the apps of one partner
/// share rights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewApp {
    /// 1 to 100 characters.
    pub name: String,
    /// Who answers for it; the app's own id when absent.
    pub partner_id: Option<String>,
    /// E-mail address for questions about privacy.
    pub contact: String,
    /// At most 1000 characters.
    pub description: Option<String>,
    /// Its home page.
    pub website: Option<String>,
    /// Who is behind it by law; receipts say "not provided" when absent.
    pub controller: Option<Controller>,
}

impl App {
    /// Refuses an app that is suspended or closed.
    pub fn refuse_unless_registered(&self) -> Result<(), ContractsError> {
        match self.stage {
            AppStage::Registered => Ok(()),
            stage @ (AppStage::Suspended { .. } | AppStage::Closed { .. }) => {
                Err(ContractsError::AppClosed { id: self.id.clone(), stage })
            }
        }
    }
}

impl AppStage {
    /// The word for it, which is also how it is stored.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Suspended { .. } => "suspended",
            Self::Closed { .. } => "closed",
        }
    }

    /// Since when it is no longer simply registered.
    #[must_use]
    pub fn since(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Registered => None,
            Self::Suspended { at } | Self::Closed { at } => Some(*at),
        }
    }

    /// Shuts the app for a while.
    pub fn suspend(self, at: DateTime<Utc>) -> Result<Self, ContractsError> {
        match self {
            Self::Registered => Ok(Self::Suspended { at }),
            from @ (Self::Suspended { .. } | Self::Closed { .. }) => Err(from.refuses(Verb::Suspend)),
        }
    }

    /// Opens the suspended app again.
    pub fn reinstate(self) -> Result<Self, ContractsError> {
        match self {
            Self::Suspended { .. } => Ok(Self::Registered),
            from @ (Self::Registered | Self::Closed { .. }) => Err(from.refuses(Verb::Reinstate)),
        }
    }

    /// Shuts the app for good; a suspended one may be closed too.
    pub fn close(self, at: DateTime<Utc>) -> Result<Self, ContractsError> {
        match self {
            Self::Registered | Self::Suspended { .. } => Ok(Self::Closed { at }),
            from @ Self::Closed { .. } => Err(from.refuses(Verb::Close)),
        }
    }

    pub(crate) fn refuses(self, verb: Verb) -> ContractsError {
        ContractsError::Refused { verb, from: self.name() }
    }
}

impl NewApp {
    /// Refuses what an app cannot be registered with, naming every problem.
    pub fn validate(&self, policy: &Policy) -> Result<(), ContractsError> {
        let mut problems = Vec::new();
        check_line("name", &self.name, 100, &mut problems);
        check_email("contact", &self.contact, &mut problems);
        if let Some(description) = &self.description {
            check_line("description", description, 1000, &mut problems);
        }
        if let Some(website) = &self.website {
            check_web("website", website, *policy, &mut problems);
        }
        if let Some(controller) = &self.controller {
            controller.check("controller", &mut problems);
        }
        if self.partner_id.as_deref().is_some_and(|id| !is_partner_id(id)) {
            let reason = "must be 1 to 64 letters, digits, dots, hyphens and underscores; leave it out for the app's own";
            problems.push(Invalid::new("partnerId", reason));
        }
        unless_any(problems)
    }
}

fn is_partner_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_of_a_new_app_is_named_at_once() {
        let wrong = NewApp {
            name: String::new(),
            partner_id: Some("a partner".to_owned()),
            contact: "nobody".to_owned(),
            description: Some("x".repeat(1001)),
            website: Some("http://localhost:3000/".to_owned()),
            controller: None,
        };
        let Err(ContractsError::Invalid(problems)) = wrong.validate(&Policy { sandbox: false }) else {
            panic!("five things are wrong")
        };
        let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["name", "contact", "description", "website", "partnerId"]);
    }

    #[test]
    fn a_closed_app_stays_closed() {
        let at = DateTime::UNIX_EPOCH;
        let closed = AppStage::Registered.suspend(at).unwrap().close(at).unwrap();
        assert!(closed.reinstate().is_err() && closed.suspend(at).is_err() && closed.close(at).is_err());
        assert_eq!(AppStage::Suspended { at }.reinstate().unwrap(), AppStage::Registered);
        assert_eq!(closed.suspend(at).unwrap_err().to_string(), "cannot suspend what is closed");
    }
}
