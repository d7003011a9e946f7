//! The server's own keys: a folder that only its account can read, made on first start.
//!
//! Every file is `<purpose>-<version>`, with `.pem` (RSA private key) or `.key` (32 bytes as base64url). To rotate a
//! key, add the next version and restart: the highest version signs and wraps, all of them verify and open.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use consent_core::Ambient;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    Key, KeyError, KeystoreError, RsaPrivateKey,
    digest::{base64url, base64url_decode, hex},
    jws::Algorithm,
};

/// What the server signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningPurpose {
    /// Tokens that OAuth answers carry.
    Tokens,
    /// Contract certificates.
    Certificates,
    /// Consent receipts, and what is said to persons about what apps reported.
    Receipts,
    /// Signals to apps (security event tokens).
    Signals,
}

impl SigningPurpose {
    fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Certificates => "certificates",
            Self::Receipts => "receipts",
            Self::Signals => "signals",
        }
    }

    /// How it is signed.
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Tokens | Self::Certificates => Algorithm::Ps512,
            Self::Receipts | Self::Signals => Algorithm::Rs256,
        }
    }
}

/// What the server keys without anybody present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Goes into every password hash.
    Pepper,
    /// Recognizes a file that is pushed twice.
    Deduplication,
    /// Wraps secrets that work with nobody present: webhook secrets, source client secrets, app storage.
    Unattended,
    /// Opens the libraries of throw-away sandbox persons.
    Sandbox,
}

impl KeyPurpose {
    fn name(self) -> &'static str {
        match self {
            Self::Pepper => "pepper",
            Self::Deduplication => "deduplication",
            Self::Unattended => "unattended",
            Self::Sandbox => "sandbox",
        }
    }
}

/// A key that signs, and the name it goes by.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// RFC 7638 thumbprint of the public half.
    pub kid: String,
    /// The key pair.
    pub key: RsaPrivateKey,
}

impl SigningKey {
    fn new(key: RsaPrivateKey) -> Self {
        Self { kid: key.public().thumbprint(), key }
    }
}

/// All versions of the keys of one purpose, the oldest first; never empty.
type Versions<T> = Vec<(u32, T)>;

/// The server's own keys.
#[derive(Debug)]
pub struct Keystore {
    tokens: Versions<SigningKey>,
    certificates: Versions<SigningKey>,
    receipts: Versions<SigningKey>,
    signals: Versions<SigningKey>,
    pepper: Versions<Key>,
    deduplication: Versions<Key>,
    unattended: Versions<Key>,
    sandbox: Versions<Key>,
}

impl Keystore {
    /// Reads the keys in a folder, and makes the folder (0700) and every key that is missing (0600).
    ///
    /// Refuses a key that other accounts can read and a folder that they can write to. Blocks, up to a second on the
    /// first start; several processes may start at once.
    pub fn open_or_create(dir: &Path, ambient: &Ambient) -> Result<Self, KeystoreError> {
        let folder = Folder::open(dir, ambient)?;
        Ok(Self {
            tokens: folder.signing_keys(SigningPurpose::Tokens)?,
            certificates: folder.signing_keys(SigningPurpose::Certificates)?,
            receipts: folder.signing_keys(SigningPurpose::Receipts)?,
            signals: folder.signing_keys(SigningPurpose::Signals)?,
            pepper: folder.symmetric_keys(KeyPurpose::Pepper)?,
            deduplication: folder.symmetric_keys(KeyPurpose::Deduplication)?,
            unattended: folder.symmetric_keys(KeyPurpose::Unattended)?,
            sandbox: folder.symmetric_keys(KeyPurpose::Sandbox)?,
        })
    }

    /// A keystore that is gone with the process, which signs everything with one private key in PEM; the other keys
    /// are random.
    pub fn in_memory(ambient: &Ambient, pem: &str) -> Result<Self, KeyError> {
        let signing = vec![(1, SigningKey::new(RsaPrivateKey::parse_pem(pem)?))];
        let random = || vec![(1, Key::generate(ambient))];
        Ok(Self {
            tokens: signing.clone(),
            certificates: signing.clone(),
            receipts: signing.clone(),
            signals: signing,
            pepper: random(),
            deduplication: random(),
            unattended: random(),
            sandbox: random(),
        })
    }

    /// The key that signs now.
    #[must_use]
    pub fn signing(&self, purpose: SigningPurpose) -> &SigningKey {
        newest(self.signing_versions(purpose)).1
    }

