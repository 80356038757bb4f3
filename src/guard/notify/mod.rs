//! Tells people and machines what the guard did: a line in the log, figures, and signed notices to
//! webhooks.
//!
//! A notice is put into the [outbox](crate::outbound::Outbox) and arrives at least once, also after
//! a restart; where the disk refuses it, it is sent from memory. It is signed when it leaves, in
//! the scheme of Standard Webhooks, so that the key is never on the disk.

mod figures;
mod kind;
mod line;
mod notice;
mod notifier;
#[cfg(test)]
mod tests;
mod webhook;

pub use figures::GuardFigure;
pub use kind::NoticeKind;
pub use notifier::Notifier;
pub use webhook::{PARCEL_PREFIX, WEBHOOKS_MAX, Webhook, webhook_sources};
