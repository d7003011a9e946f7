//! The platform's stories, told through its front door.

mod boundaries;
mod reading;
mod schema;
mod signatures;
