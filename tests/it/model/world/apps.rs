//! What apps do with codes and tokens, the old ones too.

use consent_crypto::{RsaPrivateKey, Secret, digest::hex, envelope};
use consent_gateway::flows::{
    self, Access, Asked, Caller, Claimed, FlowError, ReferenceRequest, SampleChoice, Wants,
};
use futures_util::TryStreamExt;
use harness::{MockApp, fixture, rows};

use super::{
    Ended, SOURCES, World,
    book::{Exchange, Refresh, Stage},
    sorted,
};

impl World {
    pub(super) fn caller(&self, contract: usize) -> Caller {
        let client = self.clients[contract].clone();
        let (kid, nonce) = (client.keys[0].kid.clone(), hex(&self.platform.ambient.random::<16>()));
        Caller { client, kid, nonce }
    }

    pub(super) async fn exchange(&mut self) {
        let known = (0..self.book.codes.len()).filter(|code| self.book.codes[*code].secret.is_some());
        let mut known: Vec<_> = known.collect();
        let fresh = |code: &usize| self.book.codes[*code].used.is_none();
        if self.percent(70) && known.iter().any(fresh) {
            known.retain(fresh);
        }
        let Some(index) = self.one_of(&known) else { return };
        let code = &self.book.codes[index];
        let contract = if self.percent(10) { self.below(2) } else { self.book.grants[code.grant].contract };
        let verifier = if self.percent(10) { "x".repeat(43) } else { code.verifier.clone() };
        let (secret, now) = (code.secret.clone().unwrap(), self.now());
        let expected = self.book.exchange(index, &verifier, contract, now);
        self.log(&format!("exchange {index} by {contract}: {expected:?}"));
        let (platform, world, text) = (&self.platform, &*self, verifier.as_str());
        let ended = self
            .attempt(|| {
                let (caller, secret) = (world.caller(contract), secret.clone());
                async move { flows::exchange(platform, &caller, &secret, text).await }
            })
            .await;
        match (expected, ended) {
            (Exchange::Tokens, ended) => {
                let tokens = ended.happened(true).flatten();
                let family = self.book.start_family(index, now);
                let row = self.new_pair(self.book.codes[index].grant).await;
                let pair = self.book.add_pair(row, family, now);
                self.learn(pair, tokens);
            }
            (Exchange::Replay(family), Ended::Refused(_) | Ended::Unheard) => self.book.revoke_family(family),
            (Exchange::Refused, ended) => assert!(ended.happened(false).is_none()),
            (Exchange::Replay(_), Ended::Done(_)) => panic!("a code was exchanged twice"),
        }
    }

    pub(super) async fn refresh(&mut self) {
        let known: Vec<_> =
            (0..self.book.pairs.len()).filter(|pair| self.book.pairs[*pair].refresh.is_some()).collect();
        let Some(index) = self.one_of(&known) else { return };
        let (pair, now) = (&self.book.pairs[index], self.now());
        let grant = self.book.families[pair.family].grant;
        let contract = if self.percent(5) { self.below(2) } else { self.book.grants[grant].contract };
        let secret = pair.refresh.clone().unwrap();
        let expected = self.book.refresh(index, contract, now);
        self.log(&format!("refresh {index} by {contract}: {expected:?}"));
        let (platform, world) = (&self.platform, &*self);
        let ended = self
            .attempt(|| {
                let (caller, secret) = (world.caller(contract), secret.clone());
                async move { flows::refresh(platform, &caller, &secret).await }
            })
            .await;
        match (expected, ended) {
            (Refresh::New, ended) => {
                let tokens = ended.happened(true).flatten();
                let row = self.new_pair(grant).await;
                self.book.replace_pair(index, row, now);
                self.learn(self.book.pairs.len() - 1, tokens);
            }
            (Refresh::Same(successor), ended) => {
                let tokens = ended.happened(true).flatten();
                assert_eq!(tokens.as_ref().unwrap().issued.pair.id.as_str(), self.book.pairs[successor].row);
                self.learn(successor, tokens);
            }
            (Refresh::Reuse(family), Ended::Refused(_) | Ended::Unheard) => self.book.revoke_family(family),
            (Refresh::Refused, ended) => assert!(ended.happened(false).is_none()),
            (Refresh::Reuse(_), Ended::Done(_)) => panic!("a stolen token was refreshed"),
        }
    }

    /// The row of the one pair of a grant that is new.
    async fn new_pair(&self, grant: usize) -> String {
        let query = format!("SELECT id FROM token_pair WHERE grant_id = '{}'", self.book.grants[grant].id);
        let known = |row: &String| self.book.pairs.iter().any(|pair| pair.row == *row);
        let rows = rows::texts(&self.platform.db, &query).await.into_iter();
        let [row] = rows.filter(|row| !known(row)).collect::<Vec<_>>().try_into().expect("one new pair");
        row
    }

    /// Keeps tokens that were heard of; those that were known already have not changed.
    fn learn(&mut self, pair: usize, tokens: Option<flows::Tokens>) {
        let Some(tokens) = tokens else { return };
        let pair = &mut self.book.pairs[pair];
        assert!(pair.access.as_ref().is_none_or(|known| known.expose() == tokens.issued.access.expose()));
        assert!(pair.refresh.as_ref().is_none_or(|known| known.expose() == tokens.issued.refresh.expose()));
        (pair.access, pair.refresh) = (Some(tokens.issued.access), Some(tokens.issued.refresh));
    }

