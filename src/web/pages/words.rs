//! Words that several pages have in common.

use std::fmt::Display;

use crate::flags::{Cause, FlagsError};

/// Who or what did something, and why.
pub(super) fn cause_words(cause: &Cause) -> String {
    let noted = |who: String, note: &str| match note.trim() {
        "" => format!("by {who}"),
        note => format!("by {who}: {note}"),
    };
    match cause {
        Cause::Operator { name, note } => noted(name.clone(), note),
        Cause::TwoPeople { asked_by, approved_by, note } => {
            noted(format!("{asked_by} and {approved_by}"), note)
        }
        Cause::Seed => "by its seed file".to_owned(),
        Cause::Guard { trip } => noted("the guard".to_owned(), trip),
        Cause::Schedule { plan } => format!("by the plan {plan}"),
    }
}

/// Why the rules refuse something; the fragment without what it was about.
pub(super) fn refused_words(error: &FlagsError) -> String {
    match error {
        FlagsError::NotAllowed(refusal) => refusal.to_string(),
        other => other.to_string(),
    }
}

/// A fragment as a sentence.
pub(super) fn sentence(fragment: impl Display) -> String {
    let fragment = fragment.to_string();
    let mut rest = fragment.trim_end_matches('.').chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", rest.as_str())
}
