//! A person's library: sources, files, and a look into each.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue},
    },
    web,
};
use chrono::{DateTime, Utc};
use consent_core::{Cursor, FileId, Period};
use consent_library::{FileKind, Metadata};
use consent_pages::{AccountRow, Choice, Content, FilePage, FileRow, Library, Offer, Reading, Section};
use consent_sources::{
    Account,
    catalogue::Source,
    sample::{self, SampleFile},
};
use futures_util::TryStreamExt;
use serde_json::{Map, Value};

use super::{Form, Known, PageError, Posted, Shown, html, item_of, receive, see_other, words};
use crate::{
    flows::{self, MyFile, MyOpened, OfferFilter},
    http::error::Refusal,
    platform::Platform,
};

/// So many files stand on one page.
const PAGE: u64 = 50;
/// So many objects of a file are shown.
const MOST_ITEMS: usize = 100;
/// So much of a text is shown, in bytes.
const LONGEST_TEXT: usize = 16 * 1024;
/// No file beyond this is read to be looked into, in bytes.
const LOOKED_INTO: u64 = 8 * 1024 * 1024;
/// So long a page waits for a source to be read.
const SOON: Duration = Duration::from_secs(2);
/// Pictures that browsers show and that cannot carry programs.
const PICTURES: [&str; 5] = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];

/// `GET /library`: sources and files, the latest first.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    page(&platform, &her, StatusCode::OK, None).await
}

async fn page(platform: &Platform, her: &Known, status: StatusCode, failed: Option<String>) -> Shown {
    let after = her.place.query_value("after");
    let later = after.is_some();
    let files = flows::my_files(platform, &her.who, &Cursor::new(after, Some(PAGE))).await?;
    let accounts = account_rows(platform, her).await?;
    let offers = flows::offers(platform, None, &her.who, &OfferFilter::default()).await?;
    let frame = match failed {
        Some(failed) => her.frame_with(platform, Section::Library, &failed),
        None => her.frame(platform, Section::Library),
    };
    let page = Library {
        frame,
        reading: accounts.iter().any(|account| matches!(account.reading, Reading::Now)),
        accounts,
        offers: offers.into_iter().map(offer_of).collect(),
        next: files.next.map(|after| format!("/library?after={after}#files")),
        files: files.items.into_iter().map(file_row).collect(),
        later,
        largest: words::size(platform.config.limits.upload_bytes.bytes()),
    };
    Ok(html(status, &page))
}

/// Her accounts, with how many files each has brought.
async fn account_rows(platform: &Platform, her: &Known) -> Result<Vec<AccountRow>, Refusal> {
    let now = platform.ambient.now();
    let mut rows = Vec::new();
    for (account, name) in flows::named_accounts(platform, &her.who).await? {
        let files = consent_library::count_files(&platform.db, &account.library, &account.shelf).await?;
        rows.push(account_row(&account, name, files, now));
    }
    Ok(rows)
}

/// An account in a list.
pub(in crate::http) fn account_row(
    account: &Account,
    name: Option<String>,
    files: u64,
    now: DateTime<Utc>,
) -> AccountRow {
    let reading = match (account.is_being_read_at(now), &account.problem, account.finished_at) {
        (true, ..) => Reading::Now,
        (_, Some(problem), _) => Reading::Failed(super::sentence(&problem.message)),
        (_, None, Some(at)) => Reading::Done(format!("read {}", words::ago(at, now))),
        (_, None, None) => Reading::Never,
    };
    AccountRow {
        id: account.id.to_string(),
        source: account.source().name.to_owned(),
        name,
        sample: account.sample,
        count: words::count(files, "file"),
        reading,
    }
}

/// A source that can be connected.
pub(in crate::http) fn offer_of(offer: flows::Offer) -> Offer {
    let flows::Offer { source, set, connected } = offer;
    Offer {
        source: source.id,
        name: source.name.to_owned(),
        has: has(source, &set.id),
        sample_set: set.id,
        sample_name: set.name,
        connected: connected.is_some(),
    }
}

