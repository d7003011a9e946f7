//! What an attacker tries at the doors, beside what the stories of each subject tell: every refusal is seen, and that
//! nothing has changed by it.

mod codes;
mod consents;
mod crossed;
mod floods;
mod headers;
mod members;
mod origins;
mod sockets;
mod thief;
