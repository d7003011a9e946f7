//! What the app read, and beside it what is on the disk.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
};

use serde_json::Value;

use super::super::CliError;

/// A file as the app has it.
pub struct Read {
    pub name: String,
    pub metadata: Value,
    pub bytes: Vec<u8>,
}

impl Read {
    /// Where it comes from, and what it is.
    fn what(&self) -> (String, String) {
        let text = |name: &str| self.metadata[name].as_str().map(str::to_owned);
        match text("objectType") {
            Some(kind) => (text("serviceName").unwrap_or_default(), kind),
            None => ("raw".to_owned(), text("mimetype").unwrap_or_default()),
        }
    }

    /// Its kind, as the app's report names it.
    pub fn category(&self) -> String {
        let (from, what) = self.what();
        format!("{from}.{what}")
    }

    /// How many objects are in it; none in what is no list of objects.
    pub fn objects(&self) -> u64 {
        self.metadata["objectCount"].as_u64().unwrap_or_default()
    }

    /// The first readable words of the content.
    fn words(&self, width: usize) -> String {
        let head = &self.bytes[..self.bytes.len().min(4 * width)];
        let text = String::from_utf8_lossy(head);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        text.chars()
            .map(|c| if c.is_control() || c == char::REPLACEMENT_CHARACTER { '·' } else { c })
            .take(width)
            .collect()
    }
}

/// One row for each kind of data.
pub fn read_table(read: &[Read]) -> String {
    let mut rows: BTreeMap<(String, String), (usize, u64, usize)> = BTreeMap::new();
    for file in read {
        let row = rows.entry(file.what()).or_default();
        row.0 += 1;
        row.1 += file.objects();
        row.2 += file.bytes.len();
    }
    let mut table =
        format!("\n  {:<14} {:<24} {:>6} {:>8} {:>11}\n", "from", "what", "files", "objects", "bytes");
    for ((from, what), (files, objects, bytes)) in rows {
        let _ = writeln!(table, "  {from:<14} {what:<24} {files:>6} {objects:>8} {bytes:>11}");
    }
    table
}

/// Some files, as the app reads them and as they lie on the disk.
pub fn disk_table(read: &[Read], disk: &HashMap<String, (String, u64)>) -> Result<String, CliError> {
    let mut table = format!("  {:<42} {:<44} {}\n", "file", "the app reads", "the disk holds");
    let step = read.len().div_ceil(6).max(1);
    for file in read.iter().step_by(step) {
        let (bytes, length) =
            disk.get(&file.name).ok_or_else(|| CliError::new(format!("{} is not on the disk", file.name)))?;
        let name: String = file.name.chars().take(42).collect();
        let _ = writeln!(table, "  {name:<42} {:<44} {bytes}… ({length} bytes)", file.words(42));
    }
    Ok(table)
}
