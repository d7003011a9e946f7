//! The configuration as an operator may look at it: what came out, who said it, and no secret.

use std::fmt::Write as _;

use figment::value::Value;
use secrecy::ExposeSecret as _;

use super::{
    Config, ConfigError,
    database::redacted,
    layers::{Entry, Layers},
};

pub(super) fn report(layers: &Layers) -> Result<String, ConfigError> {
    let config = layers.config()?;
    let mut text = String::new();
    let mut section = String::new();
    for entry in layers.entries() {
        if entry.section != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{}]", entry.section);
            section.clone_from(&entry.section);
        }
        let _ = writeln!(text, "{} = {}  # {}", entry.key, shown(&config, &entry), entry.origin);
    }
    Ok(text)
}

/// The value as TOML: for keys that may be empty what that comes to, and for secrets that they are set.
fn shown(config: &Config, entry: &Entry) -> String {
    let resolved = match (entry.section.as_str(), entry.key.as_str()) {
        ("server", "public_url") => config.public_url(config.server.listen),
        ("database", "url") => redacted(config.database_url().expose_secret()),
        ("blobs", "url") => config.blob_place().to_string(),
        ("keys", "dir") => config.keys_dir().display().to_string(),
        ("journal", "dir") => config.journal_dir().display().to_string(),
        ("mail", "server") if config.mail.server.expose_secret().is_empty() => String::new(),
        ("mail", "server") => redacted(config.mail.server.expose_secret()),
        ("operator", "token") if config.operator.token.expose_secret().is_empty() => String::new(),
        ("operator", "token") => "[redacted]".to_owned(),
        _ => return toml(&entry.value),
    };
    quoted(&resolved)
}

fn toml(value: &Value) -> String {
    match value {
        Value::String(_, text) => quoted(text),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => {
            let whole = number.to_u128().map(|number| number.to_string());
            whole.or_else(|| Some(number.to_i128()?.to_string())).unwrap_or_default()
        }
        Value::Array(_, items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        // No key has values of other kinds.
        Value::Char(..) | Value::Dict(..) | Value::Empty(..) => String::new(),
    }
}

/// A TOML string; JSON's escapes are among TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
