//! Endpoints of apps, all at one address: they take what they are sent and say so, or say nothing at all.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

use crate::error::{Outcome, failure};

const TAKEN: &[u8] = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// Longer than any signal.
const LONGEST: usize = 64 * 1024;

/// Endpoints `/0`, `/1`, … of which every so-manieth may hang.
pub struct Receivers {
    /// Where they listen.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    hanging: AtomicBool,
    every: usize,
    taken: AtomicUsize,
    arrived: Notify,
}

impl Receivers {
    /// Listens on a free port of this machine; once told to, every `every`-th endpoint never answers.
    pub async fn listen(every: usize) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (hanging, taken) = (AtomicBool::new(false), AtomicUsize::new(0));
        let shared = Arc::new(Shared { hanging, every, taken, arrived: Notify::new() });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { address, shared, accepting })
    }

    /// Whether some of them hang from now on; how much was taken is counted anew.
    pub fn hang(&self, hang: bool) {
        self.shared.hanging.store(hang, Ordering::Relaxed);
        self.shared.taken.store(0, Ordering::Relaxed);
    }

    /// Waits until so many messages were taken.
    pub async fn take(&self, number: usize, patience: Duration) -> Outcome<()> {
        let began = Instant::now();
        loop {
            let arrived = self.shared.arrived.notified();
            let taken = self.shared.taken.load(Ordering::Relaxed);
            if taken >= number {
                return Ok(());
            }
            let left = patience.saturating_sub(began.elapsed());
            if tokio::time::timeout(left, arrived).await.is_err() {
                return Err(failure(format!("{taken} of {number} signals arrived")));
            }
        }
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, shared.clone()));
    }
}

/// Answers one message, or waits until the sender gives up.
async fn answer(mut stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    let mut read = Vec::with_capacity(4096);
    let path = loop {
        if stream.read_buf(&mut read).await.ok()? == 0 || read.len() > LONGEST {
            return None;
        }
        if let Some(path) = complete(&read) {
            break path;
        }
    };
    if shared.hanging.load(Ordering::Relaxed) && path.is_multiple_of(shared.every) {
        // Until it is closed at the other end.
        let _ = stream.read_buf(&mut read).await;
        return None;
    }
    stream.write_all(TAKEN).await.ok()?;
    shared.taken.fetch_add(1, Ordering::Relaxed);
    shared.arrived.notify_waiters();
    Some(())
}

/// The number of the endpoint, once the whole message is there.
fn complete(read: &[u8]) -> Option<usize> {
    let head = read.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&read[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    let path = text.split(' ').nth(1)?.strip_prefix('/')?.parse().ok()?;
    (read.len() >= head + 4 + length).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_complete_with_its_last_byte() {
        let whole = b"POST /17 HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(complete(whole), Some(17));
        assert_eq!(complete(&whole[..whole.len() - 1]), None);
    }
}
