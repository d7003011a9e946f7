//! The model: what anybody may open, in rules short enough to be believed. It knows no database and no key.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{GrantId, LibraryId, PersonId, ShelfId, SignInId};
use consent_crypto::Secret;

type Moment = DateTime<Utc>;

/// How long things live; what `config/default.toml` and `keys.md` say.
pub const SIGN_IN_IDLE: TimeDelta = TimeDelta::days(14);
pub const SIGN_IN_LONGEST: TimeDelta = TimeDelta::days(90);
pub const CODE: TimeDelta = TimeDelta::minutes(10);
pub const ACCESS: TimeDelta = TimeDelta::days(1);
pub const REFRESH: TimeDelta = TimeDelta::days(180);
const RACE: TimeDelta = TimeDelta::seconds(10);
const UNUSED_GRACE: TimeDelta = TimeDelta::hours(24);
const USED_GRACE: TimeDelta = TimeDelta::seconds(60);

/// Everything that was done so far, and the secrets that somebody may still have of it. A secret is missing where the
/// act that made it was cut off before it could answer.
#[derive(Debug, Default)]
pub struct Book {
    pub people: Vec<Person>,
    pub sign_ins: Vec<SignIn>,
    pub shelves: Vec<Shelf>,
    pub grants: Vec<Grant>,
    pub codes: Vec<Code>,
    pub families: Vec<Family>,
    pub pairs: Vec<Pair>,
    /// When what is over was last forgotten.
    pub swept_at: Option<Moment>,
}

#[derive(Debug)]
pub struct Person {
    pub id: PersonId,
    pub library: LibraryId,
    pub email: String,
    /// The last one is hers; none for a throw-away person.
    pub passwords: Vec<String>,
    /// The last one is good.
    pub recovery_codes: Vec<Option<Secret>>,
    pub throwaway: bool,
}

#[derive(Debug)]
pub struct SignIn {
    pub id: SignInId,
    pub person: usize,
    pub secret: Option<Secret>,
    pub created_at: Moment,
    pub ended: bool,
}

#[derive(Debug)]
pub struct Shelf {
    pub id: ShelfId,
    pub person: usize,
    /// The source of its account; none for her own files.
    pub source: Option<i64>,
    /// What stands in the one file on it.
    pub content: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Active,
    Stopped,
    Revoked,
    Expired,
}

#[derive(Debug)]
pub struct Grant {
    pub id: GrantId,
    pub person: usize,
    pub contract: usize,
    pub shelves: Vec<ShelfId>,
    pub future: bool,
    /// As it was last noted; see [`Grant::stage_at`].
    pub noted: Stage,
    pub expires_at: Option<Moment>,
    pub events: Vec<&'static str>,
}

#[derive(Debug)]
pub struct Code {
    pub row: String,
    pub secret: Option<Secret>,
    pub verifier: String,
    pub grant: usize,
    pub expires_at: Moment,
    /// When it was exchanged, and the family it gave.
    pub used: Option<(Moment, usize)>,
}

#[derive(Debug)]
pub struct Family {
    pub grant: usize,
    pub revoked: bool,
}

#[derive(Debug)]
pub struct Pair {
    pub row: String,
    pub family: usize,
    pub access: Option<Secret>,
    pub refresh: Option<Secret>,
    pub created_at: Moment,
    pub used: bool,
    pub successor: Option<usize>,
    pub retire_at: Option<Moment>,
    /// Its row is there no more.
    pub gone: bool,
}

/// What an exchange is to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    Tokens,
    Refused,
    /// Refused, and what the code gave before is revoked.
    Replay(usize),
}

/// What a refresh is to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    New,
    /// The pair that an earlier refresh made.
    Same(usize),
    Refused,
    /// Refused, and the family is revoked.
    Reuse(usize),
}

impl SignIn {
    pub fn is_live_at(&self, now: Moment) -> bool {
        !self.ended && now < self.created_at + SIGN_IN_IDLE.min(SIGN_IN_LONGEST)
    }
}

impl Grant {
    pub fn stage_at(&self, now: Moment) -> Stage {
        match self.noted {
            Stage::Active | Stage::Stopped if self.expires_at.is_some_and(|at| at <= now) => Stage::Expired,
            noted => noted,
        }
    }

    pub fn is_over_at(&self, now: Moment) -> bool {
        matches!(self.stage_at(now), Stage::Revoked | Stage::Expired)
    }