    /// Every key that signatures may be checked against, newest first, as a JWKS.
    #[must_use]
    pub fn jwks(&self, purpose: SigningPurpose) -> Value {
        let newest_first = self.signing_versions(purpose).iter().rev();
        let jwk = |(_, signing): &(u32, SigningKey)| {
            signing.key.public().jwk(purpose.algorithm().name(), &signing.kid, "sig")
        };
        json!({ "keys": newest_first.map(jwk).collect::<Vec<_>>() })
    }

    /// The key that wraps now.
    #[must_use]
    pub fn key(&self, purpose: KeyPurpose) -> &Key {
        newest(self.key_versions(purpose)).1
    }

    /// Which version [`Keystore::key`] is; to be kept beside what it wraps.
    #[must_use]
    pub fn version(&self, purpose: KeyPurpose) -> u32 {
        newest(self.key_versions(purpose)).0
    }

    /// The key of an earlier version.
    #[must_use]
    pub fn key_at(&self, purpose: KeyPurpose, version: u32) -> Option<&Key> {
        self.key_versions(purpose).iter().find(|(known, _)| *known == version).map(|(_, key)| key)
    }

    fn signing_versions(&self, purpose: SigningPurpose) -> &Versions<SigningKey> {
        match purpose {
            SigningPurpose::Tokens => &self.tokens,
            SigningPurpose::Certificates => &self.certificates,
            SigningPurpose::Receipts => &self.receipts,
            SigningPurpose::Signals => &self.signals,
        }
    }

    fn key_versions(&self, purpose: KeyPurpose) -> &Versions<Key> {
        match purpose {
            KeyPurpose::Pepper => &self.pepper,
            KeyPurpose::Deduplication => &self.deduplication,
            KeyPurpose::Unattended => &self.unattended,
            KeyPurpose::Sandbox => &self.sandbox,
        }
    }
}

fn newest<T>(versions: &Versions<T>) -> (u32, &T) {
    let (version, key) = versions.last().expect("every purpose has a key since the keystore was opened");
    (*version, key)
}

/// The folder on disk, locked against other processes that start at the same time.
struct Folder<'a> {
    path: &'a Path,
    ambient: &'a Ambient,
    _lock: File,
}

impl<'a> Folder<'a> {
    fn open(path: &'a Path, ambient: &'a Ambient) -> Result<Self, KeystoreError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(failed(path, "made"))?;
        // Whoever may write to the folder may put keys of his own in.
        refuse_exposed(path, 0o022, 0o700)?;
        let lock_path = path.join(".lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock_path);
        let lock = lock.map_err(failed(&lock_path, "opened"))?;
        lock.lock().map_err(failed(&lock_path, "locked"))?;
        Ok(Self { path, ambient, _lock: lock })
    }

    fn signing_keys(&self, purpose: SigningPurpose) -> Result<Versions<SigningKey>, KeystoreError> {
        let read = |path: &Path| {
            let key = RsaPrivateKey::parse_pem(&read_private(path)?);
            key.map(SigningKey::new)
                .map_err(|source| KeystoreError::SigningKey { path: path.to_owned(), source })
        };
        let make = || RsaPrivateKey::generate().map(|(_, pem)| pem).map_err(KeystoreError::Generation);
        self.versions(purpose.name(), "pem", read, make)
    }

    fn symmetric_keys(&self, purpose: KeyPurpose) -> Result<Versions<Key>, KeystoreError> {
        let read = |path: &Path| {
            let bytes = base64url_decode(read_private(path)?.trim()).map(Zeroizing::new).ok();
            bytes
                .and_then(|bytes| Key::from_slice(&bytes).ok())
                .ok_or_else(|| KeystoreError::SymmetricKey { path: path.to_owned() })
        };
        let make = || Ok(Zeroizing::new(base64url(Key::generate(self.ambient).expose()) + "\n"));
        self.versions(purpose.name(), "key", read, make)
    }

    /// All versions of one purpose, after making the first if there is none.
    fn versions<T>(
        &self,
        name: &str,
        extension: &str,
        read: impl Fn(&Path) -> Result<T, KeystoreError>,
        make: impl Fn() -> Result<Zeroizing<String>, KeystoreError>,
    ) -> Result<Versions<T>, KeystoreError> {
        let mut found = self.list(name, extension)?;
        if found.is_empty() {
            let path = self.path.join(format!("{name}-1.{extension}"));
            self.write(&path, make()?.as_bytes()).map_err(failed(&path, "written"))?;
            found.push((1, path));
        }
        found.sort_unstable();
        found.into_iter().map(|(version, path)| Ok((version, read(&path)?))).collect()
    }

