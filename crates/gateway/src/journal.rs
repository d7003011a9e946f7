//! The shut journal: what was stopped or ended, kept outside the database, so that no restored copy of it opens again
//! what its owner has shut (`keys.md` §3).
//!
//! One JSON object a line, one file a month. An entry is on the disk before anybody is told that the grant is shut. It
//! holds ids and times, nothing about what was shared.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use consent_core::GrantId;
use consent_grants::Grant;
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;
/// What the file of a month is called.
const NAME: &str = "shut-%Y-%m.jsonl";
const PREFIX: &str = "shut-";
const SUFFIX: &str = ".jsonl";

/// A grant that was shut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shut {
    v: u8,
    /// Which.
    pub grant: GrantId,
    /// Its `seq` since then.
    pub seq: i64,
    /// The stage it came to: `stopped`, `revoked`, `expired` or `erasing`.
    pub stage: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Shut {
    /// What the journal says of a grant that was just shut.
    #[must_use]
    pub fn of(grant: &Grant, at: DateTime<Utc>) -> Self {
        let stage = grant.stage.name().to_owned();
        Self { v: VERSION, grant: grant.id.clone(), seq: grant.seq, stage, at }
    }
}

/// The journal; cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    dir: PathBuf,
    /// The file of the month that was written to last.
    open: Arc<Mutex<Option<(PathBuf, File)>>>,
}

impl Journal {
    /// Opens the journal in a folder, which is made when missing, for this account alone.
    pub fn open(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        Ok(Self { dir: dir.to_owned(), open: Arc::default() })
    }

    /// Writes entries, which are on the disk when this returns.
    pub async fn note(&self, entries: &[Shut]) -> io::Result<()> {
        let Some(last) = entries.last() else { return Ok(()) };
        let path = self.dir.join(last.at.format(NAME).to_string());
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        let journal = self.clone();
        tokio::task::spawn_blocking(move || journal.write(path, &lines)).await?
    }

    /// Every entry since a moment, oldest first. Blocks.
    ///
    /// A line that a power cut left unfinished was acknowledged to nobody and is passed over; any other line that makes
    /// no sense is an error.
    pub fn entries_since(&self, since: DateTime<Utc>) -> io::Result<Vec<Shut>> {
        let first = since.format(NAME).to_string();
        let mut found = Vec::new();
        for path in self.files()?.into_iter().filter(|path| path.file_name() >= Some(first.as_ref())) {
            for (number, line) in BufReader::new(File::open(&path)?).split(b'\n').enumerate() {
                let line = line?;
                // Entries are flat objects, so that only a whole one ends like this.
                if line.ends_with(b"}") {
                    let entry = serde_json::from_slice::<Shut>(&line).ok().filter(|entry| entry.v == VERSION);
                    found.push(entry.ok_or_else(|| damaged(&path, number + 1))?);
                }
            }
        }
        found.retain(|entry| entry.at >= since);
        Ok(found)
    }

    /// Removes the files of months that had ended by then. Blocks.
    pub fn forget_before(&self, moment: DateTime<Utc>) -> io::Result<()> {
        let first_kept = moment.format(NAME).to_string();
        for path in self.files()?.into_iter().filter(|path| path.file_name() < Some(first_kept.as_ref())) {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    fn write(&self, path: PathBuf, lines: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // What fails half-way leaves no file behind that the next entry would go on with.
        let mut file = match open.take() {
            Some((of_the_month, file)) if of_the_month == path => file,
            _ => self.begin(&path)?,
        };
        file.write_all(lines)?;
        file.sync_data()?;
        *open = Some((path, file));
        Ok(())
    }

    /// Opens the file of a month behind what it holds.
    fn begin(&self, path: &Path) -> io::Result<File> {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        if !ends_with_a_line(path)? {
            // An entry that a power cut left unfinished becomes a line of its own.
            file.write_all(b"\n")?;
        }
        file.sync_all()?;
        File::open(&self.dir)?.sync_all()?;
        Ok(file)
    }

    /// The journal's files, oldest first.
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let ours = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with(PREFIX) && name.ends_with(SUFFIX)
        };
        let paths = fs::read_dir(&self.dir)?.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
        paths.retain(ours);
        paths.sort_unstable();
        Ok(paths)
    }
}

/// Whether a file is empty or its last line is finished.
fn ends_with_a_line(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn damaged(path: &Path, line: usize) -> io::Error {
    let reason = format!("line {line} of {} is no entry of a shut journal", path.display());
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use consent_core::TypedId;

    use super::*;

    fn entry(number: u128, at: &str) -> Shut {
        let grant = GrantId::from_parts(0, number);
        Shut { v: VERSION, grant, seq: 2, stage: "revoked".to_owned(), at: at.parse().unwrap() }
    }

    fn all(journal: &Journal) -> io::Result<Vec<Shut>> {
        journal.entries_since(DateTime::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn what_was_noted_is_read_again_by_another_process_month_by_month() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(&dir.path().join("journal")).unwrap();
        let [a, b, c] = [
            entry(1, "2026-10-31T23:59:59.999Z"),
            entry(2, "2026-11-01T00:00:00Z"),
            entry(3, "2026-11-22T12:00:00Z"),
        ];
        journal.note(std::slice::from_ref(&a)).await.unwrap();
        journal.note(&[b.clone(), c.clone()]).await.unwrap();
        journal.note(&[]).await.unwrap();
        let other = Journal::open(&dir.path().join("journal")).unwrap();
        assert_eq!(all(&other).unwrap(), [a, b.clone(), c.clone()]);
        assert_eq!(other.entries_since(c.at).unwrap(), std::slice::from_ref(&c));
        other.forget_before(b.at).unwrap();
        assert_eq!(all(&other).unwrap(), [b, c]);
    }

    #[tokio::test]
    async fn an_entry_that_a_power_cut_left_unfinished_hides_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let [a, b] = [entry(1, "2026-11-22T12:00:00Z"), entry(2, "2026-11-22T12:00:01Z")];
        Journal::open(dir.path()).unwrap().note(std::slice::from_ref(&a)).await.unwrap();
        let path = dir.path().join("shut-2026-11.jsonl");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], b"{\"v\":1,\"gra"].concat()).unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        assert_eq!(all(&journal).unwrap(), std::slice::from_ref(&a));
        journal.note(std::slice::from_ref(&b)).await.unwrap();
        assert_eq!(all(&journal).unwrap(), [a, b]);
    }

    #[test]
    fn a_line_that_is_no_entry_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        fs::write(dir.path().join("shut-2026-11.jsonl"), "\n{}\n").unwrap();
        let refused = all(&journal).unwrap_err().to_string();
        assert!(refused.starts_with("line 2 of ") && refused.ends_with("is no entry of a shut journal"));
    }
}
