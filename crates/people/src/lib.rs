#![doc = include_str!("../README.md")]

pub mod attempts;
mod error;
mod migrations;
mod operator;
mod password;
mod person;
mod row;
mod sign_in;
mod store;

pub use error::PeopleError;
pub use migrations::migrations;
pub use operator::operator_is;
pub use password::{Credentials, PasswordRecord, check_password, dummy_credentials, verify};
pub use person::{NewPerson, Person, Stage, check_name, normalise_email};
pub use sign_in::{LibraryState, NewSignIn, SignIn, SignInPolicy};
pub use store::{
    change_password, close, credentials, end_all, end_sign_in, find, find_by_email, find_sign_in, forget,
    has_throwaways, insert_person, insert_throwaway, invite, is_signed_in, list, list_sign_ins, lock,
    reauthenticate, reopen, replace_password, sign_in, sweep, touch,
};
