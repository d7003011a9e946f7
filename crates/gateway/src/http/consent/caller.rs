//! Who calls: the app that the bearer token speaks for.

use std::pin::Pin;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use consent_contracts::App;

use super::error::ConsentError;
use crate::{
    flows::{self, FlowError},
    http::extract::{bearer, platform},
};

/// The app that calls. `x-api-key`, which some clients send as well, says nothing that counts.
#[derive(Debug)]
pub(super) struct Caller(pub App);

impl FromRequest for Caller {
    type Error = ConsentError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ConsentError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let text = bearer(&request).ok_or(FlowError::UnknownCredentials)?;
            Ok(Self(flows::app_of_bearer(&platform(&request), text).await?))
        })
    }
}
