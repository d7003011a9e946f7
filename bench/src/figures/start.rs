//! What an operator sees: how soon it is there, and what it takes while nothing happens.

use std::{fs, time::Duration};

use super::Bench;
use crate::{
    error::Outcome,
    load::bytes,
    raw::median,
    report::{Aim, Figure, MIB, seconds},
};

impl Bench<'_> {
    pub(super) async fn start(&mut self) -> Outcome<Figure> {
        let (mut ready, mut idle) = (Vec::new(), Vec::new());
        let server = &mut self.stage.server;
        for _ in 0..5 {
            server.end()?;
            server.again()?;
            ready.push(server.ready_after.as_secs_f64());
            tokio::time::sleep(Duration::from_secs(3)).await;
            idle.push(bytes(server.memory("VmRSS")?) / MIB);
        }
        let mut figure = Figure::new(
            "start",
            "Start",
            "From starting the process to `listening on …`, five times on the database and keys that the \
             figures before left; memory (`VmRSS`) three seconds later. The binary as it is released.",
        );
        let slowest = ready.iter().copied().fold(0.0, f64::max);
        figure.aimed("ready after, median", median(&mut ready), Aim::Most(0.3), "s");
        figure.row("ready after, at most", seconds(slowest));
        figure.aimed("memory when idle", median(&mut idle), Aim::Most(50.0), "MiB");
        let binary = bytes(fs::metadata(&self.stage.bin)?.len()) / MIB;
        figure.aimed("binary", binary, Aim::Most(40.0), "MiB");
        Ok(figure)
    }
}
