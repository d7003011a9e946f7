//! Logs: on stderr, as text for people or as JSON for machines.
//!
//! What is written here is what callers hand in: nothing takes it from a request by itself. A caller names ids, counts and
//! durations, and never a token, a name, an address, a header, a query string or the content of a file.

use std::io::{self, IsTerminal as _};

use tracing::subscriber::{SetGlobalDefaultError, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    filter::ParseError,
    fmt::{MakeWriter, SubscriberBuilder},
};

use crate::config::{Log, LogFormat};

/// Why there will be no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("log.filter cannot be read")]
    Filter(#[from] ParseError),
    /// Somebody in this process was faster.
    #[error("the log is already set up")]
    Taken(#[from] SetGlobalDefaultError),
}

/// Starts the log of this process; may be called once.
pub fn init(log: &Log) -> Result<(), TelemetryError> {
    let subscriber = subscriber(log, io::stderr, io::stderr().is_terminal())?;
    Ok(tracing::subscriber::set_global_default(subscriber)?)
}

/// What turns events into lines; in colours only where somebody can see them and `NO_COLOR` does not forbid it.
fn subscriber<W>(
    log: &Log,
    writer: W,
    terminal: bool,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&log.filter)?;
    let mut builder = SubscriberBuilder::default();
    if !terminal {
        builder = builder.with_ansi(false);
    }
    let builder = builder.with_env_filter(filter).with_writer(writer);
    Ok(match log.format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, filter: &str) -> String {
        let lines = Lines::default();
        let (log, writer) = (Log { format, filter: filter.to_owned() }, lines.clone());
        let subscriber = subscriber(&log, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: "story", { grant.id = "gra01" }, "revoked grant gra01");
            tracing::debug!(target: "story", "not of interest");
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn people_get_text() {
        let text = logged(LogFormat::Text, "info");
        assert!(text.ends_with(" INFO story: revoked grant gra01 grant.id=\"gra01\"\n"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn machines_get_an_object_a_line() {
        let json: serde_json::Value = serde_json::from_str(&logged(LogFormat::Json, "info")).unwrap();
        assert_eq!((&json["level"], &json["grant.id"]), (&"INFO".into(), &"gra01".into()));
        assert_eq!(json["message"], "revoked grant gra01");
    }

    #[test]
    fn the_filter_decides() {
        assert_eq!(logged(LogFormat::Text, "warn"), "");
        assert_eq!(logged(LogFormat::Text, "warn,story=debug").lines().count(), 2);
    }
}
