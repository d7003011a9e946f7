//! What she is left with: a receipt of every decision, which anybody can verify without asking the platform.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    super::{CliError, receipt, say},
    cast::{Cast, Kept, Person},
    chapter,
};

/// The name of the file with the platform's published keys.
const KEYS: &str = "keys.json";

/// Writes her receipts and the published keys into a folder, and verifies each with nothing but these files.
pub async fn checked_offline(cast: &Cast, person: &Person, folder: &Path) -> Result<(), CliError> {
    chapter("She keeps the receipts, and checks them offline")?;
    fs::create_dir_all(folder)?;
    let keys = folder.join(KEYS);
    fs::write(&keys, format!("{:#}\n", cast.keys().await?))?;
    let kept = cast.receipts(person).await?;
    let mut last = None;
    for (place, kept) in kept.iter().enumerate() {
        let file = write(folder, place + 1, kept)?;
        let lines = judged(&file, &keys).await?;
        say(&format!("  {}  {:<16} genuine  {}", kept.at, kept.kind, name(&file)))?;
        last = Some((file, lines));
    }
    let (file, lines) = last.ok_or_else(|| CliError::new("there are no receipts"))?;
    say(&format!("\n  consent-access receipt verify {} --jwks {KEYS}", name(&file)))?;
    say(&lines.iter().map(|line| format!("    {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n"))
}

fn write(folder: &Path, number: usize, kept: &Kept) -> Result<PathBuf, CliError> {
    let file = folder.join(format!("{number:02}-{}.jwt", kept.kind));
    fs::write(&file, format!("{}\n", kept.receipt))?;
    Ok(file)
}

/// What `receipt verify` says about a file; an error where it says no.
async fn judged(file: &Path, keys: &Path) -> Result<Vec<String>, CliError> {
    let verdict = receipt::judge(file, &keys.to_string_lossy()).await?;
    let genuine = verdict.map_err(CliError::because(format!("{} is not genuine", name(file))))?;
    Ok(genuine.lines())
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
