//! Who she is: signing up, in and out, and what keeps her library hers.

use harness::{Browser, Person, browser_stories};

const NEW: &str = "a longer sentence than before";

/// Signs out with the button on every page.
async fn signs_out(browser: &Browser) {
    browser.presses("Sign out").await;
    browser.must_see("You are signed out").await;
}

browser_stories! {
    async fn she_signs_in_again_after_a_slip_of_the_hand(platform: TestPlatform, browser: Browser) {
        browser.signs_up("ada").await;
        assert_eq!(browser.path().await, "/console");
        signs_out(&browser).await;
        browser.goes_back().await;
        assert_eq!(browser.path().await, "/sign-in", "nothing of hers comes back");
        browser.opens("/library").await;
        assert_eq!(browser.path().await, "/sign-in");
        browser.signs_in_with("ada", "not my password").await;
        browser.must_see("The e-mail address or the password is wrong").await;
        assert_eq!((browser.status().await, browser.title().await.starts_with("Problem: ")), (401, true));
        assert_eq!(browser.has_typed("E-mail address").await, "ada@example.org");
        assert_eq!(browser.has_typed("Password").await, "");
        browser.types("Password", Person::PASSWORD).await;
        browser.presses("Sign in").await;
        assert_eq!(browser.path().await, "/library", "where she wanted to go");
        browser.opens("/sign-in").await;
        assert_eq!(browser.path().await, "/console", "she is signed in already");
        browser.had_no_complaints().await;
    }

    async fn an_address_has_one_account(platform: TestPlatform, browser: Browser) {
        platform.person("ada").await;
        browser.opens("/sign-up").await;
        browser.types("Your name", "Ada Lindqvist").await;
        browser.types("E-mail address", "ada@example.org").await;
        browser.types("Password", Person::PASSWORD).await;
        browser.presses("Create the account").await;
        let error = browser.error_on("E-mail address").await.unwrap();
        assert!(error.starts_with("Error: This address is taken"), "{error}");
        assert_eq!(browser.error_on("Password").await, None);
        assert_eq!(browser.has_typed("Your name").await, "Ada Lindqvist");
        assert_eq!(browser.has_typed("E-mail address").await, "ada@example.org");
        assert_eq!(browser.has_typed("Password").await, "");
        assert_eq!(platform.rows("person").await, 1);
        browser.types("E-mail address", "ada.lindqvist@example.org").await;
        browser.types("Password", Person::PASSWORD).await;
        browser.presses("Create the account").await;
        browser.must_see("This is your recovery code").await;
        browser.had_no_complaints().await;
    }

    async fn a_lost_password_is_replaced_with_the_recovery_code(platform: TestPlatform, browser: Browser) {
        let code = browser.signs_up("ada").await;
        browser.opens("/library").await;
        browser.uploads(&["own/bank.csv"]).await;
        signs_out(&browser).await;
        browser.presses("Use your recovery code").await;
        let recovers = async |code: &str| {
            browser.types("E-mail address", "ada@example.org").await;
            browser.types("Recovery code", code).await;
            browser.types("New password", NEW).await;
            browser.presses("Set the new password").await;
        };
        let foreign = platform.person("eve").await.recovery_code;
        let refusals = [("ABCDE-FGHIJ", "This is no recovery code"), (&foreign, "do not belong together")];
        for (wrong, says) in refusals {
            recovers(wrong).await;
            let error = browser.error_on("Recovery code").await.unwrap();
            assert!(error.contains(says), "{error}");
            assert_eq!(browser.has_typed("E-mail address").await, "ada@example.org");
        }
        recovers(&code.to_lowercase().replace('-', " ")).await;
        assert_eq!(browser.path().await, "/console");
        browser.presses("Library").await;
        browser.presses("bank.csv").await;
        browser.must_see("STANDING ORDER FROM A LINDQVIST").await;
        signs_out(&browser).await;
        browser.signs_in("ada").await;
        browser.must_see("The e-mail address or the password is wrong").await;
        browser.signs_in_with("ada", NEW).await;
        assert_eq!(browser.path().await, "/console");
        browser.had_no_complaints().await;
    }

    async fn a_new_password_ends_her_other_sign_ins(platform: TestPlatform, browser: Browser) {
        browser.signs_up("ada").await;
        let phone = browser.another().await;
        phone.signs_in("ada").await;
        browser.presses("Security").await;
        let changes = async |old: &str| {
            browser.types("Password until now", old).await;
            browser.types("New password", NEW).await;
            browser.presses("Change the password").await;
        };
        changes("not my password").await;
        let error = browser.error_on("Password until now").await.unwrap();
        assert!(error.contains("This is not your password"), "{error}");
        for fine in ["New password", "Password"] {
            assert_eq!(browser.error_on(fine).await, None, "{fine}");
        }
        phone.reloads().await;
        assert_eq!(phone.path().await, "/console");

        changes(Person::PASSWORD).await;
        browser.must_see("Your password is changed").await;
        browser.reloads().await;
        assert_eq!(browser.path().await, "/security");
        phone.reloads().await;
        assert_eq!(phone.path().await, "/sign-in");
        phone.signs_in("ada").await;
        phone.must_see("The e-mail address or the password is wrong").await;
        phone.signs_in_with("ada", NEW).await;
        assert_eq!(phone.path().await, "/console");
        browser.had_no_complaints().await;
    }

    async fn a_new_recovery_code_makes_the_old_one_worthless(platform: TestPlatform, browser: Browser) {
        let old = browser.signs_up("ada").await;
        browser.presses("Security").await;
        browser.types("Password", "not my password").await;
        browser.presses("Get a new code").await;
        let error = browser.error_on("Password").await.unwrap();
        assert!(error.contains("This is not your password"), "{error}");
        assert_eq!(browser.error_on("Password until now").await, None);
        browser.types("Password", Person::PASSWORD).await;
        browser.presses("Get a new code").await;
        browser.must_see("The code you had before does not work any more").await;
        let new = browser.copies_the_code().await;
        assert_ne!(old, new);
        browser.presses("I have written it down").await;
        assert_eq!(browser.path().await, "/security");
        let elsewhere = browser.another().await;
        elsewhere.opens("/recover").await;
        let recovers = async |code: &str| {
            elsewhere.types("E-mail address", "ada@example.org").await;
            elsewhere.types("Recovery code", code).await;
            elsewhere.types("New password", NEW).await;
            elsewhere.presses("Set the new password").await;
        };
        recovers(&old).await;
        let error = elsewhere.error_on("Recovery code").await.unwrap();
        assert!(error.contains("do not belong together"), "{error}");
        recovers(&new).await;
        assert_eq!(elsewhere.path().await, "/console");
        browser.had_no_complaints().await;
    }

    async fn she_ends_a_sign_in_from_somewhere_else(platform: TestPlatform, browser: Browser) {
        browser.signs_up("ada").await;
        browser.presses("Security").await;
        browser.must_see("This browser").await;
        browser.must_see("Chrome on Linux").await;
        browser.must_not_see("End Chrome on Linux").await;
        let phone = browser.another().await;
        phone.signs_in("ada").await;
        browser.reloads().await;
        browser.presses("End Chrome on Linux, since 1 June 2026").await;
        browser.must_see("That sign-in has ended").await;
        phone.presses("Library").await;
        assert_eq!(phone.path().await, "/sign-in");
        browser.reloads().await;
        assert_eq!(browser.path().await, "/security");
        browser.had_no_complaints().await;
    }

    async fn a_form_of_somebody_who_signed_out_meanwhile_does_nothing(
        platform: TestPlatform,
        browser: Browser,
    ) {
        platform.person("eve").await;
        browser.signs_up("ada").await;
        browser.presses("Security").await;
        browser.types("Password", Person::PASSWORD).await;
        browser.new_tab().await;
        browser.opens("/console").await;
        signs_out(&browser).await;
        browser.signs_in("eve").await;
        browser.in_tab(0).await;
        browser.presses("Get a new code").await;
        browser.must_see("Nothing was changed").await;
        assert_eq!(browser.status().await, 403);
        browser.had_no_complaints().await;
    }
}
