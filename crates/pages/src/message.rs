//! Pages that say one thing.

use askama::Template;

use crate::{Frame, page::page, samples};

/// What this server is (`/`), for somebody who is not signed in.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub struct Home {
    /// What stands around it.
    pub frame: Frame,
}

/// Says one thing: that a link does not work, that a question was answered already.
#[derive(Debug, Template)]
#[template(path = "message.html")]
pub struct Message {
    /// What stands around it.
    pub frame: Frame,
    /// In a few words.
    pub title: String,
    /// In a sentence or two.
    pub text: String,
    /// Where to go from here: words and path.
    pub links: Vec<(String, String)>,
}

/// Asks once more before something is done that cannot be taken back.
#[derive(Debug, Template)]
#[template(path = "choice.html")]
pub struct Choice {
    /// What stands around it.
    pub frame: Frame,
    /// The question, as in "Revoke what you share with Health Diary?".
    pub title: String,
    /// What happens then, sentence by sentence.
    pub consequences: Vec<String>,
    /// Where the form posts to.
    pub action: String,
    /// What the button says, as in "Revoke".
    pub verb: String,
    /// Where "keep things as they are" leads.
    pub back: String,
}

page!(Home, samples::message::home());
page!(Message, samples::message::message());
page!(Choice, samples::message::choice());