/// What a source has in a data set, as in `Finance: transactions, files`.
fn has(source: &Source, set: &str) -> String {
    let mut kinds: Vec<String> = Vec::new();
    for file in sample::sample(set, source.id).map(|sample| sample.files).unwrap_or_default() {
        let kind = match file {
            SampleFile::Mapped { object_type, .. } => words::object_type(object_type),
            SampleFile::Raw { .. } => "files".to_owned(),
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    format!("{}: {}", source.group().name, kinds.join(", "))
}

fn file_row(MyFile { file, metadata, account }: MyFile) -> FileRow {
    FileRow {
        path: format!("/library/files/{}", file.id),
        title: title(&file.kind, metadata.as_ref()),
        from: from(account.as_ref()),
        size: file_size(metadata.as_ref(), file.stored_bytes),
        written: words::date(file.updated_at),
    }
}

pub(super) fn title(kind: &FileKind, metadata: Option<&Metadata>) -> String {
    match *kind {
        FileKind::Mapped { object_type, period, .. } => {
            let title = words::capitalised(&words::object_type(object_type));
            match period {
                Some(period) => format!("{title}, {}", month(period)),
                None => title,
            }
        }
        FileKind::Raw => metadata
            .and_then(|metadata| metadata.file_name.clone())
            .unwrap_or_else(|| "A file without a name".to_owned()),
    }
}

/// `March 2025`.
fn month(period: Period) -> String {
    let first = DateTime::from_timestamp_millis(period.range().from);
    first.map(|first| first.format("%B %Y").to_string()).unwrap_or_default()
}

fn from(account: Option<&Account>) -> String {
    account.map_or_else(|| "Uploaded by you".to_owned(), |account| account.source().name.to_owned())
}

fn file_size(metadata: Option<&Metadata>, stored_bytes: i64) -> String {
    match metadata {
        Some(Metadata { object_count: Some(objects), .. }) => words::count(*objects, "object"),
        Some(metadata) => words::size(metadata.size),
        None => words::size(stored_bytes.unsigned_abs()),
    }
}

/// `POST /library/accounts`: connects a sample source.
pub(super) async fn connect(platform: web::Data<Platform>, Posted { by, form }: Posted<Known>) -> Shown {
    connect_from(&platform, &by, &form).await?;
    Ok(see_other("/library?said=connected"))
}

/// Connects the sample source that a form names.
pub(in crate::http) async fn connect_from(
    platform: &Platform,
    her: &Known,
    form: &Form,
) -> Result<(), PageError> {
    let set = form.one("sampleDataSet");
    let account = flows::connect_sample(platform, &her.who, set, source_of(form)?).await?;
    let _ = tokio::time::timeout(SOON, read_to_its_end(platform, &account)).await;
    Ok(())
}

/// What is read soon is there when the next page comes.
async fn read_to_its_end(platform: &Platform, account: &Account) -> Result<(), Refusal> {
    loop {
        let now = consent_sources::find_account(&platform.db, &account.library, &account.id).await?;
        if now.finished_at.is_some() {
            return Ok(());
        }
        tokio::time::sleep(SOON / 20).await;
    }
}

/// The source that a form names, by its number in the catalogue.
pub(in crate::http) fn source_of(form: &Form) -> Result<i64, Refusal> {
    form.one("source").parse().map_err(|_| Refusal::new(404, "SourceNotFound", "There is no such source"))
}

/// `POST /library/accounts/{id}/read`: reads an account now.
pub(super) async fn read_account(platform: web::Data<Platform>, Posted { by, .. }: Posted<Known>) -> Shown {
    flows::read_now(&platform, &by.who, &by.place.id()?).await?;
    Ok(see_other("/library?said=reading"))
}

/// `POST /library/files`: takes files in.
pub(super) async fn upload(platform: web::Data<Platform>, her: Known, payload: web::Payload) -> Shown {
    let outcome = receive(&platform, &her, payload).await?;
    match outcome.failure() {
        None => Ok(see_other("/library?said=uploaded")),
        Some(failure) => page(&platform, &her, StatusCode::UNPROCESSABLE_ENTITY, Some(failure)).await,
    }
}

/// `GET /library/files/{id}`: a look into one file.
pub(super) async fn file_page(platform: web::Data<Platform>, her: Known) -> Shown {
    let opened = mine(&platform, &her).await?;
    let path = format!("/library/files/{}", opened.file.id);
    let page = FilePage {
        frame: her.frame(&platform, Section::Library),
        title: title(&opened.file.kind, Some(&opened.metadata)),
        facts: facts(&opened),
        content: look(&platform, &opened, &path).await?,
        download: format!("{path}/content"),
        delete: opened.account.is_none().then(|| format!("{path}/delete")),
    };
    Ok(html(StatusCode::OK, &page))
}

fn facts(opened: &MyOpened) -> Vec<(String, String)> {
    let (file, metadata) = (&opened.file, &opened.metadata);
    let mut facts = vec![("From".to_owned(), from(opened.account.as_ref()))];
    let mut add =
        |name: &str, value: Option<String>| facts.extend(value.map(|value| (name.to_owned(), value)));
    add("Objects", metadata.object_count.map(|objects| objects.to_string()));
    add("Size", Some(words::size(metadata.size)));
    add("Kind", Some(metadata.mimetype.clone()));
    add("Created", metadata.created.and_then(words::date_of_millis));
    add("Written", Some(words::date(file.updated_at)));
    add("Tags", (!metadata.tags.is_empty()).then(|| metadata.tags.join(", ")));
    add("SHA-256", Some(metadata.digest.clone()));
    facts
}

async fn look(platform: &Platform, opened: &MyOpened, path: &str) -> Result<Content, Refusal> {
    let metadata = &opened.metadata;
    if PICTURES.contains(&metadata.mimetype.as_str()) {
        return Ok(Content::Picture(format!("{path}/content")));
    }
    let text = metadata.mimetype.starts_with("text/")
        || ["json", "xml"].iter().any(|form| metadata.mimetype.ends_with(form));
    if !text {
        return Ok(Content::None(
            "This kind of file cannot be shown here; download it to open it.".to_owned(),
        ));
    }
    if metadata.size > LOOKED_INTO {
        return Ok(Content::None(
            "This file is too large to be shown here; download it to open it.".to_owned(),
        ));
    }
    let content = opened.read_all(platform).await?;
    if let Ok(objects) = serde_json::from_slice::<Vec<Map<String, Value>>>(&content) {
        let shown = objects.len().min(MOST_ITEMS);
        let all = words::count(objects.len() as u64, "object");
        let caption = if shown == objects.len() { all } else { format!("The first {shown} of {all}") };
        let items = objects.iter().take(MOST_ITEMS).map(item_of).collect();
        return Ok(Content::Items { caption, items });
    }
    let end = content.len().min(LONGEST_TEXT);
    Ok(Content::Text(String::from_utf8_lossy(&content[..end]).into_owned(), end < content.len()))
}

/// `GET /library/files/{id}/content`: the bytes. Pictures may stand on the page of their file; whatever else there is can
/// only be saved, so that nothing of it runs here.
pub(super) async fn content(platform: web::Data<Platform>, her: Known) -> Shown {
    let opened = mine(&platform, &her).await?;
    let metadata = &opened.metadata;
    let picture = PICTURES.contains(&metadata.mimetype.as_str());
    let name = match &opened.file.kind {
        FileKind::Mapped { .. } => opened.file.name.clone(),
        FileKind::Raw => metadata.file_name.clone().unwrap_or_else(|| opened.file.id.to_string()),
    };
    let media_type = if picture { metadata.mimetype.as_str() } else { "application/octet-stream" };
    let body = opened.read(&platform).await?.map_err(std::io::Error::other);
    Ok(HttpResponse::Ok()
        .content_type(media_type)
        .insert_header(disposition(picture, &name))
        .insert_header(("content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'"))
        .no_chunking(metadata.size)
        .streaming(body))
}

/// The name in the form of RFC 8187, which bears any character.
fn disposition(picture: bool, name: &str) -> ContentDisposition {
    let value = name.as_bytes().to_vec();
    let name = ExtendedValue { charset: Charset::Ext("UTF-8".to_owned()), language_tag: None, value };
    let disposition = if picture { DispositionType::Inline } else { DispositionType::Attachment };
    ContentDisposition { disposition, parameters: vec![DispositionParam::FilenameExt(name)] }
}

/// `GET /library/files/{id}/delete`: asks once more.
pub(super) async fn delete_page(platform: web::Data<Platform>, her: Known) -> Shown {
    let opened = mine(&platform, &her).await?;
    if opened.account.is_some() {
        let reason = "This file came from a source; only what you uploaded yourself can be deleted";
        return Err(Refusal::new(422, "ValidationErrors", reason).into());
    }
    let title = title(&opened.file.kind, Some(&opened.metadata));
    let page = Choice {
        frame: her.frame(&platform, Section::Library),
        title: format!("Delete “{title}”?"),
        consequences: vec![
            "The file is gone from your library at once, and nobody can bring it back.".to_owned(),
            "Apps that fetched it before may still have their copy; what they agreed to about keeping it goes on."
                .to_owned(),
        ],
        action: format!("/library/files/{}/delete", opened.file.id),
        verb: "Delete".to_owned(),
        back: format!("/library/files/{}", opened.file.id),
    };
    Ok(html(StatusCode::OK, &page))
}

/// `POST /library/files/{id}/delete`.
pub(super) async fn delete(platform: web::Data<Platform>, Posted { by, .. }: Posted<Known>) -> Shown {
    flows::delete_file(&platform, &by.who, &by.place.id()?).await?;
    Ok(see_other("/library?said=deleted"))
}

async fn mine(platform: &Platform, her: &Known) -> Result<MyOpened, Refusal> {
    let id: FileId = her.place.id()?;
    Ok(flows::my_file(platform, &her.who, &id).await?)
}
