//! A throw-away `PostgreSQL` for the stories that run on both databases: one cluster per test process, started by the
//! first who asks, one empty database for each.
//!
//! The cluster belongs to a small `sh` that waits on a pipe from this process. However the process ends – libtest
//! drops no statics, and `kill -9` asks nobody – the pipe closes, and the `sh` stops the cluster and removes its folder.

use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Starts the cluster, says where its socket is, and ends it when standard input does; `$1` is the programs' folder.
/// It ignores `SIGPIPE`, because nobody may be left to hear where the socket is.
///
/// A socket instead of a port, because nobody else can take it first; in `/tmp`, because its path may not be long.
const KEEPER: &str = r#"
set -u
trap '' PIPE
dir=$(mktemp -d /tmp/consent-postgres.XXXXXX 2>&1) || { echo "$dir"; exit; }
end() {
    "$1/pg_ctl" -D "$dir/data" -m immediate stop >>"$dir/log" 2>&1
    rm -rf "$dir"
}
start() {
    "$1/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync &&
    "$1/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 -o "-k $dir -p 5432 -c listen_addresses='' \
        -c max_connections=300 -c fsync=off -c full_page_writes=off" start
}
if start "$1" >>"$dir/log" 2>&1
then echo "ready $dir"; cat >/dev/null
else cat "$dir/log"
fi
end "$1"
"#;

static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The URL of a new, empty database; none where `PostgreSQL` is not installed.
///
/// # Panics
///
/// When the cluster does not start, and when there is no `PostgreSQL` although `CONSENT_TEST_REQUIRE` (names with
/// commas between them) lists `postgres`.
pub async fn fresh_database() -> Option<String> {
    let create = || Some(CLUSTER.get_or_init(Cluster::start).as_ref()?.create_database());
    let made = tokio::task::spawn_blocking(create).await;
    made.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
}

/// A running cluster; it ends when this process does.
struct Cluster {
    programs: PathBuf,
    socket_folder: String,
    /// Its standard input is the pipe that the keeper waits on.
    _keeper: Child,
}

impl Cluster {
    fn start() -> Option<Self> {
        let Some(programs) = installation() else {
            assert!(
                !crate::is_required("postgres"),
                "CONSENT_TEST_REQUIRE lists postgres, but initdb, pg_ctl, postgres and psql are not to be found \
                 together in PATH or in /usr/lib/postgresql/*/bin"
            );
            return None;
        };
        let mut keeper = keeper(&programs).spawn().expect("sh starts");
        let mut answer = BufReader::new(keeper.stdout.take().expect("the keeper's output is a pipe"));
        let mut line = String::new();
        answer.read_line(&mut line).expect("the keeper writes text");
        let Some(folder) = line.strip_prefix("ready ") else {
            let _ = answer.read_to_string(&mut line);
            panic!("PostgreSQL ({}) does not start: {line}", programs.display());
        };
        Some(Self { socket_folder: folder.trim_end().to_owned(), programs, _keeper: keeper })
    }

    fn create_database(&self) -> String {
        let name = format!("story_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let made = program(&self.programs.join("psql"))
            .args(["-X", "-q", "-U", "postgres", "-p", "5432", "-d", "postgres", "-h", &self.socket_folder])
            .args(["-c", &format!("CREATE DATABASE {name} TEMPLATE template0")])
            .output()
            .expect("psql starts");
        assert!(made.status.success(), "{name} was not created: {}", String::from_utf8_lossy(&made.stderr));
        format!("postgres://postgres@localhost:5432/{name}?host={}", self.socket_folder)
    }
}

/// The shell that owns the cluster: in a process group of its own, so that Ctrl-C does not reach it, and holding none
/// of our streams, so that whoever reads our output need not wait for it.
fn keeper(programs: &Path) -> Command {
    let mut keeper = program(Path::new("/bin/sh"));
    keeper.args(["-c", KEEPER, "keeper"]).arg(programs).current_dir("/").process_group(0);
    keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // PostgreSQL refuses to be run by root.
    if id(&["-u"]) == Some(0) {
        let of = |user| Some((id(&["-u", user])?, id(&["-g", user])?));
        let (uid, gid) = of("postgres").or_else(|| of("nobody")).expect("a user postgres or nobody exists");
        keeper.uid(uid).gid(gid);
    }
    keeper
}

/// A command that does not hear of whatever other `PostgreSQL` this shell is set up for.
fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C");
    command
}

/// What `id` answers: a number, where there is such a user.
pub(crate) fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The folder with the programs of one `PostgreSQL`, behind the links that lead to it.
#[expect(clippy::disallowed_methods, reason = "where programs are, not the server's configuration")]
fn installation() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(packaged());
    folders.filter_map(|folder| Some(folder.join("initdb").canonicalize().ok()?.parent()?.to_owned())).find(
        |folder| ["initdb", "pg_ctl", "postgres", "psql"].iter().all(|name| folder.join(name).is_file()),
    )
}

/// Where Debian keeps what it does not put into `PATH`; the newest first.
fn packaged() -> Vec<PathBuf> {
    let version = |name: OsString| name.to_str()?.parse::<u32>().ok();
    let entries = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<u32> = entries.filter_map(|entry| version(entry.file_name())).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.iter().map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"))).collect()
}
