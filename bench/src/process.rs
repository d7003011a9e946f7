//! A server under load: a process of its own, asked by the system what it costs.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use consent_client::Url;

use crate::error::{Outcome, failure};

/// So long a server may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(20);

/// The variable that tells the platform where to listen.
pub const LISTEN: &str = "CONSENT_SERVER__LISTEN";

/// A server; killed when it is dropped.
pub struct Process {
    /// Base of its URLs, without a slash at the end.
    pub url: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took until it was ready.
    pub ready_after: Duration,
    command: Command,
    log: PathBuf,
    child: Child,
    /// Its PostgreSQL database, whose work counts as its own.
    database: Option<String>,
}

impl Process {
    /// Starts a server, which works on the database of this URL, and waits for `listening on http://…` on its
    /// stdout; stderr goes to the file `log`.
    pub fn start(mut command: Command, database: &str, log: &Path) -> Outcome<Self> {
        let (child, address, ready_after) = spawn(&mut command, log)?;
        Ok(Self {
            url: format!("http://{address}"),
            address,
            ready_after,
            command,
            log: log.to_owned(),
            child,
            database: postgres_name(database),
        })
    }

    /// Asks it to end and waits until it has.
    pub fn end(&mut self) -> Outcome<()> {
        let told = Command::new("kill").arg(self.id().to_string()).status()?;
        let asked = Instant::now();
        while told.success() && asked.elapsed() < PATIENCE {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            sleep(Duration::from_millis(20));
        }
        Err(failure("a server does not end"))
    }

    /// Starts the platform again, which has ended, at the same address.
    pub fn again(&mut self) -> Outcome<()> {
        self.command.env(LISTEN, self.address.to_string());
        (self.child, self.address, self.ready_after) = spawn(&mut self.command, &self.log)?;
        Ok(())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A line of `/proc/<pid>/status` in bytes, such as `VmRSS`.
    pub fn memory(&self, line: &str) -> Outcome<u64> {
        let status = fs::read_to_string(self.proc("status"))?;
        let found = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'));
        let kib = found.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        Ok(kib.ok_or_else(|| failure(format!("the system does not tell {line}")))? * 1024)
    }

    /// Lets the peak of its memory (`VmHWM`) begin anew.
    pub fn forget_peak(&self) -> Outcome<()> {
        Ok(fs::write(self.proc("clear_refs"), "5")?)
    }

    fn proc(&self, file: &str) -> PathBuf {
        format!("/proc/{}/{file}", self.id()).into()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command, log: &Path) -> Outcome<(Child, SocketAddr, Duration)> {
    let name = command.get_program().display().to_string();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(log)?);
    let started = Instant::now();
    let mut child = command.spawn().map_err(|error| failure(format!("{name}: {error}")))?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let ready_after = started.elapsed();
    let address =
        line.trim_end().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
    if let Some(address) = address {
        return Ok((child, address, ready_after));
    }
    let _ = child.kill();
    let _ = child.wait();
    let said = fs::read_to_string(log).unwrap_or_default();
    Err(failure(format!("{name} did not start: {said}")))
}

/// CPU time that the threads of some processes have used so far, to the nanosecond.
pub struct Cpu {
    process: u32,
    database: Option<String>,
    threads: HashMap<PathBuf, u64>,
}

impl Cpu {
    /// Of a server, and of what PostgreSQL does for it where that runs on this machine.
    pub fn of(server: &Process) -> Outcome<Self> {
        Self::read(server.id(), server.database.clone())
    }

    /// Of this process working on the database of this URL, the same.
    pub fn of_this(database: &str) -> Outcome<Self> {
        Self::read(std::process::id(), postgres_name(database))
    }

    /// What was used since, by threads that still run.
    pub fn since(&self) -> Outcome<Duration> {
        let before = |thread| self.threads.get(thread).copied().unwrap_or_default();
        let now = Self::read(self.process, self.database.clone())?.threads;
        let used = now.iter().map(|(thread, used)| used.saturating_sub(before(thread))).sum();
        Ok(Duration::from_nanos(used))
    }

    fn read(process: u32, database: Option<String>) -> Outcome<Self> {
        let mut threads = HashMap::new();
        let own = PathBuf::from(format!("/proc/{process}"));
        for process in backends(database.as_deref())?.into_iter().chain([own]) {
            // Whatever ends just now did nothing lately.
            for thread in fs::read_dir(process.join("task")).into_iter().flatten() {
                let path = thread?.path();
                let Ok(text) = fs::read_to_string(path.join("schedstat")) else { continue };
                let used = text.split_ascii_whitespace().next().and_then(|used| used.parse().ok());
                let used = used.ok_or_else(|| failure("the system does not tell CPU time of threads"))?;
                threads.insert(path, used);
            }
        }
        Ok(Self { process, database, threads })
    }
}

/// The processes in which PostgreSQL works on a database; their titles name it.
fn backends(database: Option<&str>) -> Outcome<Vec<PathBuf>> {
    let Some(database) = database else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")? {
        let path = process?.path();
        let title = fs::read_to_string(path.join("cmdline")).unwrap_or_default();
        if title.starts_with("postgres:") && title.split(' ').any(|word| word == database) {
            found.push(path);
        }
    }
    Ok(found)
}

/// The name of a PostgreSQL database in its URL.
fn postgres_name(url: &str) -> Option<String> {
    let url: Url = url.parse().ok().filter(|url: &Url| url.scheme() == "postgres")?;
    Some(url.path().trim_start_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_of_this_process_grows_with_what_it_does() {
        let cpu = Cpu::of_this("sqlite://nowhere").unwrap();
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(50) {
            std::hint::spin_loop();
        }
        sleep(Duration::from_millis(5));
        let used = cpu.since().unwrap();
        assert!(used > Duration::from_millis(1), "{used:?}");
    }

    #[test]
    fn a_database_has_its_name_in_its_url() {
        assert_eq!(postgres_name("postgres://ada@localhost/bench?host=/tmp").as_deref(), Some("bench"));
        assert_eq!(postgres_name("sqlite:///tmp/a.db"), None);
    }
}
