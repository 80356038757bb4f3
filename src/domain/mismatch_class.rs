//! The ways in which two answers can differ.

/// How two decisions differ, or what became of an event or a connection. Each class has its own
/// limit and its own alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MismatchClass {
    /// SSOT allows what legacy denies: a security alarm.
    Looser,
    /// SSOT denies what legacy allows: users are locked out.
    Stricter,
    /// Both allow, as different people: the worst of all.
    SubjectDiffers,
    /// Both allow the same subject, with different scopes.
    ScopesDiffer,
    /// Both allow, with a different token type.
    ClaimsDiffer,
    /// Both deny, for different disclosed reasons.
    ReasonDiffers,
    /// An event of one user was written to the socket of another: a security alarm.
    Misdelivered,
    /// An event did not reach a connection.
    EventLost,
    /// An event reached a connection again.
    EventRepeated,
    /// An event came behind a later one of its run.
    EventReordered,
    /// An event arrived with other content.
    BodyDiffers,
    /// An event arrived late.
    Late,
    /// One side takes a connection for what it is not to the other.
    ConnectionDiffers,
}

impl MismatchClass {
    /// Every class, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::Looser,
        Self::SubjectDiffers,
        Self::Stricter,
        Self::ScopesDiffer,
        Self::ClaimsDiffer,
        Self::ReasonDiffers,
        Self::Misdelivered,
        Self::EventLost,
        Self::EventRepeated,
        Self::EventReordered,
        Self::BodyDiffers,
        Self::Late,
        Self::ConnectionDiffers,
    ];

    /// How decisions differ.
    pub const OF_DECISIONS: [Self; 6] = [
        Self::Looser,
        Self::SubjectDiffers,
        Self::Stricter,
        Self::ScopesDiffer,
        Self::ClaimsDiffer,
        Self::ReasonDiffers,
    ];

    /// What becomes of events.
    pub const OF_EVENTS: [Self; 6] = [
        Self::Misdelivered,
        Self::EventLost,
        Self::EventRepeated,
        Self::EventReordered,
        Self::BodyDiffers,
        Self::Late,
    ];

    /// How connections differ.
    pub const OF_CONNECTIONS: [Self; 1] = [Self::ConnectionDiffers];

    /// The machine-readable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Looser => "looser",
            Self::Stricter => "stricter",
            Self::SubjectDiffers => "subject_differs",
            Self::ScopesDiffer => "scopes_differ",
            Self::ClaimsDiffer => "claims_differ",
            Self::ReasonDiffers => "reason_differs",
            Self::Misdelivered => "misdelivered",
            Self::EventLost => "event_lost",
            Self::EventRepeated => "event_repeated",
            Self::EventReordered => "event_reordered",
            Self::BodyDiffers => "body_differs",
            Self::Late => "late",
            Self::ConnectionDiffers => "connection_differs",
        }
    }

    /// The class of a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.code() == code)
    }

    /// True for classes that may hide that SSOT lets in more than legacy: nobody accepts one of
    /// these alone. Scopes and connections are among them, for those classes do not tell which side
    /// grants more.
    pub const fn may_let_in_more(self) -> bool {
        match self {
            Self::Looser
            | Self::SubjectDiffers
            | Self::ScopesDiffer
            | Self::Misdelivered
            | Self::ConnectionDiffers => true,
            Self::Stricter
            | Self::ClaimsDiffer
            | Self::ReasonDiffers
            | Self::EventLost
            | Self::EventRepeated
            | Self::EventReordered
            | Self::BodyDiffers
            | Self::Late => false,
        }
    }

    /// True for classes of which a single one is an alarm: somebody gets what is somebody else's,
    /// or is let in where they were not.
    pub const fn is_alarm(self) -> bool {
        match self {
            Self::Looser | Self::SubjectDiffers | Self::Misdelivered => true,
            Self::Stricter
            | Self::ScopesDiffer
            | Self::ClaimsDiffer
            | Self::ReasonDiffers
            | Self::EventLost
            | Self::EventRepeated
            | Self::EventReordered
            | Self::BodyDiffers
            | Self::Late
            | Self::ConnectionDiffers => false,
        }
    }

    /// The class in words, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Looser => "ssot allows what legacy denies",
            Self::Stricter => "ssot denies what legacy allows",
            Self::SubjectDiffers => "both allow, as different subjects",
            Self::ScopesDiffer => "both allow, with different scopes",
            Self::ClaimsDiffer => "both allow, as different token types",
            Self::ReasonDiffers => "both deny, for different reasons",
            Self::Misdelivered => "an event went to another user's socket",
            Self::EventLost => "an event did not arrive",
            Self::EventRepeated => "an event arrived again",
            Self::EventReordered => "an event arrived behind a later one",
            Self::BodyDiffers => "an event arrived with other content",
            Self::Late => "an event arrived late",
            Self::ConnectionDiffers => "one side sees a connection otherwise",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_reads_back_from_its_code() {
        for class in MismatchClass::ALL {
            assert_eq!(MismatchClass::parse(class.code()), Some(class));
        }
        assert_eq!(MismatchClass::parse("softer"), None);
    }

    #[test]
    fn every_class_is_about_one_thing() {
        let decisions = MismatchClass::OF_DECISIONS.into_iter();
        let all = decisions.chain(MismatchClass::OF_EVENTS).chain(MismatchClass::OF_CONNECTIONS);
        assert_eq!(all.collect::<Vec<_>>(), MismatchClass::ALL);
    }
}
