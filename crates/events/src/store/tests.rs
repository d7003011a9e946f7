mod accesses;
mod chains;
mod checkpoints;
mod consents;
mod erasure;
mod payloads;
mod tampering;
mod upgrade;
