//! What the environment says: `CONSENT_SECTION__KEY`, and `CONSENT_SECTION__KEY_FILE` for secrets.
//!
//! Only names with two underscores are configuration; `CONSENT_TEST_REQUIRE` and its like belong to others. What a value
//! is read as depends on the key, never on the look of the value: a token made of digits stays text.

use std::{collections::BTreeMap, ffi::OsString, fs, path::PathBuf};

use figment::value::Value;

use super::ConfigError;

const PREFIX: &str = "CONSENT_";
const FILE_SUFFIX: &str = "_FILE";
/// The keys whose values may come from a file.
pub(super) const SECRETS: [&str; 3] = ["database.url", "mail.server", "operator.token"];

/// A variable that is about configuration.
#[derive(Debug, PartialEq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) section: String,
    pub(super) key: String,
    pub(super) text: String,
}

/// The environment of this process; the one place that reads it.
pub(super) fn of_process() -> impl Iterator<Item = (OsString, OsString)> {
    // Not `vars`, which panics when anything in the environment is not UTF-8.
    std::env::vars_os()
}

/// The variables that are about configuration, in the order of their names.
pub(super) fn variables(
    all: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<Variable>, ConfigError> {
    let named = all.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let ours = named.filter(|(name, _)| name.strip_prefix(PREFIX).is_some_and(|rest| rest.contains("__")));
    let ours: BTreeMap<_, _> = ours.collect();
    let mut found = Vec::new();
    for (name, value) in &ours {
        let not_text = || ConfigError::NotText { name: name.clone() };
        let text = value.to_str().ok_or_else(not_text)?.to_owned();
        let lower = name[PREFIX.len()..].to_ascii_lowercase();
        let (section, key) = lower.split_once("__").unwrap_or_default();
        let variable = Variable { name: name.clone(), section: section.into(), key: key.into(), text };
        found.push(match plain_name(&variable) {
            Some(plain) if ours.contains_key(plain.as_str()) => {
                return Err(ConfigError::Twice { name: plain });
            }
            Some(_) => from_file(variable)?,
            None => variable,
        });
    }
    Ok(found)
}

/// Which variable this one stands for, if it names the file of a secret.
fn plain_name(variable: &Variable) -> Option<String> {
    let key = variable.key.strip_suffix("_file")?;
    let secret = SECRETS.contains(&format!("{}.{key}", variable.section).as_str());
    secret.then(|| variable.name[..variable.name.len() - FILE_SUFFIX.len()].to_owned())
}

fn from_file(variable: Variable) -> Result<Variable, ConfigError> {
    let path = PathBuf::from(variable.text);
    let text = fs::read_to_string(&path).map_err(|source| ConfigError::Unreadable { path, source })?;
    let key = variable.key.trim_end_matches("_file").to_owned();
    Ok(Variable { key, text: text.trim_end_matches(['\r', '\n']).to_owned(), ..variable })
}

/// The text as a value of the same kind as the key's default; text where there is no default.
pub(super) fn value_like(default: Option<&Value>, text: &str) -> Result<Value, &'static str> {
    match default {
        Some(Value::Num(..)) => {
            text.parse::<u64>().map(Value::from).map_err(|_| "expected a whole number, 0 or more")
        }
        Some(Value::Bool(..)) => text.parse::<bool>().map(Value::from).map_err(|_| "expected true or false"),
        Some(Value::Array(..)) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(items.map(Value::from).collect::<Vec<_>>().into())
        }
        _ => Ok(Value::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables_of(all: &[(&str, &str)]) -> Result<Vec<(String, String)>, ConfigError> {
        let all = all.iter().map(|(name, value)| (name.into(), value.into()));
        let found = variables(all)?.into_iter();
        Ok(found.map(|found| (format!("{}.{}", found.section, found.key), found.text)).collect())
    }

    #[test]
    fn only_names_with_two_underscores_are_configuration() {
        let all = [
            ("CONSENT_TEST_REQUIRE", "postgres"),
            ("CONSENT", "1"),
            ("OTHER__KEY", "1"),
            ("CONSENT_SERVER__DATA_DIR", "/d"),
        ];
        assert_eq!(variables_of(&all).unwrap(), [("server.data_dir".to_owned(), "/d".to_owned())]);
    }

    #[test]
    fn a_secret_may_lie_in_a_file_and_loses_its_last_newline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, " 1234 \n").unwrap();
        let path = path.to_str().unwrap();
        let found = variables_of(&[("CONSENT_OPERATOR__TOKEN_FILE", path)]).unwrap();
        assert_eq!(found, [("operator.token".to_owned(), " 1234 ".to_owned())]);
        let both = [("CONSENT_OPERATOR__TOKEN", "1"), ("CONSENT_OPERATOR__TOKEN_FILE", path)];
        assert_eq!(
            variables_of(&both).unwrap_err().to_string(),
            "CONSENT_OPERATOR__TOKEN and CONSENT_OPERATOR__TOKEN_FILE are both set"
        );
        let missing = variables_of(&[("CONSENT_DATABASE__URL_FILE", "/nowhere")]).unwrap_err();
        assert_eq!(missing.to_string(), "/nowhere cannot be read");
    }

    #[test]
    fn what_is_no_secret_has_no_file() {
        let found = variables_of(&[("CONSENT_SERVER__LISTEN_FILE", "/etc/hostname")]).unwrap();
        assert_eq!(found, [("server.listen_file".to_owned(), "/etc/hostname".to_owned())]);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_said_to_be() {
        use std::os::unix::ffi::OsStringExt as _;
        let odd = OsString::from_vec(vec![0xff]);
        let elsewhere = (OsString::from("PATH"), odd.clone());
        assert_eq!(variables([elsewhere].into_iter()).unwrap(), []);
        let ours = variables([(OsString::from("CONSENT_LOG__FILTER"), odd)].into_iter()).unwrap_err();
        assert_eq!(ours.to_string(), "CONSENT_LOG__FILTER is not UTF-8 text");
    }
}