    /// Whether its end was noted, and everything it held is gone.
    pub fn is_shut(&self) -> bool {
        matches!(self.noted, Stage::Revoked | Stage::Expired)
    }
}

impl Pair {
    pub fn access_ends(&self) -> Moment {
        self.created_at + ACCESS
    }

    pub fn refresh_ends(&self) -> Moment {
        self.created_at + REFRESH
    }

    fn is_retired_at(&self, now: Moment) -> bool {
        self.retire_at.is_some_and(|at| at <= now)
    }

    /// Whether the door knows its access token, the grant aside.
    pub fn is_live_at(&self, now: Moment) -> bool {
        !self.gone && now < self.access_ends() && !self.is_retired_at(now)
    }
}

/// What may be opened.
impl Book {
    /// All shelves of a person: what her own secrets open.
    pub fn library(&self, person: usize) -> BTreeSet<ShelfId> {
        self.shelves.iter().filter(|shelf| shelf.person == person).map(|shelf| shelf.id.clone()).collect()
    }

    /// What whoever holds a grant's key can open: nothing unless the grant is noted as active.
    pub fn granted(&self, grant: usize) -> BTreeSet<ShelfId> {
        let grant = &self.grants[grant];
        if grant.noted == Stage::Active { grant.shelves.iter().cloned().collect() } else { BTreeSet::new() }
    }

    pub fn by_sign_in(&self, sign_in: usize, now: Moment) -> BTreeSet<ShelfId> {
        let sign_in = &self.sign_ins[sign_in];
        let opens = !sign_in.ended && now < sign_in.created_at + SIGN_IN_LONGEST;
        if opens { self.library(sign_in.person) } else { BTreeSet::new() }
    }

    pub fn by_code(&self, code: usize, now: Moment) -> BTreeSet<ShelfId> {
        let code = &self.codes[code];
        let opens = code.used.is_none() && now < code.expires_at && !self.grants[code.grant].is_shut();
        if opens { self.granted(code.grant) } else { BTreeSet::new() }
    }

    pub fn by_access(&self, pair: usize, now: Moment) -> BTreeSet<ShelfId> {
        self.by_pair(pair, now < self.pairs[pair].access_ends())
    }

    pub fn by_refresh(&self, pair: usize, now: Moment) -> BTreeSet<ShelfId> {
        self.by_pair(pair, now < self.pairs[pair].refresh_ends())
    }

    fn by_pair(&self, pair: usize, in_time: bool) -> BTreeSet<ShelfId> {
        let pair = &self.pairs[pair];
        let opens = in_time && !pair.gone;
        if opens { self.granted(self.families[pair.family].grant) } else { BTreeSet::new() }
    }

    /// The slots that a library's secrets have, as kind, holder and end.
    pub fn slots(&self, person: usize) -> BTreeSet<(&'static str, String, Option<Moment>)> {
        let (owner, mut slots) = (&self.people[person], BTreeSet::new());
        let id = || owner.id.to_string();
        if owner.throwaway {
            slots.insert(("sandbox", id(), None));
        } else {
            slots.extend([("password", id(), None), ("recovery", id(), None)]);
        }
        for sign_in in self.sign_ins.iter().filter(|sign_in| sign_in.person == person && !sign_in.ended) {
            slots.insert(("sign_in", sign_in.id.to_string(), Some(sign_in.created_at + SIGN_IN_LONGEST)));
        }
        let hers = |grant: usize| self.grants[grant].person == person && !self.grants[grant].is_shut();
        for code in self.codes.iter().filter(|code| hers(code.grant) && code.used.is_none()) {
            slots.insert(("code", code.row.clone(), Some(code.expires_at)));
        }
        for pair in self.pairs.iter().filter(|pair| hers(self.families[pair.family].grant) && !pair.gone) {
            slots.insert(("access", pair.row.clone(), Some(pair.access_ends())));
            slots.insert(("refresh", pair.row.clone(), Some(pair.refresh_ends())));
        }
        slots.retain(|(_, _, end)| end.is_none() || *end > self.swept_at);
        slots
    }
}

