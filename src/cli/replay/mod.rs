//! `crossfade replay`: both sides answer yesterday's questions, offline.
//!
//! A recording is a text file with one JSON object a line (NDJSON):
//!
//! | member | | |
//! |---|---|---|
//! | `at` | required | when it was asked: RFC 3339, or seconds since 1970 |
//! | `token` | this | the bare token |
//! | `headers` | or this | the request's headers, `[["name", "value"], ...]` |
//! | `method`, `target` | with `headers` | the request line's; default `GET` and `/` |
//! | `component` | optional | default `http-auth` |
//! | `legacy` | optional | what legacy really answered, see below |
//! | `note` | optional | free text, ignored |
//!
//! `legacy` is `{"decision": "allow", "subject": ..., "scopes": [...], "token_type": ...}` or
//! `{"decision": "deny", "reason": ...}`, either with `took_us`, the answer's latency in
//! microseconds. What is left out was not told and is not compared. A line without `legacy` is
//! put to a model of a legacy validator instead.
//!
//! Any other member is an error. A bad line is counted, reported by its number and left out; no
//! complaint quotes what is in it. Time is the lines' own: nothing here reads a clock but to say
//! how long it took.

mod args;
mod error;
mod fault;
mod judge;
mod line;
mod progress;
mod reader;
mod run;
mod sides;

pub use args::{Format, Named, ReplayArgs};
pub use error::ReplayError;
pub(in crate::cli) use progress::grouped;
pub use run::{run, run_on};
