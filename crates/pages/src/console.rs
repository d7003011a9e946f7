//! What a person agreed to, all of it and one by one.

use askama::Template;

use crate::{AccessRow, Frame, page::page, samples};

/// Every grant of hers (`/console`).
///
/// One form, a search: `GET /console` with `q` and `state`. What can be done with a grant is a link to a page that asks
/// once more.
#[derive(Debug, Template)]
#[template(path = "console.html")]
pub struct Console {
    /// What stands around it.
    pub frame: Frame,
    /// How it stands in all; none before she has agreed to anything.
    pub summary: Option<Summary>,
    /// The words she looked for.
    pub words: String,
    /// The states that can be looked for: value, words, and whether it is the one she chose.
    pub states: Vec<(String, String, bool)>,
    /// Grants of this page, the latest first.
    pub grants: Vec<GrantRow>,
    /// Path of the next page.
    pub next: Option<String>,
    /// Path of the first page, if this is not it.
    pub first: Option<String>,
}

/// How her grants stand in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many are active.
    pub active: u64,
    /// How many are stopped.
    pub stopped: u64,
    /// How many wait for an app's answer …
    pub waiting: u64,
    /// … and how many of those for too long.
    pub overdue: u64,
}

/// A grant in the list, and at the top of its own page.
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
    /// When the app fetched last, as in "3 minutes ago", "Never".
    pub last_access: String,
    /// What the app was told and whether it obeyed, line by line.
    pub told: Vec<Told>,
    /// Path of the page that says what its app has changed and waits for her answer.
    pub change: Option<String>,
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

/// What an app was told, and how far it is with it.
#[derive(Debug, Clone)]
pub struct Told {
    /// How it looks.
    pub mood: Mood,
    /// What it was told and when, as in "Told on 22 November 2026 to delete what it holds".
    pub said: String,
    /// What it answered or until when it has to.
    pub answer: String,
}

/// How something stands that an app has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Done.
    Good,
    /// There is time left.
    Waiting,
    /// Late, refused, or not to be reached.
    Bad,
    /// Nothing is to be done.
    Plain,
}

/// One grant of hers (`/console/grants/{id}`).
///
/// No form: what can be done is a link to a page that asks once more.
#[derive(Debug, Template)]
#[template(path = "console/page.html")]
pub struct GrantPage {
    /// What stands around it.
    pub frame: Frame,
    /// The grant.
    pub grant: GrantRow,
    /// Whether it can end sooner than it will.
    pub can_shorten: bool,
    /// The contract in short: words and values.
    pub in_short: Vec<(String, String)>,
    /// What the app was told, the latest first.
    pub messages: Vec<MessageRow>,
    /// Path of the page with all of that, if there is more.
    pub all_messages: Option<String>,
    /// What the app fetched last.
    pub accesses: Vec<AccessRow>,
    /// Path of the page with all of that, if there is more.
    pub all_accesses: Option<String>,
    /// What happened last.
    pub history: Vec<EventRow>,
    /// Path of the page with all of that, if there is more.
    pub all_history: Option<String>,
    /// The latest receipts.
    pub receipts: Vec<ReceiptRow>,
    /// Path of the page with all of them, if there are more.
    pub all_receipts: Option<String>,
}

/// Something that an app was told, with everything that came of it.
#[derive(Debug, Clone)]
pub struct MessageRow {
    /// What and how far.
    pub told: Told,
    /// How it got there, deadlines: words and values.
    pub facts: Vec<(String, String)>,
    /// What the app reported, the first first.
    pub reports: Vec<ReportRow>,
    /// Path of a file with the signed message and the signed reports.
    pub proof: String,
}

