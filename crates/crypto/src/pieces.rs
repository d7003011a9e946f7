//! Cuts a stream of bytes into pieces of a wanted length, and knows which is the last.

use std::pin::Pin;

use bytes::{Buf as _, Bytes};
use futures_util::{Stream, StreamExt as _, stream::Fuse};

use crate::chunks::TAG_LEN;

/// A piece of a stream.
pub(crate) struct Piece {
    /// As many bytes as were asked for, fewer only if the stream has ended behind them.
    pub(crate) bytes: Vec<u8>,
    /// Whether the stream has ended behind them.
    pub(crate) last: bool,
}

/// A stream of bytes that is read by length instead of by arrival; holds one arrived item at most.
pub(crate) struct Pieces<S> {
    input: Pin<Box<Fuse<S>>>,
    arrived: Bytes,
}

impl<S, E> Pieces<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    pub(crate) fn new(input: S) -> Self {
        Self { input: Box::pin(input.fuse()), arrived: Bytes::new() }
    }

    /// The next `len` bytes, or what is left of the stream.
    pub(crate) async fn next(&mut self, len: usize) -> Result<Piece, E> {
        // A tag fits behind the bytes without moving them.
        let mut bytes = Vec::with_capacity(len + TAG_LEN);
        while bytes.len() < len && self.has_more().await? {
            let part = self.arrived.len().min(len - bytes.len());
            bytes.extend_from_slice(&self.arrived[..part]);
            self.arrived.advance(part);
        }
        Ok(Piece { last: !self.has_more().await?, bytes })
    }

    async fn has_more(&mut self) -> Result<bool, E> {
        while self.arrived.is_empty() {
            match self.input.next().await {
                Some(item) => self.arrived = item?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}
