//! The program, for tests that start and kill it.

fn main() -> std::process::ExitCode {
    consent_gateway::run()
}
