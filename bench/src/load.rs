//! Load: requests that lie ready as bytes, sent over kept connections, one at a time on each. Made to cost
//! little, since it shares its cores with the server.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    error::{Failure, Outcome, failure},
    process::{Cpu, Process},
};

const BUFFER: usize = 128 * 1024;

/// What becomes of the bodies of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bodies {
    /// Kept, in no particular order.
    Keep,
    /// Counted.
    Count,
}

/// How a server did.
#[derive(Debug)]
pub struct Load {
    /// From the first request to the last answer.
    pub wall: Duration,
    /// From request to end of the answer, the quickest first.
    pub latencies: Vec<Duration>,
    /// Bytes of all bodies.
    pub received: u64,
    /// CPU time that the server used meanwhile.
    pub cpu: Duration,
    /// The bodies, where they were to be kept.
    pub bodies: Vec<Vec<u8>>,
}

impl Load {
    /// Answers per second.
    pub fn rate(&self) -> f64 {
        count(self.latencies.len()) / self.wall.as_secs_f64()
    }

    /// CPU seconds of the server for each answer.
    pub fn cpu_each(&self) -> f64 {
        self.cpu.as_secs_f64() / count(self.latencies.len().max(1))
    }

    /// Cores that the server kept busy.
    pub fn cores(&self) -> f64 {
        self.cpu.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// Bytes of all bodies, to reckon with.
    pub fn bytes(&self) -> f64 {
        bytes(self.received)
    }
}

/// What this share of sorted times do not exceed.
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into the list")]
    let at = (count(sorted.len()) * share).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or_default()
}

/// A number of bytes to reckon with.
#[expect(clippy::cast_precision_loss, reason = "bytes here are far below 2^52")]
pub fn bytes(number: u64) -> f64 {
    number as f64
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub fn count(number: usize) -> f64 {
    number as f64
}

/// Sends every request once, `at_once` at a time, each on a connection of its own that is open before the
/// clock starts. Any answer but a success ends it all.
pub async fn drive(
    server: &Process,
    requests: Vec<Vec<u8>>,
    at_once: usize,
    bodies: Bodies,
) -> Outcome<Load> {
    let mut lines = Vec::new();
    for _ in 0..at_once.min(requests.len()) {
        lines.push(Line::open(server.address).await?);
    }
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let (cpu, started) = (Cpu::of(server)?, Instant::now());
    let running: Vec<_> = lines
        .into_iter()
        .map(|line| tokio::spawn(line.work(requests.clone(), next.clone(), bodies)))
        .collect();
    let mut parts = Vec::new();
    for line in running {
        parts.push(line.await??);
    }
    let wall = started.elapsed();
    let mut load = Load { wall, latencies: vec![], received: 0, cpu: cpu.since()?, bodies: vec![] };
    for part in parts {
        load.latencies.extend(part.latencies);
        load.received += part.received;
        load.bodies.extend(part.bodies);
    }
    load.latencies.sort_unstable();
    Ok(load)
}

/// Sends one request whose body is `piece` over and over, `length` bytes in all.
pub async fn send(server: &Process, head: &[u8], piece: &[u8], length: usize) -> Outcome<Load> {
    let mut line = Line::open(server.address).await?;
    let (cpu, started) = (Cpu::of(server)?, Instant::now());
    line.stream.write_all(head).await?;
    let mut left = length;
    while left > 0 {
        let part = &piece[..left.min(piece.len())];
        line.stream.write_all(part).await?;
        left -= part.len();
    }
    line.answer(None).await?;
    let wall = started.elapsed();
    Ok(Load { wall, latencies: vec![wall], received: 0, cpu: cpu.since()?, bodies: vec![] })
}

/// Sends one request on a connection of its own, and reads the answer.
pub async fn once(address: SocketAddr, request: &[u8]) -> Outcome<()> {
    let mut line = Line::open(address).await?;
    line.stream.write_all(request).await?;
    line.answer(None).await.map(drop)
}

/// One connection.
struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Default)]
struct Part {
    latencies: Vec<Duration>,
    received: u64,
    bodies: Vec<Vec<u8>>,
}

impl Line {
    async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; BUFFER] })
    }

    async fn work(
        mut self,
        requests: Arc<Vec<Vec<u8>>>,
        next: Arc<AtomicUsize>,
        bodies: Bodies,
    ) -> Outcome<Part> {
        let mut part = Part::default();
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut body = Vec::new();
            let asked = Instant::now();
            self.stream.write_all(request).await?;
            part.received += self.answer((bodies == Bodies::Keep).then_some(&mut body)).await?;
            part.latencies.push(asked.elapsed());
            if bodies == Bodies::Keep {
                part.bodies.push(body);
            }
        }
        Ok(part)
    }

    /// Reads one answer to its end; how long its body was.
    async fn answer(&mut self, mut keep: Option<&mut Vec<u8>>) -> Outcome<u64> {
        let mut filled = 0;
        let head = loop {
            filled += self.more(filled).await?;
            if let Some(at) = self.buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let Head { status, length } = Head::parse(&self.buffer[..head])?;
        let mut refusal = Vec::new();
        if !(200..400).contains(&status) {
            keep = Some(&mut refusal);
        }
        let mut left = length;
        let (mut from, mut to) = (head, filled);
        loop {
            let piece = &self.buffer[from..to];
            left = left
                .checked_sub(piece.len() as u64)
                .ok_or_else(|| failure("an answer is longer than it says"))?;
            if let Some(kept) = &mut keep {
                kept.extend_from_slice(piece);
            }
            if left == 0 {
                break;
            }
            (from, to) = (0, self.more(0).await?);
        }
        if refusal.is_empty() && (200..400).contains(&status) {
            return Ok(length);
        }
        Err(refused(status, &refusal))
    }

    async fn more(&mut self, filled: usize) -> Outcome<usize> {
        match self.stream.read(&mut self.buffer[filled..]).await? {
            0 => Err(failure("the server closed the connection, or sends a head without end")),
            length => Ok(length),
        }
    }
}

fn refused(status: u16, body: &[u8]) -> Failure {
    let said: String = String::from_utf8_lossy(body).chars().take(300).collect();
    failure(format!("the server answered {status}: {said}"))
}

struct Head {
    status: u16,
    length: u64,
}

impl Head {
    fn parse(bytes: &[u8]) -> Outcome<Self> {
        let text = std::str::from_utf8(bytes)?;
        let status = text.get(9..12).and_then(|digits| digits.parse().ok());
        let status = status.ok_or_else(|| failure("an answer without a status"))?;
        let length = text.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        match length {
            Some(length) => Ok(Self { status, length }),
            None if status == 204 => Ok(Self { status, length: 0 }),
            None => Err(failure("an answer without Content-Length")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_status_and_length() {
        let head = Head::parse(b"HTTP/1.1 201 Created\r\ncontent-Length: 12\r\nx: y\r\n\r\n").unwrap();
        assert_eq!((head.status, head.length), (201, 12));
        assert_eq!(Head::parse(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().length, 0);
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn quantiles_are_of_the_answers_there_were() {
        let latencies: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let load = Load {
            wall: Duration::from_secs(2),
            latencies,
            received: 0,
            cpu: Duration::from_secs(1),
            bodies: vec![],
        };
        assert_eq!(quantile(&load.latencies, 0.5), Duration::from_millis(50));
        assert_eq!(quantile(&load.latencies, 0.99), Duration::from_millis(99));
        assert!((load.rate() - 50.0).abs() < 1e-9 && (load.cores() - 0.5).abs() < 1e-9);
    }
}
