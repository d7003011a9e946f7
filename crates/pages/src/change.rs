//! What a contract says otherwise than what she agreed to.

use askama::Template;

use crate::{Frame, page::page, samples};

/// What a contract says since she agreed to it (`/console/grants/{id}/change`).
///
/// One form to `action` with `csrf`, `textHash`, ticked boxes `account`, `include` (numbers of object types) and
/// `futureAccounts=yes`, and a button `answer`: `accept` or `decline`.
#[derive(Debug, Template)]
#[template(path = "change.html")]
pub struct ContractChange {
    /// What stands around it.
    pub frame: Frame,
    /// What the app is called.
    pub app: String,
    /// What the contract is called.
    pub contract: String,
    /// When she agreed, as in "22 November 2026".
    pub agreed_on: String,
    /// Where the form posts to.
    pub action: String,
    /// Whether the contract has changed once more since she opened the page.
    pub once_more: bool,
    /// What there is to answer.
    pub answer: ChangeAnswer,
    /// What it asks for in addition.
    pub added: Vec<ChangeLine>,
    /// What it no longer gets.
    pub gone: Vec<ChangeLine>,
    /// What else reads differently.
    pub otherwise: Vec<ChangeLine>,
    /// Accounts that are new in what is asked for; all ticked, as those of a new consent.
    pub accounts: Vec<ChangeBox>,
    /// Kinds of data that are new and can be left out; none ticked.
    pub optional: Vec<ChangeBox>,
    /// Whether accounts she connects later can be covered, too.
    pub future_accounts: bool,
    /// The hash of the text in force.
    pub text_hash: String,
}

/// What there is to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeAnswer {
    /// Yes or no.
    Open,
    /// She said no, as on "22 November 2026"; she may still say yes.
    Declined(String),
    /// Nothing is asked for in addition.
    Nothing,
    /// The app may not ask now; a sentence says why.
    Refused(String),
}

/// A line of the difference.
#[derive(Debug, Clone)]
pub struct ChangeLine {
    /// What it is about, as in "How long it is kept".
    pub what: String,
    /// What it said.
    pub old: Option<String>,
    /// What it says now.
    pub new: Option<String>,
}

/// Something to tick.
#[derive(Debug, Clone)]
pub struct ChangeBox {
    /// What the form says.
    pub value: String,
    /// What she reads.
    pub text: String,
    /// Whether it is ticked.
    pub ticked: bool,
}

page!(ContractChange, samples::change::contract_change());

impl ContractChange {
    /// Whether she can say yes.
    fn can_accept(&self) -> bool {
        matches!(self.answer, ChangeAnswer::Open | ChangeAnswer::Declined(_))
    }

    /// Whether she can say no.
    fn can_decline(&self) -> bool {
        self.answer == ChangeAnswer::Open
    }

    /// Whether anything differs.
    fn differs(&self) -> bool {
        !(self.added.is_empty() && self.gone.is_empty() && self.otherwise.is_empty())
    }

    /// Whether there is anything to choose besides yes or no.
    fn has_choices(&self) -> bool {
        !self.accounts.is_empty() || !self.optional.is_empty() || self.future_accounts
    }
}
