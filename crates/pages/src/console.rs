//! What a person agreed to.

use askama::Template;

use crate::{Frame, page::page, samples};

/// Every grant of hers (`/console`).
///
/// Forms: `POST /console/grants/{id}/stop`, `…/resume` and `…/cancel-erasure` with `csrf`; `GET /console/grants/{id}/revoke`
/// and `…/erase` ask once more.
#[derive(Debug, Template)]
#[template(path = "console.html")]
pub struct Console {
    /// What stands around it.
    pub frame: Frame,
    /// Grants of this page, the latest first.
    pub grants: Vec<GrantRow>,
    /// Path of the next page.
    pub next: Option<String>,
    /// Whether this is not the first page.
    pub later: bool,
}

/// A grant in the list.
#[derive(Debug, Clone)]
pub struct GrantRow {
    /// Its id.
    pub id: String,
    /// What the app is called.
    pub app: String,
    /// What the contract is called.
    pub contract: String,
    /// Why the app asked, in one sentence.
    pub summary: String,
    /// Where it is in its life.
    pub state: State,
    /// When she agreed, as in "22 November 2026".
    pub agreed_on: String,
    /// What the state means, as in "Ends on 22 November 2027", "Stopped since …".
    pub note: String,
    /// What is shared, line by line, as in "Spotify (adal1991quay)", "Files you uploaded".
    pub shared: Vec<String>,
    /// Optional parts that she left out, by name.
    pub left_out: Vec<String>,
    /// Whether accounts she connects later are shared, too.
    pub future_accounts: bool,
    /// Path of her latest receipt about it.
    pub receipt: Option<String>,
}

/// Where a grant is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The app may read.
    Active,
    /// She paused it.
    Stopped,
    /// Its time is over.
    Expired,
    /// She ended it.
    Revoked,
    /// She ended it, and the app is to delete what it holds.
    Erasing,
    /// The app has reported that it deleted what it held.
    Erased,
}

page!(Console, samples::console::console());

impl GrantRow {
    /// Whether it can still be stopped or resumed, and revoked.
    fn can_change(&self) -> bool {
        matches!(self.state, State::Active | State::Stopped)
    }

    /// Whether the app can be told to delete what it holds.
    fn can_be_erased(&self) -> bool {
        !matches!(self.state, State::Erasing | State::Erased)
    }

    /// Whether the app was told so and has not answered.
    fn is_erasing(&self) -> bool {
        self.state == State::Erasing
    }

    /// Whether she paused it.
    fn is_stopped(&self) -> bool {
        self.state == State::Stopped
    }
}
