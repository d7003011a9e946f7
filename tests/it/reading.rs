//! An app reads what a person shared.

use harness::{MockApp, stories};

stories! {
    async fn an_app_reads_what_a_person_shared_and_nothing_after_she_revokes(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16, 18]).await;
        let yes = ada.approves(&app).await;

        let (session, list) = app.reads(&yes.shared).await.unwrap();
        assert!(list.files.len() > 40, "{}", list.files.len());
        let access = &yes.shared.tokens.access.value;
        for entry in list.files.iter().take(5) {
            let file = app.client.fetch(access, &session.key, &entry.name).await.unwrap();
            let objects: Vec<serde_json::Value> = serde_json::from_slice(&file.bytes).unwrap();
            assert_eq!(file.metadata["objectCount"], objects.len());
        }

        ada.stops(&yes).await;
        let name = &list.files[0].name;
        let fetched = app.client.fetch(access, &session.key, name).await;
        assert_eq!(MockApp::outcome(&fetched), "403 GrantStopped");

        ada.resumes(&yes).await;
        assert_eq!(MockApp::outcome(&app.client.fetch(access, &session.key, name).await), "ok");

        ada.revokes(&yes).await;
        assert_eq!(MockApp::outcome(&app.client.fetch(access, &session.key, name).await), "401 InvalidToken");
        let refreshed = app.client.refresh(&yes.shared.tokens.refresh.value).await;
        assert_eq!(MockApp::outcome(&refreshed), "401 InvalidToken");
        assert_eq!(ada.acts(&yes.grant, "resume").await.refusal(), "409 GrantRefused");
    }

    async fn a_throw_away_person_of_the_sandbox_agrees_without_a_page(platform: TestPlatform) {
        let app = platform.app("read").await;
        let shared = app.onboards(&platform, &[16, 3]).await;
        let (_, list) = app.reads(&shared).await.unwrap();
        assert!(list.files.len() > 20);
        let accounts = app.client.accounts(&shared.tokens.access.value).await.unwrap();
        assert_eq!(accounts.len(), 2);
    }
}
