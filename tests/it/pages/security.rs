//! Sign-ins, passwords and recovery codes, by form.

use harness::{Person, Web, stories};

use super::NEW;

stories! {
    async fn a_sign_in_is_ended_by_its_owner_once(platform: TestPlatform) {
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let (here, there) = (Web::of(&platform, &ada), Web::new(&platform));
        there.signs_in(&ada.email, Person::PASSWORD).await;
        let page = here.get("/security").await;
        let forms = page.forms();
        let ends: Vec<_> = forms.iter().filter(|form| form.action.ends_with("/end")).collect();
        let [end] = ends[..] else { panic!("one other sign-in: {ends:?}") };
        let hers = Web::of(&platform, &eve);
        let stolen = end.clone().with("csrf", &hers.csrf().await);
        assert_eq!(hers.submits(&stolen).await.status, 404);
        assert_eq!(there.get("/console").await.status, 200);
        let visit = here.submits(end).await;
        assert_eq!((visit.status, visit.location().as_deref()), (303, Some("/security?said=ended")));
        assert_eq!(there.get("/console").await.status, 303);
        assert_eq!(here.submits(end).await.status, 404, "it has ended already");
        assert_eq!(here.get("/console").await.status, 200);
        assert_eq!(platform.rows("slot WHERE kind = 'sign_in'").await, 2);
    }

    async fn a_new_password_wants_the_old_one_and_ends_all_other_sign_ins(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let (here, there) = (Web::of(&platform, &ada), Web::new(&platform));
        there.signs_in(&ada.email, Person::PASSWORD).await;
        for (old, new, status, sentence) in [
            (NEW, NEW, 401, "This is not your password"),
            ("", NEW, 401, "This is not your password"),
            (Person::PASSWORD, "short", 422, "10 characters"),
            (Person::PASSWORD, "", 422, "10 characters"),
            (Person::PASSWORD, "ada@example.org", 422, "password"),
        ] {
            let typed = |form: harness::HtmlForm| form.with("oldPassword", old).with("newPassword", new);
            let visit = here.fills("/security", "/security/password", typed).await;
            assert_eq!(visit.status, status, "{old:?} {new:?}");
            assert!(visit.shows(sentence), "{}", visit.text());
            let again = visit.form("/security/password");
            assert_eq!((again.value("oldPassword"), again.value("newPassword")), (Some(""), Some("")));
        }
        assert_eq!(there.get("/console").await.status, 200);
        let typed = |form: harness::HtmlForm| form.with("oldPassword", Person::PASSWORD).with("newPassword", NEW);
        let visit = here.fills("/security", "/security/password", typed).await;
        assert_eq!(visit.location().as_deref(), Some("/security?said=password"));
        assert_eq!((here.get("/console").await.status, there.get("/console").await.status), (200, 303));
        let signs_in = async |password| Web::new(&platform).signs_in(&ada.email, password).await.status;
        assert_eq!((signs_in(Person::PASSWORD).await, signs_in(NEW).await), (401, 303));
    }

    async fn a_new_recovery_code_wants_the_password_and_is_shown_once(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let web = Web::of(&platform, &ada);
        let asks = async |password: &str| {
            let typed = |form: harness::HtmlForm| form.with("password", password);
            web.fills("/security", "/security/recovery-code", typed).await
        };
        for wrong in [NEW, ""] {
            let refused = asks(wrong).await;
            assert!(refused.status == 401 && refused.shows("This is not your password"), "{}", refused.text());
        }
        let shown = asks(Person::PASSWORD).await;
        assert!(shown.status == 200 && shown.shows("Your new recovery code"));
        assert!(!shown.body.contains(&ada.recovery_code));
        let form = Web::new(&platform).get("/recover").await.form("/recover");
        let other = Web::new(&platform);
        let form = other.get("/recover").await.form("/recover").with("csrf", form.value("csrf").unwrap());
        assert_eq!(other.submits(&form).await.status, 403, "the token of another browser");
        let form = other.get("/recover").await.form("/recover").with("recoveryCode", &ada.recovery_code);
        let old = other.submits(&form.with("email", &ada.email).with("password", NEW)).await;
        assert_eq!(old.status, 401, "{}", old.text());
    }

    async fn words_in_an_address_say_nothing_unless_the_page_before_was_ours(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        for (site, told) in [("same-origin", true), ("cross-site", false), ("same-site", false), ("none", false)] {
            let web = Web::of(&platform, &ada).saying("sec-fetch-site", site);
            let visit = web.get("/console?said=revoked").await;
            assert_eq!(visit.shows("Revoked: the app gets nothing any more."), told, "{site}");
            assert!(!web.get("/console?said=%3Cb%3Eyour+password+is+wrong").await.shows("your password"));
        }
    }
}