/// What an act is to come to.
impl Book {
    pub fn exchange(&self, code: usize, verifier: &str, contract: usize, now: Moment) -> Exchange {
        let code = &self.codes[code];
        let grant = &self.grants[code.grant];
        if contract != grant.contract || verifier != code.verifier || grant.is_over_at(now) {
            return Exchange::Refused;
        }
        match code.used {
            Some((at, family)) if now >= at + RACE && !self.families[family].revoked => {
                Exchange::Replay(family)
            }
            Some(_) => Exchange::Refused,
            None if code.expires_at <= now => Exchange::Refused,
            None => Exchange::Tokens,
        }
    }

    pub fn refresh(&self, pair: usize, contract: usize, now: Moment) -> Refresh {
        let pair = &self.pairs[pair];
        let (family, grant) = (&self.families[pair.family], &self.grants[self.families[pair.family].grant]);
        if contract != grant.contract || family.revoked {
            return Refresh::Refused;
        }
        if pair.gone {
            return Refresh::Reuse(pair.family);
        }
        if pair.refresh_ends() <= now || grant.is_over_at(now) {
            return Refresh::Refused;
        }
        match pair.successor {
            _ if pair.is_retired_at(now) => Refresh::Reuse(pair.family),
            Some(successor) => Refresh::Same(successor),
            None => Refresh::New,
        }
    }
}

/// What an act changes.
impl Book {
    pub fn end_sign_ins(&mut self, person: usize, except: Option<usize>) {
        for (index, sign_in) in self.sign_ins.iter_mut().enumerate() {
            sign_in.ended |= sign_in.person == person && Some(index) != except;
        }
    }

    pub fn note_stage(&mut self, grant: usize, stage: Stage, event: &'static str) {
        self.grants[grant].noted = stage;
        self.grants[grant].events.push(event);
        if !self.grants[grant].is_shut() {
            return;
        }
        for index in 0..self.families.len() {
            if self.families[index].grant == grant {
                self.revoke_family(index);
            }
        }
    }

    pub fn revoke_family(&mut self, family: usize) {
        self.families[family].revoked = true;
        self.pairs.iter_mut().filter(|pair| pair.family == family).for_each(|pair| pair.gone = true);
    }

    pub fn start_family(&mut self, code: usize, now: Moment) -> usize {
        let family = self.families.len();
        self.families.push(Family { grant: self.codes[code].grant, revoked: false });
        self.codes[code].used = Some((now, family));
        family
    }

    pub fn add_pair(&mut self, row: String, family: usize, now: Moment) -> usize {
        self.pairs.push(Pair {
            row,
            family,
            access: None,
            refresh: None,
            created_at: now,
            used: false,
            successor: None,
            retire_at: None,
            gone: false,
        });
        self.pairs.len() - 1
    }

    pub fn replace_pair(&mut self, old: usize, row: String, now: Moment) {
        self.note_use(old, now);
        let successor = self.add_pair(row, self.pairs[old].family, now);
        self.pairs[old].successor = Some(successor);
        self.pairs[old].retire_at = Some(now + UNUSED_GRACE);
    }

    /// A pair has reached its holder: the one before it has a minute left.
    pub fn note_use(&mut self, pair: usize, now: Moment) {
        if self.pairs[pair].used {
            return;
        }
        self.pairs[pair].used = true;
        for before in self.pairs.iter_mut().filter(|before| before.successor == Some(pair)) {
            before.retire_at = before.retire_at.min(Some(now + USED_GRACE));
        }
    }

    /// A new account is shared with whoever was promised future ones.
    pub fn share_with_future(&mut self, person: usize, shelf: &ShelfId, now: Moment) {
        for grant in self.grants.iter_mut().filter(|grant| grant.person == person && grant.future) {
            if !grant.is_over_at(now) && !grant.shelves.contains(shelf) {
                grant.shelves.push(shelf.clone());
                grant.events.push("onboarded");
            }
        }
    }

    /// What time has ended is noted and forgotten.
    pub fn sweep(&mut self, now: Moment) {
        for grant in 0..self.grants.len() {
            if !self.grants[grant].is_shut() && self.grants[grant].stage_at(now) == Stage::Expired {
                self.note_stage(grant, Stage::Expired, "expired");
            }
        }
        for pair in &mut self.pairs {
            pair.gone |= pair.is_retired_at(now) || pair.refresh_ends() <= now;
        }
        for sign_in in &mut self.sign_ins {
            sign_in.ended |= !sign_in.is_live_at(now);
        }
        self.swept_at = Some(now);
    }
}
