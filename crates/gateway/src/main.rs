//! The program `consent-access`; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    consent_gateway::run()
}
