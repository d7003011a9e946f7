//! The tables of the consent event log.

pub(crate) mod consent_event {
    use consent_core::AppId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consent_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub chain: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        pub app_id: AppId,
        pub subject_key: Vec<u8>,
        pub target_key: Vec<u8>,
        pub scope_key: Vec<u8>,
        pub issuer_key: Vec<u8>,
        pub vault_key: Vec<u8>,
        pub stream_key: Vec<u8>,
        pub token: String,
        pub action: Option<bool>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod consent_subject {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consent_subject")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub subject_key: Vec<u8>,
        pub chain: String,
        pub salt: Vec<u8>,
        pub at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod consent_stream {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consent_stream")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub stream_key: Vec<u8>,
        pub subject_key: Vec<u8>,
        pub target_key: Vec<u8>,
        pub scope_key: Vec<u8>,
        pub issuer_key: Vec<u8>,
        pub vault_key: Vec<u8>,
        pub statistic_key: Vec<u8>,
        pub chain: String,
        pub seq: i64,
        pub event_id: String,
        pub created_at: DateTimeUtc,
        pub decision: Option<bool>,
        pub events: i64,
        pub yes: i64,
        pub no: i64,
        pub changes: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod consent_statistic {
    use consent_core::AppId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consent_statistic")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub statistic_key: Vec<u8>,
        pub app_id: AppId,
        pub vault_key: Vec<u8>,
        pub target: String,
        pub scope: String,
        pub events: i64,
        pub yes: i64,
        pub no: i64,
        pub changes: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod consent_request {
    use consent_core::AppId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consent_request")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub app_id: AppId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub key_digest: Vec<u8>,
        pub body_digest: Vec<u8>,
        pub events: String,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
