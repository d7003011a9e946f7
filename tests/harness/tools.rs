//! Programs that a stranger has, for tests that do what a page of `docs/` says with nothing else.

use std::process::{Command, Stdio};

/// Such a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `openssl`, the command line.
    OpenSsl,
    /// `python3` with its standard library.
    Python,
}

impl Tool {
    /// Whether all of them are installed; says `skipped` where one is not.
    ///
    /// # Panics
    ///
    /// When one is missing although `CONSENT_TEST_REQUIRE` lists it, as `openssl` or `python`.
    #[must_use]
    pub fn are_here(tools: &[Self]) -> bool {
        tools.iter().all(|tool| tool.is_here())
    }

    fn is_here(self) -> bool {
        let (name, program) = match self {
            Self::OpenSsl => ("openssl", "openssl"),
            Self::Python => ("python", "python3"),
        };
        let version = if self == Self::OpenSsl { "version" } else { "--version" };
        let run = Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let here = run.is_ok_and(|status| status.success());
        assert!(
            here || !crate::is_required(name),
            "CONSENT_TEST_REQUIRE lists {name}, but {program} does not start; on Debian: apt-get install {program}"
        );
        if !here {
            println!("skipped: no {program} was found");
        }
        here
    }
}
