//! `[database]`: where the records are.

use std::{fmt::Write as _, path::Path};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::{Span, error::Objection, text};

/// `[database]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Where it is, often with a password; empty: a SQLite file in the data folder.
    #[serde(deserialize_with = "text::secret")]
    pub url: SecretString,
    /// At most this many connections at once.
    pub max_connections: u32,
    /// How long a request waits for a connection.
    pub patience: Span,
}

impl Database {
    pub(super) fn url(&self, data_dir: &Path) -> SecretString {
        if self.url.expose_secret().is_empty() {
            return sqlite_url(&data_dir.join("consent.db")).into();
        }
        self.url.clone()
    }

    pub(super) fn check(&self) -> Result<(), Objection> {
        let url = self.url.expose_secret();
        let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        Objection::unless(
            known || url.is_empty(),
            "database.url",
            "expected sqlite://<path> or postgres://<user>:<password>@<host>/<database>",
        )?;
        let enough = self.max_connections > 0;
        Objection::unless(enough, "database.max_connections", "expected 1 or more")
    }
}

/// The URL of a file; characters that would end its path are escaped.
fn sqlite_url(path: &Path) -> String {
    let mut url = String::from("sqlite://");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'/' | b'.' | b'_' | b'-' | b'~' => url.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => url.push(byte.into()),
            byte => {
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
    url
}

/// The URL without what is secret in it.
pub(super) fn redacted(url: &str) -> String {
    if url.starts_with("sqlite:") {
        return url.to_owned();
    }
    let Ok(mut parsed) = Url::parse(url) else { return "[redacted]".to_owned() };
    // A parameter may be a password, too; none is needed to recognize the database.
    let kept = parsed.set_password(None).is_ok() && parsed.password().is_none();
    parsed.set_query(None);
    if !kept {
        return "[redacted]".to_owned();
    }
    match (parsed.username(), parsed.as_str().split_once('@')) {
        ("", _) | (_, None) => parsed.to_string(),
        (_, Some((front, back))) => format!("{front}:[redacted]@{back}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{refused, with};

    #[test]
    fn without_url_the_records_are_in_the_data_folder() {
        let config = with("server.data_dir = \"/srv/a b?#%/ü\"");
        assert_eq!(config.database_url().expose_secret(), "sqlite:///srv/a%20b%3F%23%25/%C3%BC/consent.db");
        assert_eq!(with("").database_url().expose_secret(), "sqlite://./data/consent.db");
        let elsewhere = with("database.url = \"postgres://consent@db.example/consent\"");
        assert_eq!(elsewhere.database_url().expose_secret(), "postgres://consent@db.example/consent");
    }

    #[test]
    fn a_password_is_not_shown() {
        for (url, shown) in [
            ("sqlite:///srv/consent.db", "sqlite:///srv/consent.db"),
            ("postgres://ada:s3cret@db/consent", "postgres://ada:[redacted]@db/consent"),
            ("postgres://ada:s3cret@db/consent?password=s3cret", "postgres://ada:[redacted]@db/consent"),
            ("postgres://db/consent?user=ada&password=s3cret", "postgres://db/consent"),
            ("postgres://:s3cret@db/consent", "postgres://db/consent"),
            ("postgres://s3cret", "postgres://s3cret"),
            ("postgres://ada:s3@cret@db:5/consent", "postgres://ada:[redacted]@db:5/consent"),
            ("postgres://ada:s3cret@[broken", "[redacted]"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }

    #[test]
    fn other_databases_are_refused_without_showing_the_url() {
        let why = refused("database.url = \"mysql://root:s3cret@db/consent\"");
        assert!(why.contains("expected sqlite://") && !why.contains("s3cret"), "{why}");
        assert!(refused("database.max_connections = 0").contains("1 or more"));
        assert!(refused("database.max_connections = -1").contains("database.max_connections"));
    }
}
