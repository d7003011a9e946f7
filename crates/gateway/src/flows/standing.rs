//! How a request that claims to be somebody's stands: everything that decides about it, as of one moment.

use std::sync::{Arc, LazyLock};

use consent_auth::Pair;
use consent_contracts::{Client, ContractsError};
use consent_crypto::Secret;
use consent_grants::Grant;
use consent_library::{Listed, Reached};
use consent_sessions::Session;
use consent_store::json_elements;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use super::FlowError;
use crate::platform::Platform;

/// What a request says of itself before anything of it is proven.
#[derive(Debug, Default)]
pub struct Claimed<'a> {
    /// The client it comes from.
    pub client_id: &'a str,
    /// Its access token.
    pub token: Option<Secret>,
    /// The key of the session it is about.
    pub session: Option<Secret>,
    /// What it wants of that session.
    pub wants: Wants<'a>,
}

/// What a request wants of its session.
#[derive(Debug, Clone, Copy, Default)]
pub enum Wants<'a> {
    /// Nothing that is stored.
    #[default]
    Nothing,
    /// The list of files.
    List,
    /// The file of this name.
    File(&'a str),
}

/// What there is of this client's under a token and a session key, living or not. It proves nothing until the request's
/// signature is verified.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The token that was presented, if any.
    pub token: Option<Secret>,
    /// Its pair.
    pub pair: Option<Pair>,
    /// The grant that the pair acts for.
    pub grant: Option<Grant>,
    /// The session.
    pub session: Option<Session>,
    /// The files of the session, if the list was wanted and is final.
    pub files: Option<Vec<Listed>>,
    /// The file that was wanted, on whichever shelf of the library.
    pub file: Option<Reached>,
}

/// The select that decides about every request of an app, in its three forms for each database.
struct Selects {
    plain: String,
    list: String,
    file: String,
}

impl Selects {
    fn new(backend: DbBackend) -> Self {
        let shared = match backend {
            DbBackend::Sqlite => "json_extract(consent_grant.choices, '$.shelves')",
            _ => "consent_grant.choices -> 'shelves'",
        };
        let shelves =
            [shared, "session.shelves"].map(|array| json_elements(backend, array)).join(" INTERSECT ");
        let list =
            consent_library::listing_sql(backend, "consent_grant.library_id", &shelves, "session.ended_at");
        let (library, grant, pair) = ("consent_grant.library_id", "consent_grant.id", "token_pair.id");
        let at = "COALESCE(session.ended_at, $5)";
        let file = consent_library::reach_sql(library, grant, pair, "$4", at);
        Self {
            plain: select("", ""),
            list: select(&format!(", {list} AS files"), ""),
            file: select(&format!(", {}", consent_library::reach_columns()), &file),
        }
    }
}

fn select(also: &str, joins: &str) -> String {
    format!(
        "SELECT contract.revision, {}, {}, {}{also} FROM contract \
         LEFT JOIN token_pair ON token_pair.access_digest = $2 AND token_pair.contract_id = contract.id \
         LEFT JOIN consent_grant ON consent_grant.id = token_pair.grant_id \
         AND consent_grant.contract_id = contract.id \
         LEFT JOIN session ON session.digest = $3 AND session.contract_id = contract.id {joins} \
         WHERE contract.client_id = $1",
        consent_auth::pair_columns(),
        consent_grants::grant_columns(),
        consent_sessions::session_columns(),
    )
}

fn selects(backend: DbBackend) -> &'static Selects {
    static SQLITE: LazyLock<Selects> = LazyLock::new(|| Selects::new(DbBackend::Sqlite));
    static POSTGRES: LazyLock<Selects> = LazyLock::new(|| Selects::new(DbBackend::Postgres));
    match backend {
        DbBackend::Sqlite => &SQLITE,
        _ => &POSTGRES,
    }
}

/// Reads who a request claims to be, and how what it presents stands: the one select that crosses crates, because a
/// request needs all of this and there are many times as many of them as there are changes.
pub async fn look_up(
    platform: &Platform,
    claimed: Claimed<'_>,
) -> Result<(Arc<Client>, Standing), FlowError> {
    let Claimed { client_id, token, session, mut wants } = claimed;
    if !consent_contracts::may_be_client_id(client_id) {
        return Err(ContractsError::UnknownClient.into());
    }
    if matches!(wants, Wants::File(name) if name.contains('\0')) {
        // No database is asked for text that it could not even compare.
        wants = Wants::Nothing;
    }
    let digest = |secret: Option<&Secret>| -> Value {
        secret.map(|secret| secret.digest().as_bytes().to_vec()).unwrap_or_default().into()
    };
    let mut values = vec![client_id.into(), digest(token.as_ref()), digest(session.as_ref())];
    let selects = selects(platform.db.get_database_backend());
    let sql = match wants {
        Wants::Nothing => &selects.plain,
        Wants::List => &selects.list,
        Wants::File(name) => {
            values.extend([name.into(), platform.ambient.now().into()]);
            &selects.file
        }
    };
    let select = Statement::from_sql_and_values(platform.db.get_database_backend(), sql, values);
    let row = platform.db.query_one_raw(select).await?.ok_or(ContractsError::UnknownClient)?;
    let client = platform.clients.find(&platform.db, client_id, row.try_get("", "revision")?).await?;
    Ok((client, standing(token, wants, &row)?))
}

fn standing(token: Option<Secret>, wants: Wants, row: &QueryResult) -> Result<Standing, FlowError> {
    let session = consent_sessions::joined_session(row)?;
    let is_final = session.as_ref().is_some_and(|session| session.state.is_final());
    Ok(Standing {
        token,
        pair: consent_auth::joined_pair(row)?,
        grant: consent_grants::joined_grant(row)?,
        files: match wants {
            Wants::List if is_final => Some(consent_library::joined_listing(row)?),
            Wants::Nothing | Wants::List | Wants::File(_) => None,
        },
        session,
        file: match wants {
            Wants::File(_) => consent_library::joined_reach(row)?,
            Wants::Nothing | Wants::List => None,
        },
    })
}
