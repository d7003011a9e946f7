//! An app that did not do in time what it was told gets no new consents, until it has answered or an operator has closed
//! the case. What people share with it already goes on as it is.

use consent_contracts::App;
use sea_orm::ConnectionTrait;

use super::FlowError;

/// Refuses a new consent to an app that has something overdue.
pub async fn refuse_in_default(db: &impl ConnectionTrait, app: &App) -> Result<(), FlowError> {
    if consent_signals::is_in_default(db, &app.id).await? {
        return Err(FlowError::InDefault { app: app.name.clone() });
    }
    Ok(())
}
