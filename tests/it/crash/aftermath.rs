//! What is in the database after a crash, read by hand: nothing is missing, and nothing is there by halves.

use chrono::TimeDelta;
use consent_core::{Cursor, PersonId};
use consent_crypto::{Secret, SecretKind};
use consent_events::{Event, verify_chain};
use consent_library::{Blobs, File, LibraryKey, Opener, ShelfKind, SlotKind};
use consent_store::{Database, Pool};
use harness::{Place, rows};

use super::actor::{Actor, Person, now};

/// Rows that may not be: each query finds those of one kind.
const HALVES: &[(&str, &str)] = &[
    (
        "a person without password, library or locks",
        "SELECT id FROM person p WHERE p.email IS NOT NULL AND ( \
            (SELECT count(*) FROM password w WHERE w.person_id = p.id) <> 1 \
            OR (SELECT count(*) FROM library l WHERE l.person_id = p.id) <> 1 \
            OR (SELECT count(*) FROM slot s WHERE s.holder = p.id) <> 2)",
    ),
    (
        "a library without a shelf for own files",
        "SELECT id FROM library l WHERE (SELECT count(*) FROM shelf s WHERE s.library_id = l.id AND kind = 'own') <> 1",
    ),
    (
        "a sign-in without a lock, or a lock without a sign-in",
        "SELECT id FROM sign_in i WHERE (SELECT count(*) FROM slot s WHERE s.holder = i.id) <> 1 \
            UNION SELECT id FROM slot WHERE kind = 'sign_in' AND holder NOT IN (SELECT id FROM sign_in)",
    ),
    (
        "a shelf for an account that is not there",
        "SELECT id FROM shelf WHERE kind = 'account' AND id NOT IN (SELECT shelf_id FROM account)",
    ),
    (
        "a change of a grant without its event, or the other way round",
        "SELECT id FROM consent_grant g WHERE g.seq <> (SELECT count(*) FROM event e WHERE e.grant_id = g.id \
            AND e.act_type <> 'signalled')",
    ),
    (
        "a change of a grant without its receipt, or the other way round",
        "SELECT id FROM consent_grant g WHERE g.seq <> (SELECT count(*) FROM receipt r WHERE r.grant_id = g.id)",
    ),
    (
        "a change that was not signalled, or a signal of none",
        "SELECT id FROM consent_grant g WHERE (SELECT count(*) FROM event e WHERE e.grant_id = g.id \
            AND e.act_type IN ('stopped', 'resumed', 'revoked')) \
            <> (SELECT count(*) FROM signal s WHERE s.grant_id = g.id)",
    ),
    (
        "a signal that the chain does not name, or the other way round",
        "SELECT jti FROM signal s WHERE 1 <> (SELECT count(*) FROM event e WHERE e.act_type = 'signalled' \
            AND e.grant_id = s.grant_id AND e.body LIKE '%' || s.jti || '%')",
    ),
    (
        "a stage that the last event does not tell of",
        "SELECT g.id FROM consent_grant g JOIN event e ON e.grant_id = g.id \
            WHERE e.seq = (SELECT max(seq) FROM event l WHERE l.grant_id = g.id AND l.act_type <> 'signalled') \
            AND g.stage <> CASE e.act_type WHEN 'stopped' THEN 'stopped' WHEN 'revoked' THEN 'revoked' ELSE 'active' END",
    ),
    (
        "a living grant without a key, or an ended one with",
        "SELECT id FROM consent_grant g WHERE (stage IN ('active', 'stopped')) \
            <> (EXISTS (SELECT 1 FROM grant_key k WHERE k.grant_id = g.id))",
    ),
    (
        "an active grant without shelves, or another one with",
        "SELECT id FROM consent_grant g WHERE (stage = 'active') \
            <> (EXISTS (SELECT 1 FROM grant_shelf s WHERE s.grant_id = g.id))",
    ),
    (
        "a living grant without a code",
        "SELECT id FROM consent_grant WHERE stage IN ('active', 'stopped') \
            AND id NOT IN (SELECT grant_id FROM authorization_code)",
    ),
    (
        "a code that was used and has a lock, or could be used and has none",
        "SELECT id FROM authorization_code c WHERE (used_at IS NULL) \
            <> (EXISTS (SELECT 1 FROM slot s WHERE s.holder = c.id)) \
            AND (used_at IS NOT NULL OR expires_at > '{soon}')",
    ),
    (
        "a code that was used and gave nothing",
        "SELECT id FROM authorization_code c WHERE used_at IS NOT NULL AND family NOT IN (SELECT digest FROM token_family)",
    ),
    (
        "a family of tokens without tokens, or an ended one with",
        "SELECT grant_id FROM token_family f WHERE (revoked_at IS NULL) \
            <> (EXISTS (SELECT 1 FROM token_pair p WHERE p.family = f.digest))",
    ),
    (
        "tokens without locks",
        "SELECT id FROM token_pair p WHERE (SELECT count(*) FROM slot s WHERE s.holder = p.id) <> 2",
    ),
    (
        "a replaced pair whose successor is not there",
        "SELECT id FROM token_pair WHERE successor_id IS NOT NULL AND successor_id NOT IN (SELECT id FROM token_pair)",
    ),
    (
        "a request that was answered, and a session that does not know",
        "SELECT r.id FROM authorization_request r JOIN session s ON s.id = r.session_id \
            WHERE r.decided_at IS NOT NULL AND s.grant_id IS NULL",
    ),
];

