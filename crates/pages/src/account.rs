//! Signing up, in and out, and what keeps a library safe.

use askama::Template;

use crate::{Asking, Frame, page::page, samples};

/// What is wrong with a field of a form.
#[derive(Debug, Clone)]
pub struct FieldError {
    /// The name of the field.
    pub field: &'static str,
    /// What is wrong with it and what to do, as a sentence.
    pub text: String,
}

/// Signing in (`GET` and `POST /sign-in`; fields `csrf`, `next`, `email`, `password`).
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignIn {
    /// What stands around it; nobody is signed in.
    pub frame: Frame,
    /// Goes into the form as `csrf`.
    pub csrf: String,
    /// The local path to go to afterwards; none: the console. Kept by the links to `/sign-up` and `/recover`.
    pub next: Option<String>,
    /// The app that waits for an answer, if that is why.
    pub asking: Option<Asking>,
    /// What she typed before.
    pub email: String,
    /// Why it did not work.
    pub error: Option<String>,
}

/// Signing up (`/sign-up`; fields `csrf`, `next`, `name`, `email`, `password`).
#[derive(Debug, Template)]
#[template(path = "sign_up.html")]
pub struct SignUp {
    /// What stands around it; nobody is signed in.
    pub frame: Frame,
    /// Goes into the form as `csrf`.
    pub csrf: String,
    /// The local path to go to afterwards.
    pub next: Option<String>,
    /// The app that waits for an answer, if that is why.
    pub asking: Option<Asking>,
    /// What she typed before.
    pub name: String,
    /// What she typed before.
    pub email: String,
    /// What is wrong with what she typed.
    pub errors: Vec<FieldError>,
}

/// Setting a new password with the recovery code (`/recover`; fields `csrf`, `next`, `email`, `recoveryCode`,
/// `password`).
#[derive(Debug, Template)]
#[template(path = "recover.html")]
pub struct Recover {
    /// What stands around it; nobody is signed in.
    pub frame: Frame,
    /// Goes into the form as `csrf`.
    pub csrf: String,
    /// The local path to go to afterwards.
    pub next: Option<String>,
    /// What she typed before.
    pub email: String,
    /// What is wrong with what she typed.
    pub errors: Vec<FieldError>,
}

/// Shows the recovery code, this once: after signing up, and when she asks for a new one.
#[derive(Debug, Template)]
#[template(path = "recovery_code.html")]
pub struct RecoveryCode {
    /// What stands around it.
    pub frame: Frame,
    /// The code, in groups that can be copied by hand.
    pub code: String,
    /// Whether she has just signed up.
    pub welcome: bool,
    /// Where "I have written it down" leads.
    pub next: String,
}

/// Sign-ins, password, recovery code (`/security`).
///
/// Forms: `POST /security/password` with `oldPassword`, `newPassword`; `POST /security/recovery-code` with `password`;
/// `POST /security/sign-ins/{id}/end`.
#[derive(Debug, Template)]
#[template(path = "security.html")]
pub struct Security {
    /// What stands around it.
    pub frame: Frame,
    /// Her e-mail address.
    pub email: String,
    /// Her sign-ins, the latest first.
    pub sign_ins: Vec<SignInRow>,
    /// What is wrong with the form she sent: fields `oldPassword`, `newPassword`, or `password` for the recovery code.
    pub errors: Vec<FieldError>,
}

/// One of her sign-ins.
#[derive(Debug, Clone)]
pub struct SignInRow {
    /// Its id.
    pub id: String,
    /// Browser and system in words, as in "Firefox on Linux".
    pub browser: String,
    /// As in "since 12 March 2026".
    pub since: String,
    /// As in "last seen 3 minutes ago".
    pub seen: String,
    /// Whether it is the one that looks at this page.
    pub this_one: bool,
}

page!(SignIn, samples::account::sign_in());
page!(SignUp, samples::account::sign_up());
page!(Recover, samples::account::recover());
page!(RecoveryCode, samples::account::recovery_code());
page!(Security, samples::account::security());

/// For the fields of a form of which nothing is said one by one.
pub(crate) const NO_ERRORS: &[FieldError] = &[];

/// What is wrong with the field of this name.
pub(crate) fn error_on<'a>(errors: &'a [FieldError], field: &str) -> Option<&'a str> {
    errors.iter().find(|error| error.field == field).map(|error| error.text.as_str())
}
