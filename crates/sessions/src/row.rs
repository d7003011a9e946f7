//! The tables of this crate.

pub mod session {
    use consent_core::{AppId, ContractId, GrantId, SessionId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "session")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: SessionId,
        pub digest: Vec<u8>,
        pub app_id: AppId,
        pub contract_id: ContractId,
        pub grant_id: Option<GrantId>,
        pub family: Option<Vec<u8>>,
        pub scope: Json,
        pub options: Json,
        pub state: String,
        pub outcome: Option<Json>,
        pub shelves: Option<Json>,
        pub started_at: Option<DateTimeUtc>,
        pub ended_at: Option<DateTimeUtc>,
        pub expires_at: DateTimeUtc,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
