//! Files that come with a form.

use std::{collections::BTreeSet, path::Path, time::Duration};

use consent_client::reqwest::{Method, Response};
use harness::{Part, Person, TestPlatform, Visit, Web, stories};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const HERE: &str = "/library/files";

/// Whatever lies in the store of sealed files, half-written ones included.
fn blobs(platform: &TestPlatform) -> BTreeSet<String> {
    fn below(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                below(&entry.path(), found);
            } else {
                found.insert(entry.path().to_string_lossy().into_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    below(&platform.dir.path().join("blobs"), &mut found);
    found
}

/// The titles of the files on her page, as they read.
async fn titles(web: &Web<'_>) -> Vec<String> {
    let page = web.get("/library").await;
    let links = page.body.split("<a href=\"/library/files/").skip(1);
    let shown = links.map(|link| {
        let title = link.split_once('>').unwrap().1.split_once("</a>").unwrap().0.to_owned();
        Visit { body: title, ..page.clone() }.text()
    });
    let mut titles: Vec<_> = shown.collect();
    titles.sort();
    titles
}

fn file(name: &str) -> Part {
    Part::file(name, "text/plain", "some text")
}

async fn signed_in(platform: &TestPlatform) -> (Person<'_>, Web<'_>, Part) {
    let ada = platform.person("ada").await;
    let web = Web::of(platform, &ada);
    let csrf = Part::field("csrf", &web.csrf().await);
    (ada, web, csrf)
}

/// Sends the bytes of a request and no more, and waits for the end.
async fn breaks_off(platform: &TestPlatform, web: &Web<'_>, length: usize, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(platform.url.trim_start_matches("http://")).await.unwrap();
    let cookie = web.cookie(Web::SIGN_IN).unwrap();
    let head = format!(
        "POST {HERE} HTTP/1.1\r\nHost: localhost\r\nCookie: {}={cookie}\r\nContent-Type: {}\r\n\
         Content-Length: {length}\r\n\r\n",
        Web::SIGN_IN,
        Part::content_type(),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

/// Waits for what the server does in its own time.
async fn until(is_so: impl Fn() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(30), async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    });
    patience.await.expect("it comes about");
}

stories! {
    async fn files_are_taken_in_as_they_are(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        let parts = [
            csrf.clone(),
            file("one.txt"),
            Part::file("two.bin", "", [0, 159, 146, 150]),
            Part::file("empty", "text/plain", ""),
        ];
        let visit = web.uploads(HERE, &parts).await;
        assert_eq!((visit.status, visit.location().as_deref()), (303, Some("/library?said=uploaded")));
        assert_eq!(titles(&web).await, ["empty", "one.txt", "two.bin"]);
        let json = Part::file("bank.json", "application/json", harness::fixture("samples/own/transactions.json"));
        assert_eq!(web.uploads(HERE, &[csrf, json]).await.status, 303);
        assert!(platform.rows("file WHERE object_type IS NOT NULL").await > 0, "it is known what these are");
    }

    async fn a_media_type_with_parameters_is_the_same_media_type(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        let content = harness::fixture("samples/own/transactions.json");
        let json = Part::file("bank.json", "application/json; charset=utf-8", content);
        assert_eq!(web.uploads(HERE, &[csrf, json]).await.status, 303);
        assert!(platform.rows("file WHERE object_type IS NOT NULL").await > 0, "as at the API");
    }

    async fn an_upload_counts_only_with_the_token_before_everything_else(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        let other = Part::field("csrf", &Web::of(&platform, &platform.person("eve").await).csrf().await);
        let (before, kept) = (platform.contents().await, blobs(&platform));
        for parts in [
            vec![file("a")],
            vec![file("a"), csrf.clone()],
            vec![Part::field("more", "x"), csrf.clone(), file("a")],
            vec![other, csrf.clone(), file("a")],
            vec![Part::field("csrf", ""), file("a")],
            vec![Part::file("csrf", "text/plain", "x"), csrf.clone(), file("a")],
            vec![],
        ] {
            let visit = web.uploads(HERE, &parts).await;
            assert!(matches!(visit.status, 400 | 403), "{}", visit.text());
        }
        let long = web.uploads(HERE, &[Part::field("csrf", &"x".repeat(100_000)), file("a")]).await;
        assert_eq!(long.status, 400);
        let elsewhere = web.saying("sec-fetch-site", "cross-site");
        assert_eq!(elsewhere.uploads(HERE, &[csrf, file("a")]).await.status, 403);
        platform.holds_the_same(&before).await;
        assert_eq!(blobs(&platform), kept);
    }

    async fn a_form_of_another_kind_is_refused_like_any_other(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        for kind in ["application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=", "x"] {
            let request = web.request(Method::POST, HERE).header("content-type", kind);
            assert_eq!(web.sends(request.body("csrf=x")).await.status, 400, "{kind}");
        }
        assert_eq!(web.sends(web.request(Method::POST, HERE)).await.status, 400, "no kind at all");
        assert_eq!(web.uploads(HERE, &[csrf, file("a")]).await.status, 303, "the next one is fine");
    }

    async fn without_a_file_she_is_asked_to_choose_one(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        let before = platform.contents().await;
        for parts in [
            vec![csrf.clone()],
            vec![csrf.clone(), Part::file("", "application/octet-stream", "")],
            vec![csrf.clone(), Part::field("file", "no file")],
            vec![csrf.clone(), Part::raw("content-disposition: form-data; name=\"other\"; filename=\"a\"", "x")],
            vec![csrf.clone(), Part::file("folder/", "text/plain", "x")],
        ] {
            let visit = web.uploads(HERE, &parts).await;
            assert_eq!(visit.status, 422);
            assert!(visit.shows("Choose a file first."), "{}", visit.text());
            assert!(visit.form(HERE).takes_files, "and may do so at once");
        }
        platform.holds_the_same(&before).await;
    }

    async fn a_file_is_called_what_its_name_says_without_the_path(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        let longest = "ü".repeat(255);
        let mut expected = Vec::new();
        for (given, shown) in [
            ("../../etc/passwd", "passwd"),
            ("/etc/shadow", "shadow"),
            ("a/b/c.txt", "c.txt"),
            ("..", ".."),
            ("<script>alert(1)</script>.txt", "script>.txt"),
            ("x onerror=alert(1) y='z'.png", "x onerror=alert(1) y='z'.png"),
            ("&lt;b&gt;.txt", "&lt;b&gt;.txt"),
            ("ünï 😀.txt", "ünï 😀.txt"),
            ("a;b=c.txt", "a;b=c.txt"),
            (&longest, &longest),
        ] {
            let visit = web.uploads(HERE, &[csrf.clone(), file(given)]).await;
            assert_eq!(visit.status, 303, "{given}: {}", visit.text());
            expected.push(shown.to_owned());
        }
        expected.sort();
        assert_eq!(titles(&web).await, expected);
        let page = web.get("/library").await;
        assert!(!page.body.contains("<script"));
        assert!(page.tags().iter().all(|tag| !tag.attributes.contains_key("onerror")));
    }

    async fn quotes_and_line_ends_in_a_name_are_those_of_the_file(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        assert_eq!(web.uploads(HERE, &[csrf, file("my \"best\" day.txt")]).await.status, 303);
        assert_eq!(titles(&web).await, ["my \"best\" day.txt"], "as browsers encode it");
    }

    async fn a_name_that_cannot_be_kept_is_refused_with_its_reason(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        let before = platform.contents().await;
        let visit = web.uploads(HERE, &[csrf.clone(), file(&"x".repeat(300))]).await;
        assert!(visit.status == 422 && visit.shows("more than 255 characters"), "{}", visit.text());
        let visit = web.uploads(HERE, &[csrf.clone(), file("a\tb.txt")]).await;
        assert!((400..500).contains(&visit.status), "{}", visit.status);
        platform.holds_the_same(&before).await;
        assert!(!visit.shows("too long"), "a control character is not length: {}", visit.text());
    }

    async fn an_upload_that_breaks_off_leaves_nothing_of_what_broke(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        let (before, kept) = (platform.contents().await, blobs(&platform));
        let large = Part::file("large.bin", "application/octet-stream", vec![b'x'; 300_000]);
        let whole = Part::body(&[csrf.clone(), large.clone()]);
        for length in [10, 200, 400, 1_000, 200_000, whole.len() - 40, whole.len() - 10] {
            let answer = breaks_off(&platform, &web, whole.len(), &whole[..length]).await;
            assert!(!answer.starts_with("HTTP/1.1 303"), "{length}: {answer}");
        }
        // Without its end it is not whole, even if the length is right.
        let unfinished = Part::beginning(&[csrf.clone(), large]);
        let request = web.request(Method::POST, HERE).header("content-type", Part::content_type());
        let visit = web.sends(request.body(unfinished)).await;
        assert!(visit.status >= 400 && visit.location().is_none(), "{}", visit.status);
        until(|| blobs(&platform) == kept).await;
        rows_settle(&platform, &before).await;
        assert_eq!(web.uploads(HERE, &[csrf, file("a")]).await.status, 303, "the next one is fine");
    }

    async fn no_media_type_makes_a_file_run_here(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        let script = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
        let mut ids = Vec::new();
        for said in [
            "text/html",
            "TEXT/HTML",
            "text/html; charset=utf-7",
            "application/xhtml+xml",
            "image/svg+xml",
            "text/xml",
            "application/pdf",
            "text/javascript",
            "multipart/x-mixed-replace",
            "message/rfc822",
            "application/octet-stream",
            "text/css",
            "text/cache-manifest",
            "*/*",
            "garbage",
            "image/png\0",
            "a/b\u{e9}",
        ] {
            let visit = web.uploads(HERE, &[csrf.clone(), Part::file("x.html", said, script)]).await;
            assert!(matches!(visit.status, 303 | 422 | 400), "{said}: {} {}", visit.status, visit.text());
        }
        let page = web.get("/library").await;
        ids.extend(page.body.split("href=\"/library/files/").skip(1).map(|link| link.split('"').next().unwrap()));
        assert!(ids.len() >= 13, "{ids:?}");
        for id in ids {
            let shown = web.get(&format!("/library/files/{id}")).await;
            assert_eq!(shown.status, 200);
            assert!(!shown.body.contains("<script") && !shown.body.contains("<svg xmlns"), "{}", shown.body);
            let content = web.get(&format!("/library/files/{id}/content")).await;
            assert_eq!(content.body, script);
            assert_eq!(content.header("content-type"), "application/octet-stream");
            assert_eq!(content.header("content-disposition"), "attachment; filename*=UTF-8''x.html");
            assert_eq!(content.header("x-content-type-options"), "nosniff");
            let policy = content.header("content-security-policy");
            assert!(policy.contains("sandbox") && policy.contains("default-src 'none'") && !policy.contains("allow-"));
        }
    }

    async fn a_file_is_framed_by_nobody(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        assert_eq!(web.uploads(HERE, &[csrf, Part::file("a.png", "image/png", "x")]).await.status, 303);
        let page = web.get("/library").await;
        let id = page.body.split("href=\"/library/files/").nth(1).unwrap().split('"').next().unwrap();
        let content = web.get(&format!("/library/files/{id}/content")).await;
        assert_eq!(content.header("x-frame-options"), "DENY");
        let policy = content.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "as every other answer says: {policy}");
    }

    async fn a_picture_is_shown_and_what_says_so_is_not_believed_to_be_more(platform: TestPlatform) {
        let (_ada, web, csrf) = signed_in(&platform).await;
        let script = "<script>alert(1)</script>";
        let name = "a\u{202e}b;filename=c.html.png";
        let visit = web.uploads(HERE, &[csrf, Part::file(name, "image/png", script)]).await;
        assert_eq!(visit.status, 303);
        let page = web.get("/library").await;
        let id = page.body.split("href=\"/library/files/").nth(1).unwrap().split('"').next().unwrap();
        let content = web.get(&format!("/library/files/{id}/content")).await;
        assert_eq!(content.header("content-type"), "image/png");
        assert_eq!(content.header("x-content-type-options"), "nosniff");
        assert!(content.header("content-disposition").starts_with("inline; filename*=UTF-8''a%E2%80%AEb%3Bfilename"));
        assert!(content.header("content-security-policy").contains("sandbox"));
        let shown = web.get(&format!("/library/files/{id}")).await;
        let picture = shown.tags().into_iter().find(|tag| tag.get("class") == "picture").unwrap();
        assert_eq!(picture.get("src"), format!("/library/files/{id}/content"));
    }
}

/// Waits until the database holds what it held before.
async fn rows_settle(platform: &TestPlatform, before: &harness::Contents) {
    harness::rows::settled(&platform.inner.db).await;
    platform.holds_the_same(before).await;
}

mod with_a_limit {
    use super::*;

    /// Sends an upload; none when the answer overtook it.
    async fn sends(web: &Web<'_>, parts: &[Part]) -> Option<Response> {
        let request = web.request(Method::POST, HERE).header("content-type", Part::content_type());
        request.body(Part::body(parts)).send().await.ok()
    }

    stories! {
        with |config| config.limits.upload_bytes = "100KiB".parse().unwrap();

        async fn a_file_that_is_too_large_is_refused_and_those_before_it_are_kept(platform: TestPlatform) {
            let (_ada, web, csrf) = signed_in(&platform).await;
            let large = |bytes| Part::file("large.bin", "application/octet-stream", vec![b'x'; bytes]);
            let parts = [csrf.clone(), file("one.txt"), large(100 * 1024), large(100 * 1024 + 1), file("last.txt")];
            let kept = blobs(&platform).len();
            let visit = web.uploads(HERE, &parts).await;
            assert_eq!((visit.status, visit.location()), (422, None));
            assert!(visit.shows("“large.bin” is larger than 102 KB. Kept so far: 2 files."), "{}", visit.text());
            assert_eq!(titles(&web).await, ["large.bin", "one.txt"]);
            assert_eq!((blobs(&platform).len(), platform.rows("file").await), (kept + 2, 2));
            // The page answers also when much more comes than it takes.
            let response = sends(&web, &[csrf, large(20 * 1024 * 1024)]).await.expect("she hears why");
            assert_eq!(response.status(), 422);
            assert_eq!(platform.rows("file").await, 2);
        }
    }
}
