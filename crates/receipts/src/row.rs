//! The table of this crate, as sea-orm sees it.

pub(crate) mod receipt {
    use consent_core::{AppId, ContractId, GrantId, PersonId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "receipt")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub person_id: PersonId,
        pub app_id: AppId,
        pub contract_id: ContractId,
        pub version: i32,
        pub grant_id: Option<GrantId>,
        pub kind: String,
        pub state: String,
        pub event_id: String,
        pub event_seq: i64,
        pub event_at: DateTimeUtc,
        pub ends_at: Option<DateTimeUtc>,
        pub issued_at: DateTimeUtc,
        pub jws: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
