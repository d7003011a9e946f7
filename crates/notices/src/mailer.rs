//! Hands mails to a mail server.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;
use url::Url;

use crate::{Attempt, NoticeError};

/// An attempt may take so long in all; longer than any patient server, shorter than the lease of a notice.
const PATIENCE: Duration = Duration::from_secs(45);

/// A mail server, and in whose name mails go there.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'a> {
    /// Stays the same over all attempts: what the `Message-ID` begins with.
    pub id: &'a str,
    /// An e-mail address.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub body: &'a str,
    /// When it was written.
    pub at: DateTime<Utc>,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The transport knows a password.
        f.debug_struct("Mailer").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Mailer {
    /// A mailer for the server at `smtps://user:password@host:port`, or `smtp://…?tls=required` for STARTTLS, or plain
    /// `smtp://host:port` without a password. Connects to nothing yet.
    pub fn new(server: &SecretString, from: &str) -> Result<Self, NoticeError> {
        let server = server.expose_secret();
        refuse_passwords_in_the_clear(server)?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(server).map_err(|_| {
            NoticeError::Address("expected smtps://<user>:<password>@<host>:<port>, or smtp://")
        })?;
        Ok(Self { transport: transport.timeout(Some(PATIENCE)).build(), from: mailbox(from)? })
    }

    /// Refuses text that is no address of a mailbox.
    pub fn check_address(text: &str) -> Result<(), NoticeError> {
        mailbox(text).map(|_| ())
    }

    /// Hands a mail over. What went wrong is said in a few words, without address or password.
    pub async fn send(&self, mail: Mail<'_>) -> (Attempt, Option<String>) {
        let Ok(message) = self.message(mail) else {
            return (Attempt::Refused, Some("the address is none".to_owned()));
        };
        match timeout(PATIENCE, self.transport.send(message)).await {
            Err(_) => (Attempt::Failed, Some("the mail server does not answer".to_owned())),
            Ok(Ok(_)) => (Attempt::Taken, None),
            Ok(Err(error)) => (outcome(&error), Some(problem(&error))),
        }
    }

    fn message(&self, mail: Mail<'_>) -> Result<Message, NoticeError> {
        let unfit = |_| NoticeError::Address("expected a mailbox");
        Message::builder()
            .from(self.from.clone())
            .to(mailbox(mail.to)?)
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .date(mail.at.into())
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.body.to_owned())
            .map_err(unfit)
    }
}

fn mailbox(text: &str) -> Result<Mailbox, NoticeError> {
    text.parse().map_err(|_| NoticeError::Address("expected an e-mail address such as privacy@example.org"))
}

/// A password may be sent under TLS, and to a server on this machine. Reads the address as the mail library does, which
/// refuses what is none.
fn refuse_passwords_in_the_clear(server: &str) -> Result<(), NoticeError> {
    let Ok(url) = Url::parse(server) else { return Ok(()) };
    let has_password = !url.username().is_empty() || url.password().is_some();
    if url.scheme() != "smtp" || !has_password {
        return Ok(());
    }
    let is_local = url.host_str().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
    let is_required =
        url.query_pairs().find(|(name, _)| name == "tls").is_some_and(|(_, tls)| tls == "required");
    if is_local || is_required {
        return Ok(());
    }
    Err(NoticeError::Address("sends a password in the clear; use smtps://, or add ?tls=required"))
}

fn outcome(error: &smtp::Error) -> Attempt {
    if error.is_permanent() { Attempt::Refused } else { Attempt::Failed }
}

fn problem(error: &smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => "the mail server does not answer".to_owned(),
        None if error.is_tls() => "the mail server's TLS cannot be used".to_owned(),
        None => "the mail server cannot be reached".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(server: &str) -> Option<String> {
        Mailer::new(&server.into(), "platform@consent.example").err().map(|error| error.to_string())
    }

    #[test]
    fn a_password_goes_nowhere_in_the_clear() {
        for server in [
            "smtp://ada:secret@mail.example",
            "smtp://ada:secret@mail.example:25/?tls=opportunistic",
            "smtp://ada:secret&tls=required@mail.example",
            "smtp://ada:secret@mail.example?tls=opportunistic&tls=required",
            "smtp://ada:secret@mail.example?%74ls=opportunistic&tls=required",
            "SMTP://ada:secret@mail.example",
        ] {
            assert!(
                refused(server).is_some_and(|why| why.contains("in the clear") && !why.contains("secret"))
            );
        }
        for server in [
            "smtps://ada:secret@mail.example",
            "smtp://ada:secret@mail.example?tls=required",
            "smtp://ada:secret@localhost:2525",
            "smtp://ada:secret@127.0.0.1:2525",
            "smtp://mail.example:25",
        ] {
            assert_eq!(refused(server), None, "{server}");
        }
        assert!(refused("smtp://ada:secret@localhost.evil.example").is_some());
    }

    #[test]
    fn what_is_no_server_or_mailbox_is_refused_without_being_quoted() {
        for server in ["", "mail.example", "http://ada:secret@mail.example", "smtp://"] {
            assert!(refused(server).is_some_and(|why| !why.contains("secret")), "{server}");
        }
        assert!(Mailer::new(&"smtps://mail.example".into(), "nobody").is_err());
        let mailer = Mailer::new(&"smtps://ada:secret@mail.example".into(), "p@consent.example").unwrap();
        assert!(!format!("{mailer:?}").contains("secret"));
    }

    #[test]
    fn a_subject_adds_no_header() {
        let mailer = Mailer::new(&"smtps://mail.example".into(), "p@consent.example").unwrap();
        let (to, subject) = ("privacy@app.example", "a\r\nBcc: eve@evil.example");
        let message =
            mailer.message(Mail { id: "not1", to, subject, body: "text", at: DateTime::UNIX_EPOCH });
        let text = message.map(|message| String::from_utf8(message.formatted()).unwrap()).unwrap_or_default();
        assert!(!text.contains("\nBcc:"), "{text}");
    }
}
