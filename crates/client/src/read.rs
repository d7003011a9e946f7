//! Reading a session: which files there are, and what is in them.

use std::{collections::BTreeMap, time::Duration};

use consent_crypto::{digest::base64url_decode, envelope};
use reqwest::{
    Method, Response,
    header::{HeaderMap, LAST_MODIFIED},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{AccessToken, App, ClientError, SessionKey, app::JSON};

const BYTES: &str = "application/octet-stream";

/// What a session may read, and how far it is.
#[derive(Debug, Clone, Deserialize)]
pub struct FileList {
    /// How far it is.
    pub status: SyncStatus,
    /// The files so far; final when the state is.
    #[serde(rename = "fileList", default)]
    pub files: Vec<FileEntry>,
}

/// How far a session is.
#[derive(Debug, Clone, Deserialize)]
pub struct SyncStatus {
    /// As a whole.
    pub state: SyncState,
    /// For each account, by its id on the wire.
    #[serde(default)]
    pub details: BTreeMap<String, AccountStatus>,
}

/// A step on the way to a complete list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SyncState {
    /// Waits for the person.
    Pending,
    /// Files may still appear and change.
    Running,
    /// Final, and something is missing.
    Partial,
    /// Final.
    Completed,
}

impl SyncState {
    /// Whether the list will not change any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Partial | Self::Completed)
    }
}

/// How far one account is.
#[derive(Debug, Clone, Deserialize)]
pub struct AccountStatus {
    /// How far it is.
    pub state: SyncState,
    /// Why it is partial.
    pub error: Option<AccountError>,
}

/// Why an account could not deliver everything.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountError {
    /// Stable code, such as `ServiceAuthorizationError`.
    pub code: String,
    /// Like an HTTP status.
    pub status_code: u16,
    /// A sentence for developers.
    pub message: Option<String>,
    /// Whether the person must sign in at the service again.
    pub reauth: Option<bool>,
    /// Not before this moment, ms since the epoch.
    pub retry_after: Option<i64>,
    /// Which kinds of data are missing.
    #[serde(default)]
    pub object_type_errors: Vec<ObjectTypeError>,
}

/// Why one kind of data is missing.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectTypeError {
    /// Number of the object type.
    pub object_type: i64,
    /// The reason.
    pub error: ObjectTypeFault,
}

/// The reason why one kind of data is missing.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectTypeFault {
    /// Stable code.
    pub code: String,
    /// A sentence for developers.
    pub message: String,
    /// Like an HTTP status.
    pub status_code: u16,
}

/// A file in a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileEntry {
    /// What to fetch it by.
    pub name: String,
    /// Grows with every change of the file; ms since the epoch.
    pub updated_date: i64,
    /// Format of the objects inside: standard and version.
    pub schema: Option<Value>,
    /// Such as `social`.
    pub service_group: Option<String>,
    /// Such as `spotify`.
    pub service_name: Option<String>,
    /// Version of the object format.
    pub object_version: Option<String>,
    /// Such as `playhistory`.
    pub object_type: Option<String>,
    /// How many objects are inside.
    pub object_count: Option<u64>,
}

/// A file, opened.
#[derive(Clone)]
pub struct File {
    /// What the file says of itself: mapped or raw metadata.
    pub metadata: Value,
    /// Its content, in clear.
    pub bytes: Vec<u8>,
    /// When it last changed, as the server spelled it.
    pub last_modified: Option<String>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({} bytes)", self.bytes.len())
    }
}

/// What the server says about a file beside its content.
#[derive(Debug, Clone)]
pub struct FileHead {
    /// What the file says of itself: mapped or raw metadata.
    pub metadata: Value,
    /// How the content was compressed before it was sealed.
    pub compression: Option<String>,
    /// Length of the content.
    pub size: Option<u64>,
    /// When it last changed, as the server spelled it.
    pub last_modified: Option<String>,
}

impl App {
    /// What the session may read so far.
    pub async fn list(&self, access: &AccessToken, session: &SessionKey) -> Result<FileList, ClientError> {
        self.get_json(&self.query(session, None), &[("access_token", access.expose())]).await
    }

