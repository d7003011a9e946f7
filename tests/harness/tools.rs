//! Programs that a stranger has, for tests that do what a page of `docs/` says with nothing else.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

/// Such a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `openssl`, the command line.
    OpenSsl,
    /// `python3` with its standard library.
    Python,
    /// `node`, which runs what is made for browsers and servers in JavaScript.
    Node,
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
            Self::Node => ("node", "nodejs"),
        };
        let command = if self == Self::Node { "node" } else { program };
        let version = if self == Self::OpenSsl { "version" } else { "--version" };
        let run = Command::new(command).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let here = run.is_ok_and(|status| status.success());
        assert!(
            here || !crate::is_required(name),
            "CONSENT_TEST_REQUIRE lists {name}, but {command} does not start; on Debian: apt-get install {program}"
        );
        if !here {
            println!("skipped: no {command} was found");
        }
        here
    }
}

/// The folder in which Signatu's published client was installed beside the tests, never part of them; none, and a word,
/// where it or `node` is missing.
///
/// # Panics
///
/// When one is missing although `CONSENT_TEST_REQUIRE` lists `node`.
#[must_use]
pub fn signatu_client() -> Option<PathBuf> {
    if !Tool::are_here(&[Tool::Node]) {
        return None;
    }
    let folder = crate::target_folder().join("signatu");
    let here = folder.join("node_modules/@signatu/consent/package.json").is_file();
    assert!(
        here || !crate::is_required("node"),
        "CONSENT_TEST_REQUIRE lists node, but @signatu/consent is not in {}: .ci/run says how to install it",
        folder.display()
    );
    if !here {
        println!("skipped: Signatu's client is not installed");
    }
    here.then_some(folder)
}
