//! A mail server that keeps what it is given, or behaves as badly as a test wants.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How a mail server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// Takes every mail.
    Takes,
    /// Refuses every mailbox, for good.
    Refuses,
    /// Says: later.
    Busy,
    /// Takes the connection and never says a word.
    Hangs,
    /// Takes a mail and is gone before it has said so.
    BreaksOff,
}

/// A mail that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Whose it is.
    pub to: String,
    /// Headers and text.
    pub text: String,
}

/// A mail server.
pub struct MailServer {
    /// Where it is: `smtp://127.0.0.1:…`.
    pub url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    manners: Mutex<Manners>,
    letters: Mutex<Vec<Letter>>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MailServer {
    /// One on a free port of this machine.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("smtp://{}", listener.local_addr().expect("bound"));
        let shared =
            Arc::new(Shared { manners: Mutex::new(Manners::Takes), letters: Mutex::new(Vec::new()) });
        let served = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = served.clone();
                // Whoever breaks off is gone; what it gave before is kept.
                tokio::spawn(async move { shared.talk(stream).await });
            }
        });
        Self { url, shared, task }
    }

    /// From now on it behaves like this.
    ///
    /// # Panics
    ///
    /// Never: nobody panics while holding the lock.
    pub fn behaves(&self, manners: Manners) {
        *self.shared.manners.lock().expect("nobody panics") = manners;
    }

    /// What came so far, in order.
    ///
    /// # Panics
    ///
    /// Never: nobody panics while holding the lock.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.shared.letters.lock().expect("nobody panics").clone()
    }
}

impl Shared {
    fn manners(&self) -> Manners {
        *self.manners.lock().expect("nobody panics")
    }

    /// Speaks as much of RFC 5321 as a client of ours needs.
    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let manners = self.manners();
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        if manners == Manners::Hangs {
            while lines.next_line().await?.is_some() {}
            return Ok(());
        }
        writer.write_all(b"220 mail.example\r\n").await?;
        let mut to = String::new();
        while let Some(line) = lines.next_line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "MAIL" if manners == Manners::Busy => "451 later",
                "RCPT" if manners == Manners::Refuses => "550 nobody has this name",
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    "250 known"
                }
                "DATA" => {
                    writer.write_all(b"354 go on\r\n").await?;
                    let mut text = String::new();
                    while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                        text.push_str(line.strip_prefix('.').unwrap_or(&line));
                        text.push('\n');
                    }
                    // Lines that were broken for the way are whole again (RFC 2045, 6.7).
                    let letter = Letter { to: to.clone(), text: text.replace("=\n", "") };
                    self.letters.lock().expect("nobody panics").push(letter);
                    if manners == Manners::BreaksOff {
                        return Ok(());
                    }
                    "250 taken"
                }
                "QUIT" => "221 farewell",
                _ => "250 mail.example",
            };
            writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(())
    }
}