    /// Asks for the list again and again until it is final, which may be never: mind the time.
    pub async fn list_until_done(
        &self,
        access: &AccessToken,
        session: &SessionKey,
        every: Duration,
    ) -> Result<FileList, ClientError> {
        loop {
            let list = self.list(access, session).await?;
            if list.status.state.is_final() {
                return Ok(list);
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Fetches a file and opens it.
    pub async fn fetch(
        &self,
        access: &AccessToken,
        session: &SessionKey,
        name: &str,
    ) -> Result<File, ClientError> {
        let response = self.fetch_raw(access, session, name).await?;
        let head = FileHead::parse(response.headers())?;
        if let Some(compression) = head.compression.filter(|name| matches!(name.as_str(), "gzip" | "brotli"))
        {
            return Err(ClientError::Compressed(compression));
        }
        let sealed = response.bytes().await?;
        let mut opened = envelope::open(&self.key, &sealed).map_err(ClientError::Sealed)?;
        let bytes = std::mem::take(&mut *opened);
        Ok(File { metadata: head.metadata, bytes, last_modified: head.last_modified })
    }

    /// Fetches a file as it arrives: sealed, and not read to its end yet.
    pub async fn fetch_raw(
        &self,
        access: &AccessToken,
        session: &SessionKey,
        name: &str,
    ) -> Result<Response, ClientError> {
        self.get(Method::GET, &self.query(session, Some(name)), &[("access_token", access.expose())], BYTES)
            .await
    }

    /// What the server says about a file, without its content.
    pub async fn metadata(
        &self,
        access: &AccessToken,
        session: &SessionKey,
        name: &str,
    ) -> Result<FileHead, ClientError> {
        let claims = [("access_token", access.expose())];
        let response = self.get(Method::HEAD, &self.query(session, Some(name)), &claims, JSON).await?;
        FileHead::parse(response.headers())
    }

    fn query(&self, session: &SessionKey, name: Option<&str>) -> String {
        let mut url = self.base.join("v1.7/permission-access/query").expect("a plain path joins any base");
        let mut segments = url.path_segments_mut().expect("the base is http or https");
        segments.push(session.expose()).extend(name);
        drop(segments);
        url.into()
    }
}

impl FileHead {
    fn parse(headers: &HeaderMap) -> Result<Self, ClientError> {
        #[derive(Deserialize)]
        struct Wire {
            metadata: Value,
            compression: Option<String>,
            size: Option<u64>,
        }
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let wire =
            text("x-metadata").and_then(decode).and_then(|json| serde_json::from_slice::<Wire>(&json).ok());
        let wire = wire.ok_or_else(|| ClientError::Protocol("no x-metadata that can be read".to_owned()))?;
        Ok(Self {
            metadata: wire.metadata,
            compression: wire.compression,
            size: wire.size,
            last_modified: text(LAST_MODIFIED.as_str()).map(str::to_owned),
        })
    }
}

/// Servers differ in which of the two alphabets of base64 they use, and whether they pad.
fn decode(text: &str) -> Option<Vec<u8>> {
    base64url_decode(&text.trim_end_matches('=').replace('+', "-").replace('/', "_")).ok()
}

#[cfg(test)]
mod tests {
    use consent_crypto::digest::{base64, base64url};
    use serde_json::json;
    use wiremock::{
        Mock, ResponseTemplate,
        matchers::{header, method, path},
    };

    use super::*;
    use crate::testing::{Fake, names};

    const LIST: &str = "/v1.7/permission-access/query/key";
    const FILE: &str = "/v1.7/permission-access/query/key/18_5_19_1_406_D201811_1.json";
    const NAME: &str = "18_5_19_1_406_D201811_1.json";

    fn sealed(fake: &Fake, plaintext: &[u8], metadata: &str) -> ResponseTemplate {
        let sealed = envelope::seal(fake.app.key.public(), &fake.app.ambient, plaintext).unwrap();
        ResponseTemplate::new(200).set_body_bytes(sealed).insert_header("x-metadata", metadata)
    }

    #[tokio::test]
    async fn a_list_is_asked_for_until_it_is_final() {
        let fake = Fake::start().await;
        let pending = ResponseTemplate::new(200).set_body_json(json!({"status": {"state": "pending"}}));
        let error = json!({"code": "ServiceAuthorizationError", "statusCode": 511, "reauth": true});
        let partial = json!({
            "status": {"state": "partial", "details": {"19_x": {"state": "partial", "error": error}}},
            "fileList": [{"name": NAME, "updatedDate": 3, "objectCount": 2, "objectType": "playhistory"}],
        });
        let partial = ResponseTemplate::new(200).set_body_json(partial);
        Mock::given(path(LIST)).respond_with(pending).up_to_n_times(2).mount(&fake.server).await;
        Mock::given(path(LIST)).respond_with(partial).mount(&fake.server).await;
        let list = fake.app.list_until_done(&"t".into(), &"key".into(), Duration::ZERO).await.unwrap();
        assert_eq!(list.files[0].object_type.as_deref(), Some("playhistory"));
        assert_eq!(list.status.details["19_x"].error.as_ref().unwrap().status_code, 511);
        assert_eq!(fake.claims().await.len(), 3);
    }

    #[tokio::test]
    async fn a_file_is_opened_with_the_private_key() {
        let fake = Fake::start().await;
        let metadata = base64url(json!({"metadata": {"objectCount": 1}, "size": 2}).to_string().as_bytes());
        let answer =
            sealed(&fake, b"[]", &metadata).insert_header("last-modified", "Mon, 01 Jun 2026 12:00:00 GMT");
        Mock::given(path(FILE)).and(header("accept", BYTES)).respond_with(answer).mount(&fake.server).await;
        let file = fake.app.fetch(&"t".into(), &"key".into(), NAME).await.unwrap();
        assert_eq!((file.bytes.as_slice(), &file.metadata["objectCount"]), (&b"[]"[..], &json!(1)));
        assert_eq!(file.last_modified.as_deref(), Some("Mon, 01 Jun 2026 12:00:00 GMT"));
        assert_eq!(names(&fake.claims().await[0]), "access_token client_id nonce timestamp");
        assert_eq!(format!("{file:?}"), "File(2 bytes)");
    }

    #[tokio::test]
    async fn a_file_for_somebody_else_or_compressed_is_an_error() {
        let fake = Fake::start().await;
        let plain = base64(json!({"metadata": {}}).to_string().as_bytes());
        let answer = ResponseTemplate::new(200).set_body_bytes([0; 288]).insert_header("x-metadata", &plain);
        Mock::given(path(FILE)).respond_with(answer).up_to_n_times(1).mount(&fake.server).await;
        let error = fake.app.fetch(&"t".into(), &"key".into(), NAME).await.unwrap_err();
        assert!(matches!(error, ClientError::Sealed(_)), "{error}");
        let gzip = base64(json!({"metadata": {}, "compression": "gzip"}).to_string().as_bytes());
        Mock::given(path(FILE))
            .respond_with(sealed(&fake, b"x", &gzip))
            .up_to_n_times(1)
            .mount(&fake.server)
            .await;
        let error = fake.app.fetch(&"t".into(), &"key".into(), NAME).await.unwrap_err();
        assert!(matches!(error, ClientError::Compressed(_)), "{error}");
    }

    #[tokio::test]
    async fn metadata_is_asked_for_without_the_file() {
        let fake = Fake::start().await;
        let metadata = base64url(json!({"metadata": {"tags": ["ü?>"]}}).to_string().as_bytes());
        let answer = ResponseTemplate::new(200).insert_header("x-metadata", &metadata);
        Mock::given(method("HEAD"))
            .and(header("accept", JSON))
            .respond_with(answer)
            .up_to_n_times(1)
            .mount(&fake.server)
            .await;
        let head = fake.app.metadata(&"t".into(), &"key".into(), NAME).await.unwrap();
        assert_eq!(head.metadata["tags"], json!(["ü?>"]));
        Mock::given(method("HEAD")).respond_with(ResponseTemplate::new(200)).mount(&fake.server).await;
        let error = fake.app.metadata(&"t".into(), &"key".into(), NAME).await.unwrap_err();
        assert!(matches!(error, ClientError::Protocol(_)), "{error}");
    }

    #[tokio::test]
    async fn a_file_name_cannot_leave_its_session() {
        let fake = Fake::start().await;
        let path = |name| {
            Some(fake.app.query(&"k/1".into(), Some(name)).parse::<url::Url>().unwrap().path().to_owned())
        };
        assert_eq!(path("a/../b?c").as_deref(), Some("/v1.7/permission-access/query/k%2F1/a%2F..%2Fb%3Fc"));
        assert_eq!(path("..").as_deref(), Some("/v1.7/permission-access/query/k%2F1"));
    }
}
