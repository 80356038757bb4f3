//! Reports that are kept: on the disk, sealed, by schedule, and when a component leaves a stage.

mod archive;
mod canonical;
mod exits;
mod reports;
mod schedule;
mod seal;

pub use archive::{Archive, Entry, KEPT_BYTES_MAX};
pub use canonical::canonical;
pub use reports::{Reports, Settings};
pub use schedule::{Every, ScheduleLine};
pub use seal::{
    Claims, Form, SEAL_TYP, Seal, SealFault, Signer, check, digest, sealed_json, sealed_text,
    unseal_json, unseal_text,
};
