//! How the layers come together.

use figment::{
    Figment,
    providers::{Format as _, Toml},
};
use secrecy::ExposeSecret as _;

use super::*;

/// The defaults with a few lines of TOML on top.
pub(super) fn with(toml: &str) -> Config {
    layered(toml, &[]).and_then(|layers| layers.config()).unwrap()
}

/// Why these lines of TOML are refused.
pub(super) fn refused(toml: &str) -> String {
    layered(toml, &[]).and_then(|layers| layers.config()).unwrap_err().to_string()
}

fn layered(toml: &str, environment: &[(&str, &str)]) -> Result<Layers, ConfigError> {
    let variables = environment.iter().map(|(name, value)| (name.into(), value.into()));
    let variables = environment::variables(variables)?;
    Layers::defaults()?.text(Path::new("test.toml"), toml)?.environment(variables)
}

fn from_environment(environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    layered("", environment)?.config()
}

#[test]
fn the_manual_has_every_key_and_no_other() {
    // No key has a default in Rust and unknown ones are refused, so that reading the manual alone proves it.
    let config = with("");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.limits.upload_bytes.bytes(), 4 << 30);
    assert_eq!(config.people.sign_in_for.to_string(), "90d");
    assert_eq!(config.log.format, LogFormat::Text);
}

#[test]
fn every_key_of_the_manual_is_needed() {
    let keys = |line: &&str| line.contains(" = ") && !line.starts_with('#');
    let mut seen = 0;
    for line in DEFAULTS.lines().filter(keys) {
        let shortened = DEFAULTS.replacen(&format!("\n{line}\n"), "\n", 1);
        let values = Figment::from(Toml::string(&shortened));
        let missing = values.extract::<Config>().unwrap_err();
        assert!(missing.missing(), "{line}: {missing}");
        seen += 1;
    }
    assert_eq!(seen, Layers::defaults().unwrap().entries().len());
}

#[test]
fn the_example_files_are_accepted() {
    for (name, text) in [
        ("sandbox.toml", include_str!("../../../../config/sandbox.toml")),
        ("postgres-s3.toml", include_str!("../../../../config/postgres-s3.toml")),
    ] {
        let layers = Layers::defaults().and_then(|defaults| defaults.text(Path::new(name), text));
        assert!(layers.unwrap().config().is_ok(), "{name}");
    }
}

#[test]
fn unknown_keys_are_refused_by_name() {
    assert_eq!(refused("server.lisen = 1"), "there is no key server.lisen (from test.toml)");
    assert_eq!(refused("sever.listen = 1"), "there is no key sever (from test.toml)");
    assert_eq!(refused("listen = 1"), "there is no key listen (from test.toml)");
    let from_environment = |name| from_environment(&[(name, "1")]).unwrap_err().to_string();
    assert_eq!(
        from_environment("CONSENT_SERVER__LISEN"),
        "there is no key server.lisen (from CONSENT_SERVER__LISEN)"
    );
    assert_eq!(
        from_environment("CONSENT_SERVER__LISTEN_FILE"),
        "there is no key server.listen_file (from CONSENT_SERVER__LISTEN_FILE)"
    );
    assert_eq!(
        from_environment("CONSENT_TEST__REQUIRE"),
        "there is no key test (from CONSENT_TEST__REQUIRE)"
    );
}

#[test]
fn the_environment_overrides_the_file_and_the_command_line_both() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\ndata_dir = \"/file\"\nworkers = 1\n";
    let environment =
        [("CONSENT_SERVER__LISTEN", "127.0.0.1:2"), ("CONSENT_SERVER__DATA_DIR", "/environment")];
    let overrides = Overrides { data_dir: Some("/command".into()), sandbox: true, listen: None };
    let layers = layered(file, &environment).unwrap().overrides(&overrides).unwrap();
    let server = layers.config().unwrap().server;
    assert_eq!((server.workers, server.listen.port()), (1, 2));
    assert_eq!((server.data_dir, server.sandbox), ("/command".into(), true));
}

#[test]
fn a_variable_is_read_as_its_key_demands() {
    let config = from_environment(&[
        ("CONSENT_OPERATOR__TOKEN", "0123456789"),
        ("CONSENT_SERVER__DATA_DIR", "2026"),
        ("CONSENT_SERVER__WORKERS", "3"),
        ("CONSENT_SERVER__SANDBOX", "true"),
        ("CONSENT_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("CONSENT_SESSIONS__LAST_FOR", "5m"),
        ("CONSENT_TEST_REQUIRE", "postgres,browser"),
    ]);
    let config = config.unwrap();
    assert_eq!(config.operator.token.expose_secret(), "0123456789");
    assert_eq!(config.keys_dir(), Path::new("2026/keys"));
    assert_eq!((config.server.workers, config.server.sandbox), (3, true));
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.sessions.last_for.to_string(), "5m");
    let wrong = from_environment(&[("CONSENT_SERVER__WORKERS", "many")]).unwrap_err();
    let message = "server.workers (from CONSENT_SERVER__WORKERS): expected a whole number, 0 or more";
    assert_eq!(wrong.to_string(), message);
}

