//! The program, as people type it.

mod chains;

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use consent_client::reqwest;
use consent_crypto::{RsaPrivateKey, RsaPublicKey};
use consent_gateway::http::routes;
use harness::{Person, fixture, is_required, postgres};
use serde_json::{Value, json};
use tempfile::TempDir;

#[test]
fn every_command_says_what_it_does() {
    let desk = Desk::new();
    let mut waiting = vec![Vec::new()];
    let mut seen = BTreeSet::new();
    while let Some(words) = waiting.pop() {
        let words: Vec<String> = words;
        let help = desk.run(words.iter().map(String::as_str).chain(["--help"]));
        assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{words:?}");
        assert!(help.stdout.contains("Usage: "), "{words:?}: {}", help.stdout);
        assert!(help.stdout.lines().next().unwrap().len() > 10, "{words:?}: {}", help.stdout);
        for command in commands_in(&help.stdout) {
            waiting.push([words.clone(), vec![command]].concat());
        }
        seen.insert(words.join(" "));
    }
    for command in [
        "serve",
        "demo",
        "app register",
        "app rotate-key",
        "contract draft",
        "contract retire-key",
        "person import",
        "person stop",
        "keys generate",
        "receipt verify",
        "check-config",
        "migrate",
        "openapi",
    ] {
        assert!(seen.contains(command), "{command} is not in {seen:?}");
    }
    let version = desk.run(["--version"]);
    assert_eq!(
        (version.code, version.stdout.trim()),
        (0, concat!("consent-access ", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn wrong_use_ends_with_2_and_says_what_was_wrong() {
    let desk = Desk::new();
    for (words, reason) in [
        (&[][..], "Usage"),
        (&["fly"], "'fly'"),
        (&["serve", "--wings"], "'--wings'"),
        (&["serve", "--listen", "everywhere"], "everywhere"),
        (&["keys"], "Usage"),
        (&["keys", "generate", "--name", "diary"], "--out"),
        (&["keys", "generate", "--out", "there", "--name", "a/b"], "\"a/b\" is no file name"),
        (&["keys", "generate", "--out", "there", "--name", ".."], "\"..\" is no file name"),
        (&["app", "register", "--name", "Diary"], "--contact"),
        (
            &["contract", "retire-key", "con", "kid", "--app", "app", "--at", "x", "--compromised"],
            "--compromised",
        ),
        (&["person", "import", "--person", "ada@example.org"], "<FILE>"),
        (&["person", "stop", "gra", "--person", "ada@example.org"], "--reason"),
        (&["app", "list", "--server", "nowhere"], "nowhere"),
        (&["receipt", "verify", "receipt.jwt"], "--jwks"),
        (&["migrate", "--config", "none.toml"], "none.toml cannot be read"),
    ] {
        let told = desk.run(words.iter().copied());
        assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{words:?}: {}", told.stderr);
        assert!(told.stderr.contains(reason), "{words:?}: {}", told.stderr);
    }
    assert!(!desk.path("there").exists());
}

#[test]
fn a_key_pair_is_made_once_and_only_its_owner_reads_the_private_half() {
    let desk = Desk::new();
    let made = desk.run(["keys", "generate", "--out", "secrets", "--name", "diary"]);
    assert_eq!(
        (made.code, made.stdout.as_str()),
        (0, "secrets/diary.private.pem\nsecrets/diary.public.pem\n")
    );
    let (private, public) = (desk.read("secrets/diary.private.pem"), desk.read("secrets/diary.public.pem"));
    assert!(private.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"), "PKCS#1");
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"), "SPKI");
    assert_eq!(mode(&desk.path("secrets/diary.private.pem")), 0o600);
    let pair = RsaPrivateKey::parse_pem(&private).unwrap();
    assert_eq!(*pair.public(), RsaPublicKey::parse_pem(&public).unwrap());

    let again = desk.run(["keys", "generate", "--out", "secrets", "--name", "diary"]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("secrets/diary.private.pem exists"), "{}", again.stderr);
    assert_eq!(desk.read("secrets/diary.private.pem"), private);
    std::fs::remove_file(desk.path("secrets/diary.private.pem")).unwrap();
    let half = desk.run(["keys", "generate", "--out", "secrets", "--name", "diary"]);
    assert_eq!((half.code, desk.path("secrets/diary.private.pem").exists()), (1, false), "{}", half.stderr);

    let shown = desk.run(["keys", "generate"]);
    let (private, public) = shown.stdout.split_at(shown.stdout.find("-----BEGIN PUBLIC KEY").unwrap());
    let pair = RsaPrivateKey::parse_pem(private).unwrap();
    assert_eq!((shown.code, pair.public()), (0, &RsaPublicKey::parse_pem(public).unwrap()));
}

#[test]
fn a_receipt_is_verified_without_a_server() {
    let desk = Desk::new();
    for name in ["given.jwt", "erasure-answered.jwt", "keys.json"] {
        desk.write(name, &fixture(&format!("receipts/{name}")));
    }
    let told = desk.run(["receipt", "verify", "given.jwt", "--jwks", "keys.json"]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    assert!(
        told.stdout.starts_with("Genuine: https://consent.example signed this receipt"),
        "{}",
        told.stdout
    );
    assert!(told.stdout.contains("The person said yes to Fair Fare"), "{}", told.stdout);
    let erased = desk.run(["receipt", "verify", "erasure-answered.jwt", "--jwks", "keys.json"]);
    assert!(erased.code == 0 && erased.stdout.contains("removed: transactions"), "{}", erased.stdout);

    desk.write("export.json", &json!({ "receipt": desk.read("given.jwt").trim() }).to_string());
    let told = desk.run(["receipt", "verify", "export.json", "--jwks", "keys.json", "--json"]);
    let verdict: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((told.code, verdict["valid"].as_bool()), (0, Some(true)));
    assert_eq!(verdict["receipt"]["version"], "KI-CR-v1.1.0");

    let mut stdin = desk.command(["receipt", "verify", "-", "--jwks", "keys.json"]);
    let told = Told::of(&stdin.stdin(std::fs::File::open(desk.path("given.jwt")).unwrap()).output().unwrap());
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));

    desk.write("none.json", "{\"keys\":[]}");
    let told = desk.run(["receipt", "verify", "given.jwt", "--jwks", "none.json", "--json"]);
    let verdict: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((told.code, verdict["valid"].as_bool()), (1, Some(false)));
    assert!(told.stderr.contains("given.jwt is not genuine: the key set has no key"), "{}", told.stderr);
    let receipt = desk.read("given.jwt");
    desk.write("altered.jwt", &format!("{}A", receipt.trim()));
    let told = desk.run(["receipt", "verify", "altered.jwt", "--jwks", "keys.json"]);
    assert_eq!((told.code, told.stdout.as_str()), (1, ""));
    let told = desk.run(["receipt", "verify", "nowhere.jwt", "--jwks", "keys.json"]);
    assert!(told.code == 1 && told.stderr.contains("nowhere.jwt cannot be read"), "{}", told.stderr);
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let desk = Desk::new();
    let token = format!("cao_{}", "A".repeat(43));
    desk.write(
        "consent.toml",
        "[server]\nlisten = \"127.0.0.1:9090\"\n[database]\nurl = \"postgres://a:hunter2@db/c\"\n",
    );
    let mut command = desk.command(["check-config", "--config", "consent.toml", "--sandbox"]);
    command.env("CONSENT_OPERATOR__TOKEN", &token).env("CONSENT_SESSIONS__LAST_FOR", "10m");
    command.env("CONSENT_DATABASE__MAX_CONNECTIONS", "7");
    let shown = Told::of(&command.output().unwrap());
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""));
    for secret in ["hunter2", token.as_str()] {
        assert!(!shown.stdout.contains(secret), "{}", shown.stdout);
    }
    assert!(shown.stdout.matches("[redacted]").count() >= 2, "{}", shown.stdout);
    for (key, value, origin) in [
        ("listen", "127.0.0.1:9090", "consent.toml"),
        ("last_for", "10m", "CONSENT_SESSIONS__LAST_FOR"),
        ("max_connections", "7", "CONSENT_DATABASE__MAX_CONNECTIONS"),
        ("sandbox", "true", "command line"),
    ] {
        let mut lines = shown.stdout.lines().filter(|line| line.starts_with(&format!("{key} =")));
        let line = lines.next().unwrap_or_else(|| panic!("{key} in {}", shown.stdout));
        assert!(line.contains(value) && line.contains(origin), "{line}");
    }
    assert!(!desk.path("data").exists(), "looking makes nothing");
}

#[test]
fn a_configuration_that_cannot_be_is_refused_with_the_key_and_the_reason() {
    let desk = Desk::new();
    for (toml, variable, reasons) in [
        ("[server]\nlisen = \"127.0.0.1:1\"\n", None, &["lisen", "consent.toml"][..]),
        ("[sever]\n", None, &["sever"]),
        ("[server]\nlisten = \"somewhere\"\n", None, &["listen"]),
        ("[server]\nlisten = 8080\n", None, &["listen"]),
        ("[sessions]\nlast_for = 60\n", None, &["last_for"]),
        ("[sessions]\nlast_for = \"an hour\"\n", None, &["last_for"]),
        ("[limits]\njson_bytes = \"lots\"\n", None, &["json_bytes"]),
        ("[server]\npublic_url = \"http://consent.example\"\n", None, &["public_url", "https"]),
        ("not toml", None, &["consent.toml"]),
        ("", Some(("CONSENT_SERVER__LISEN", "127.0.0.1:1")), &["CONSENT_SERVER__LISEN"]),
        ("", Some(("CONSENT_DATABASE__URL", "mysql://a:hunter2@db/c")), &["database.url"]),
        ("", Some(("CONSENT_OPERATOR__TOKEN_FILE", "/nowhere/token")), &["/nowhere/token"]),
    ] {
        desk.write("consent.toml", toml);
        for verb in ["check-config", "serve", "migrate"] {
            let mut command = desk.command([verb, "--config", "consent.toml"]);
            command.envs(variable);
            let told = Told::of(&command.output().unwrap());
            assert_eq!(
                (told.code, told.stdout.as_str()),
                (2, ""),
                "{verb} {toml} {variable:?}: {}",
                told.stderr
            );
            for reason in reasons {
                assert!(told.stderr.contains(reason), "{verb}: {reason} in {}", told.stderr);
            }
            assert!(!told.stderr.contains("hunter2"), "{}", told.stderr);
        }
    }
    assert!(!desk.path("data").exists());
}

#[test]
fn the_api_is_described_route_by_route() {
    let desk = Desk::new();
    let told = desk.run(["openapi"]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    let api: Value = serde_json::from_str(&told.stdout).unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut described = 0;
    for route in routes().into_iter().filter(|route| route.path.starts_with("/api/v1/")) {
        let operation = &api["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(operation["operationId"].is_string(), "{route:?}");
        described += 1;
    }
    assert!(described > 30, "{described}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_brought_up_to_date_once() {
    for database in databases().await {
        let desk = Desk::on(database);
        let first = desk.run(["migrate"]);
        assert_eq!(first.code, 0, "{}", first.stderr);
        assert!(first.stdout.lines().count() > 5, "{}", first.stdout);
        assert!(first.stdout.lines().all(|line| line.starts_with("applied m2")), "{}", first.stdout);
        let second = desk.run(["migrate"]);
        assert_eq!((second.code, second.stdout.as_str()), (0, "the database is up to date\n"));
    }
    let desk = Desk::on(Some("postgres://consent:hunter2@127.0.0.1:1/consent".to_owned()));
    let told = desk.run(["migrate"]);
    assert_eq!((told.code, told.stdout.as_str()), (1, ""));
    assert!(!told.stderr.is_empty() && !told.stderr.contains("hunter2"), "{}", told.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_one_line_keeps_its_folder_to_itself_and_ends_when_told() {
    for database in databases().await {
        let desk = Desk::on(database);
        let server = Server::start(&desk);
        let ready = reqwest::get(format!("{}/readyz", server.url)).await.unwrap();
        assert_eq!(ready.status(), 200);
        assert_eq!(mode(&desk.path("data")), 0o700);
        assert_eq!(mode(&desk.path("data/operator.token")), 0o600);
        assert_eq!(mode(&desk.path("data/keys")), 0o700);
        for key in std::fs::read_dir(desk.path("data/keys")).unwrap() {
            assert_eq!(mode(&key.unwrap().path()), 0o600);
        }
        let taken = desk.run(["serve", "--sandbox", "--listen", server.url.trim_start_matches("http://")]);
        assert_eq!((taken.code, taken.stdout.as_str()), (1, ""));
        assert!(taken.stderr.contains("cannot listen on 127.0.0.1:"), "{}", taken.stderr);
        let ended = server.stop();
        assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "nothing more on stdout: {}", ended.stderr);
        assert!(!ended.stderr.contains(desk.read("data/operator.token").trim()), "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_does_by_hand_what_she_does_with_and_without_a_running_server() {
    for database in databases().await {
        let desk = Desk::on(database);
        desk.write("contract.json", &fixture("contracts/read.json"));
        desk.write("diary.pem", &fixture("keys/app-1.public.pem"));
        desk.write("transactions.json", &fixture("samples/own/transactions.json"));
        desk.write("bank.csv", &fixture("samples/own/bank.csv"));
        let server = Server::start(&desk);
        for name in ["ada", "bob"] {
            sign_up(&server.url, name).await;
        }
        // By its address, then by nothing but its folder.
        let url = server.url.clone();
        let with = operates(&desk, "ada", &["--server", &url]);
        assert_eq!(server.stop().code, 0);
        let without = operates(&desk, "bob", &["--sandbox"]);
        assert_eq!(with, without);
        assert!(with.contains("published") && with.contains("mapped"), "{with}");

        // All of it is there when the server is.
        let server = Server::start(&desk);
        let apps = desk.run(["app", "list", "--server", &server.url]);
        assert_eq!(apps.stdout.lines().count(), 2, "{}", apps.stdout);
        for name in ["ada", "bob"] {
            let token = sign_in(&server.url, name).await;
            let request =
                reqwest::Client::new().get(format!("{}/api/v1/me/files", server.url)).bearer_auth(token);
            let files: Value = request.send().await.unwrap().json().await.unwrap();
            let mapped =
                files["items"].as_array().unwrap().iter().filter(|file| file["mapped"] == true).count();
            assert_eq!(
                (files["items"].as_array().unwrap().len() - mapped, mapped > 0),
                (1, true),
                "{name}: {files}"
            );
        }
        assert_eq!(server.stop().code, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_told_what_was_wrong_and_where() {
    let desk = Desk::new();
    let server = Server::start(&desk);
    sign_up(&server.url, "ada").await;
    desk.write("bad.json", &json!({ "name": "", "access": "read" }).to_string());
    desk.write("good.json", &fixture("contracts/read.json"));
    desk.write("list.json", "[]");
    desk.write("half.json", "{");
    desk.write("a.txt", "a");
    let app = desk.told_json(&[
        "app",
        "register",
        "--name",
        "Diary",
        "--contact",
        "a@diary.example",
        "--server",
        &server.url,
    ]);
    let app = app["id"].as_str().unwrap();
    let nobody = "app01hf7yat00000000000000001a";
    for (words, reasons) in [
        (
            &["app", "register", "--name", " ", "--contact", "nobody"][..],
            &["name: must", "contact: must"][..],
        ),
        (&["app", "show", nobody], &["no such app"]),
        (&["app", "show", "../people"], &["no such app"]),
        (&["contract", "draft", "good.json", "--app", app], &["publicKey: ", "redirectUris: "]),
        (&["contract", "draft", "bad.json", "--app", app], &["ongoing"]),
        (&["contract", "draft", "list.json", "--app", app], &["must be a JSON object"]),
        (&["contract", "draft", "half.json", "--app", app], &["half.json is not JSON"]),
        (&["contract", "draft", "none.json", "--app", app], &["none.json cannot be read"]),
        (&["contract", "publish", "con01hf7yat00000000000000001a", "--app", app], &["no such contract"]),
        (&["person", "import", "none.txt", "--person", "ada@example.org"], &["none.txt"]),
        (&["person", "import", "a.txt", "--person", "eve@example.org"], &["eve@example.org"]),
        (&["person", "import", "a.txt", "--person", "per01hf7yat00000000000000001a"], &["no such person"]),
        (&["person", "invite", "nobody"], &["email"]),
    ] {
        let told = desk.run(words.iter().copied().chain(["--server", &server.url]));
        assert_eq!((told.code, told.stdout.as_str()), (1, ""), "{words:?}: {}", told.stderr);
        for reason in reasons {
            assert!(told.stderr.contains(reason), "{words:?}: {reason} in {}", told.stderr);
        }
    }
    let mut stranger = desk.command(["app", "list", "--server", &server.url]);
    stranger.env("CONSENT_OPERATOR__TOKEN", format!("cao_{}", "A".repeat(43)));
    let told = Told::of(&stranger.output().unwrap());
    assert_eq!(told.code, 1);
    assert!(told.stderr.contains("does not take this operator token"), "{}", told.stderr);
    let mail = desk.run(["app", "list", "--server", "mailto:ada@example.org"]);
    assert_eq!(mail.code, 2);
    assert!(mail.stderr.contains("no base URL"), "{}", mail.stderr);
    let silent = desk.run(["app", "list", "--server", "http://127.0.0.1:1"]);
    assert_eq!(silent.code, 1);
    assert!(silent.stderr.contains("http://127.0.0.1:1/ does not answer"), "{}", silent.stderr);
    let elsewhere = desk.run(["app", "list", "--server", &server.url, "--data-dir", "elsewhere"]);
    assert_eq!(elsewhere.code, 1);
    assert!(elsewhere.stderr.contains("no operator token in elsewhere"), "{}", elsewhere.stderr);
    assert_eq!(server.stop().code, 0);
}

#[test]
fn the_demo_tells_the_whole_story() {
    let desk = Desk::new();
    let told = desk.run(["demo", "--once"]);
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    refusals_and_a_table(&told.stdout);
    for source in ["spotify", "yodlee", "garmin", "application/pdf"] {
        assert!(told.stdout.contains(source), "{source} in {}", told.stdout);
    }
    assert_eq!(std::fs::read_dir(desk.folder.path()).unwrap().count(), 0, "it leaves nothing behind");
}

#[test]
fn the_demo_tells_the_story_with_files_of_ones_own() {
    let desk = Desk::new();
    let own = |name: &str| format!("{}/../fixtures/samples/own/{name}", env!("CARGO_MANIFEST_DIR"));
    let files = ["fhir-bundle.json", "bank.csv", "transactions.json"].map(own);
    let told = desk.run(["demo", "--once"].into_iter().chain(files.iter().map(String::as_str)));
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    refusals_and_a_table(&told.stdout);
    for line in ["bank.csv", "fhir-bundle.json", "12 mapped objects", "text/csv", "transaction "] {
        assert!(told.stdout.contains(line), "{line} in {}", told.stdout);
    }
    let none = desk.run(["demo", "--once", "none.json"]);
    assert_eq!((none.code, none.stdout.as_str()), (1, ""));
    assert!(none.stderr.contains("none.json cannot be read"), "{}", none.stderr);
}

fn refusals_and_a_table(told: &str) {
    let lines =
        ["stop    the same request now: 403 GrantStopped", "revoke  the same request now: 401 InvalidToken"];
    for line in
        lines.iter().chain(&["resume  the same request now: 200", "refresh of the tokens: 401 InvalidToken"])
    {
        assert!(told.contains(line), "{line} in {told}");
    }
    for header in
        [&["from", "what", "files", "objects", "bytes"][..], &["file", "the app reads", "the disk holds"]]
    {
        let is_header = |line: &str| header.iter().all(|word| line.contains(word));
        assert!(told.lines().any(is_header), "{header:?} in {told}");
    }
    assert!(told.contains("unbroken"), "{told}");
    asked_to_forget_and_answered(told);
}

/// The end of the demo: nothing is read once she has decided, although no app was told yet; what the app was told it
/// verified, answered, and is held to.
fn asked_to_forget_and_answered(told: &str) {
    assert_eq!(told.matches(", before the app was told").count(), 3, "{told}");
    for line in [
        "erase   the same request now: 401 InvalidToken",
        "signal  sharing-stopped, no. 2 of this consent: both signatures verified",
        "signal  sharing-resumed, no. 3 of this consent: both signatures verified",
        "signal  consent-revoked, no. 4 of this consent: both signatures verified",
        "signal  erasure-requested, no. 2 of this consent: both signatures verified",
        "report  accepted, signed by the app",
        "report  partial, signed by the app",
        "erasureAnswered  genuine",
        "erasureAnswered.jwt --jwks keys.json\n    Genuine: http://127.0.0.1:",
        "that it deleted what it held, with the exceptions below",
        "kept: books.invoices: GDPR 17(3)(b)",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
}

/// What an operator does for an app and a person; all that was printed, with the same words for every id and time.
fn operates(desk: &Desk, person: &str, at: &[&str]) -> String {
    let mut printed = String::new();
    let mut run = |words: &[&str]| {
        let told = desk.run(words.iter().chain(at).copied());
        assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{words:?}");
        printed.push_str(&told.stdout);
        told.stdout
    };
    let word = |text: &str, start: &str| {
        let found = text.split_whitespace().find(|word| word.starts_with(start));
        found.unwrap_or_else(|| panic!("{start} in {text}")).to_owned()
    };
    let app = word(&run(&["app", "register", "--name", "Diary", "--contact", "a@diary.example"]), "app0");
    let (key, uri) = ("diary.pem", "https://diary.example/callback");
    let contract = [
        "contract",
        "draft",
        "contract.json",
        "--app",
        &app,
        "--public-key",
        key,
        "--redirect-uri",
        uri,
        "--publish",
    ];
    let contract = word(&run(&contract), "con0");
    run(&["contract", "show", &contract, "--app", &app]);
    run(&["contract", "keys", &contract, "--app", &app]);
    let email = format!("{person}@example.org");
    run(&["person", "import", "transactions.json", "bank.csv", "--person", &email]);
    run(&["app", "rotate-key", &app]);
    run(&["app", "suspend", &app]);
    run(&["app", "reinstate", &app]);
    run(&["contract", "retire", &contract, "--app", &app]);
    let varies = |word: &str| {
        ["app0", "con0", "fil0", "cak_", "20"].iter().any(|start| word.starts_with(start)) && word.len() > 20
    };
    let hashes = |word: &str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let same = |word: &str| if varies(word) || hashes(word) { "…".to_owned() } else { word.to_owned() };
    let lines = printed.lines().map(|line| line.split(' ').map(same).collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

async fn sign_up(url: &str, name: &str) {
    let body = json!({ "email": format!("{name}@example.org"), "password": Person::PASSWORD, "name": name });
    let made = reqwest::Client::new().post(format!("{url}/api/v1/sign-up")).json(&body).send().await.unwrap();
    assert_eq!(made.status(), 201);
}

async fn sign_in(url: &str, name: &str) -> String {
    let body = json!({ "email": format!("{name}@example.org"), "password": Person::PASSWORD });
    let made = reqwest::Client::new().post(format!("{url}/api/v1/sign-in")).json(&body).send().await.unwrap();
    made.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

/// The databases that these stories run on: that of the data folder, and PostgreSQL where it is installed.
async fn databases() -> Vec<Option<String>> {
    let postgres = postgres::fresh_database().await;
    assert!(postgres.is_some() || !is_required("postgres"));
    [None].into_iter().chain(postgres.map(Some)).collect()
}

/// A folder of its own to type commands in, with nothing in the environment.
struct Desk {
    folder: TempDir,
    database: Option<String>,
    /// Where `serve` would listen; nobody does.
    listen: String,
}

impl Desk {
    fn new() -> Self {
        Self::on(None)
    }

    fn on(database: Option<String>) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { folder: tempfile::tempdir().unwrap(), database, listen: free.to_string() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn command<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gateway-under-test"));
        command.args(words).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(self.database.as_ref().map(|url| ("CONSENT_DATABASE__URL", url)));
        // Where a server of this folder would be, for those who look for it.
        let looks = command
            .get_args()
            .next()
            .is_some_and(|verb| ["app", "contract", "person"].map(OsStr::new).contains(&verb));
        command.envs(looks.then_some(("CONSENT_SERVER__LISTEN", &self.listen)));
        // Passwords in these stories may be guessed.
        command
            .env("CONSENT_PEOPLE__ARGON2_MEMORY_KIB", "8192")
            .env("CONSENT_PEOPLE__ARGON2_ITERATIONS", "1");
        command
    }

    fn run<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Told {
        Told::of(&self.command(words).output().unwrap())
    }

    fn told_json(&self, words: &[&str]) -> Value {
        let told = self.run(words.iter().copied().chain(["--json"]));
        assert_eq!(told.code, 0, "{words:?}: {}", told.stderr);
        serde_json::from_str(&told.stdout).unwrap()
    }
}

/// What a command said, and what it ended with.
struct Told {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Told {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let code = output.status.code().expect("no signal");
        Self { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

/// `serve --sandbox` on a free port.
struct Server {
    url: String,
    child: Option<Child>,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start(desk: &Desk) -> Self {
        let mut command = desk.command(["serve", "--sandbox", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let Some(url) = line.trim_end().strip_prefix("listening on ") else {
            let mut told = String::new();
            let _ = child.stderr.take().unwrap().read_to_string(&mut told);
            panic!("{line:?} {told}");
        };
        Self { url: url.to_owned(), stdout, child: Some(child) }
    }

    /// Tells it to stop, and waits until it has; `stdout` is what it said after the first line.
    fn stop(mut self) -> Told {
        let child = self.child.take().expect("it runs");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let mut told = Told::of(&output);
        self.stdout.read_to_string(&mut told.stdout).unwrap();
        told
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The names under `Commands:`.
fn commands_in(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = listed.filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    names.filter(|name| name != "help").collect()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}