    fn list(&self, name: &str, extension: &str) -> Result<Vec<(u32, PathBuf)>, KeystoreError> {
        let version = |path: &Path| {
            let file = path.file_name()?.to_str()?;
            let number = file.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(extension)?;
            let number = number.strip_suffix('.')?;
            number.parse().ok().filter(|parsed: &u32| *parsed > 0 && parsed.to_string() == number)
        };
        let entries = fs::read_dir(self.path).map_err(failed(self.path, "listed"))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let paths: Vec<_> = paths.collect::<Result<_, _>>().map_err(failed(self.path, "listed"))?;
        Ok(paths.into_iter().filter_map(|path| Some((version(&path)?, path))).collect())
    }

    /// Writes a file that is there as a whole or not at all, also after a power cut.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.path.join(format!(".{}.tmp", hex(&self.ambient.random::<8>())));
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(self.path)?.sync_all()
    }
}

/// The text of a file that no other account can reach.
fn read_private(path: &Path) -> Result<Zeroizing<String>, KeystoreError> {
    refuse_exposed(path, 0o077, 0o600)?;
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed(path, "read"))
}

fn refuse_exposed(path: &Path, refused: u32, wanted: u32) -> Result<(), KeystoreError> {
    let mode = fs::metadata(path).map_err(failed(path, "read"))?.permissions().mode() & 0o7777;
    if mode & refused == 0 {
        return Ok(());
    }
    Err(KeystoreError::Exposed { path: path.to_owned(), mode, wanted })
}

fn failed(path: &Path, verb: &'static str) -> impl FnOnce(io::Error) -> KeystoreError {
    let path = path.to_owned();
    move |source| KeystoreError::Io { path, verb, source }
}

#[cfg(test)]
mod tests {
    use consent_core::testing::{TestClock, ambient};

    use super::*;
    use crate::testing::{APP_PEM, CERTIFICATES_PEM, TOKENS_PEM};

    const SIGNING: [SigningPurpose; 4] = [
        SigningPurpose::Tokens,
        SigningPurpose::Certificates,
        SigningPurpose::Receipts,
        SigningPurpose::Signals,
    ];
    const PURPOSES: [KeyPurpose; 4] =
        [KeyPurpose::Pepper, KeyPurpose::Deduplication, KeyPurpose::Unattended, KeyPurpose::Sandbox];

    fn chance() -> Ambient {
        ambient(&TestClock::new(), 1)
    }

