//! The platform's stories, told through its front door.

mod boundaries;
mod model;
mod reading;
mod schema;
mod signatures;
mod tokens;
