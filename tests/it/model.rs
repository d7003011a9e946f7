//! Who may open what: random acts of persons and apps, each of them sometimes cut off between any two statements, beside
//! a model in plain rules. After every act all keys are tried by hand, and open exactly what the model says.
//!
//! Every sequence says its seed; `CONSENT_TEST_SEED` makes it the first one of another run. Where an act is cut off
//! also depends on the machine, so that a failure may need a few runs to show again.

mod book;
mod check;
mod world;

use harness::{TestPlatform, stories};
use world::World;

/// How many sequences, and how many acts in each.
const SEQUENCES: u64 = 8;
const ACTS: usize = 32;

stories! {
    async fn every_secret_opens_what_its_owner_was_given_and_nothing_else(platform: TestPlatform) {
        // Nobody here answers signals, and days go by; an app in default could ask nobody.
        let platform = platform.replica_with(|config| {
            let (signals, patient) = (&mut config.signals, "3000d".parse().unwrap());
            (signals.stop_done_within, signals.revoke_done_within) = (patient, patient);
            signals.erase_done_within = patient;
        }).await;
        let first = seed(&platform);
        for seed in first..first + SEQUENCES {
            println!("CONSENT_TEST_SEED={seed}");
            let mut world = World::new(&platform, seed).await;
            for _ in 0..ACTS {
                world.act().await;
            }
            world.close().await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests' own switch, not the server's configuration")]
fn seed(platform: &TestPlatform) -> u64 {
    let wanted = std::env::var("CONSENT_TEST_SEED").ok();
    let drawn = || u64::from(u32::from_be_bytes(platform.inner.ambient.random()));
    wanted.map_or_else(drawn, |seed| seed.parse().expect("CONSENT_TEST_SEED is a number"))
}
