//! The table of this crate, as sea-orm sees it.

pub(crate) mod notice {
    use consent_core::{AppId, GrantId, NoticeId, RowId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: NoticeId,
        pub audience: String,
        pub app_id: AppId,
        pub grant_id: Option<GrantId>,
        pub signal: String,
        pub moment: String,
        pub subject: String,
        pub body: String,
        pub created_at: DateTimeUtc,
        pub state: String,
        pub due_at: Option<DateTimeUtc>,
        pub lease_holder: Option<RowId>,
        pub failed: i32,
        pub ended_at: Option<DateTimeUtc>,
        pub problem: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