/// Looks, and settles what the actors are in doubt about.
pub async fn look(place: &Place, actors: &mut [Actor]) {
    let db = Database::connect(&place.database_url(), &Pool::default()).await.unwrap();
    rows::settled(&db).await;
    // The locks of codes that run out are swept, used or not.
    let soon = (now() + TimeDelta::minutes(1)).to_rfc3339();
    for (what, query) in HALVES {
        let query = query.replace("{soon}", &soon);
        assert_eq!(rows::texts(&db, &query).await, Vec::<String>::new(), "{what}");
    }
    let blobs = Blobs::folder(&place.path().join("blobs")).unwrap();
    every_file_has_its_bytes(&db, place).await;
    for person in rows::texts(&db, "SELECT id FROM person").await {
        events_of(&db, &person.parse().unwrap()).await;
    }
    for person in actors.iter_mut().filter_map(|actor| actor.told.as_mut()) {
        settle(&db, &blobs, person).await;
    }
    db.close().await.unwrap();
}

async fn every_file_has_its_bytes(db: &Database, place: &Place) {
    let query = "SELECT library_id || ' ' || id || ' ' || stored_bytes FROM file";
    for row in rows::texts(db, query).await {
        let [library, file, size] = row.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let blob = place.path().join("blobs").join(library).join(file);
        let length = std::fs::metadata(&blob).map(|blob| blob.len().to_string());
        assert_eq!(length.ok().as_deref(), Some(size), "{}", blob.display());
    }
}

/// A person's events, in a chain that is whole.
pub async fn events_of(db: &Database, person: &PersonId) -> Vec<Event> {
    let (mut all, mut cursor) = (Vec::new(), Cursor::new(None, Some(200)));
    loop {
        let page = consent_events::list(db, person, &cursor).await.unwrap();
        all.extend(page.items);
        match page.next {
            Some(after) => cursor.after = Some(after),
            None => break,
        }
    }
    assert_eq!(consent_events::head(db, person).await.unwrap(), verify_chain(&all).unwrap());
    all
}

async fn settle(db: &Database, blobs: &Blobs, person: &mut Person) {
    let token = Secret::parse(SecretKind::SignIn, &person.token).unwrap();
    let sign_in = consent_people::find_sign_in(db, &token, now()).await.unwrap().expect("she is signed in");
    let events = events_of(db, &sign_in.person).await;
    for given in &mut person.grants {
        let of_it = events.iter().filter(|event| event.act.grant() == Some(&given.id));
        let found: Vec<_> = of_it.map(|event| event.act.kind()).filter(|act| *act != "signalled").collect();
        // What was not answered was done or was not.
        if found.len() > given.events.len() {
            given.events.extend(given.doubt);
        }
        given.doubt = None;
        assert_eq!(found, given.events, "{}", given.id);
    }
    let (holder, opener) = (sign_in.id.as_str(), Opener::Secret(&token));
    let key: LibraryKey =
        consent_library::open_slot(db, SlotKind::SignIn, holder, opener, now()).await.unwrap();
    let library = consent_library::find_library(db, &sign_in.person).await.unwrap();
    let shelves = consent_library::shelves(db, &library.id).await.unwrap();
    let own = shelves.iter().find(|shelf| shelf.kind == ShelfKind::Own).expect("a shelf for own files");
    let files =
        consent_library::files_as_of(db, &library.id, std::slice::from_ref(&own.id), now()).await.unwrap();
    let keys = own.open(&key).unwrap();
    for (id, content) in &person.files {
        let file = files.iter().find(|file| file.id.as_str() == id);
        let opened = File::open(file.expect("it is there").clone(), own, &keys).unwrap();
        assert!(consent_library::read_all(blobs, &opened).await.unwrap() == *content, "{id}");
    }
}
