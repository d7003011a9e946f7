//! The tables of this crate, as sea-orm sees them.

pub(crate) mod signal {
    use consent_core::{AppId, ContractId, GrantId, PersonId, RowId};
    use sea_orm::entity::prelude::*;

    use crate::SignalId;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "signal")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub jti: SignalId,
        pub app_id: AppId,
        pub contract_id: Option<ContractId>,
        pub grant_id: Option<GrantId>,
        pub person_id: Option<PersonId>,
        pub subject: Option<String>,
        pub kind: String,
        pub seq: Option<i64>,
        pub txn: String,
        pub jws: String,
        pub jws_sha256: String,
        pub kid: String,
        pub action_at: DateTimeUtc,
        pub issued_at: DateTimeUtc,
        pub endpoint_id: Option<RowId>,
        pub delivery: String,
        pub delivery_since: DateTimeUtc,
        pub due_at: Option<DateTimeUtc>,
        pub lease_holder: Option<RowId>,
        pub failed: i32,
        pub rejected: i32,
        pub attempts: i32,
        pub superseded_by: Option<SignalId>,
        pub obligation: Option<String>,
        pub obligation_since: Option<DateTimeUtc>,
        pub ack_by: Option<DateTimeUtc>,
        pub complete_by: Option<DateTimeUtc>,
        pub backstop_at: Option<DateTimeUtc>,
        pub extended_until: Option<DateTimeUtc>,
        pub expected_at: Option<DateTimeUtc>,
        pub watch_at: Option<DateTimeUtc>,
        pub dead_told_at: Option<DateTimeUtc>,
        pub ack_told_at: Option<DateTimeUtc>,
        pub complete_told_at: Option<DateTimeUtc>,
        pub backstop_told_at: Option<DateTimeUtc>,
        pub noted_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod endpoint {
    use consent_core::{AppId, ContractId, RowId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "signal_endpoint")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RowId,
        pub app_id: AppId,
        pub contract_id: Option<ContractId>,
        pub method: String,
        pub url: Option<String>,
        pub secret: Option<Vec<u8>>,
        pub key_version: i64,
        pub previous: Option<Vec<u8>>,
        pub previous_key_version: i64,
        pub previous_until: Option<DateTimeUtc>,
        pub state: String,
        pub since: DateTimeUtc,
        pub verified_at: Option<DateTimeUtc>,
        pub failures: i32,
        pub open_until: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod attempt {
    use sea_orm::entity::prelude::*;

    use crate::SignalId;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "signal_attempt")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub jti: SignalId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub road: String,
        pub at: DateTimeUtc,
        pub host: Option<String>,
        pub ip: Option<String>,
        pub status: Option<i32>,
        pub duration_ms: Option<i64>,
        pub answer_sha256: Option<String>,
        pub outcome: Option<String>,
        pub problem: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod report {
    use consent_core::AppId;
    use sea_orm::entity::prelude::*;

    use crate::SignalId;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "signal_report")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub app_id: AppId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub jti: String,
        pub set_jti: SignalId,
        pub said: String,
        pub standing: String,
        pub obligation: String,
        pub jws: String,
        pub jws_sha256: String,
        pub received_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
