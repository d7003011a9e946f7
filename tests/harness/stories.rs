//! Every story is told on SQLite and on PostgreSQL.

/// Makes two tests of each story, `sqlite::…` and `postgres::…`. Without a PostgreSQL installation the second one says
/// `skipped`, unless `CONSENT_TEST_REQUIRE` names it. `with change;` in front changes the configuration for all of them.
#[macro_export]
macro_rules! stories {
    ($(#[$attribute:meta])* async fn $($rest:tt)+) => {
        $crate::stories! { with |_| {}; $(#[$attribute])* async fn $($rest)+ }
    };
    (with $change:expr; $($(#[$attribute:meta])* async fn $name:ident($platform:ident: TestPlatform $(,)?) $body:block)+) => {
        $(
            $(#[$attribute])*
            async fn $name($platform: $crate::TestPlatform) $body
        )+

        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let platform = $crate::TestPlatform::start_with($crate::Engine::Sqlite, $change).await;
                    super::$name(platform.expect("SQLite is built in")).await;
                }
            )+
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    match $crate::TestPlatform::start_with($crate::Engine::Postgres, $change).await {
                        Some(platform) => super::$name(platform).await,
                        None => println!("skipped: no PostgreSQL installation was found"),
                    }
                }
            )+
        }
    };
}

/// Stories of a person and her browser, on both databases as in [`stories!`](crate::stories). Without Chromium they say
/// `skipped`, unless `CONSENT_TEST_REQUIRE` lists `browser`.
#[macro_export]
macro_rules! browser_stories {
    ($($(#[$attribute:meta])* async fn $name:ident($platform:ident: TestPlatform, $browser:ident: Browser $(,)?) $body:block)+) => {
        $crate::browser_stories! {
            with |_| {};
            $($(#[$attribute])* async fn $name($platform: TestPlatform, $browser: Browser) $body)+
        }
    };
    (with $change:expr; $($(#[$attribute:meta])* async fn $name:ident($platform:ident: TestPlatform, $browser:ident: Browser $(,)?) $body:block)+) => {
        $crate::stories! {
            with $change;
            $(
                $(#[$attribute])*
                async fn $name($platform: TestPlatform) {
                    if let Some($browser) = Browser::at(&$platform).await $body
                }
            )+
        }
    };
}
