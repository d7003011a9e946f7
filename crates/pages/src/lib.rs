#![doc = include_str!("../README.md")]

mod account;
mod activity;
mod agreed;
mod ask;
mod change;
mod consent;
mod console;
mod contract_text;
mod deed;
mod frame;
mod library;
mod message;
mod page;
mod receipt;
mod samples;

pub use account::{FieldError, Recover, RecoveryCode, Security, SignIn, SignInRow, SignUp};
pub use activity::{AccessRow, Activity, Chart};
pub use agreed::Agreed;
pub use ask::{AddData, Asking, Confirm, Offer, Onboard, RenewAccount};
pub use change::{ChangeAnswer, ChangeBox, ChangeLine, ContractChange};
pub use consent::{AccountChoice, Consent, Duration, EndChoice, Link, OwnChoice, Part, Peek};
pub use console::{
    Console, EventRow, GrantPage, GrantRow, History, MessageRow, Messages, Mood, ReceiptRow, Receipts,
    ReportRow, State, Summary, Told, Verified,
};
pub use contract_text::{ContractText, Retention, RightToBeForgotten, Sharing};
pub use deed::{Deed, RevokeEverything, Shorten};
pub use frame::{Frame, Notice, Section, Tone, Who};
pub use library::{AccountRow, Content, FilePage, FileRow, Item, Library, Reading};
pub use message::{Choice, Home, Message};
pub use page::{ICON, Page, PageError, STYLE};
pub use receipt::{Receipt, ReceiptErasure, ReceiptPurpose};
