//! `keys`: key pairs for apps. The server makes its own on start.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use consent_crypto::RsaPrivateKey;

use super::{CliError, say};

const EXAMPLES: &str = "\
The public key goes into the contract, the private key stays with the app: whatever the app gets is sealed for it, and
nobody can make it anew.

Examples:
  consent-access keys generate                            both on stdout, the private key first
  consent-access keys generate --out secrets --name diary
                              secrets/diary.private.pem and secrets/diary.public.pem";

/// What can be done about keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Makes an RSA key pair of 2048 bits: the private key as PKCS#1, the public key as SPKI, both PEM
    #[command(after_help = EXAMPLES)]
    Generate {
        /// Folder to write both files to, the private key readable for this account alone; files that exist are kept
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// What the names of the files begin with
        #[arg(long, value_name = "NAME", default_value = "app", requires = "out")]
        name: String,
    },
}

pub(super) fn run(command: KeysCommand) -> Result<(), CliError> {
    let KeysCommand::Generate { out, name } = command;
    match out {
        Some(dir) => {
            let paths = write_pair(&dir, &name)?;
            say(&paths.map(|path| path.display().to_string()).join("\n"))
        }
        None => print_pair(),
    }
}

fn print_pair() -> Result<(), CliError> {
    let (key, private_pem) = RsaPrivateKey::generate()?;
    say(&private_pem)?;
    say(&key.public().to_spki_pem())
}

/// The paths of both files, the private key first.
fn write_pair(dir: &Path, name: &str) -> Result<[PathBuf; 2], CliError> {
    if Path::new(name).file_name() != Some(name.as_ref()) {
        return Err(CliError::usage(format!("--name {name:?} is no file name")));
    }
    let [private, public] = ["private", "public"].map(|half| dir.join(format!("{name}.{half}.pem")));
    if let Some(taken) = [&private, &public].into_iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(CliError::new(format!("{} exists; choose another --name or --out", taken.display())));
    }
    let (key, private_pem) = RsaPrivateKey::generate()?;
    fs::create_dir_all(dir).map_err(CliError::because(format!("{} cannot be made", dir.display())))?;
    for (path, pem, mode) in
        [(&private, private_pem.as_str(), 0o600), (&public, &key.public().to_spki_pem(), 0o644)]
    {
        write_new(path, pem, mode)
            .map_err(CliError::because(format!("{} cannot be written", path.display())))?;
    }
    Ok([private, public])
}

fn write_new(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use consent_crypto::RsaPublicKey;

    use super::*;

    #[test]
    fn a_pair_is_written_once_and_never_over_another() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("secrets");
        write_pair(&dir, "diary").unwrap();
        let private = dir.join("diary.private.pem");
        let pem = fs::read_to_string(&private).unwrap();
        assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
        assert_eq!(private.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let public = fs::read_to_string(dir.join("diary.public.pem")).unwrap();
        assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
        let pair = RsaPrivateKey::parse_pem(&pem).unwrap();
        assert_eq!(RsaPublicKey::parse_pem(&public).unwrap(), *pair.public());

        fs::remove_file(dir.join("diary.public.pem")).unwrap();
        let refused = write_pair(&dir, "diary").unwrap_err().to_string();
        assert!(refused.contains("diary.private.pem exists"), "{refused}");
        assert_eq!(fs::read_to_string(&private).unwrap(), pem);
        assert!(!dir.join("diary.public.pem").exists());
    }

    #[test]
    fn a_name_is_not_a_path() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["", "..", "a/b", "/a", "a/"] {
            let refused = write_pair(dir.path(), name).unwrap_err().to_string();
            assert!(refused.contains("is no file name"), "{name}: {refused}");
        }
    }
}