    /// An access token that somebody has or had.
    pub(super) fn a_token(&self) -> Option<(usize, Secret)> {
        let known = (0..self.book.pairs.len()).filter(|pair| self.book.pairs[*pair].access.is_some());
        let index = self.one_of(&known.collect::<Vec<_>>())?;
        Some((index, self.book.pairs[index].access.clone()?))
    }

    /// The door checks a token.
    async fn enter(&mut self, pair: usize, token: Secret) -> Option<Access> {
        let (kept, now) = (&self.book.pairs[pair], self.now());
        let grant = &self.book.grants[self.book.families[kept.family].grant];
        let (live, stage) = (kept.is_live_at(now), grant.stage_at(now));
        let caller = self.caller(grant.contract);
        match self.check(caller, &token, None, Wants::Nothing).await {
            Ok(access) => {
                assert!(live && stage == Stage::Active, "a token that is good for nothing was let in");
                self.book.note_use(pair, now);
                Some(access)
            }
            Err(FlowError::Stopped) => {
                assert!(live && stage == Stage::Stopped);
                None
            }
            Err(error) => {
                assert!(!live || stage != Stage::Active, "{error}");
                None
            }
        }
    }

    async fn check(
        &self,
        caller: Caller,
        token: &Secret,
        session: Option<&Secret>,
        wants: Wants<'_>,
    ) -> Result<Access, FlowError> {
        let client_id = caller.client.contract.client_id();
        let (token, session) = (Some(token.clone()), session.cloned());
        let claimed = Claimed { client_id: &client_id, token, session, wants };
        let (_, standing) = flows::look_up(&self.platform, claimed).await?;
        Access::check(&self.platform, caller, standing).await
    }

    pub(super) async fn read(&mut self) {
        let Some((pair, token)) = self.a_token() else { return };
        self.log(&format!("read {pair}"));
        let Some(access) = self.enter(pair, token.clone()).await else { return };
        let grant = self.book.families[self.book.pairs[pair].family].grant;
        let mut asked = Asked::default();
        asked.options.source_fetch = false;
        let triggered = flows::trigger(&self.platform, &access, asked).await.unwrap();
        let key = Some(&triggered.key);
        let access = self.check(access.caller, &token, key, Wants::List).await.unwrap();
        let list = flows::file_list(&self.platform, &access).await.unwrap();
        let mut contents = Vec::new();
        for file in &list.files {
            let wants = Wants::File(&file.name);
            let access = self.check(access.caller.clone(), &token, key, wants).await.unwrap();
            let opened = flows::open_file(&self.platform, &access).await.unwrap();
            let body = opened.body(&self.platform, &access).await.unwrap();
            let sealed: Vec<_> = body.try_collect().await.unwrap();
            contents.push(self.unseal(grant, &sealed.concat()));
        }
        let shared = self.book.granted(grant);
        let shared = self.book.shelves.iter().filter(|shelf| shared.contains(&shelf.id));
        assert_eq!(sorted(&contents), sorted(&shared.map(|shelf| shelf.content.clone()).collect::<Vec<_>>()));
    }

    fn unseal(&self, grant: usize, sealed: &[u8]) -> String {
        let keys = ["app-1", "app-2"][self.book.grants[grant].contract];
        let key = RsaPrivateKey::parse_pem(&fixture(&format!("keys/{keys}.private.pem"))).unwrap();
        String::from_utf8(envelope::open(&key, sealed).unwrap().to_vec()).unwrap()
    }

    /// An app sends a throw-away person to connect one more account; a real one would have to sign in.
    pub(super) async fn onboard(&mut self) {
        let Some((pair, token)) = self.a_token() else { return };
        let Some(access) = self.enter(pair, token).await else { return };
        let grant = self.book.families[self.book.pairs[pair].family].grant;
        let (person, source) = (self.book.grants[grant].person, SOURCES[self.below(3)]);
        self.log(&format!("onboard {grant} with {source}"));
        let redirect_uri = MockApp::CALLBACK.to_owned();
        let request = ReferenceRequest { redirect_uri, state: None, asked: Asked::default() };
        let code = flows::reference(&self.platform, &access, request).await.unwrap().code;
        let choice = SampleChoice { set: Some("ada".to_owned()), source: Some(source) };
        let platform = &self.platform;
        let ended = self.attempt(|| flows::auto_onboard(platform, &code, &choice, true)).await;
        if ended.happened(self.book.people[person].throwaway).is_none() {
            return;
        }
        let now = self.now();
        let known =
            self.book.shelves.iter().find(|shelf| shelf.person == person && shelf.source == Some(source));
        let (shelf, new) = match known {
            Some(shelf) => (shelf.id.clone(), false),
            None => (self.fill_shelves(person, Some(source)).await.expect("a new shelf"), true),
        };
        let asking = &mut self.book.grants[grant];
        if !asking.shelves.contains(&shelf) {
            asking.shelves.push(shelf.clone());
            asking.events.push("onboarded");
        }
        if new {
            self.book.share_with_future(person, &shelf, now);
        }
    }
}