    /// A folder that already has signing keys, as making some takes long.
    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "tokens-1.pem", TOKENS_PEM);
        put(dir.path(), "certificates-1.pem", CERTIFICATES_PEM);
        put(dir.path(), "receipts-1.pem", CERTIFICATES_PEM);
        put(dir.path(), "signals-1.pem", CERTIFICATES_PEM);
        dir
    }

    fn put(dir: &Path, name: &str, text: &str) {
        let path = dir.join(name);
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_first_start_makes_keys_that_later_starts_find() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("data/keys");
        let first = Keystore::open_or_create(&dir, &chance()).unwrap();
        assert_eq!(mode(&dir), 0o700);
        let mut names = vec![];
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{path:?}");
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
        names.sort();
        let expected = [
            ".lock",
            "certificates-1.pem",
            "deduplication-1.key",
            "pepper-1.key",
            "receipts-1.pem",
            "sandbox-1.key",
            "signals-1.pem",
            "tokens-1.pem",
            "unattended-1.key",
        ];
        assert_eq!(names, expected);

        let second = Keystore::open_or_create(&dir, &chance()).unwrap();
        let kid = |keystore: &Keystore, purpose| keystore.signing(purpose).kid.clone();
        let kids = SIGNING.map(|purpose| kid(&first, purpose));
        assert_eq!(kids, SIGNING.map(|purpose| kid(&second, purpose)));
        assert_eq!(kids.iter().collect::<std::collections::HashSet<_>>().len(), SIGNING.len(), "a key each");
        for purpose in PURPOSES {
            assert_eq!(first.key(purpose).expose(), second.key(purpose).expose());
        }
    }

    #[test]
    fn the_highest_version_signs_and_all_are_published() {
        let dir = folder();
        put(dir.path(), "tokens-10.pem", APP_PEM);
        put(dir.path(), "tokens-2.pem", CERTIFICATES_PEM);
        for ignored in ["tokens-03.pem", "tokens-0.pem", "tokens-11.pem.bak", "tokens-.pem", "tokens.pem"] {
            put(dir.path(), ignored, "nothing");
        }
        let keystore = Keystore::open_or_create(dir.path(), &chance()).unwrap();
        let kid = |pem| RsaPrivateKey::parse_pem(pem).unwrap().public().thumbprint();
        assert_eq!(keystore.signing(SigningPurpose::Tokens).kid, kid(APP_PEM));
        let jwks = keystore.jwks(SigningPurpose::Tokens);
        let kids: Vec<_> =
            jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!(kids, [kid(APP_PEM), kid(CERTIFICATES_PEM), kid(TOKENS_PEM)]);
        assert_eq!(jwks["keys"][0]["alg"], "PS512");
    }

    #[test]
    fn earlier_symmetric_keys_still_open() {
        let dir = folder();
        put(dir.path(), "unattended-1.key", &base64url(&[1; 32]));
        put(dir.path(), "unattended-2.key", &format!("{}\n", base64url(&[2; 32])));
        let keystore = Keystore::open_or_create(dir.path(), &chance()).unwrap();
        assert_eq!(keystore.version(KeyPurpose::Unattended), 2);
        assert_eq!(keystore.key(KeyPurpose::Unattended).expose(), &[2; 32]);
        assert_eq!(keystore.key_at(KeyPurpose::Unattended, 1).unwrap().expose(), &[1; 32]);
        assert!(keystore.key_at(KeyPurpose::Unattended, 3).is_none());
    }

    #[test]
    fn keys_that_others_can_read_are_refused_with_the_remedy() {
        let dir = folder();
        let path = dir.path().join("tokens-1.pem");
        set_mode(&path, 0o640);
        let refused = Keystore::open_or_create(dir.path(), &chance()).unwrap_err().to_string();
        let path = path.display();
        let expected =
            format!("{path} has mode 0640, so other accounts can reach it; run: chmod 0600 {path}");
        assert_eq!(refused, expected);
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_refused() {
        let dir = folder();
        set_mode(dir.path(), 0o770);
        let refused = Keystore::open_or_create(dir.path(), &chance());
        assert!(matches!(refused, Err(KeystoreError::Exposed { wanted: 0o700, .. })));
    }

    #[test]
    fn damaged_keys_are_named_and_never_replaced() {
        let dir = folder();
        put(dir.path(), "pepper-1.key", "short");
        let refused = Keystore::open_or_create(dir.path(), &chance()).unwrap_err();
        assert!(matches!(&refused, KeystoreError::SymmetricKey { path } if path.ends_with("pepper-1.key")));
        assert_eq!(fs::read_to_string(dir.path().join("pepper-1.key")).unwrap(), "short");
        put(dir.path(), "tokens-1.pem", "");
        let refused = Keystore::open_or_create(dir.path(), &chance()).unwrap_err();
        assert!(matches!(refused, KeystoreError::SigningKey { source: KeyError::Pem, .. }));
    }

    #[test]
    fn processes_that_start_at_once_agree() {
        let dir = folder();
        let open = || {
            *Keystore::open_or_create(dir.path(), &Ambient::system())
                .unwrap()
                .key(KeyPurpose::Pepper)
                .expose()
        };
        let keys: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_keystore_in_memory_signs_with_the_given_key() {
        let keystore = Keystore::in_memory(&chance(), TOKENS_PEM).unwrap();
        let algorithms = SIGNING.map(|purpose| keystore.jwks(purpose)["keys"][0]["alg"].clone());
        assert_eq!(algorithms, ["PS512", "PS512", "RS256", "RS256"]);
        let mut keys = PURPOSES.map(|purpose| *keystore.key(purpose).expose()).to_vec();
        keys.dedup();
        assert_eq!(keys.len(), PURPOSES.len());
        let secret = base64url(keystore.key(KeyPurpose::Pepper).expose());
        assert!(!format!("{keystore:?}").contains(&secret));
        assert_eq!(Keystore::in_memory(&chance(), "").unwrap_err(), KeyError::Pem);
    }
}
