//! `[blobs]`: where the sealed files are.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::Deserialize;
use url::Url;

use super::text::{self, Malformed};

/// `[blobs]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blobs {
    /// Where they are; none: a folder in the data folder.
    #[serde(deserialize_with = "text::optional")]
    pub url: Option<BlobPlace>,
}

/// A place for sealed files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobPlace {
    /// A folder of this machine, or one that it shares with others.
    Folder(PathBuf),
    /// The memory of this process; gone with it.
    Memory,
}

impl FromStr for BlobPlace {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text == "memory:" {
            return Ok(Self::Memory);
        }
        let url = Url::parse(text).ok();
        match url.as_ref().map(|url| (url.scheme(), url.to_file_path())) {
            Some(("file", Ok(path))) => Ok(Self::Folder(path)),
            Some(("s3", _)) => {
                let reason =
                    "s3:// is not supported yet, a later release brings it; until then use file:///<folder>";
                Err(Malformed(reason.to_owned()))
            }
            _ => Err(Malformed(format!("{text:?} is neither memory: nor file:///<folder>"))),
        }
    }
}

impl fmt::Display for BlobPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => match Url::from_directory_path(path) {
                Ok(url) => f.write_str(url.as_str().trim_end_matches('/')),
                // A relative one, which no URL can spell.
                Err(()) => path.display().fmt(f),
            },
            Self::Memory => f.write_str("memory:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{refused, with};

    #[test]
    fn files_lie_in_the_data_folder_another_folder_or_memory() {
        let place = |text: &str| with(text).blob_place();
        assert_eq!(place(""), BlobPlace::Folder("./data/blobs".into()));
        assert_eq!(
            place("blobs.url = \"file:///srv/my%20blobs\""),
            BlobPlace::Folder("/srv/my blobs".into())
        );
        assert_eq!(place("blobs.url = \"memory:\""), BlobPlace::Memory);
        assert_eq!(BlobPlace::Folder("/srv/my blobs".into()).to_string(), "file:///srv/my%20blobs");
    }

    #[test]
    fn s3_is_said_to_come_later() {
        assert_eq!(
            refused("blobs.url = \"s3://bucket/prefix\""),
            "blobs.url (from test.toml): s3:// is not supported yet, a later release brings it; until then use \
             file:///<folder>"
        );
        for wrong in ["/srv/blobs", "memory", "file://elsewhere/blobs", "https://a.example"] {
            assert!(refused(&format!("blobs.url = {wrong:?}")).contains("is neither"), "{wrong}");
        }
    }
}
