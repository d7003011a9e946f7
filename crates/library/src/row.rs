//! The tables of this crate.

pub mod library {
    use consent_core::{LibraryId, PersonId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "library")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: LibraryId,
        pub person_id: PersonId,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod slot {
    use consent_core::{LibraryId, RowId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "slot")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RowId,
        pub library_id: LibraryId,
        pub owner_id: String,
        pub kind: String,
        pub holder: String,
        pub not_after: Option<DateTimeUtc>,
        pub sealed: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod shelf {
    use consent_core::{LibraryId, ShelfId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "shelf")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ShelfId,
        pub library_id: LibraryId,
        pub kind: String,
        pub drop_public: Vec<u8>,
        pub drop_wrapped: Vec<u8>,
        pub read_wrapped: Vec<u8>,
        pub connect_wrapped: Vec<u8>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod grant_key {
    use consent_core::{GrantId, LibraryId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "grant_key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub grant_id: GrantId,
        pub library_id: LibraryId,
        pub wrapped: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod grant_shelf {
    use consent_core::{GrantId, LibraryId, ShelfId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "grant_shelf")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub grant_id: GrantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub shelf_id: ShelfId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub usage: String,
        pub library_id: LibraryId,
        pub wrapped: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod file {
    use consent_core::{FileId, LibraryId, ShelfId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "file")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: FileId,
        pub library_id: LibraryId,
        pub shelf_id: ShelfId,
        pub kind: String,
        pub name: String,
        pub service_group: Option<i64>,
        pub service_type: Option<i64>,
        pub object_type: Option<i64>,
        pub period: Option<String>,
        pub stored_bytes: i64,
        pub sealed_key: Vec<u8>,
        pub sealed_metadata: Vec<u8>,
        pub updated_at: DateTimeUtc,
        pub superseded_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod doomed_blob {
    use consent_core::{FileId, LibraryId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "doomed_blob")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub file_id: FileId,
        pub library_id: LibraryId,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
