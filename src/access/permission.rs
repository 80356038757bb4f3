//! What can be permitted.

/// One thing that a caller may be permitted to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read flags, history, reports, who has access.
    Read,
    /// Ask which side serves a subject.
    Evaluate,
    /// Ask about tokens on the data listener.
    Decide,
    /// Hand in events for delivery.
    Publish,
    /// Hand in outcomes that were observed elsewhere.
    Observe,
    /// Lower exposure: a stage back, a smaller share, a hold, a rollback.
    Lower,
    /// Let a rolled-back or held component try again.
    Release,
    /// A stage forward, a larger share.
    Raise,
    /// Change how a component behaves; accept differences in which SSOT is not looser.
    Settings,
    /// What nobody does alone or lightly: `complete`, accepting looser differences.
    Force,
    /// Operators, API tokens, keys.
    Administer,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Evaluate,
        Self::Decide,
        Self::Publish,
        Self::Observe,
        Self::Lower,
        Self::Release,
        Self::Raise,
        Self::Settings,
        Self::Force,
        Self::Administer,
    ];

    /// True for what is done on the control listener.
    pub const fn is_for_control(self) -> bool {
        match self {
            Self::Evaluate | Self::Decide | Self::Publish | Self::Observe => false,
            Self::Read
            | Self::Lower
            | Self::Release
            | Self::Raise
            | Self::Settings
            | Self::Force
            | Self::Administer => true,
        }
    }

    /// What it is, for people: fits after "may not".
    pub const fn as_text(self) -> &'static str {
        match self {
            Self::Read => "read flags and reports",
            Self::Evaluate => "evaluate flags",
            Self::Decide => "ask about tokens",
            Self::Publish => "publish events",
            Self::Observe => "report outcomes",
            Self::Lower => "lower exposure",
            Self::Release => "release a component",
            Self::Raise => "raise exposure",
            Self::Settings => "change settings",
            Self::Force => "force a change",
            Self::Administer => "manage operators, tokens and keys",
        }
    }

    /// True for what a session may only do shortly after its owner has proved who he is.
    pub const fn is_dangerous(self) -> bool {
        match self {
            Self::Force | Self::Administer => true,
            Self::Read
            | Self::Evaluate
            | Self::Decide
            | Self::Publish
            | Self::Observe
            | Self::Lower
            | Self::Release
            | Self::Raise
            | Self::Settings => false,
        }
    }
}
