#![doc = include_str!("../README.md")]

mod error;
mod mailer;
mod notice;
mod row;
mod store;

pub use error::NoticeError;
pub use mailer::{Mail, Mailer};
pub use notice::{Attempt, Audience, NewNotice, Notice, State};
pub use store::{Claimed, claim, conclude, is_any_due, list, migrations, write};
