//! A contract as it was agreed to.

use askama::Template;

use crate::{Asking, ContractText, Frame, page::page, samples};

/// The contract as she agreed to it (`/console/grants/{id}/contract`), with the sections of the page on which she did.
#[derive(Debug, Template)]
#[template(path = "console/agreed.html")]
pub struct Agreed {
    /// What stands around it.
    pub frame: Frame,
    /// Path of the grant's page.
    pub back: String,
    /// When she agreed.
    pub agreed_on: String,
    /// Who asked.
    pub asking: Asking,
    /// What it asked for, and what it promised.
    pub contract: ContractText,
    /// What it may read, part by part, with what she left out said so.
    pub parts: Vec<String>,
    /// From where: accounts, own files.
    pub shared: Vec<String>,
    /// Whether accounts she connects later are shared, too.
    pub future_accounts: bool,
    /// How long it lasts.
    pub duration: String,
}

page!(Agreed, samples::agreed::agreed());
