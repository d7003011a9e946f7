//! The limit server: what any server must do that checks a signature and looks something up, and nothing
//! else. The same web server, database library and settings as the platform's.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Command,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, error, http::header, web};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PSS_2048_8192_SHA512};
use consent_crypto::{RsaPublicKey, digest::base64url_decode};
use consent_store::{Database, Pool};
use sea_orm::{ActiveValue::Set, ConnectionTrait as _, EntityTrait as _};
use serde_json::json;

use crate::{
    door::APP_PUBLIC_PEM,
    error::{Outcome, failure},
    load::count,
    process::{Cpu, Process},
};

/// So many rows its table has.
const ROWS: usize = 10_000;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "limit_row")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub body: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Runs the server until it is killed: with as many threads as cores, as the platform's default is.
pub async fn serve(database: &str) -> Outcome<()> {
    let db = Database::connect(database, &Pool::default()).await?;
    fill(&db).await?;
    let public = RsaPublicKey::parse_pem(APP_PUBLIC_PEM)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let bound: SocketAddr = listener.local_addr()?;
    let app = move || {
        let key = ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA512, public.to_pkcs1_der());
        App::new()
            .app_data(web::Data::new(db.clone()))
            .app_data(web::Data::new(key.expect("a key that was parsed before")))
            .route("/limit/{id}", web::get().to(limited))
            .route("/bare", web::get().to(bare))
            .route("/page/{bytes}", web::get().to(page))
    };
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let server = HttpServer::new(app).workers(workers).disable_signals().listen(listener)?.run();
    println!("listening on http://{bound}");
    std::io::stdout().flush()?;
    Ok(server.await?)
}

/// Starts it as a process of its own, with its database and log in `folder`.
pub fn start(database: &str, folder: &Path) -> Outcome<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["limit-server", "--database", database]);
    Process::start(command, database, &folder.join("limit.log"))
}

/// The id of one of its rows.
pub fn row_id(number: usize) -> String {
    format!("row{:08}", number % ROWS)
}

/// CPU seconds for one indexed select, the database's included.
pub async fn select_cost(database: &str, times: usize) -> Outcome<f64> {
    let db = Database::connect(database, &Pool { max_connections: 1, ..Pool::default() }).await?;
    db.ping().await?;
    let cpu = Cpu::of_this(database)?;
    for number in 0..times {
        let found = row::Entity::find_by_id(row_id(number * 7919)).one(&db).await?;
        found.ok_or_else(|| failure("a row is missing"))?;
    }
    let used = cpu.since()?;
    db.close().await?;
    Ok(used.as_secs_f64() / count(times))
}

async fn fill(db: &Database) -> Outcome<()> {
    let table = "CREATE TABLE limit_row (id VARCHAR(32) NOT NULL PRIMARY KEY, body VARCHAR(255) NOT NULL)";
    db.execute_unprepared(table).await?;
    let tx = db.begin_write().await?;
    let rows: Vec<_> = (0..ROWS).collect();
    for part in rows.chunks(500) {
        let rows = part.iter().map(|number| row::ActiveModel {
            id: Set(row_id(*number)),
            body: Set(format!("what row {number} says")),
        });
        row::Entity::insert_many(rows).exec_without_returning(&tx).await?;
    }
    Ok(tx.commit().await?)
}

/// One signature, one select, a small answer.
async fn limited(
    request: HttpRequest,
    id: web::Path<String>,
    key: web::Data<ParsedPublicKey>,
    db: web::Data<Database>,
) -> Result<HttpResponse, actix_web::Error> {
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let jwt = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let (signed, signature) =
        jwt.and_then(|jwt| jwt.rsplit_once('.')).ok_or_else(|| error::ErrorBadRequest("no JWT"))?;
    let signature = base64url_decode(signature).map_err(|_| error::ErrorBadRequest("no base64url"))?;
    key.verify_sig(signed.as_bytes(), &signature).map_err(|_| error::ErrorUnauthorized("a forgery"))?;
    let found = row::Entity::find_by_id(id.into_inner()).one(&**db).await;
    let found = found.map_err(error::ErrorInternalServerError)?;
    let row = found.ok_or_else(|| error::ErrorNotFound("no such row"))?;
    Ok(HttpResponse::Ok().json(json!({ "id": row.id, "body": row.body })))
}

/// Nothing but the web server.
async fn bare() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "id": "row", "body": "what a row says" }))
}

/// A page of so many bytes.
async fn page(bytes: web::Path<usize>) -> HttpResponse {
    let text = "<p>What a page says.</p>".repeat(bytes.into_inner().min(1 << 20) / 24);
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text)
}
