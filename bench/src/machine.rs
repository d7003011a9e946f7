//! The machine and the programs that figures come from, without names or paths of theirs.

use std::{fs, path::Path, process::Command, thread};

use crate::{load::bytes, report::MIB};

/// A description in lines, `what: which`.
pub fn describe(bin: &Path, folder: &Path) -> Vec<(&'static str, String)> {
    let unknown = || "unknown".to_owned();
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(unknown);
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| {
        let kib: u64 = text.strip_suffix("kB")?.trim().parse().ok()?;
        Some(format!("{:.0} GiB", bytes(kib) / MIB))
    });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").map(|text| {
        // Behind the dash it is about whoever built it.
        format!("Linux {}", text.trim().split('-').next().unwrap_or_default())
    });
    vec![
        ("CPU", format!("{model}, {cores} cores for client, server and limits together")),
        ("Memory", memory.unwrap_or_else(unknown)),
        ("Disk", file_system(folder).unwrap_or_else(unknown)),
        ("Kernel", kernel.unwrap_or_else(|_| unknown())),
        ("Compiler", said_by("rustc", "--version").unwrap_or_else(unknown)),
        ("Platform", said_by(&bin.display().to_string(), "--version").unwrap_or_else(unknown)),
    ]
}

/// The value of a line `name : value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value = |line: &str| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim().to_owned())
    };
    text.lines().find_map(value)
}

/// The kind of the file system that a folder is on, and whether its disk turns.
fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let on = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        let (device, place, kind) = (words.next()?, words.next()?, words.next()?);
        folder.starts_with(&place).then_some((place.len(), device, kind))
    };
    let (_, device, kind) = mounts.lines().filter_map(on).max_by_key(|(length, ..)| *length)?;
    let name = device.rsplit('/').next()?.trim_end_matches(|last: char| last.is_ascii_digit()).to_owned();
    let turns = fs::read_to_string(format!("/sys/block/{name}/queue/rotational")).ok();
    Some(match turns.as_deref().map(str::trim) {
        Some("0") => format!("{kind}, not rotational"),
        Some(_) => format!("{kind}, rotational or virtual"),
        None => kind,
    })
}

fn said_by(program: &str, argument: &str) -> Option<String> {
    let said = Command::new(program).arg(argument).output().ok()?;
    Some(String::from_utf8(said.stdout).ok()?.trim().to_owned()).filter(|said| !said.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_description_is_a_path() {
        for (what, which) in describe(Path::new("consent-access"), &std::env::temp_dir()) {
            assert!(!which.is_empty() && !which.starts_with('/'), "{what}: {which}");
        }
    }
}
