//! Reading the sums over consent events.

use consent_core::AppId;
use sea_orm::{
    ConnectionTrait, ExprTrait as _, FromQueryResult,
    sea_query::{Alias, Cond, Expr, Func, Order, Query, SelectStatement},
};

use crate::{
    EventsError, Overall, ScopeStatistics, Statistics,
    consent::vault_key,
    row::consent_statistic::{Column, Entity},
};

/// The most scopes that are listed.
const MOST: u64 = 1000;
const COUNTED: [(Column, &str); 4] = [
    (Column::Events, "sum_events"),
    (Column::Yes, "sum_yes"),
    (Column::No, "sum_no"),
    (Column::Changes, "sum_changes"),
];

/// The names are those of the sums, which must not be those of the columns that are summed.
#[derive(FromQueryResult)]
#[expect(clippy::struct_field_names, reason = "a row that no column may be mistaken for")]
struct Sums {
    sum_events: Option<i64>,
    sum_yes: Option<i64>,
    sum_no: Option<i64>,
    sum_changes: Option<i64>,
}

#[derive(FromQueryResult)]
struct ScopeSums {
    target: String,
    scope: String,
    sum_events: i64,
    sum_yes: i64,
    sum_no: i64,
}

/// Counts over the consent events of an app, or of one vault of it.
pub async fn statistics(
    db: &impl ConnectionTrait,
    app: &AppId,
    vault_id: Option<&str>,
) -> Result<Statistics, EventsError> {
    let sums = sums_of(app, vault_id);
    let mut by_scope = sums.clone();
    by_scope.columns([Column::Target, Column::Scope]).group_by_columns([Column::Target, Column::Scope]);
    by_scope
        .order_by(Alias::new("sum_events"), Order::Desc)
        .order_by(Column::Target, Order::Asc)
        .order_by(Column::Scope, Order::Asc)
        .limit(MOST);
    let backend = db.get_database_backend();
    let overall = Sums::find_by_statement(backend.build(&sums)).one(db).await?;
    let scopes = ScopeSums::find_by_statement(backend.build(&by_scope)).all(db).await?;
    Ok(Statistics {
        overall: overall.map(Overall::from).unwrap_or_default(),
        scopes: scopes.into_iter().map(ScopeStatistics::from).collect(),
    })
}

fn sums_of(app: &AppId, vault_id: Option<&str>) -> SelectStatement {
    let vault = vault_id.map(|vault| Expr::col(Column::VaultKey).eq(vault_key(Some(vault))));
    let mut select = Query::select();
    for (column, name) in COUNTED {
        // PostgreSQL sums bigint to numeric.
        let sum = Func::cast_as(Func::sum(Expr::col(column)), "bigint");
        select.expr_as(sum, Alias::new(name));
    }
    select
        .from(Entity)
        .cond_where(Cond::all().add(Expr::col(Column::AppId).eq(app.as_str())).add_option(vault));
    select
}

impl From<Sums> for Overall {
    fn from(sums: Sums) -> Self {
        let [count, yes, no, user_changes] =
            [sums.sum_events, sums.sum_yes, sums.sum_no, sums.sum_changes].map(Option::unwrap_or_default);
        Self { count, yes, no, no_action: count - yes - no, user_changes }
    }
}

impl From<ScopeSums> for ScopeStatistics {
    fn from(sums: ScopeSums) -> Self {
        Self {
            target: sums.target,
            scope: sums.scope,
            events: sums.sum_events,
            yes: sums.sum_yes,
            no: sums.sum_no,
        }
    }
}
