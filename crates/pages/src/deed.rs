//! Pages that ask once more before something is done with what she shares, and say what it means.

use askama::Template;

use crate::{FieldError, Frame, page::page, samples};

/// Asks whether a grant is to be stopped, resumed, revoked or erased (`/console/grants/{id}/{verb}`).
///
/// One form, posted to `action`: `csrf`, `seq`.
#[derive(Debug, Template)]
#[template(path = "console/deed.html")]
pub struct Deed {
    /// What stands around it.
    pub frame: Frame,
    /// The question, as in "Stop sharing with Tidemark?".
    pub title: String,
    /// What it is about: contract, since when.
    pub about: String,
    /// What happens at once, sentence by sentence.
    pub now: Vec<String>,
    /// What the app has to do and by when, sentence by sentence.
    pub app_has_to: Vec<String>,
    /// Why it cannot be done here; then there is no button.
    pub barred: Option<String>,
    /// Where the form posts to.
    pub action: String,
    /// The grant's `seq` as this page shows it.
    pub seq: i64,
    /// What the button says, as in "Stop sharing".
    pub verb: String,
    /// Whether it cannot be undone.
    pub is_final: bool,
    /// Path of the grant's page.
    pub back: String,
}

/// Has a grant end sooner (`/console/grants/{id}/shorten`).
///
/// One form, posted to `action`: `csrf`, `seq`, `until` (a date, `YYYY-MM-DD`).
#[derive(Debug, Template)]
#[template(path = "console/shorten.html")]
pub struct Shorten {
    /// What stands around it.
    pub frame: Frame,
    /// What the app is called.
    pub app: String,
    /// What it is about: contract, since when.
    pub about: String,
    /// When it ends by now, in a sentence.
    pub ends: String,
    /// Where the form posts to.
    pub action: String,
    /// The grant's `seq` as this page shows it.
    pub seq: i64,
    /// The first day that can be chosen, `YYYY-MM-DD`.
    pub min: String,
    /// The last one.
    pub max: Option<String>,
    /// What she typed.
    pub until: String,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
    /// Path of the grant's page.
    pub back: String,
}

/// Ends everything at once (`/console/revoke-everything`).
///
/// One form, posted there: `csrf`, `password`, `erase=yes`.
#[derive(Debug, Template)]
#[template(path = "console/revoke_everything.html")]
pub struct RevokeEverything {
    /// What stands around it.
    pub frame: Frame,
    /// Her e-mail address, for password managers.
    pub email: String,
    /// How much would end, as in "3 active and 1 stopped"; none: nothing is shared.
    pub tally: Option<String>,
    /// What happens then, sentence by sentence.
    pub now: Vec<String>,
    /// Whether "have everything erased" is ticked.
    pub erase: bool,
    /// What that means, in a sentence.
    pub erase_hint: String,
    /// What was wrong.
    pub errors: Vec<FieldError>,
}

page!(Deed, samples::deed::deed());
page!(Shorten, samples::deed::shorten());
page!(RevokeEverything, samples::deed::revoke_everything());
