//! Why a command did not do what it was asked.

use std::{error::Error, fmt, process::ExitCode};

use crate::config::ConfigError;

/// Wrong use or a wrong configuration.
const USAGE: u8 = 2;
/// Anything else.
const FAILURE: u8 = 1;

/// Why a command did not do what it was asked; made of any error by `?`.
///
/// Prints as one line with its causes, `could not listen: address in use`. It is no `Error` itself, as then nothing could
/// be turned into it by `?`.
#[derive(Debug)]
pub struct CliError {
    cause: Box<dyn Error + Send + Sync>,
    exit: u8,
}

impl CliError {
    /// A failure that has no other cause.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { cause: message.into().into(), exit: FAILURE }
    }

    /// The caller asked for something that cannot be: exit code 2.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self { cause: message.into().into(), exit: USAGE }
    }

    /// For `map_err`: a failure with words in front of its cause.
    pub fn because<E>(message: impl Into<String>) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let message = message.into();
        move |cause| Self { cause: Box::new(Because { message, cause: cause.into() }), exit: FAILURE }
    }

    /// What the process ends with.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        self.exit.into()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for CliError {
    fn from(error: E) -> Self {
        let cause: Box<dyn Error + Send + Sync> = Box::new(error);
        let exit = if cause.is::<ConfigError>() { USAGE } else { FAILURE };
        Self { cause, exit }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        let mut cause = self.cause.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Because {
    message: String,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_failure_is_told_with_its_causes() {
        let busy = Err::<(), _>(io::Error::other("busy"));
        let error = busy.map_err(CliError::because("cannot listen")).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit), ("cannot listen: busy", 1));
    }

    #[test]
    fn a_wrong_configuration_counts_as_wrong_use() {
        let source = io::Error::from(io::ErrorKind::NotFound);
        let error = CliError::from(ConfigError::Unreadable { path: "a.toml".into(), source });
        assert_eq!((error.to_string().as_str(), error.exit), ("a.toml cannot be read: entity not found", 2));
        assert_eq!(CliError::from(io::Error::other("busy")).exit, 1);
    }
}
