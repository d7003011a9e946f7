//! `migrate`: brings the database up to date.

use consent_store::{Database, Pool};
use secrecy::ExposeSecret as _;

use super::{CliError, Place, say};
use crate::migrator;

pub(super) async fn run(place: Place) -> Result<(), CliError> {
    let config = place.load()?;
    config.make_data_dir().map_err(CliError::because("the data folder cannot be made"))?;
    let pool = Pool { max_connections: 1, patience: config.database.patience.to_std() };
    let db = Database::connect(config.database_url().expose_secret(), &pool).await?;
    let applied = migrator::migrate(&db).await?;
    db.close().await?;
    say(&told(&applied))
}

fn told(applied: &[String]) -> String {
    if applied.is_empty() {
        return "the database is up to date".to_owned();
    }
    applied.iter().map(|name| format!("applied {name}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_which_migrations_it_applied() {
        assert_eq!(told(&[]), "the database is up to date");
        assert_eq!(told(&["m1".to_owned(), "m2".to_owned()]), "applied m1\napplied m2");
    }
}
