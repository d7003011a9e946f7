//! Single operations: the limits of all limits.

use super::Bench;
use crate::{
    error::Outcome,
    limit::select_cost,
    load::count,
    raw::PIECE,
    report::{Figure, rate, seconds, throughput},
};

impl Bench<'_> {
    pub(super) async fn single_operations(&self) -> Outcome<Figure> {
        let mut figure = Figure::new(
            "raw",
            "Single operations",
            "One thread, one after the other, straight from aws-lc-rs (Argon2id: from `argon2`). The select \
             is that of the limit server, in CPU time, the database's included.",
        );
        for (what, each) in [
            ("RSA-2048 PS512 sign", self.raw.sign()?),
            ("RSA-2048 PS512 verify", self.raw.verify()?),
            ("RSA-2048 OAEP encrypt", self.raw.oaep()?),
            ("X25519 agreement", self.raw.x25519()?),
            ("Argon2id, 64 MiB, 3 passes", self.raw.argon2().await?),
            ("append 4 KiB and wait for the disk", self.raw.fsync(self.stage.folder.path())?),
            (
                "indexed select through sea-orm",
                select_cost(&self.stage.limit_database, self.amount(20_000)).await?,
            ),
        ] {
            figure.row(what, format!("{}, {}", seconds(each), rate(1.0 / each)));
        }
        for (what, each) in [
            ("AES-256-CBC encrypt, 64 KiB at a time", self.raw.cbc(16 * PIECE)? / 16.0),
            ("AES-256-GCM seal, 64 KiB at a time", self.raw.gcm_seal(PIECE)?),
            ("AES-256-GCM open, 64 KiB at a time", self.raw.gcm_open(PIECE)?),
        ] {
            figure.row(what, throughput(count(PIECE) / each));
        }
        Ok(figure)
    }
}
