//! `serve`: runs the platform until it is told to stop.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{
    dev::{Server, ServerHandle},
    rt::signal::unix::{Signal, SignalKind, signal},
};
use consent_core::Ambient;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};
use tracing::{info, warn};

use super::{CliError, Settings, say};
use crate::{config::Config, http, platform::Platform, telemetry, worker};

/// What is said below its help.
pub(super) const EXAMPLES: &str = "\
Says `listening on http://…` on stdout when it is ready; logs go to stderr. On the first start it makes the data folder,
its keys and the operator token (DIR/operator.token). SIGTERM and Ctrl-C let running requests finish for up to
server.drain_for; a second one ends them.

Examples:
  consent-access serve --sandbox
  consent-access serve --sandbox --listen 127.0.0.1:0 --data-dir /tmp/try
  CONSENT_DATABASE__URL=postgres://consent:secret@db/consent consent-access serve --config consent.toml";

/// What the end of the process takes when the requests have had their time.
const CLOSING: Duration = Duration::from_millis(500);

pub(super) async fn run(settings: Settings) -> Result<(), CliError> {
    let config = settings.load()?;
    telemetry::init(&config.log)?;
    config.make_data_dir().map_err(CliError::because("the data folder cannot be made"))?;
    let (listener, bound) = bind(&config)?;
    let drain_for = config.server.drain_for.to_std().saturating_sub(CLOSING);
    let public_url = config.public_url(bound);
    let mut stops = Stops::listen()?;
    let platform = Platform::open(config, Ambient::system(), public_url).await?;
    let server = http::start(&platform, listener)?;
    let ledger = platform.ledger.clone();
    let worker = worker::start(platform);
    say(&format!("listening on http://{bound}"))?;
    let ended = until_stopped(server, &mut stops, drain_for).await;
    // What is not written now is written at the next start.
    let _ = timeout(CLOSING / 2, ledger.settle()).await;
    worker.abort();
    ended
}

fn bind(config: &Config) -> Result<(TcpListener, SocketAddr), CliError> {
    let wanted = config.server.listen;
    let bind = || {
        let listener = TcpListener::bind(wanted)?;
        let bound = listener.local_addr()?;
        Ok::<_, io::Error>((listener, bound))
    };
    bind().map_err(CliError::because(format!("cannot listen on {wanted}")))
}

/// Runs the server; after a signal it takes nothing new, and what it has begun gets `drain_for` to finish.
async fn until_stopped(server: Server, stops: &mut Stops, drain_for: Duration) -> Result<(), CliError> {
    let handle = server.handle();
    let mut running = tokio::spawn(server);
    tokio::select! {
        ended = &mut running => return Ok(ended??),
        () = stops.next() => info!("stopping, running requests get {} s", drain_for.as_secs()),
    }
    drain(&handle, running, stops, drain_for).await
}

async fn drain(
    handle: &ServerHandle,
    running: JoinHandle<io::Result<()>>,
    stops: &mut Stops,
    drain_for: Duration,
) -> Result<(), CliError> {
    let drained = async {
        handle.stop(true).await;
        running.await
    };
    tokio::select! {
        ended = drained => return Ok(ended??),
        () = sleep(drain_for) => warn!("some requests took too long and are cut"),
        () = stops.next() => warn!("told to stop again, running requests are cut"),
    }
    Ok(())
}

/// The signals that ask a process to end.
struct Stops {
    terminate: Signal,
    interrupt: Signal,
}

impl Stops {
    /// From now on they no longer end the process by themselves.
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
