//! `person`: whose data it is.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use clap::Subcommand;
use futures_util::{Stream, stream};
use reqwest::Body;
use serde_json::{Value, json};

use super::{
    CliError, columns, lines,
    on_behalf::{self, OnBehalfCommand},
    server::Server,
    text,
};

const IMPORT: &str = "\
Files arrive sealed for their owner: whoever runs this server puts them in and cannot take them out again. JSON arrays
that match a mapped type become mapped data, one file a month; anything else is kept as it is. The person must have
signed up.

Example:
  consent-access person import activities.json scan.pdf --person ada@example.org";

/// So much of a file is in memory at once.
const PIECE: u64 = 256 * 1024;

/// What can be done about persons.
#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// Invites somebody, who has no library until she signs up with this address
    Invite {
        /// Her e-mail address
        email: String,
    },
    /// Lists all persons
    List,
    /// Puts files into a person's library
    #[command(after_help = IMPORT)]
    Import {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Whose library: her id, per…, or her e-mail address
        #[arg(long, value_name = "ID|EMAIL")]
        person: String,
    },
    #[command(flatten)]
    OnBehalf(OnBehalfCommand),
}

pub(super) async fn run(server: &Server, command: PersonCommand) -> Result<(), CliError> {
    match command {
        PersonCommand::Invite { email } => {
            let answer = server.post(&["people"], &json!({ "email": email })).await?;
            server.tell(&answer, |person| {
                lines(person, &[("person", "id"), ("email", "email"), ("stage", "stage")])
            })
        }
        PersonCommand::List => server.tell(&server.list(&["people"], &[]).await?, |people| {
            columns(people, &["id", "stage", "createdAt", "email"], "there are no persons")
        }),
        PersonCommand::Import { files, person } => {
            let person = person_id(server, person).await?;
            for file in &files {
                import(server, &person, file).await?;
            }
            Ok(())
        }
        PersonCommand::OnBehalf(command) => on_behalf::run(server, command).await,
    }
}

pub(super) async fn person_id(server: &Server, person: String) -> Result<String, CliError> {
    if !person.contains('@') {
        return Ok(person);
    }
    let found = server.get(&["people"], &[("email", &person)]).await?;
    match text(&found["items"][0], "id") {
        "" => Err(CliError::new(format!(
            "nobody has the address {person}; she signs up first, at POST /api/v1/sign-up"
        ))),
        id => Ok(id.to_owned()),
    }
}

async fn import(server: &Server, person: &str, path: &Path) -> Result<(), CliError> {
    let shown = path.display();
    let unreadable = || CliError::because(format!("{shown} cannot be read"));
    let file = File::open(path).map_err(unreadable())?;
    let metadata = file.metadata().map_err(unreadable())?;
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(name) = name.filter(|_| metadata.is_file()) else {
        return Err(CliError::usage(format!("{shown} is no file; name files, not folders")));
    };
    let mimetype = mime_guess::from_path(path).first_or_octet_stream();
    let (length, content) = (metadata.len(), Body::wrap_stream(pieces(file)));
    let path = ["people", person, "files"];
    let answer = server.upload(&path, name, mimetype.essence_str(), length, content).await;
    let answer = answer.map_err(|error| CliError::new(format!("{shown} was not imported: {error}")))?;
    server.tell(&answer, |answer| format!("{name}: {}", outcome(answer, length)))
}

/// What became of a file.
fn outcome(answer: &Value, length: u64) -> String {
    let files = answer["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let objects: u64 = files.iter().filter_map(|file| file["objects"].as_u64()).sum();
    match files {
        [file] if file["mapped"] == false => {
            format!("{length} bytes, kept as they are in {}", text(file, "name"))
        }
        files => format!("{objects} objects, in {} mapped files", files.len()),
    }
}

/// The bytes of a file, piece by piece.
fn pieces(file: File) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(file, |mut file| async {
        let read = move || {
            let mut piece = Vec::new();
            file.by_ref().take(PIECE).read_to_end(&mut piece)?;
            Ok::<_, io::Error>((piece, file))
        };
        let (piece, file) = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
        Ok(if piece.is_empty() { None } else { Some((Bytes::from(piece), file)) })
    })
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_file_is_read_in_pieces() {
        let dir = tempfile::tempdir().unwrap();
        let (path, length) = (dir.path().join("a"), 600 * 1024);
        std::fs::write(&path, vec![7; length]).unwrap();
        let read: Vec<Bytes> = pieces(File::open(&path).unwrap()).try_collect().await.unwrap();
        assert_eq!(read.iter().map(Bytes::len).collect::<Vec<_>>(), [262_144, 262_144, 90_112]);
    }

    #[test]
    fn the_operator_is_told_what_became_of_a_file() {
        let raw = json!({ "files": [{ "name": "fil1", "mapped": false }] });
        assert_eq!(outcome(&raw, 12), "12 bytes, kept as they are in fil1");
        let mapped = json!({ "files": [{ "mapped": true, "objects": 3 }, { "mapped": true, "objects": 4 }] });
        assert_eq!(outcome(&mapped, 12), "7 objects, in 2 mapped files");
    }
}
