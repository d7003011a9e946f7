//! `app`: third-party applications.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{CliError, columns, lines, server::Server, text};

const REGISTER: &str = "\
An app is who asks. Its API key, shown once, lets its developer draft and publish contracts; whoever runs this server
can do so as well. Next: consent-access contract draft --help

Example:
  consent-access app register --name 'Health Diary' --contact privacy@diary.example";

/// What can be done about apps.
#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Registers an app and prints its API key
    #[command(after_help = REGISTER)]
    Register {
        /// What people know it by
        #[arg(long)]
        name: String,
        /// E-mail address that people can write to about their privacy
        #[arg(long, value_name = "EMAIL")]
        contact: String,
        /// Apps of one partner recognise the same person [default: the app's own id]
        #[arg(long, value_name = "ID")]
        partner_id: Option<String>,
        /// What it does, in a sentence
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Its home page
        #[arg(long, value_name = "URL")]
        website: Option<String>,
    },
    /// Lists all apps
    List,
    /// Shows an app
    Show {
        /// Its id, app…
        app: String,
    },
    /// Gives an app a new API key; the old one is void at once
    RotateKey {
        /// Its id, app…
        app: String,
    },
    /// Shuts an app for a while: it asks nobody and gets no data
    Suspend {
        /// Its id, app…
        app: String,
    },
    /// Opens a suspended app again
    Reinstate {
        /// Its id, app…
        app: String,
    },
}

pub(super) async fn run(server: &Server, command: AppCommand) -> Result<(), CliError> {
    match command {
        AppCommand::Register { name, contact, partner_id, description, website } => {
            let app = json!({
                "name": name, "contact": contact, "partnerId": partner_id,
                "description": description, "website": website,
            });
            server.tell(&server.post(&["apps"], &app).await?, with_key)
        }
        AppCommand::List => server.tell(&server.list(&["apps"], &[]).await?, |apps| {
            columns(
                apps,
                &["id", "stage", "name", "contact"],
                "there are no apps; consent-access app register --help",
            )
        }),
        AppCommand::Show { app } => server.tell(&server.get(&["apps", &app], &[]).await?, shown),
        AppCommand::RotateKey { app } => change(server, &app, "key", with_key).await,
        AppCommand::Suspend { app } => change(server, &app, "suspend", shown).await,
        AppCommand::Reinstate { app } => change(server, &app, "reinstate", shown).await,
    }
}

async fn change(server: &Server, app: &str, act: &str, words: fn(&Value) -> String) -> Result<(), CliError> {
    server.tell(&server.post(&["apps", app, act], &json!({})).await?, words)
}

fn shown(app: &Value) -> String {
    let members = [
        ("app", "id"),
        ("name", "name"),
        ("stage", "stage"),
        ("since", "since"),
        ("contact", "contact"),
        ("website", "website"),
        ("about", "description"),
        ("partner", "partnerId"),
        ("registered", "createdAt"),
    ];
    lines(app, &members)
}

fn with_key(app: &Value) -> String {
    format!(
        "{}API key     {}\n            shown this once: keep it where the app's developer finds it\n",
        shown(app),
        text(app, "apiKey")
    )
}
