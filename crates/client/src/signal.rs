//! Signals: commands of the platform about what a person shared, and the app's signed answers.
//!
//! A signal comes as a webhook, or is asked for with [`Receiver::poll`] after an outage. Either way it is a token
//! (RFC 8417) that the platform signed, and nothing around that token is believed. What a receiver has to do, in this
//! order: verify; store; answer 202; and then, for what is news ([`Order`]), act and report.
//!
//! ```no_run
//! use consent_client::signal::{Evidence, Kind, Order, Receiver, ReceiverConfig, Report};
//! use consent_core::Ambient;
//!
//! # struct Request { body: Vec<u8> }
//! # impl Request { fn header(&self, _: &str) -> Option<&str> { None } }
//! # fn store(_: &consent_client::signal::Signal) {}
//! # fn delete_all(_: Option<&str>) -> Evidence { Evidence::default() }
//! # async fn receive(config: ReceiverConfig, request: Request) -> Result<u16, Box<dyn std::error::Error>> {
//! let receiver = Receiver::new(config, Ambient::system())?;
//! let keys = receiver.keys().await?; // to be kept, and fetched anew when a signal names a key that is not among them
//! let mut order = Order::default(); // to be kept with the consents
//!
//! let Ok(signal) = receiver.webhook(|name| request.header(name), &request.body, &keys) else { return Ok(400) };
//! store(&signal);
//! // … answer 202, and then:
//! if order.takes(&signal) && signal.kind == Kind::ErasureRequested {
//!     let evidence = delete_all(signal.consent_id.as_deref());
//!     let done = Report::completed(Ambient::system().now(), Some(evidence));
//!     let signed = receiver.sign(&signal, &done)?; // to be kept until it is sent: the same bytes may be sent again
//!     let taken = receiver.send(&signed).await?;
//!     println!("{} ({})", taken.state, taken.standing);
//! }
//! # Ok(202) }
//! ```

mod envelope;
mod error;
mod keys;
mod kind;
mod order;
mod poll;
mod receiver;
mod report;
mod send;
#[cfg(test)]
mod testing;
mod token;

pub use error::SignalError;
pub use keys::Keys;
pub use kind::Kind;
pub use order::Order;
pub use poll::{Poll, Polled, SetError};
pub use receiver::{Receiver, ReceiverConfig};
pub use report::{ErasureMethod, Evidence, Exception, Recipient, Removed, Report};
pub use send::{ReportTaken, SignedReport};
pub use token::Signal;
