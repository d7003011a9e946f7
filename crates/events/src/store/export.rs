//! Takes a chain away, as a file that can be checked anywhere.

use consent_core::Cursor;
use consent_crypto::digest::hex;
use consent_store::Database;
use serde::Serialize;

use super::{
    checkpoint::list_checkpoints,
    list::{Stored, head, stored},
    verify::{PAGE, payloads},
};
use crate::{
    ChainId, EventsError, Head,
    row::event_payload,
    verify::{CheckpointLine, EventLine, HeadLine, Header},
};

/// The export of a chain under way, which ends at the head that the chain had when it began.
#[derive(Debug)]
pub struct Export {
    db: Database,
    chain: ChainId,
    head: Option<Head>,
    /// The last event that was written; none before the header.
    after: Option<i64>,
}

impl Export {
    /// Begins the export of a chain.
    pub async fn begin(db: &Database, chain: impl Into<ChainId>) -> Result<Self, EventsError> {
        let chain = chain.into();
        let head = head(db, &chain).await?;
        Ok(Self { db: db.clone(), chain, head, after: None })
    }

    /// The next piece of the file, some whole lines; none at its end.
    pub async fn next(&mut self) -> Result<Option<String>, EventsError> {
        let Some(after) = self.after else {
            self.after = Some(0);
            return self.beginning().await.map(Some);
        };
        let left = self.head.as_ref().map_or(0, |head| head.seq - after);
        let rows = match u64::try_from(left) {
            Ok(left) if left > 0 => stored(&self.db, &self.chain, after, left.min(PAGE)).await?,
            _ => Vec::new(),
        };
        let Some(last) = rows.last().map(|row| row.seq) else { return Ok(None) };
        let payloads = payloads(&self.db, &self.chain, after, last).await?;
        let mut piece = String::new();
        for row in rows {
            let payload = payloads.get(&row.seq);
            add(&mut piece, &event_line(row, payload));
        }
        self.after = Some(last);
        Ok(Some(piece))
    }

    /// The header and the checkpoints that the events go through.
    async fn beginning(&self) -> Result<String, EventsError> {
        let head = self.head.as_ref().map(|head| HeadLine { id: head.id.clone(), seq: head.seq });
        let end = head.as_ref().map_or(0, |head| head.seq);
        let mut lines = String::new();
        add(&mut lines, &Header::new(self.chain.clone(), head));
        let mut cursor = Cursor::new(None, Some(200));
        loop {
            let page = list_checkpoints(&self.db, &self.chain, &cursor).await?;
            for signed in page.items.into_iter().filter(|signed| signed.checkpoint.seq <= end) {
                add(&mut lines, &CheckpointLine { checkpoint: signed.jws });
            }
            cursor.after = page.next;
            if cursor.after.is_none() {
                return Ok(lines);
            }
        }
    }
}

fn event_line(row: Stored, payload: Option<&event_payload::Model>) -> EventLine {
    EventLine {
        id: row.id,
        body: row.body,
        payload: payload.map(|row| row.payload.clone()),
        salt: payload.map(|row| hex(&row.salt)),
    }
}

fn add(lines: &mut String, line: &impl Serialize) {
    lines.push_str(&serde_json::to_string(line).expect("texts and numbers are JSON"));
    lines.push('\n');
}
