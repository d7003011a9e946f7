//! Clients that this process has read before.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use sea_orm::ConnectionTrait;

use crate::{Client, ContractsError, find_client};

/// Beyond this many, all are forgotten; the living ones come back with their next request.
const CAPACITY: usize = 1000;

/// Clients by `client_id`, parsed. One is good only as long as the revision of its contract, which whoever asks has
/// just read, is still the one it was read at: what another replica changes counts at once.
#[derive(Debug, Default)]
pub struct Clients(RwLock<HashMap<String, Arc<Client>>>);

impl Clients {
    /// The client of this `client_id`, whose contract is at `revision` now; refused as by [`find_client`].
    pub async fn find(
        &self,
        db: &impl ConnectionTrait,
        client_id: &str,
        revision: i64,
    ) -> Result<Arc<Client>, ContractsError> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(client_id).cloned();
        if let Some(client) = known.filter(|client| client.revision == revision) {
            return Ok(client);
        }
        let client = Arc::new(find_client(db, client_id).await?);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= CAPACITY {
            all.clear();
        }
        all.insert(client_id.to_owned(), client.clone());
        Ok(client)
    }
}
