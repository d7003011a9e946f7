//! `[mail]`: how apps and the operator are written to.

use consent_notices::{Mailer, NoticeError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{error::Objection, text};

/// `[mail]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The mail server, often with a password; empty: nobody is written to.
    #[serde(deserialize_with = "text::secret")]
    pub server: SecretString,
    /// In whose name mails are sent.
    pub from: String,
    /// Who is written to where an operator has to act.
    pub operator: String,
}

impl Mail {
    /// What hands mails over; none where no server is named.
    pub fn mailer(&self) -> Result<Option<Mailer>, NoticeError> {
        if self.server.expose_secret().is_empty() {
            return Ok(None);
        }
        Mailer::new(&self.server, &self.from).map(Some)
    }

    pub(super) fn check(&self) -> Result<(), Objection> {
        if self.server.expose_secret().is_empty() {
            return Ok(());
        }
        let expected = "expected an e-mail address such as privacy@example.org, as mail.server is set";
        for (key, address) in [("mail.from", &self.from), ("mail.operator", &self.operator)] {
            Objection::unless(Mailer::check_address(address).is_ok(), key, expected)?;
        }
        let wrong = self.mailer().err().map(|error| error.to_string()).unwrap_or_default();
        Objection::unless(wrong.is_empty(), "mail.server", &wrong)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{refused, with};

    #[test]
    fn nobody_is_written_to_unless_a_server_is_named() {
        assert!(with("").mail.mailer().unwrap().is_none());
        let set = "[mail]\nserver = \"smtps://a:s3cret@mail.example\"\nfrom = \"p@c.example\"\noperator = \"o@c.example\"";
        assert!(with(set).mail.mailer().unwrap().is_some());
        for (from, to, why) in [
            (
                "smtps://a:s3cret@",
                "smtp://a:s3cret@",
                "mail.server (from test.toml): sends a password in the clear",
            ),
            ("smtps:", "gopher:", "mail.server (from test.toml): expected smtps://"),
            ("p@c.example", "nobody", "mail.from (from test.toml): expected an e-mail address"),
            ("o@c.example", "", "mail.operator (from test.toml): expected an e-mail address"),
        ] {
            let told = refused(&set.replace(from, to));
            assert!(told.starts_with(why) && !told.contains("s3cret"), "{told}");
        }
    }
}
