//! The program itself, as an operator runs it: a process that tests start, ask, and kill.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use consent_client::reqwest::{self, Method};
use serde_json::Value;

use crate::{Answer, Engine, postgres};

/// So long a process may take to say that it is ready, or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where a process keeps everything: a folder, and the database that goes with it. Outlives the process.
pub struct Place {
    /// The folder.
    pub dir: Arc<tempfile::TempDir>,
    /// The database; empty for SQLite in the folder.
    database: String,
}

/// A running process; killed when it is dropped.
pub struct Process {
    /// Base of its URLs, without a slash at the end.
    pub url: String,
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: Log,
    http: reqwest::Client,
}

/// A process that ended before it was ready.
#[derive(Debug)]
pub struct NotStarted {
    /// What it ended with.
    pub status: ExitStatus,
    /// What it said on stderr.
    pub stderr: String,
}

/// What a process writes on stderr.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Place {
    /// An empty place; none where PostgreSQL is wanted and not installed.
    ///
    /// # Panics
    ///
    /// When there is no room for it.
    pub async fn new(engine: Engine) -> Option<Self> {
        let database = match engine {
            Engine::Sqlite => String::new(),
            Engine::Postgres => postgres::fresh_database().await?,
        };
        Some(Self { dir: Arc::new(tempfile::tempdir().expect("a temporary folder")), database })
    }

    /// The URL of the database.
    #[must_use]
    pub fn database_url(&self) -> String {
        match self.database.as_str() {
            "" => format!("sqlite://{}", self.path().join("consent.db").display()),
            url => url.to_owned(),
        }
    }

    /// The data folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Starts `program serve --listen 127.0.0.1:0` here, with these further arguments and environment, cheap passwords
    /// and sources without a pause, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it ends instead.
    ///
    /// # Panics
    ///
    /// When it says something else.
    pub fn start(
        &self,
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Process, NotStarted> {
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(self.path()).args(arguments);
        command
            .env("CONSENT_PEOPLE__ARGON2_MEMORY_KIB", "8192")
            .env("CONSENT_PEOPLE__ARGON2_ITERATIONS", "1");
        command.env("CONSENT_SANDBOX__SAMPLE_PACE", "0ms").env("CONSENT_DATABASE__URL", self.database_url());
        command.envs(environment.iter().copied());
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Process::await_ready(command.spawn().expect("the program starts"))
    }
}

impl Process {
    fn await_ready(mut child: Child) -> Result<Self, NotStarted> {
        let stderr = Log::default();
        stderr.keep(child.stderr.take().expect("a pipe"));
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("text");
        let Some(url) = line.trim_end().strip_prefix("listening on ") else {
            let status = ended(&mut child);
            assert_eq!(line, "", "nothing is said before it is ready");
            return Err(NotStarted { status, stderr: stderr.text() });
        };
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .expect("an HTTP client");
        Ok(Self { url: url.to_owned(), child, stdout, stderr, http })
    }

    /// Calls a path; an error when the process is gone before it has answered.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let body = response.bytes().await?;
        Ok(Answer { status, json: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }

    /// A plain HTTP client that follows no redirects.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory it ever held, in bytes; none where the system does not tell.
    #[must_use]
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    }

    /// What it said on stderr so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Sends it `KILL`, which gives it no chance to do anything, or `TERM`, which asks it to end; does not wait.
    ///
    /// # Panics
    ///
    /// When it has ended already.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "a signal can be sent");
    }

    /// Waits until it has ended; says what it ended with, and what it wrote to stdout after it was ready.
    #[must_use]
    pub fn end(mut self) -> (ExitStatus, String) {
        let status = ended(&mut self.child);
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        (status, rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Log {
    /// Reads on until the writer is gone.
    fn keep(&self, mut from: impl Read + Send + 'static) {
        let log = self.clone();
        std::thread::spawn(move || {
            let mut piece = [0; 8192];
            while let Ok(length @ 1..) = from.read(&mut piece) {
                log.0.lock().expect("no reader panics").extend_from_slice(&piece[..length]);
            }
        });
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no reader panics")).into_owned()
    }
}

fn ended(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return status;
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("the process does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
