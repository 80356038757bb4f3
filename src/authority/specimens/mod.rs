//! Kinds of token, honest and hostile, made on demand: what the test suite, the verdict table of
//! the legacy profiles, replays and the demonstration's traffic are fed with.
//!
//! The claims are those of the system that the profiles model. Every kind says what a strict
//! authority with the settings of [`Mint::settings`] must answer.

mod bench;
mod claims;
mod encoding;
mod fresh;
mod further;
mod header;
mod kind;
mod mint;
mod purpose;
mod request;
mod shape;
mod signature;
mod time;

pub use kind::{Expected, Specimen, corpus, crossed, kinds, one};
pub use mint::Mint;

#[cfg(test)]
mod tests;
