//! Accesses on their way to the database: files of lines in a folder, each locked by the process that writes it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    mem,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use consent_core::{Ambient, AppId, PersonId, RowId};
use serde::{Deserialize, Serialize};

use crate::{Access, NewAccess};

/// The most accesses of one file, which are written in one transaction.
const MOST_IN_PART: usize = 2000;
/// The most that may wait while the database cannot be written to; after that nothing more is recorded.
const MOST_WAITING: usize = 200_000;
const SUFFIX: &str = "jsonl";

/// An access, and when it was.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub at: DateTime<Utc>,
    pub new: NewAccess,
}

impl Entry {
    pub fn into_parts(self) -> (NewAccess, DateTime<Utc>) {
        (self.new, self.at)
    }
}

/// The line of an access, written.
#[derive(Serialize)]
struct LineOf<'a> {
    at: DateTime<Utc>,
    person: &'a PersonId,
    app: &'a AppId,
    access: &'a Access,
}

/// The same, read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: DateTime<Utc>,
    person: PersonId,
    app: AppId,
    access: Access,
}

/// The files that are not in the database yet, the oldest first.
#[derive(Debug)]
pub(super) struct Spool {
    dir: PathBuf,
    parts: Vec<Part>,
    /// Whether the last part takes more.
    is_open: bool,
    waiting: usize,
    recorded: u64,
}

/// A file, locked as long as it is held, and what is in it.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    file: File,
    length: u64,
    pub entries: Vec<Entry>,
}

impl Spool {
    /// Opens the folder, and reads what processes left that live no more.
    pub fn open(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let mut paths = Vec::new();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == SUFFIX) {
                paths.push(path);
            }
        }
        paths.sort_unstable();
        let mut parts = Vec::new();
        for path in paths {
            parts.extend(Part::left_at(path)?);
        }
        let waiting = parts.iter().map(|part: &Part| part.entries.len()).sum();
        Ok(Self { dir: dir.to_owned(), parts, is_open: false, waiting, recorded: waiting as u64 })
    }

    /// Writes down an access; it is there for whoever opens the folder next when this returns.
    pub fn append(&mut self, entry: Entry, ambient: &Ambient) -> io::Result<()> {
        if self.waiting >= MOST_WAITING {
            return Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                "too many accesses wait for the database",
            ));
        }
        if !self.is_open {
            let name: RowId = ambient.new_id();
            self.parts.push(Part::make(self.dir.join(name.to_string()).with_extension(SUFFIX))?);
            self.is_open = true;
        }
        let Some(part) = self.parts.last_mut() else { return Err(io::Error::other("no file is open")) };
        part.append(entry)?;
        self.is_open = part.entries.len() < MOST_IN_PART;
        (self.waiting, self.recorded) = (self.waiting + 1, self.recorded + 1);
        Ok(())
    }

    /// All files, the oldest first; nothing more comes to them.
    pub fn take(&mut self) -> Vec<Part> {
        self.is_open = false;
        mem::take(&mut self.parts)
    }

    /// So many that were taken are in the database.
    pub fn forget(&mut self, count: usize) {
        self.waiting -= count;
    }

    /// Accesses that are not in the database, as far as is known here.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Accesses recorded since it was opened, and those that were found then.
    pub fn recorded(&self) -> u64 {
        self.recorded
    }
}

impl Part {
    fn make(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        file.try_lock()?;
        Ok(Self { path, file, length: 0, entries: Vec::new() })
    }

    /// A file that nobody holds; none where somebody does, or has just deleted it.
    fn left_at(path: PathBuf) -> io::Result<Option<Self>> {
        let mut file = match OpenOptions::new().read(true).append(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let entries = read(&text).map_err(|(line, error)| {
            let place = format!("line {line} of {} is no access: {error}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, place)
        })?;
        Ok(Some(Self { path, file, length: text.len() as u64, entries }))
    }

    fn append(&mut self, entry: Entry) -> io::Result<()> {
        let NewAccess { person, app, access } = &entry.new;
        let mut line = serde_json::to_vec(&LineOf { at: entry.at, person, app, access })?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // Half a line is none; the next one begins where this one did.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += line.len() as u64;
        self.entries.push(entry);
        Ok(())
    }

    /// What the file is called.
    pub fn name(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Deletes the file; what it was called.
    pub fn delete(self) -> io::Result<String> {
        fs::remove_file(&self.path)?;
        Ok(self.name())
    }
}

/// The accesses of a file. A last line without an end was recorded to nobody. Or the number of a line that is none.
fn read(text: &str) -> Result<Vec<Entry>, (usize, serde_json::Error)> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let entry = |(number, line): (usize, &str)| {
        let Line { at, person, app, access } =
            serde_json::from_str(line).map_err(|error| (number + 1, error))?;
        Ok(Entry { at, new: NewAccess { person, app, access } })
    };
    whole.lines().enumerate().map(entry).collect()
}
