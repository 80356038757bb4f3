//! What happened to a component, as marks on the time axis of its charts.

use crate::domain::Timestamp;
use crate::flags::{Cause, Flag, HistoryRow, Stage};
use crate::ledger::Span;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// Ssot serves more than before, or the stage is a later one.
    Raised,
    /// Less, or an earlier one, without a latch.
    Lowered,
    /// Taken back, and latched.
    RolledBack,
    /// Nothing may be raised.
    Held,
    /// A latch or a hold is gone.
    Released,
    /// Anything else: settings, limits, accepted differences.
    Other,
}

impl MarkKind {
    /// `raised`, `lowered`, `rolled-back`, `held`, `released` or `other`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Lowered => "lowered",
            Self::RolledBack => "rolled-back",
            Self::Held => "held",
            Self::Released => "released",
            Self::Other => "other",
        }
    }
}

/// The changes of a component within a span, in the order of its history: when, what kind, and
/// what in a few words with who and why.
pub fn marks<'h>(
    history: impl IntoIterator<Item = &'h HistoryRow>,
    span: Span,
) -> Vec<(Timestamp, MarkKind, String)> {
    let inside = |row: &&HistoryRow| span.from <= row.at && row.at < span.to;
    let mark = |row: &HistoryRow| {
        let (kind, what) = change(row.before.as_ref(), &row.after);
        (row.at, kind, format!("{what} {}", by(&row.cause)))
    };
    history.into_iter().filter(inside).map(mark).collect()
}

fn change(before: Option<&Flag>, after: &Flag) -> (MarkKind, String) {
    let Some(before) = before else {
        return (MarkKind::Other, format!("created as {}", place(after.stage)));
    };
    if after.latch.is_some() && after.latch != before.latch {
        (MarkKind::RolledBack, format!("rolled back to {}", place(after.stage)))
    } else if after.stage > before.stage {
        (MarkKind::Raised, format!("raised to {}", place(after.stage)))
    } else if after.stage < before.stage {
        (MarkKind::Lowered, format!("lowered to {}", place(after.stage)))
    } else if after.hold.is_some() && before.hold.is_none() {
        (MarkKind::Held, "held".to_owned())
    } else if before.latch.is_some() && after.latch.is_none() {
        (MarkKind::Released, "latch released".to_owned())
    } else if before.hold.is_some() && after.hold.is_none() {
        (MarkKind::Released, "hold released".to_owned())
    } else if before.accepted != after.accepted {
        (MarkKind::Other, "accepted differences changed".to_owned())
    } else {
        (MarkKind::Other, "settings changed".to_owned())
    }
}

/// `10 %`, or the name of a stage that has no share of its own.
fn place(stage: Stage) -> String {
    match stage {
        Stage::Canary(share) => share.to_string(),
        Stage::Off | Stage::Shadow | Stage::Live | Stage::Sealed | Stage::Complete => {
            stage.name().to_owned()
        }
    }
}

fn by(cause: &Cause) -> String {
    let noted = |who: String, note: &str| {
        if note.is_empty() { format!("by {who}") } else { format!("by {who}: {note}") }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Revision;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn flag(fields: &str) -> Flag {
        let text = format!(
            r#"{{"component": "http-auth", "kind": "auth", "phase": 1, "group": "main",
                "requires": [], "legacy": "old", "rescue": "ssot", "sample": null,
                "deadline_ms": 1000, "rescues_per_second_max": 50, "rolled_back_at": [],
                "accepted": [], "revision": 1, "changed_at": "2027-01-15T08:00:00Z",
                "cause": {{"by": "seed"}}, {fields}}}"#
        );
        serde_json::from_str(&text).expect("a flag")
    }

    fn row(before: Option<&str>, after: &str, cause: Cause) -> HistoryRow {
        let (before, after) = (before.map(flag), flag(after));
        HistoryRow {
            revision: Revision(2),
            change: Revision(2),
            at: NOW,
            component: after.component.clone(),
            before,
            after,
            cause,
        }
    }

    fn told(row: &HistoryRow) -> (MarkKind, String) {
        let span = Span { from: NOW, to: NOW.plus_seconds(1) };
        let marks = marks([row], span);
        marks.into_iter().next().map(|(_, kind, text)| (kind, text)).expect("inside")
    }

    fn ada(note: &str) -> Cause {
        Cause::Operator { name: "ada".to_owned(), note: note.to_owned() }
    }

    const SHADOW: &str = r#""stage": "shadow", "latch": null"#;
    const TENTH: &str = r#""stage": "canary", "share": 1000, "latch": null"#;
    const HELD: &str = r#""stage": "shadow", "latch": null,
        "hold": {"cause": {"by": "operator", "name": "ada", "note": ""}, "at": "2027-01-15T08:00:00Z"}"#;
    const LATCHED: &str = r#""stage": "shadow", "latch": {"cause": {"by": "guard", "trip": "looser"},
        "at": "2027-01-15T08:00:00Z", "revision": 2, "until": "2027-01-15T08:30:00Z", "rollbacks": 1}"#;

    #[test]
    fn each_change_has_its_kind_and_says_who_and_why() {
        let (kind, text) = told(&row(Some(SHADOW), TENTH, ada("looks good")));
        assert_eq!((kind, &text[..]), (MarkKind::Raised, "raised to 10 % by ada: looks good"));
        let (kind, text) = told(&row(Some(TENTH), SHADOW, ada("")));
        assert_eq!((kind, &text[..]), (MarkKind::Lowered, "lowered to shadow by ada"));
        let trip = Cause::Guard { trip: "looser: signature".to_owned() };
        let (kind, text) = told(&row(Some(TENTH), LATCHED, trip));
        let expected = "rolled back to shadow by the guard: looser: signature";
        assert_eq!((kind, &text[..]), (MarkKind::RolledBack, expected));
        let (kind, text) = told(&row(None, SHADOW, Cause::Seed));
        assert_eq!((kind, &text[..]), (MarkKind::Other, "created as shadow by its seed file"));
    }

    #[test]
    fn marks_that_hold_and_their_release_are_told_apart() {
        let kind = |before, after| told(&row(Some(before), after, ada(""))).0;
        assert_eq!(kind(SHADOW, HELD), MarkKind::Held);
        assert_eq!(kind(HELD, SHADOW), MarkKind::Released);
        assert_eq!(kind(LATCHED, SHADOW), MarkKind::Released);
        assert_eq!(kind(LATCHED, LATCHED), MarkKind::Other);
    }

    #[test]
    fn what_happened_before_or_after_is_left_out() {
        let row = row(Some(SHADOW), TENTH, ada(""));
        let within = |from: i64, to: i64| {
            let span = Span { from: NOW.plus_seconds(from), to: NOW.plus_seconds(to) };
            marks([&row], span).len()
        };
        assert_eq!([within(-1, 0), within(0, 1), within(1, 2)], [0, 1, 0]);
    }
}
