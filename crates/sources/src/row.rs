//! The tables of this crate.

pub mod account {
    use consent_core::{AccountId, LibraryId, ShelfId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "account")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: AccountId,
        pub library_id: LibraryId,
        pub shelf_id: ShelfId,
        pub entity_id: String,
        pub number: i64,
        pub source_id: i64,
        pub kind: String,
        pub reference: String,
        pub sample: bool,
        pub credentials: Vec<u8>,
        pub progress: Option<String>,
        pub lease_holder: Option<String>,
        pub lease_until: Option<DateTimeUtc>,
        pub finished_at: Option<DateTimeUtc>,
        pub problem: Option<Json>,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
