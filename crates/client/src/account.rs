//! What the server knows: the person's accounts, and the contract itself.

use serde::Deserialize;
use serde_json::Value;

use crate::{AccessToken, App, ClientError};

/// An account that a person connected.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Id on the wire: number of the service type, `_`, the service's own id.
    pub id: String,
    /// What the browser brought back as `accountReference`.
    pub reference: String,
    /// Such as `USER` or `BANK`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was connected, ms since the epoch.
    pub created_date: i64,
    /// When it last changed, ms since the epoch.
    pub updated_date: i64,
    /// Number of the service group.
    pub service_group_id: i64,
    /// Its name.
    pub service_group_name: String,
    /// Number of the service type.
    pub service_type_id: i64,
    /// Its name.
    pub service_type_name: String,
    /// Its name in lower case.
    pub service_type_reference: String,
    /// Number of the source in the catalogue.
    pub source_id: i64,
    /// Whether the service still lets us in.
    pub access_token_status: Option<AccountTokenStatus>,
    /// Name of the service.
    pub service_provider_name: Option<String>,
    /// Name of the person at the service.
    pub username: Option<String>,
    /// Whether it holds sample data.
    pub sample: Option<bool>,
}

/// Whether a service still lets us in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountTokenStatus {
    /// Whether it does.
    pub authorized: bool,
    /// Until when.
    pub expires_at: Option<i64>,
}

/// The contract that the app acts under.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractDetails {
    /// Its id.
    pub id: String,
    /// `r` reads, `w` writes.
    pub access_type: String,
    /// The app it belongs to.
    pub application: Application,
    /// Its signed form: base64 of a DER X.509 certificate when `kind` is `x509`.
    pub certificate: String,
    /// Version of what the certificate holds.
    pub certificate_contract_schema_version: String,
    /// Its end, ms since the epoch.
    pub expiration_date: i64,
    /// Who is responsible for the app.
    pub partner_id: String,
    /// Form of the certificate.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The app that a contract belongs to.
#[derive(Debug, Clone, Deserialize)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its links and pictures.
    pub resources: Value,
    /// Number of its state.
    pub status: i64,
}

impl App {
    /// The accounts of the person behind the token, as far as the grant covers them.
    pub async fn accounts(&self, access: &AccessToken) -> Result<Vec<Account>, ClientError> {
        self.get_json("v1.7/permission-access/accounts", &[("access_token", access.expose())]).await
    }

    /// The contract that this app acts under.
    pub async fn contract(&self) -> Result<ContractDetails, ClientError> {
        self.get_json("v1.7/permission-access/contract", &[]).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::{Mock, ResponseTemplate, matchers::path};

    use crate::testing::{Fake, names};

    #[tokio::test]
    async fn a_contract_is_asked_for_without_a_token() {
        let fake = Fake::start().await;
        let contract = json!({
            "accessType": "r", "application": {"id": "a", "name": "Diary", "resources": {}, "status": 1},
            "certificate": "MA==", "certificateContractSchemaVersion": "5.0.0", "expirationDate": 9, "id": "c",
            "partnerId": "p", "type": "x509",
        });
        let answer = ResponseTemplate::new(200).set_body_json(contract);
        Mock::given(path("/v1.7/permission-access/contract")).respond_with(answer).mount(&fake.server).await;
        assert_eq!(fake.app.contract().await.unwrap().application.name, "Diary");
        assert_eq!(names(&fake.claims().await[0]), "client_id nonce timestamp");
    }

    #[tokio::test]
    async fn accounts_may_lack_what_is_optional() {
        let fake = Fake::start().await;
        let account = json!({
            "id": "19_x", "reference": "r", "type": "USER", "createdDate": 1, "updatedDate": 2, "serviceGroupId": 5,
            "serviceGroupName": "Entertainment", "serviceTypeId": 19, "serviceTypeName": "Spotify",
            "serviceTypeReference": "spotify", "sourceId": 16,
        });
        let answer = ResponseTemplate::new(200).set_body_json(json!([account]));
        Mock::given(path("/v1.7/permission-access/accounts")).respond_with(answer).mount(&fake.server).await;
        let accounts = fake.app.accounts(&"t".into()).await.unwrap();
        assert_eq!((accounts[0].kind.as_str(), accounts[0].source_id), ("USER", 16));
    }
}
