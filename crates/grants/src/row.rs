//! The tables of this crate.

pub mod grant {
    use consent_core::{AppId, ContractId, GrantId, LibraryId, PersonId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "consent_grant")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: GrantId,
        pub person_id: PersonId,
        pub library_id: LibraryId,
        pub app_id: AppId,
        pub contract_id: ContractId,
        pub version: i32,
        pub text_hash: String,
        pub choices: Json,
        pub stage: String,
        pub stage_at: DateTimeUtc,
        pub seq: i64,
        pub epoch: i64,
        pub storage_id: Option<String>,
        pub created_at: DateTimeUtc,
        pub expires_at: Option<DateTimeUtc>,
        pub resume_asked_at: Option<DateTimeUtc>,
        pub resume_reason: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod change {
    use consent_core::GrantId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "grant_change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub grant_id: GrantId,
        pub noted_version: Option<i32>,
        pub declined_version: Option<i32>,
        pub declined_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod narrowing {
    use consent_core::{ContractId, GrantId, RowId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "contract_narrowing")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub contract_id: ContractId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i32,
        pub after_grant: Option<GrantId>,
        pub lease_holder: Option<RowId>,
        pub lease_until: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
