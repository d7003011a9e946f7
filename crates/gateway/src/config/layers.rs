//! Who says what: the defaults, over them the operator's file, the environment, the command line.

use std::{fs, path::Path};

use figment::{
    Figment, Metadata, Profile, Provider,
    error::Kind,
    providers::{Format as _, Toml},
    value::{Dict, Map, Value},
};

use super::{
    Config, ConfigError, DEFAULTS, Overrides,
    environment::{self, Variable},
    error::reason,
};

/// What one of them says.
struct Layer {
    origin: String,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// What they say together, and who says it.
pub(super) struct Layers(Figment);

/// One key with its value.
pub(super) struct Entry {
    pub(super) section: String,
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) origin: String,
}

impl Layers {
    /// The defaults alone.
    pub(super) fn defaults() -> Result<Self, ConfigError> {
        let values = toml(Path::new("default.toml"), DEFAULTS)?;
        Ok(Self(Figment::from(Layer { origin: "default".to_owned(), values })))
    }

    /// Puts a file on top.
    pub(super) fn file(self, path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(unreadable)?;
        self.text(path, &text)
    }

    /// Puts the text of a file on top.
    pub(super) fn text(self, path: &Path, text: &str) -> Result<Self, ConfigError> {
        Ok(self.put(path.display().to_string(), toml(path, text)?))
    }

    /// Puts environment variables on top.
    pub(super) fn environment(self, variables: Vec<Variable>) -> Result<Self, ConfigError> {
        variables.into_iter().try_fold(self, Self::variable)
    }

    /// Puts what was said on the command line on top.
    pub(super) fn overrides(self, overrides: &Overrides) -> Result<Self, ConfigError> {
        let mut server = Dict::new();
        if let Some(listen) = overrides.listen {
            server.insert("listen".to_owned(), listen.to_string().into());
        }
        if let Some(dir) = &overrides.data_dir {
            let not_text = || ConfigError::NotText { name: format!("the path {}", dir.display()) };
            server.insert("data_dir".to_owned(), dir.to_str().ok_or_else(not_text)?.into());
        }
        if overrides.sandbox {
            server.insert("sandbox".to_owned(), true.into());
        }
        let values = Dict::from([("server".to_owned(), server.into())]);
        Ok(self.put("command line".to_owned(), values))
    }

    /// What comes out.
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        let config: Config = self.0.extract().map_err(|error| self.in_our_words(&error))?;
        config.check().map_err(|objection| self.invalid(objection.key, objection.reason))?;
        Ok(config)
    }

    /// Every key, in alphabetical order.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let sections: Dict = self.0.extract().unwrap_or_default();
        let keys = |(section, values): (String, Value)| {
            let values = values.into_dict().unwrap_or_default();
            values.into_iter().map(move |(key, value)| (section.clone(), key, value))
        };
        let entries = sections.into_iter().flat_map(keys).map(|(section, key, value)| {
            let origin = self.origin(&format!("{section}.{key}"));
            Entry { section, key, value, origin }
        });
        entries.collect()
    }

    fn put(self, origin: String, values: Dict) -> Self {
        Self(self.0.merge(Layer { origin, values }))
    }

    fn variable(self, variable: Variable) -> Result<Self, ConfigError> {
        let Variable { name, section, key, text } = variable;
        let path = format!("{section}.{key}");
        let known = self.0.find_value(&path).ok();
        let value = environment::value_like(known.as_ref(), &text).map_err(|reason| {
            ConfigError::Invalid { key: path, origin: name.clone(), reason: reason.to_owned() }
        })?;
        let values = Dict::from([(section, Dict::from([(key, value)]).into())]);
        Ok(self.put(name, values))
    }

    fn in_our_words(&self, error: &figment::Error) -> ConfigError {
        let mut path = error.path.clone();
        if let Kind::UnknownField(name, _) = &error.kind {
            if path.last() != Some(name) {
                path.push(name.clone());
            }
            let key = path.join(".");
            return ConfigError::UnknownKey { origin: self.origin(&key), key };
        }
        self.invalid(&path.join("."), reason(&error.kind))
    }

    fn invalid(&self, key: &str, reason: String) -> ConfigError {
        ConfigError::Invalid { key: key.to_owned(), origin: self.origin(key), reason }
    }

    fn origin(&self, key: &str) -> String {
        self.0.find_metadata(key).map_or_else(String::new, |metadata| metadata.name.to_string())
    }
}

/// The values in a text; where it is wrong is said without quoting it, as there may be a secret in the line.
fn toml(path: &Path, text: &str) -> Result<Dict, ConfigError> {
    Toml::from_str(text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(0, |span| text[..span.start].matches('\n').count()) + 1,
        reason: error.message().to_owned(),
    })
}