/// What an app says that it did.
#[derive(Debug, Clone, Default)]
pub struct ReportRow {
    /// As in "Says that it is done", and when it came.
    pub said: String,
    /// Why it moved nothing, where it did not.
    pub aside: Option<String>,
    /// Reason, ground, when it will be or was done, backups: words and values.
    pub facts: Vec<(String, String)>,
    /// What it says it removed, line by line.
    pub removed: Vec<String>,
    /// Whom it says it told.
    pub passed_on: Vec<String>,
    /// What it says it keeps, and why.
    pub kept: Vec<String>,
}

/// Something that happened to a grant.
#[derive(Debug, Clone)]
pub struct EventRow {
    /// What, in a sentence.
    pub said: String,
    /// When.
    pub when: String,
    /// Why an operator did it for her, in the operator's words.
    pub reason: Option<String>,
}

/// A receipt in a list.
#[derive(Debug, Clone)]
pub struct ReceiptRow {
    /// What it is about, as in "You said yes to Tidemark".
    pub title: String,
    /// Of when.
    pub when: String,
    /// Path of its page; the downloads and the check are below it.
    pub path: String,
}

/// Everything that happened to a grant (`/console/grants/{id}/history`).
#[derive(Debug, Template)]
#[template(path = "console/history.html")]
pub struct History {
    /// What stands around it.
    pub frame: Frame,
    /// What the app is called.
    pub app: String,
    /// Path of the grant's page.
    pub back: String,
    /// What happened, the latest first.
    pub events: Vec<EventRow>,
    /// Path of the next page.
    pub next: Option<String>,
}

/// Everything that an app was told about a grant (`/console/grants/{id}/messages`).
#[derive(Debug, Template)]
#[template(path = "console/messages.html")]
pub struct Messages {
    /// What stands around it.
    pub frame: Frame,
    /// What the app is called.
    pub app: String,
    /// Path of the grant's page.
    pub back: String,
    /// What it was told, the latest first.
    pub messages: Vec<MessageRow>,
    /// Path of the next page.
    pub next: Option<String>,
}

/// Her receipts (`/console/receipts`), all of them or those about one grant.
#[derive(Debug, Template)]
#[template(path = "console/receipts.html")]
pub struct Receipts {
    /// What stands around it.
    pub frame: Frame,
    /// The one app and the path of the grant's page, where they are about one grant.
    pub about: Option<(String, String)>,
    /// The receipts, the latest first.
    pub receipts: Vec<ReceiptRow>,
    /// Path of the next page.
    pub next: Option<String>,
    /// Whether this is not the first page.
    pub later: bool,
}

/// Whether a receipt is genuine (`/console/receipts/{id}/verify`).
#[derive(Debug, Template)]
#[template(path = "console/verified.html")]
pub struct Verified {
    /// What stands around it.
    pub frame: Frame,
    /// What the receipt is about; where it is not genuine, only that it is a receipt.
    pub title: String,
    /// Why it is not believed; none: it is genuine.
    pub refused: Option<String>,
    /// What was checked, line by line.
    pub checked: Vec<String>,
    /// What is worth knowing beside.
    pub notes: Vec<String>,
    /// What holds now of the consent that it is about.
    pub holds_now: String,
    /// Path of the receipt.
    pub back: String,
}

page!(Console, samples::console::console());
page!(GrantPage, samples::grant::grant());
page!(History, samples::grant::history());
page!(Messages, samples::grant::messages());
page!(Receipts, samples::grant::receipts());
page!(Verified, samples::grant::verified());

impl Console {
    /// Whether she looked for something.
    fn is_search(&self) -> bool {
        !self.words.is_empty() || self.states.iter().any(|(value, _, chosen)| *chosen && !value.is_empty())
    }
}

impl ReportRow {
    /// Whether there is more than the word itself.
    fn says_more(&self) -> bool {
        !(self.facts.is_empty()
            && self.removed.is_empty()
            && self.passed_on.is_empty()
            && self.kept.is_empty())
    }
}

impl GrantRow {
    /// Path of its page.
    fn path(&self) -> String {
        format!("/console/grants/{}", self.id)
    }

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
