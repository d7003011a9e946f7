//! Published test vectors, sent through this crate's own functions: those of RFCs, and Project Wycheproof's, which
//! collects what implementations got wrong. Each test says how many it ran, so that none is left out unnoticed.

mod ciphers;
mod derivation;
mod rsa;
mod sealing;
mod text;
