//! `person stop` and its like: what an operator does to a person's grants in her place.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, columns, lines, people::person_id, server::Server};

const STOP: &str = "\
She reads the reason in her console and in her chain of events; nobody else does.

Example:
  consent-access person stop gra01hf7yat00000000000000001a --person ada@example.org --reason \"she rang us\"";

const RESUME: &str = "\
Only its owner can open her library again: it goes on when she signs in next, unless somebody stops it before.";

/// What can be done to a person's grants.
#[derive(Debug, Subcommand)]
pub enum OnBehalfCommand {
    /// Lists what a person agreed to
    Grants {
        /// Whose: her id, per…, or her e-mail address
        #[arg(value_name = "ID|EMAIL")]
        person: String,
    },
    /// Pauses a grant for its owner
    #[command(after_help = STOP)]
    Stop(Act),
    /// Has a stopped grant go on when its owner signs in next
    #[command(after_help = RESUME)]
    Resume(Act),
    /// Ends a grant for good, for its owner
    Revoke(Act),
    /// Ends a grant for its owner, and has the app delete what it holds
    Erase(Act),
    /// Takes an erasure back that the app has not reported as done
    CancelErasure(Act),
    /// Has a grant end sooner
    Shorten {
        #[command(flatten)]
        act: Act,
        /// When it ends from now on, such as 2027-01-31T00:00:00Z
        #[arg(long, value_name = "TIME")]
        until: String,
    },
}

/// Which grant, whose, and why.
#[derive(Debug, Args)]
pub struct Act {
    /// The grant, gra…
    grant: String,
    /// Whose it is: her id, per…, or her e-mail address
    #[arg(long, value_name = "ID|EMAIL")]
    person: String,
    /// Why you act for her, in a sentence that she will read
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(super) async fn run(server: &Server, command: OnBehalfCommand) -> Result<(), CliError> {
    let (act, verb, more) = match command {
        OnBehalfCommand::Grants { person } => return list(server, person).await,
        OnBehalfCommand::Stop(act) => (act, "stop", None),
        OnBehalfCommand::Resume(act) => (act, "resume", None),
        OnBehalfCommand::Revoke(act) => (act, "revoke", None),
        OnBehalfCommand::Erase(act) => (act, "erase", None),
        OnBehalfCommand::CancelErasure(act) => (act, "cancel-erasure", None),
        OnBehalfCommand::Shorten { act, until } => (act, "shorten", Some(until)),
    };
    let person = person_id(server, act.person).await?;
    let mut body = json!({ "reason": act.reason });
    if let Some(until) = more {
        body["until"] = until.into();
    }
    let done = server.post(&["people", &person, "grants", &act.grant, verb], &body).await?;
    server.tell(&done, outcome)
}

async fn list(server: &Server, person: String) -> Result<(), CliError> {
    let person = person_id(server, person).await?;
    server.tell(&server.list(&["people", &person, "grants"], &[]).await?, |grants| {
        columns(grants, &["id", "stage", "createdAt", "expiresAt", "appId"], "she has agreed to nothing")
    })
}

/// What became of a grant.
fn outcome(grant: &Value) -> String {
    let told =
        lines(grant, &[("grant", "id"), ("stage", "stage"), ("since", "since"), ("ends", "expiresAt")]);
    if grant["resumesAtNextSignIn"] == true {
        format!("{told}it goes on when she signs in next")
    } else {
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_is_told_what_became_of_a_grant() {
        let stopped = json!({ "id": "gra1", "stage": "stopped", "resumesAtNextSignIn": false });
        assert_eq!(outcome(&stopped), "grant       gra1\nstage       stopped\n");
        let waits = json!({ "id": "gra1", "stage": "stopped", "resumesAtNextSignIn": true });
        assert!(outcome(&waits).ends_with("it goes on when she signs in next"));
    }
}
