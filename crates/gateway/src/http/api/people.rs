//! Signing up, in, and out.

use actix_web::{HttpResponse, web};
use consent_core::PersonId;
use consent_crypto::{Secret, SecretKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem,
    request::{Body, Place, invalid},
    wire::{Answer, Created, Moment, created},
};
use crate::{
    flows::{self, FlowError, NewPassword, SignedIn},
    http::{error::Refusal, extract::Person},
    platform::Platform,
};

/// Somebody who signs up.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SignUp)]
pub(super) struct SignUpJson {
    email: String,
    /// 10 characters or more.
    #[schema(format = Password)]
    password: String,
    /// What to call her.
    name: Option<String>,
}

/// Somebody who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SignIn)]
pub(super) struct SignInJson {
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// Somebody who lost her password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Recover)]
pub(super) struct RecoverJson {
    email: String,
    /// What she wrote down at sign-up; case, spaces and dashes do not matter.
    recovery_code: String,
    #[schema(format = Password)]
    new_password: String,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChangePassword)]
pub(super) struct ChangePasswordJson {
    #[schema(format = Password)]
    old_password: String,
    #[schema(format = Password)]
    new_password: String,
}

/// The password once more.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PasswordAgain)]
pub(super) struct PasswordJson {
    #[schema(format = Password)]
    password: String,
}

/// Proof of being signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedIn)]
pub(super) struct SignedInJson {
    #[schema(value_type = String)]
    person_id: PersonId,
    /// Send it as `Authorization: Bearer`. It opens the library: keep it secret.
    #[schema(example = "csi_…")]
    token: String,
    /// When it ends unless it is used before.
    expires_at: Moment,
}

/// The same for somebody new, with what opens her library when the password is lost.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedUp)]
pub(super) struct SignedUpJson {
    #[serde(flatten)]
    signed_in: SignedInJson,
    /// Shown this once: write it down. Nobody can make it anew without the password.
    recovery_code: String,
}

/// What opens the library when the password is lost.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecoveryCode)]
pub(super) struct RecoveryCodeJson {
    /// Shown this once: write it down. The one before is void.
    recovery_code: String,
}

impl From<SignedIn> for SignedInJson {
    fn from(SignedIn { sign_in, secret }: SignedIn) -> Self {
        Self { person_id: sign_in.person, token: secret.expose(), expires_at: sign_in.expires_at.into() }
    }
}

/// Signs somebody up.
///
/// Makes her library, which from now on opens with her password, her recovery code or her token, and with nothing
/// else.
#[utoipa::path(
    post, path = "/api/v1/sign-up", tag = "people", operation_id = "signUp", request_body = SignUpJson,
    responses((status = 201, description = "Signed up and signed in", body = SignedUpJson)),
)]
pub(super) async fn sign_up(
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Created<SignedUpJson> {
    let SignUpJson { email, password, name } = body.json()?;
    let new = NewPassword { email: &email, password: &password };
    let made = flows::sign_up(&platform, new, name, place.address(), place.user_agent()).await?;
    let recovery_code = made.recovery_code.expose();
    Ok(created(SignedUpJson { signed_in: made.signed_in.into(), recovery_code }))
}

/// Signs a person in with her password.
#[utoipa::path(
    post, path = "/api/v1/sign-in", tag = "people", operation_id = "signIn", request_body = SignInJson,
    responses((status = 200, description = "Signed in", body = SignedInJson)),
)]
pub(super) async fn sign_in(place: Place, body: Body, platform: web::Data<Platform>) -> Answer<SignedInJson> {
    let SignInJson { email, password } = body.json()?;
    let (address, user_agent) = (place.address(), place.user_agent());
    let signed_in = flows::sign_in(&platform, &email, &password, address, user_agent).await?;
    Ok(web::Json(signed_in.into()))
}

/// Sets a new password with the recovery code.
///
/// Ends all sign-ins; the recovery code stays good.
#[utoipa::path(
    post, path = "/api/v1/recover", tag = "people", operation_id = "recover", request_body = RecoverJson,
    responses((status = 200, description = "Signed in", body = SignedInJson)),
)]
pub(super) async fn recover(place: Place, body: Body, platform: web::Data<Platform>) -> Answer<SignedInJson> {
    let RecoverJson { email, recovery_code, new_password } = body.json()?;
    let code = Secret::parse(SecretKind::RecoveryCode, &recovery_code)
        .map_err(|_| invalid("recoveryCode", "is no recovery code; look for a letter that was misread"))?;
    let new = NewPassword { email: &email, password: &new_password };
    let signed_in = flows::recover(&platform, &code, new, place.address(), place.user_agent()).await;
    Ok(web::Json(signed_in.map_err(about_the_new)?.into()))
}

/// Ends the sign-in that asks.
#[utoipa::path(
    post, path = "/api/v1/sign-out", tag = "people", operation_id = "signOut",
    responses((status = 204, description = "Signed out")),
)]
pub(super) async fn sign_out(who: Person, platform: web::Data<Platform>) -> Result<HttpResponse, Problem> {
    flows::sign_out(&platform, &who.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Replaces the password, and ends all other sign-ins.
#[utoipa::path(
    post, path = "/api/v1/me/password", tag = "people", operation_id = "changePassword",
    request_body = ChangePasswordJson, responses((status = 204, description = "Replaced")),
)]
pub(super) async fn change_password(
    who: Person,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Result<HttpResponse, Problem> {
    let ChangePasswordJson { old_password, new_password } = body.json()?;
    let changed =
        flows::change_password(&platform, &who.0, &old_password, &new_password, place.address()).await;
    changed.map_err(about_the_new)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a new recovery code, which ends the old one.
#[utoipa::path(
    post, path = "/api/v1/me/recovery-code", tag = "people", operation_id = "newRecoveryCode",
    request_body = PasswordJson, responses((status = 200, description = "The new code", body = RecoveryCodeJson)),
)]
pub(super) async fn new_recovery_code(
    who: Person,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<RecoveryCodeJson> {
    let PasswordJson { password } = body.json()?;
    let code = flows::new_recovery_code(&platform, &who.0, &password, place.address()).await?;
    Ok(web::Json(RecoveryCodeJson { recovery_code: code.expose() }))
}

/// What is wrong with a password is wrong with the new one, where there are two.
fn about_the_new(error: FlowError) -> Refusal {
    let mut refusal = Refusal::from(error);
    for (field, _) in refusal.fields.iter_mut().filter(|(field, _)| field == "password") {
        "newPassword".clone_into(field);
    }
    refusal
}
