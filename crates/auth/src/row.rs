//! The tables of this crate.

pub mod request {
    use consent_core::{AppId, ContractId, GrantId, PersonId, RequestId, SessionId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "authorization_request")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RequestId,
        pub digest: Vec<u8>,
        pub kind: String,
        pub app_id: AppId,
        pub contract_id: ContractId,
        pub kid: String,
        pub redirect_uri: String,
        pub state: Option<String>,
        pub challenge: Option<String>,
        pub hint_grant_id: Option<GrantId>,
        pub session_id: SessionId,
        pub touched_at: DateTimeUtc,
        pub decided_at: Option<DateTimeUtc>,
        pub answered_by: Option<PersonId>,
        pub answer_grant_id: Option<GrantId>,
        pub storage: Option<String>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod code {
    use consent_core::{AppId, ContractId, GrantId, RowId, SessionId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "authorization_code")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RowId,
        pub digest: Vec<u8>,
        pub app_id: AppId,
        pub contract_id: ContractId,
        pub grant_id: GrantId,
        pub session_id: SessionId,
        pub redirect_uri: String,
        pub challenge: String,
        pub used_at: Option<DateTimeUtc>,
        pub family: Option<Vec<u8>>,
        pub expires_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod family {
    use consent_core::{ContractId, GrantId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "token_family")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: Vec<u8>,
        pub grant_id: GrantId,
        pub contract_id: ContractId,
        pub revoked_at: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod pair {
    use consent_core::{ContractId, GrantId, RowId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "token_pair")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RowId,
        pub family: Vec<u8>,
        pub grant_id: GrantId,
        pub contract_id: ContractId,
        pub access_digest: Vec<u8>,
        pub refresh_digest: Vec<u8>,
        pub access_expires_at: DateTimeUtc,
        pub refresh_expires_at: DateTimeUtc,
        pub first_used_at: Option<DateTimeUtc>,
        pub successor_id: Option<RowId>,
        pub successor: Option<Vec<u8>>,
        pub retire_at: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod handle {
    use consent_core::ContractId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "handle")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: Vec<u8>,
        pub contract_id: ContractId,
        pub kind: String,
        pub target: String,
        pub expires_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod nonce {
    use consent_core::ContractId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "nonce")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub contract_id: ContractId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub nonce: String,
        pub expires_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod app_token {
    use consent_core::AppId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "app_token")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: Vec<u8>,
        pub kind: String,
        pub app_id: AppId,
        pub epoch: i64,
        pub expires_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
