//! Whoever guesses has to wait; whoever is guessed at does not.

use chrono::TimeDelta;
use harness::{Person, TestPlatform, Visit, Web, stories};

use super::NEW;

/// A browser behind the proxy.
fn at<'p>(platform: &'p TestPlatform, address: &str) -> Web<'p> {
    Web::new(platform).saying("x-forwarded-for", address)
}

/// Status, and for how long she is told to wait.
fn outcome(visit: &Visit) -> (u16, Option<u64>) {
    let wait = visit.headers.get("retry-after").map(|wait| wait.to_str().unwrap().parse().unwrap());
    (visit.status, wait)
}

stories! {
    with |config| {
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        config.limits.sign_ups_per_day = 2;
    };

    async fn strangers_who_guess_wait_and_the_owner_gets_in(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let (email, home) = (ada.email.as_str(), "198.51.100.7");
        assert_eq!(at(&platform, home).signs_in(email, Person::PASSWORD).await.status, 303);
        let guesser = at(&platform, "203.0.113.1");
        for _ in 0..5 {
            assert_eq!(outcome(&guesser.signs_in(email, NEW).await), (401, None));
        }
        let refused = guesser.signs_in(email, Person::PASSWORD).await;
        assert_eq!(outcome(&refused), (429, Some(1)));
        assert_eq!(refused.form("/sign-in").value("email"), Some(email), "the page stands there again");
        for stranger in 10..55 {
            let web = at(&platform, &format!("203.0.113.{stranger}"));
            assert_eq!(outcome(&web.signs_in(email, NEW).await), (401, None));
        }
        let many = at(&platform, "203.0.113.99");
        assert_eq!(outcome(&many.signs_in(email, Person::PASSWORD).await), (429, Some(1)), "too many in all");
        // The recovery code and the old password are guessed at just as well.
        let form = many.get("/recover").await.form("/recover").with("recoveryCode", &ada.recovery_code);
        let recovers = many.submits(&form.with("email", email).with("password", NEW)).await;
        assert_eq!(outcome(&recovers), (429, Some(1)));
        assert_eq!(at(&platform, home).signs_in(email, Person::PASSWORD).await.status, 303);
        platform.wait(TimeDelta::seconds(60));
        assert_eq!(guesser.signs_in(email, Person::PASSWORD).await.status, 303);
    }

    async fn whoever_signs_up_many_people_waits(platform: TestPlatform) {
        let signs_up = async |address: &str, name: &str| {
            let web = at(&platform, address);
            let form = web.get("/sign-up").await.form("/sign-up").with("name", name).with("password", NEW);
            outcome(&web.submits(&form.with("email", &format!("{name}@example.org"))).await)
        };
        for name in ["ada", "bob"] {
            assert_eq!(signs_up("198.51.100.7", name).await, (200, None));
        }
        assert_eq!(signs_up("198.51.100.7", "eve").await, (429, Some(1)));
        assert_eq!(signs_up("198.51.100.8", "eve").await, (200, None));
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(signs_up("198.51.100.7", "mia").await, (200, None));
        assert_eq!(platform.rows("person").await, 4);
    }

    async fn an_old_password_is_not_guessed_at_from_a_browser_left_open(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let web = Web::of(&platform, &ada).saying("x-forwarded-for", "203.0.113.1");
        let tries = async |old: &str| {
            let typed = |form: harness::HtmlForm| form.with("oldPassword", old).with("newPassword", NEW);
            outcome(&web.fills("/security", "/security/password", typed).await)
        };
        for _ in 0..5 {
            assert_eq!(tries("not the password").await, (401, None));
        }
        assert_eq!(tries(Person::PASSWORD).await, (429, Some(1)));
        platform.wait(TimeDelta::seconds(1));
        assert_eq!(tries(Person::PASSWORD).await.0, 303);
    }
}
