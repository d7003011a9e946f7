//! What stands around every page.

/// What stands around every page.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// Who is signed in; with her come the navigation and the button to sign out.
    pub who: Option<Who>,
    /// Whether the server runs in sandbox mode, which every page says.
    pub sandbox: bool,
    /// What has just happened.
    pub notice: Option<Notice>,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct Who {
    /// What to call her: her name, or her e-mail address.
    pub name: String,
    /// Goes into every form of hers, as `csrf`.
    pub csrf: String,
    /// Where in the navigation she is.
    pub section: Section,
    /// The path to come back to when somebody else signs in instead; for questions that are not for everybody.
    pub here: Option<String>,
}

/// An entry of the navigation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Section {
    /// Outside of it, as while she answers an app.
    #[default]
    None,
    /// `/console`: what she agreed to.
    Console,
    /// `/console/activity`: what apps fetched.
    Activity,
    /// `/console/receipts`: what she has to show for it.
    Receipts,
    /// `/library`: her data.
    Library,
    /// `/security`: sign-ins, password, recovery code.
    Security,
}

/// What has just happened, in a sentence.
#[derive(Debug, Clone)]
pub struct Notice {
    /// How it is meant.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
}

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Done,
    /// Something to know.
    Note,
    /// Something failed.
    Failed,
}

/// The navigation: what is there, what it is called, where it is.
pub(crate) const SECTIONS: [(Section, &str, &str); 5] = [
    (Section::Console, "Sharing", "/console"),
    (Section::Activity, "Activity", "/console/activity"),
    (Section::Receipts, "Receipts", "/console/receipts"),
    (Section::Library, "Library", "/library"),
    (Section::Security, "Security", "/security"),
];

impl Frame {
    /// What goes into every form as `csrf`; empty when nobody is signed in.
    pub(crate) fn csrf(&self) -> &str {
        self.who.as_ref().map_or("", |who| &who.csrf)
    }
}
