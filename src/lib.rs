//! Crossfade carries a company from many token validators and socket managers to one of each:
//! both ways answer every question, the answers are compared, traffic moves by percentage, and
//! what goes wrong is taken back.
//!
//! The rooms below are in reading order; `docs/architecture.md` has the floors they stand on.

pub mod authority;
pub mod legacy;
pub mod sockets;

pub mod compare;
pub mod flags;
pub mod guard;
pub mod ledger;
pub mod probe;
pub mod report;
pub mod scan;
pub mod shadow;

pub mod access;

pub mod web;

pub mod app;
pub mod cli;
pub mod config;

pub mod domain;
pub mod outbound;
pub mod store;
