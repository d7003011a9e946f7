//! Examples of what else an app may ask.

use super::{
    MARKUP, RIGHT_TO_LEFT, account, accounts, ada, difficult_accounts, hostile, hostile_asking,
    hostile_offers, long_word, notice, offers, texts, tidemark,
};
use crate::{AccountRow, AddData, Confirm, Frame, Onboard, Reading, RenewAccount, Section, Tone};

pub(crate) fn add_data() -> Vec<(&'static str, AddData)> {
    let first = || AddData {
        frame: Frame { sandbox: true, ..ada(Section::None) },
        asking: tidemark(),
        back: "/apps/saas/consent?code=a1".into(),
        connect: "/apps/saas/consent/accounts?code=a1".into(),
        upload: "/apps/saas/consent/files?code=a1".into(),
        accounts: vec![],
        offers: offers(),
        uploads: true,
    };
    let connected = notice(Tone::Done, "Spotify is connected. Its data is on the way.");
    vec![
        ("nothing-yet", first()),
        (
            "connected",
            AddData { frame: Frame { notice: connected, ..first().frame }, accounts: accounts(), ..first() },
        ),
        ("nothing-offered", AddData { frame: ada(Section::None), offers: vec![], uploads: false, ..first() }),
        (
            "hostile",
            AddData {
                frame: hostile(Section::None),
                asking: hostile_asking(),
                accounts: difficult_accounts(),
                offers: hostile_offers(),
                ..first()
            },
        ),
    ]
}

pub(crate) fn onboard() -> Vec<(&'static str, Onboard)> {
    let usual = || Onboard {
        frame: ada(Section::None),
        asking: tidemark(),
        action: "/apps/saas/onboard".into(),
        offers: offers(),
    };
    vec![
        ("usual", usual()),
        ("nothing-offered", Onboard { offers: vec![], ..usual() }),
        (
            "hostile",
            Onboard {
                frame: hostile(Section::None),
                asking: hostile_asking(),
                offers: hostile_offers(),
                ..usual()
            },
        ),
    ]
}

pub(crate) fn renew_account() -> Vec<(&'static str, RenewAccount)> {
    let why = "Spotify asks for your permission anew.";
    let usual = || RenewAccount {
        frame: ada(Section::None),
        asking: tidemark(),
        action: "/apps/saas/reauthorize".into(),
        account: account("acc2", "Spotify", "adal1991quay", "17 files", Reading::Failed(why.into())),
    };
    vec![
        ("usual", usual()),
        (
            "hostile",
            RenewAccount {
                frame: hostile(Section::None),
                asking: hostile_asking(),
                account: AccountRow { source: long_word(), name: Some(MARKUP.into()), ..usual().account },
                ..usual()
            },
        ),
    ]
}

pub(crate) fn confirm() -> Vec<(&'static str, Confirm)> {
    let usual = || Confirm {
        frame: ada(Section::None),
        asking: tidemark(),
        action: "/apps/saas/user-reauth".into(),
        summary:
            "Keeps a diary of your health that fills itself in, and shows what your days have in common."
                .into(),
        agreed_on: "22 November 2026".into(),
        ends_on: Some("22 November 2027".into()),
        shared: texts(["Banks (hb20914482)", "Spotify (adal1991quay)", "Files you uploaded"]),
    };
    vec![
        ("usual", usual()),
        ("open-ended", Confirm { ends_on: None, shared: vec![], ..usual() }),
        (
            "hostile",
            Confirm {
                frame: hostile(Section::None),
                asking: hostile_asking(),
                summary: format!("{MARKUP} {}", long_word()),
                shared: vec![MARKUP.into(), RIGHT_TO_LEFT.into(), long_word()],
                ..usual()
            },
        ),
    ]
}
