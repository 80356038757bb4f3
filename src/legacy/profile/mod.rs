//! A legacy validator as a declaration, answered in process.
//!
//! A [`Profile`] says what a validator checks and, above all, what it does not; [`ProfilePath`]
//! answers questions as that validator would. It is a model: the same question with the same
//! memory gets the same answer, and time is the question's own.

mod algorithm;
mod breaker;
#[cfg(test)]
mod catalogue;
mod claims;
mod decode;
mod header;
mod key;
mod memory;
mod path;
mod purpose;
mod rules;
mod stand_in;
mod time;

pub use algorithm::Algorithm;
pub use breaker::BreakerRules;
pub use claims::{Claim, ClaimRules, GrantPart, GrantRules};
pub use decode::{Base64, Duplicates, TokenRules};
pub use header::{CritRule, HeaderRules, KidRule, UnencodedRule};
pub use key::{Key, KeyRules};
pub(super) use memory::Replays;
pub use memory::{CacheRules, Drops, ReplayRules, RevocationRules};
pub use path::ProfilePath;
pub use purpose::{
    AudienceCheck, AudienceRules, EnvironmentRules, IssuerRules, ListRule, TypeRules, Unconfigured,
};
pub use rules::{Failure, Profile, Reasons, Rule};
pub use stand_in::{BypassRules, Identity, InProduction, Rung, Situation};
pub use time::{Boundary, ClockReading, Fraction, TextNumber, TimeClaim, TimeRules};
