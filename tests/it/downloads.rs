//! Large files: constant memory, and downloads that are cut when the person stops or ends what she agreed to.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::TimeDelta;
use consent_client::reqwest::{Body, Response};
use consent_crypto::Sha256Stream;
use futures_util::{future::join_all, stream};
use harness::{Answer, Engine, MockApp, Person, Place, TestPlatform, Yes, stories};
use serde_json::json;

/// More than all buffers between a server that sends and a client that does not read.
pub const LARGE: usize = 64 * MIB;
const MIB: usize = 1 << 20;
const PIECE: usize = 64 * 1024;

/// A person, an app that may read her own files, and a large one among them.
pub struct Story<'p> {
    ada: Person<'p>,
    app: MockApp,
    yes: Yes,
    session: consent_client::Session,
    name: String,
    digest: [u8; 32],
}

impl<'p> Story<'p> {
    pub async fn begin(platform: &'p TestPlatform, size: usize) -> Self {
        let app = MockApp::register(platform, "read-raw", "app-1", |document| {
            document["ongoing"] = true.into();
            document["scope"] = json!({ "criteria": [] });
            document.as_object_mut().unwrap().remove("grantFor");
        })
        .await;
        let ada = platform.person("ada").await;
        let (name, digest) = upload(platform, &ada, size).await;
        let yes = ada.approves(&app).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        assert_eq!(list.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), [&name]);
        Self { ada, app, yes, session, name, digest }
    }

    /// Begins to download at a platform, and has read something.
    pub async fn downloads(&self, platform: &TestPlatform) -> Slow {
        let (app, access) = (self.app.at(platform), &self.yes.shared.tokens.access.value);
        let response = app.client.fetch_raw(access, &self.session.key, &self.name).await.unwrap();
        let length = response.content_length().expect("a length");
        let mut slow = Slow { response, length, received: 0 };
        slow.reads(MIB).await.expect("the first bytes");
        slow
    }

    /// She decides.
    pub async fn decides(&self, verb: &str) {
        let _ = self.ada.acts(&self.yes.grant, verb).await.ok();
    }

    /// Lists at these platforms, again and again, until it is over.
    pub async fn reads_on(&self, platforms: [&TestPlatform; 2], over: &AtomicBool) {
        let lists = async |platform| {
            let (app, access) = (self.app.at(platform), &self.yes.shared.tokens.access.value);
            while !over.load(Ordering::SeqCst) {
                let _ = app.client.list(access, &self.session.key).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        join_all((0..16).map(|number| lists(platforms[number % 2]))).await;
    }

    /// Downloads the whole file and compares it.
    async fn reads_it_all(&self) {
        let access = &self.yes.shared.tokens.access.value;
        let file = self.app.client.fetch(access, &self.session.key, &self.name).await.unwrap();
        let mut digest = Sha256Stream::new();
        digest.update(&file.bytes);
        assert_eq!(digest.finish(), self.digest);
    }
}

/// A download whose reader takes her time.
pub struct Slow {
    response: Response,
    length: u64,
    received: u64,
}

impl Slow {
    /// Reads so many bytes; false at a clean end.
    async fn reads(&mut self, bytes: usize) -> consent_client::reqwest::Result<bool> {
        let until = self.received + bytes as u64;
        while self.received < until {
            match self.response.chunk().await? {
                Some(piece) => self.received += piece.len() as u64,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Reads on at ten MiB a second, to an end that must not be that of the file.
    pub async fn breaks_off(mut self) {
        let (started, before) = (Instant::now(), self.received);
        while self.reads(MIB).await.unwrap_or_default() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let after = self.received - before;
        println!("cut after {after} bytes and {:?} more", started.elapsed());
        assert!(self.received < self.length, "the whole file arrived");
    }

    /// Reads on at twenty MiB a second at most, and is cut before more came than that makes in the time allowed and one
    /// second more. The clock is only looked at roughly: other stories may keep the machine busy.
    pub async fn breaks_off_within(mut self, allowed: Duration, since: Instant) {
        const PACE: u64 = 20 * MIB as u64;
        let before = self.received;
        while self.reads(MIB).await.unwrap_or_default() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (after, elapsed) = (self.received - before, since.elapsed());
        println!("cut after {after} bytes and {elapsed:?} more");
        assert!(self.received < self.length, "the whole file arrived");
        assert!(after <= PACE * (allowed.as_secs() + 1), "{after} bytes arrived after the answer");
        assert!(elapsed < 5 * allowed, "it went on for {elapsed:?}");
    }

    /// Reads on to the end of the file.
    pub async fn arrives(mut self) {
        while self.reads(MIB).await.unwrap() {}
        assert_eq!(self.received, self.length);
    }
}

/// Uploads a file of this size as it is made; returns its name on the wire and its digest.
async fn upload(platform: &TestPlatform, person: &Person<'_>, size: usize) -> (String, [u8; 32]) {
    let mut digest = Sha256Stream::new();
    (0..size / PIECE).for_each(|number| digest.update(&piece(number)));
    let pieces = stream::iter((0..size / PIECE).map(|number| Ok::<_, std::io::Error>(piece(number))));
    let request = platform
        .http()
        .post(format!("{}/api/v1/me/files?name=large.bin", platform.url))
        .bearer_auth(&person.token)
        .header("content-type", "application/octet-stream");
    let made = Answer::of(request.body(Body::wrap_stream(pieces)).send().await.unwrap()).await.ok();
    (made["files"][0]["name"].as_str().unwrap().to_owned(), digest.finish())
}

/// A piece that is like no other.
fn piece(number: usize) -> Bytes {
    let mut piece = vec![u8::try_from(number % 251).unwrap(); PIECE];
    piece[..8].copy_from_slice(&(number as u64).to_be_bytes());
    piece.into()
}

stories! {
    async fn a_large_file_arrives_as_it_was_sent(platform: TestPlatform) {
        Story::begin(&platform, LARGE).await.reads_it_all().await;
    }

    async fn a_running_download_is_cut_when_the_person_stops(platform: TestPlatform) {
        let story = Story::begin(&platform, LARGE).await;
        let download = story.downloads(&platform).await;
        story.ada.stops(&story.yes).await;
        download.breaks_off().await;
    }

    async fn a_running_download_is_cut_when_the_person_revokes(platform: TestPlatform) {
        let story = Story::begin(&platform, LARGE).await;
        let download = story.downloads(&platform).await;
        story.ada.revokes(&story.yes).await;
        download.breaks_off().await;
    }

    async fn what_a_stop_cut_no_resume_continues(platform: TestPlatform) {
        let story = Story::begin(&platform, LARGE).await;
        let download = story.downloads(&platform).await;
        story.ada.stops(&story.yes).await;
        story.ada.resumes(&story.yes).await;
        download.breaks_off().await;
        story.reads_it_all().await;
    }

    async fn a_stop_at_one_replica_cuts_downloads_at_another(platform: TestPlatform) {
        let replica = platform.replica().await;
        let story = Story::begin(&platform, LARGE).await;
        let download = story.downloads(&replica).await;
        story.ada.stops(&story.yes).await;
        download.breaks_off().await;
    }

    async fn a_revocation_at_one_replica_cuts_downloads_at_another(platform: TestPlatform) {
        let replica = platform.replica().await;
        let story = Story::begin(&platform, LARGE).await;
        let download = story.downloads(&replica).await;
        story.ada.revokes(&story.yes).await;
        download.breaks_off().await;
    }

    async fn a_stop_and_a_resume_at_one_replica_cut_downloads_at_another(platform: TestPlatform) {
        let replica = platform.replica().await;
        let story = Story::begin(&platform, LARGE).await;
        let download = story.downloads(&replica).await;
        story.ada.stops(&story.yes).await;
        story.ada.resumes(&story.yes).await;
        download.breaks_off().await;
    }

    async fn a_running_download_may_outlive_its_session_and_its_token(platform: TestPlatform) {
        let story = Story::begin(&platform, LARGE).await;
        let download = story.downloads(&platform).await;
        platform.wait(TimeDelta::hours(2));
        let access = &story.yes.shared.tokens.access.value;
        let again = story.app.client.fetch_raw(access, &story.session.key, &story.name).await;
        assert_eq!(MockApp::outcome(&again), "404 SessionInvalid");
        platform.wait(TimeDelta::days(2));
        let again = story.app.client.fetch_raw(access, &story.session.key, &story.name).await;
        assert_eq!(MockApp::outcome(&again), "401 InvalidToken");
        download.arrives().await;
    }

    async fn a_running_download_is_cut_when_the_consent_runs_out(platform: TestPlatform) {
        let story = Story::begin(&platform, LARGE).await;
        let ends_at = platform.inner.ambient.now() + TimeDelta::minutes(30);
        let answer = json!({ "ownFiles": true, "endsAt": ends_at.to_rfc3339() });
        let yes = story.ada.approves_with(&story.app, &answer).await;
        let (session, _) = story.app.reads(&yes.shared).await.unwrap();
        let story = Story { yes, session, ..story };
        let download = story.downloads(&platform).await;
        platform.wait(TimeDelta::minutes(31));
        download.breaks_off().await;
    }
}

/// What the process holds in memory does not grow with a file that goes through it, in or out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_needs_no_memory_of_its_size() {
    const HUGE: usize = 192 * MIB;
    let place = Place::new(Engine::Sqlite).await.expect("SQLite is built in");
    let process = place.start(env!("CARGO_BIN_EXE_gateway-under-test"), &["--sandbox"], &[]).unwrap();
    let platform = TestPlatform::at(&process, &place).await;
    // What is needed once, whatever the size.
    let story = Story::begin(&platform, MIB).await;
    story.reads_it_all().await;
    let Some(before) = process.peak_memory() else { return };
    let (name, _) = upload(&platform, &story.ada, HUGE).await;
    let uploaded = process.peak_memory().unwrap();
    let (session, _) = story.app.reads(&story.yes.shared).await.unwrap();
    Story { session, name, ..story }.downloads(&platform).await.arrives().await;
    let downloaded = process.peak_memory().unwrap();
    println!("idle {} MiB, {} MiB more for an upload", before / MIB as u64, (uploaded - before) / MIB as u64);
    println!("{} MiB more for both", (downloaded - before) / MIB as u64);
    assert!(downloaded - before < HUGE as u64 / 3, "it grew by {} bytes", downloaded - before);
}
