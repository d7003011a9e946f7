#![doc = include_str!("../README.md")]

mod actor;
mod ambient;
mod counter;
mod id;
mod lock;
mod page;
mod scope;
pub mod taxonomy;
#[cfg(feature = "testing")]
pub mod testing;

pub use actor::Actor;
pub use ambient::{Ambient, Clock, Entropy};
pub use counter::Counter;
pub use id::{
    AccountId, AppId, ContractId, FileId, GrantId, IdError, LibraryId, NoticeId, PersonId, RequestId, RowId,
    SessionId, ShelfId, SignInId, TypedId,
};
pub use lock::{OpenOwner, Owner};
pub use page::{Cursor, Page};
pub use scope::{
    AccountRef, Criterion, CriterionMetadata, Last, OutOfBounds, Period, ResolvedRange, Scope, ScopeError,
    ServiceGroup, ServiceObjectType, ServiceType, TimeRange,
};
