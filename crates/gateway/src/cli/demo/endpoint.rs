//! Where the mock app takes its signals: a small web server of its own on this machine, which believes nothing that it
//! has not verified.

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use consent_client::signal::{Keys, Kind, Order, Receiver, Signal, SignalError};
use serde_json::json;
use tokio::{
    sync::{Mutex, MutexGuard, mpsc},
    time::timeout,
};

use super::super::CliError;

/// A signal comes within this, or the story breaks off.
const PATIENCE: Duration = Duration::from_mins(1);

/// An app's endpoint for signals.
pub struct Endpoint {
    /// Its address.
    pub url: String,
    desk: Arc<Mutex<Desk>>,
    came: mpsc::UnboundedReceiver<Came>,
    order: Order,
}

/// What verifies: nothing until the app knows the secret of its endpoint.
#[derive(Default)]
struct Desk {
    taking: Option<(Receiver, Keys)>,
}

type Came = Result<Signal, SignalError>;

/// Nobody is answered while it is held.
pub struct Waiting<'e>(MutexGuard<'e, Desk>);

impl Waiting<'_> {
    /// Goes on, from now on with this receiver.
    pub async fn opens(mut self, receiver: Receiver) -> Result<(), CliError> {
        let keys = receiver.keys().await?;
        self.0.taking = Some((receiver, keys));
        Ok(())
    }
}

impl Endpoint {
    /// Listens on a free port; takes nothing yet.
    pub fn listen() -> Result<Self, CliError> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/signals", listener.local_addr()?);
        let (desk, (told, came)) = (Arc::<Mutex<Desk>>::default(), mpsc::unbounded_channel());
        let (shared, told) = (web::Data::from(desk.clone()), web::Data::new(told));
        let server = HttpServer::new(move || {
            let app = App::new().app_data(shared.clone()).app_data(told.clone());
            app.route("/signals", web::post().to(take))
        });
        tokio::spawn(server.workers(1).disable_signals().listen(listener)?.run());
        Ok(Self { url, desk, came, order: Order::default() })
    }

    /// Lets whoever calls wait, so that the app knows of nothing, until what this gives is dropped.
    pub async fn keeps_waiting(&self) -> Waiting<'_> {
        Waiting(self.desk.lock().await)
    }

    /// The next signal, which has to be news of this kind.
    pub async fn next(&mut self, expected: &Kind) -> Result<Signal, CliError> {
        loop {
            let came = timeout(PATIENCE, self.came.recv()).await.ok().flatten();
            let signal = came.ok_or_else(|| CliError::new("the app was told nothing"))??;
            // A repeat is acknowledged and has no second effect.
            let is_asked_again = signal.kind == Kind::Verification && *expected != Kind::Verification;
            if is_asked_again || !self.order.takes(&signal) {
                continue;
            }
            if signal.kind != *expected {
                return Err(CliError::new(format!("the app was told {}", signal.kind.name())));
            }
            return Ok(signal);
        }
    }
}

/// Verifies, keeps, and only then answers.
async fn take(
    desk: web::Data<Mutex<Desk>>,
    told: web::Data<mpsc::UnboundedSender<Came>>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let desk = desk.lock().await;
    let Some((receiver, keys)) = &desk.taking else { return HttpResponse::ServiceUnavailable().finish() };
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let came = receiver.webhook(header, &body, keys);
    let answer = match &came {
        Ok(_) => HttpResponse::Accepted().finish(),
        Err(error) => {
            HttpResponse::BadRequest().json(json!({ "err": error.code(), "description": error.to_string() }))
        }
    };
    // Where the story is over nobody listens.
    let _ = told.send(came);
    answer
}
