//! The tables of this crate.

pub mod app {
    use chrono::{DateTime, Utc};
    use consent_core::AppId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "app")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: AppId,
        pub name: String,
        pub partner_id: String,
        pub contact: String,
        pub description: Option<String>,
        pub website: Option<String>,
        pub stage: String,
        pub stage_at: Option<DateTime<Utc>>,
        #[sea_orm(column_type = "Blob")]
        pub api_key_digest: Vec<u8>,
        pub created_at: DateTime<Utc>,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub controller: Option<Json>,
        pub credential_epoch: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod contract {
    use chrono::{DateTime, Utc};
    use consent_core::{AppId, ContractId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "contract")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ContractId,
        pub app_id: AppId,
        pub client_id: String,
        pub newest_version: i32,
        pub published_version: Option<i32>,
        pub retired_at: Option<DateTime<Utc>>,
        pub created_at: DateTime<Utc>,
        /// Kept by triggers.
        pub revision: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::app::Entity", from = "Column::AppId", to = "super::app::Column::Id")]
        App,
        #[sea_orm(
            belongs_to = "super::version::Entity",
            from = "(Column::Id, Column::PublishedVersion)",
            to = "(super::version::Column::ContractId, super::version::Column::Version)"
        )]
        Published,
    }

    impl Related<super::app::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::App.def()
        }
    }

    impl Related<super::version::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Published.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod version {
    use chrono::{DateTime, Utc};
    use consent_core::ContractId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "contract_version")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub contract_id: ContractId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i32,
        #[sea_orm(column_type = "JsonBinary")]
        pub document: Json,
        pub text_hash: String,
        pub published_at: Option<DateTime<Utc>>,
        pub created_at: DateTime<Utc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::contract::Entity",
            from = "Column::ContractId",
            to = "super::contract::Column::Id"
        )]
        Contract,
    }

    impl Related<super::contract::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Contract.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod key {
    use chrono::{DateTime, Utc};
    use consent_core::ContractId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "contract_key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub contract_id: ContractId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kid: String,
        pub public_pem: String,
        pub created_at: DateTime<Utc>,
        pub retire_at: Option<DateTime<Utc>>,
        pub compromised_at: Option<DateTime<Utc>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
