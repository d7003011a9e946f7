//! The programs behind a browser: one `chromedriver` per test process, started by the first who asks, and what it is
//! told beyond what fantoccini has a name for.
//!
//! As with [`postgres`](crate::postgres), it belongs to a small `sh` that waits on a pipe from this process: however
//! the process ends, the pipe closes, and the `sh` kills the driver with all its browsers. Another `sh` removes their
//! folder when the last of them is gone, which it hears from the pipe that is their standard error.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{LazyLock, OnceLock},
};

use consent_client::{Url, reqwest::Method};
use fantoccini::{Client, ClientBuilder, elements::ElementRef, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::postgres;

/// Starts the driver `$1`, whose standard output says its port, and kills it, its browsers and this `sh` when standard
/// input ends.
const KEEPER: &str = r#""$1" --port=0 & exec >/dev/null; cat; kill -KILL 0"#;

/// Removes the folder `$1` when standard input ends.
const CLEANER: &str = r#"cat >/dev/null; rm -rf "$1""#;

/// What Chromium is started with: nothing that talks to anyone but the pages' servers.
const FLAGS: &[&str] = &[
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

static DRIVER: OnceLock<Option<Driver>> = OnceLock::new();

/// Outlives every test, so that a browser is closed also when the story that had it has failed.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime starts")
});

/// A running driver; it ends when this process does.
struct Driver {
    url: String,
    browser: PathBuf,
    /// Its standard input is the pipe that the keeper waits on.
    _keeper: Child,
}

/// A new browser; none where Chromium or its driver is not installed.
pub(super) async fn open() -> Option<Client> {
    let driver = tokio::task::spawn_blocking(|| DRIVER.get_or_init(Driver::start).as_ref()).await;
    let driver = driver.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))?;
    let connect = async {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(driver.capabilities()).connect(&driver.url).await
    };
    let client = RUNTIME.spawn(connect).await.expect("connecting does not panic");
    Some(
        client.unwrap_or_else(|error| {
            panic!("Chromium ({}) does not start: {error}", driver.browser.display())
        }),
    )
}

/// Closes a browser, in its own time; `then` is dropped when it is done.
pub(super) fn close(client: Client, then: impl Send + 'static) {
    RUNTIME.spawn(async move {
        let _ = client.close().await;
        drop(then);
    });
}

impl Driver {
    fn start() -> Option<Self> {
        let programs =
            program(&["chromedriver"]).zip(program(&["chromium", "chromium-browser", "google-chrome"]));
        let Some((driver, browser)) = programs else {
            assert!(
                !crate::is_required("browser"),
                "CONSENT_TEST_REQUIRE lists browser, but PATH has no chromedriver, or none of chromium, \
                 chromium-browser and google-chrome; on Debian: apt-get install chromium chromium-driver"
            );
            return None;
        };
        let mut keeper = keeper(&driver).spawn().expect("sh starts");
        let mut answer = BufReader::new(keeper.stdout.take().expect("the keeper's output is a pipe"));
        let port = port(&mut answer);
        // Browsers write there, too, and would wait for a reader.
        std::thread::spawn(move || std::io::copy(&mut answer, &mut std::io::sink()));
        Some(Self { url: format!("http://127.0.0.1:{port}"), browser, _keeper: keeper })
    }

    fn capabilities(&self) -> serde_json::Map<String, Value> {
        let as_root = (postgres::id(&["-u"]) == Some(0)).then_some("--no-sandbox");
        let flags: Vec<&str> = FLAGS.iter().copied().chain(as_root).collect();
        let wanted = json!({
            "goog:chromeOptions": { "binary": self.browser, "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "pageLoad": 30_000, "script": 30_000 },
        });
        let Value::Object(wanted) = wanted else { unreachable!("written so above") };
        wanted
    }
}

/// The shell that owns the driver. Profiles and all else that browsers write lie in one folder, and without a locale of
/// its own a browser takes dates as it is told to.
fn keeper(driver: &Path) -> Command {
    let folder = tempfile::Builder::new().prefix("consent-browser.").tempdir_in("/tmp");
    let folder = folder.expect("a temporary folder").keep();
    let cleaner = shell(CLEANER, &folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let until_all_are_gone = cleaner.expect("sh starts").stdin.expect("the cleaner's input is a pipe");
    let mut keeper = shell(KEEPER, driver);
    keeper.env("HOME", &folder).env("TMPDIR", &folder).env("LC_ALL", "C.UTF-8");
    for name in ["LANGUAGE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        keeper.env_remove(name);
    }
    keeper.stdout(Stdio::piped()).stderr(until_all_are_gone);
    keeper
}

/// A shell in a process group of its own, so that Ctrl-C does not reach it, whose standard input is a pipe.
fn shell(script: &str, argument: &Path) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script, "sh"]).arg(argument).current_dir("/").process_group(0).stdin(Stdio::piped());
    shell
}

/// Reads on until the driver says which port it listens on.
fn port(answer: &mut BufReader<ChildStdout>) -> u16 {
    let mut said = String::new();
    while answer.read_line(&mut said).is_ok_and(|length| length > 0) {
        let last = said.lines().next_back().unwrap_or_default();
        if let Some((_, port)) = last.split_once("started successfully on port ") {
            return port.trim_end_matches('.').parse().expect("a port");
        }
    }
    panic!("chromedriver does not start: {said}");
}

/// The first of these programs that `PATH` has.
#[expect(clippy::disallowed_methods, reason = "where programs are, not the server's configuration")]
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let places = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

/// A command of `WebDriver`, or of this driver, by its path behind the session.
#[derive(Debug)]
pub(super) struct Order {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Order {
    /// A command of the `DevTools` protocol.
    pub(super) fn devtools(command: &str, parameters: &Value) -> Self {
        let body = json!({ "cmd": command, "params": parameters });
        Self { method: Method::POST, path: "goog/cdp/execute".to_owned(), body: Some(body) }
    }

    /// What a screen reader calls an element.
    pub(super) fn name_of(element: &ElementRef) -> Self {
        Self { method: Method::GET, path: format!("element/{}/computedlabel", &**element), body: None }
    }

    /// What the browser's console said since the last time.
    pub(super) fn console() -> Self {
        let body = json!({ "type": "browser" });
        Self { method: Method::POST, path: "se/log".to_owned(), body: Some(body) }
    }

    /// Gives the command; none when it fails.
    pub(super) async fn attempt(self, client: &Client) -> Option<Value> {
        client.issue_cmd(self).await.ok()
    }

    /// Gives the command.
    pub(super) async fn to(self, client: &Client) -> Value {
        let said = format!("{self:?}");
        client.issue_cmd(self).await.unwrap_or_else(|error| panic!("{said}: {error}"))
    }
}

impl WebDriverCompatibleCommand for Order {
    fn endpoint(
        &self,
        base_url: &Url,
        session: Option<&str>,
    ) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base_url.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (self.method.clone(), self.body.as_ref().map(Value::to_string))
    }
}
