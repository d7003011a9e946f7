//! Files that are larger than memory should ever hold.

use std::time::Duration;

use super::{Bench, RUNS, Runs};
use crate::{
    door::{Reader, upload_path},
    error::{Outcome, failure},
    load::{Load, bytes, count, send},
    raw::{PIECE, Raw, median},
    report::{Aim, Figure, MIB, kib, seconds, throughput},
    requests,
};

/// 1 GiB.
const LARGE: usize = 1 << 30;
/// Not a whole number of pieces.
const SMALL: usize = (3 << 20) + 5;

const MEMORY: &str = "Memory: the most that the process held during the runs (`VmHWM`) less what it holds \
                      when it has just been started and has passed a file of 3 MiB (`VmRSS`).";

/// What the runs are held against.
struct Beside {
    /// Memory before them, in bytes.
    idle: u64,
    /// AES-256-CBC of one thread beside each, bytes a second.
    cbc: Vec<f64>,
}

impl Bench<'_> {
    pub(super) async fn upload_large(&mut self) -> Outcome<Figure> {
        let length = self.amount(LARGE);
        self.restart()?;
        let (stage, person, piece) = (&self.stage, &self.stage.people[2], vec![7; PIECE]);
        stage.door.upload(person, "small", "application/octet-stream", small()).await?;
        let (mut runs, mut beside) = (Runs::default(), self.settled().await?);
        let (mut gcm, mut disk) = (Vec::new(), Vec::new());
        for run in 0..RUNS {
            gcm.push(count(PIECE) / self.raw.gcm_seal(PIECE)?);
            disk.push(count(length) / Raw::disk(stage.folder.path(), length)?);
            beside.cbc.push(self.cbc()?);
            let head = requests::upload(&upload_path(&format!("large-{run}")), person, length);
            runs.0.push(send(&stage.server, &head, &piece, length).await?);
        }
        let definition = "A person's own file by the API, one at a time, sealed and on the disk when it is \
                          answered. Against AES-256-CBC, single-thread, 64 KiB at a time, as for the fetch; \
                          and beside what an upload is made of: AES-256-GCM of one thread, and writing as \
                          many bytes to a file and waiting for the disk.";
        let mut figure = Figure::new("upload-large", "Upload of 1 GiB", format!("{definition} {MEMORY}"));
        self.describe_large(&mut figure, &runs, beside, length, 0.5)?;
        figure.row("AES-256-GCM seal, one thread", throughput(median(&mut gcm)));
        figure.row("writing to the disk", throughput(median(&mut disk)));
        Ok(figure)
    }

    pub(super) async fn fetch_large(&mut self) -> Outcome<Figure> {
        let length = self.amount(LARGE);
        let (stage, person) = (&self.stage, &self.stage.people[3]);
        stage.door.upload(person, "small", "application/octet-stream", small()).await?;
        let head = requests::upload(&upload_path("large"), person, length);
        send(&stage.server, &head, &vec![7; PIECE], length).await?;
        let reader = stage.door.consent(&stage.raw_app().await?, person).await?;
        self.restart()?;
        let large = find_large(&reader, length).await?;
        let (mut runs, mut beside) = (Runs::default(), self.settled().await?);
        for _ in 0..RUNS {
            beside.cbc.push(self.cbc()?);
            let requests = reader.reading(1, |_| format!("{}/{large}", reader.list_path()))?;
            runs.run(&self.stage.server, requests, 1).await?;
        }
        let expected = (length / 16 + 1) * 16 + 272;
        if runs.0.iter().any(|load| load.received != expected as u64) {
            return Err(failure(format!("a fetch was not {expected} bytes long")));
        }
        let definition = "One raw file, one at a time, read and dropped by the client; its length is \
                          checked, and a file of 3 MiB is opened and compared. Against AES-256-CBC, \
                          single-thread, 64 KiB at a time.";
        let mut figure = Figure::new("fetch-large", "Fetch of 1 GiB", format!("{definition} {MEMORY}"));
        self.describe_large(&mut figure, &runs, beside, length, 0.6)?;
        Ok(figure)
    }

    fn restart(&mut self) -> Outcome<()> {
        self.stage.server.end()?;
        self.stage.server.again()
    }

    /// Lets the server come to rest and looks at its memory.
    async fn settled(&self) -> Outcome<Beside> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let idle = self.stage.server.memory("VmRSS")?;
        self.stage.server.forget_peak()?;
        Ok(Beside { idle, cbc: Vec::new() })
    }

    fn cbc(&self) -> Outcome<f64> {
        Ok(16.0 * count(PIECE) / self.raw.cbc(16 * PIECE)?)
    }

    fn describe_large(
        &self,
        figure: &mut Figure,
        runs: &Runs,
        mut beside: Beside,
        length: usize,
        aim: f64,
    ) -> Outcome<()> {
        let rate = |load: &Load| count(length) / load.wall.as_secs_f64();
        if self.quick {
            figure.row("bytes, as this is a first look", format!("{:.0} MiB", count(length) / MIB));
        }
        figure.row("throughput", throughput(runs.median(rate)));
        figure.row("cores that the server used", format!("{:.2}", runs.median(Load::cores)));
        let cpu = runs.median(|load| load.cpu.as_secs_f64() * MIB / count(length));
        figure.row("CPU of the server for each MiB", seconds(cpu));
        let ratios = runs.0.iter().zip(&beside.cbc).map(|(load, cbc)| rate(load) / cbc);
        let ratio = median(&mut ratios.collect::<Vec<_>>());
        figure.row("AES-256-CBC, one thread", throughput(median(&mut beside.cbc)));
        figure.aimed("throughput against AES-256-CBC", ratio, Aim::Least(aim), "");
        let above = self.stage.server.memory("VmHWM")?.saturating_sub(beside.idle);
        figure.row("memory when idle", kib(bytes(beside.idle)));
        figure.aimed("memory above idle, at most", bytes(above) / MIB, Aim::Most(32.0), "MiB");
        Ok(())
    }
}

fn small() -> Vec<u8> {
    (0..SMALL).map(|at| at.to_le_bytes()[0]).collect()
}

/// Which of two files is the large one; the other has to hold what was uploaded.
async fn find_large(reader: &Reader, length: usize) -> Outcome<String> {
    let mut large = None;
    for name in &reader.files {
        match reader.size(name).await? {
            size if size == length as u64 => large = Some(name.clone()),
            _ if reader.open(name).await? == small() => {}
            _ => return Err(failure("a file is not what was uploaded")),
        }
    }
    large.filter(|_| reader.files.len() == 2).ok_or_else(|| failure("the large file is not listed"))
}
