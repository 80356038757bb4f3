//! The ways in which two answers can differ.

/// How two decisions differ. Each class has its own limit and its own alarm.
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
}

impl MismatchClass {
    /// Every class, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Looser,
        Self::SubjectDiffers,
        Self::Stricter,
        Self::ScopesDiffer,
        Self::ClaimsDiffer,
        Self::ReasonDiffers,
    ];

    /// The machine-readable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Looser => "looser",
            Self::Stricter => "stricter",
            Self::SubjectDiffers => "subject_differs",
            Self::ScopesDiffer => "scopes_differ",
            Self::ClaimsDiffer => "claims_differ",
            Self::ReasonDiffers => "reason_differs",
        }
    }

    /// The class of a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.code() == code)
    }

    /// True for classes that may hide that SSOT lets in more than legacy: nobody accepts one of
    /// these alone. Scopes are among them, for the class does not tell which side grants more.
    pub const fn may_let_in_more(self) -> bool {
        match self {
            Self::Looser | Self::SubjectDiffers | Self::ScopesDiffer => true,
            Self::Stricter | Self::ClaimsDiffer | Self::ReasonDiffers => false,
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
}