#[test]
fn wrong_values_are_refused_with_key_place_and_reason() {
    for (toml, why) in [
        ("server.listen = \"here\"", "server.listen (from test.toml): invalid socket address syntax"),
        ("server.sandbox = \"yes\"", "server.sandbox (from test.toml): expected a boolean"),
        ("log.format = \"xml\"", "log.format (from test.toml): \"xml\" is neither \"text\" nor \"json\""),
        (
            "log.filter = \"a=b=c\"",
            "log.filter (from test.toml): error parsing level filter: expected one of \"off\", \"error\", \"warn\", \"info\", \"debug\", \"trace\", or a number 0-5",
        ),
        ("sessions.last_for = \"0s\"", "sessions.last_for (from test.toml): expected more than no time"),
        (
            "auth.access_token_for = \"200d\"",
            "auth.refresh_token_for (from default): must not be shorter than auth.access_token_for",
        ),
        (
            "people.argon2_lanes = 9000",
            "people.argon2_memory_kib (from default): expected 8 or more for each lane",
        ),
        ("limits.json_bytes = \"0B\"", "limits.json_bytes (from test.toml): expected more than nothing"),
    ] {
        assert_eq!(refused(toml), why);
    }
}

#[test]
fn a_secret_is_not_shown_in_what_is_said_about_it() {
    for toml in
        ["operator.token = 4711", "operator = \"4711\"", "[operator]\ntoken = \"4711", "token = 4711 4711"]
    {
        let why = refused(toml);
        assert!(!why.contains("4711"), "{why}");
    }
    assert_eq!(refused("a = 1\n[operator]\ntoken = \"4711"), "test.toml, line 3: invalid basic string");
    let config = with("operator.token = \"4711\"\ndatabase.url = \"postgres://a:4711@db/consent\"");
    assert!(!format!("{config:?}").contains("4711"));
}

#[test]
fn tests_get_a_cheap_sandbox_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::for_tests(&dir.path().join("data"));
    assert!(config.check().is_ok());
    assert_eq!(config.public_url("127.0.0.1:4000".parse().unwrap()), "http://127.0.0.1:4000");
    assert_eq!(config.operator_token_file(), dir.path().join("data/operator.token"));
    config.make_data_dir().unwrap();
    config.make_data_dir().unwrap();
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&dir.path().join("data").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn the_report_shows_every_key_where_it_comes_from_and_no_secret() {
    let file =
        "database.url = \"postgres://consent:s3cret@db.example/consent\"\nsessions.last_for = \"10m\"\n";
    let environment =
        [("CONSENT_OPERATOR__TOKEN", "s3cret"), ("CONSENT_SERVER__TRUSTED_PROXIES", "::1,10.0.0.0/8")];
    let overrides = Overrides { sandbox: true, ..Overrides::default() };
    let layers = layered(file, &environment).unwrap().overrides(&overrides).unwrap();
    assert_eq!(report::report(&layers).unwrap(), REPORT);
}

const REPORT: &str = r#"[auth]
access_token_for = "1d"  # default
refresh_token_for = "180d"  # default

[blobs]
url = "./data/blobs"  # default

[database]
max_connections = 16  # default
patience = "10s"  # default
url = "postgres://consent:[redacted]@db.example/consent"  # test.toml

[events]
checkpoint_after = "1h"  # default
checkpoint_every = 100  # default

[journal]
dir = "./data/journal"  # default
keep_for = "400d"  # default

[keys]
dir = "./data/keys"  # default

[limits]
json_bytes = "256KiB"  # default
sign_ups_per_day = 20  # default
upload_bytes = "4GiB"  # default

[log]
filter = "info"  # default
format = "text"  # default

[operator]
token = "[redacted]"  # CONSENT_OPERATOR__TOKEN

[people]
argon2_at_once = 2  # default
argon2_iterations = 3  # default
argon2_lanes = 1  # default
argon2_memory_kib = 65536  # default
sign_in_for = "90d"  # default
sign_in_idle_for = "14d"  # default

[sandbox]
sample_pace = "150ms"  # default

[server]
data_dir = "./data"  # default
drain_for = "10s"  # default
listen = "127.0.0.1:8080"  # default
name = "Consent Access"  # default
public_url = "http://127.0.0.1:8080"  # default
sandbox = true  # command line
trusted_proxies = ["::1", "10.0.0.0/8"]  # CONSENT_SERVER__TRUSTED_PROXIES
workers = 0  # default

[sessions]
last_for = "10m"  # test.toml

[signals]
erase_acknowledged_within = "72h"  # default
erase_done_within = "14d"  # default
retry_after = ["0s", "5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "24h"]  # default
revoke_acknowledged_within = "24h"  # default
revoke_done_within = "72h"  # default
stop_acknowledged_within = "24h"  # default
stop_done_within = "24h"  # default
"#;
