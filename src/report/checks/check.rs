//! What a check is called, and what it came to.

use std::fmt;

use serde::Serialize;

/// One of the twelve, by the names that the migration's plan gave them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckId {
    /// Only the authority does cryptography on tokens.
    SingleJwtValidationAuthority,
    /// The backend neither imports nor calls a JWT library.
    BackendDelegates,
    /// The same token gets the same answer over HTTP and over the socket.
    WebsocketUsesSameJwtValidation,
    /// The front end reads nothing out of tokens.
    FrontendDelegates,
    /// Only one class keeps a registry of sockets.
    SingleWebsocketManager,
    /// Nobody else makes managers.
    NoFactoryWrappers,
    /// Nobody writes to a socket beside the manager.
    OperationsThroughSingleManager,
    /// Every import of the manager resolves to the canonical module.
    NoLegacyImports,
    /// Login and handshake are decided by the one authority.
    LoginWebsocketSameAuthority,
    /// Every frame on a user's socket is written by the one manager.
    EventsThroughSingleManager,
    /// A session is one person at every stage.
    NoAuthInconsistencies,
    /// Every service has one authority and no rival.
    ArchitecturalCompliance,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// The evidence says yes.
    Passed,
    /// The evidence says no.
    Failed,
    /// Nobody has looked, or not lately.
    NoEvidence,
}

/// One check and why it was judged so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which.
    pub name: CheckId,
    /// 1 tokens, 2 sockets, 3 golden path.
    pub phase: u8,
    /// What it came to.
    pub judged: Judged,
    /// Why, in a sentence.
    pub says: String,
    /// What was counted.
    pub figures: Vec<CheckFigure>,
}

/// Something that was counted for a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckFigure {
    /// Of what.
    pub name: String,
    /// How many.
    pub count: u64,
    /// The page that shows what it is made of.
    pub link: Option<String>,
}

impl CheckId {
    /// Every one, in their order.
    pub const ALL: [Self; 12] = [
        Self::SingleJwtValidationAuthority,
        Self::BackendDelegates,
        Self::WebsocketUsesSameJwtValidation,
        Self::FrontendDelegates,
        Self::SingleWebsocketManager,
        Self::NoFactoryWrappers,
        Self::OperationsThroughSingleManager,
        Self::NoLegacyImports,
        Self::LoginWebsocketSameAuthority,
        Self::EventsThroughSingleManager,
        Self::NoAuthInconsistencies,
        Self::ArchitecturalCompliance,
    ];

    /// The name in the plan.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SingleJwtValidationAuthority => "single_jwt_validation_authority",
            Self::BackendDelegates => "backend_delegates",
            Self::WebsocketUsesSameJwtValidation => "websocket_uses_same_jwt_validation",
            Self::FrontendDelegates => "frontend_delegates",
            Self::SingleWebsocketManager => "single_websocket_manager",
            Self::NoFactoryWrappers => "no_factory_wrappers",
            Self::OperationsThroughSingleManager => "operations_through_single_manager",
            Self::NoLegacyImports => "no_legacy_imports",
            Self::LoginWebsocketSameAuthority => "login_websocket_same_authority",
            Self::EventsThroughSingleManager => "events_through_single_manager",
            Self::NoAuthInconsistencies => "no_auth_inconsistencies",
            Self::ArchitecturalCompliance => "architectural_compliance",
        }
    }

    /// What must be so.
    pub const fn title(self) -> &'static str {
        match self {
            Self::SingleJwtValidationAuthority => "Only the authority validates tokens",
            Self::BackendDelegates => "The backend leaves tokens to the authority",
            Self::WebsocketUsesSameJwtValidation => "Sockets and HTTP agree about every token",
            Self::FrontendDelegates => "The front end leaves tokens to the authority",
            Self::SingleWebsocketManager => "There is one WebSocket manager",
            Self::NoFactoryWrappers => "Nobody else makes managers",
            Self::OperationsThroughSingleManager => "Sockets are used through the manager alone",
            Self::NoLegacyImports => "Every import leads to the one manager",
            Self::LoginWebsocketSameAuthority => "Login and handshake have one authority",
            Self::EventsThroughSingleManager => "Every event passes through the one manager",
            Self::NoAuthInconsistencies => "A session is one person at every stage",
            Self::ArchitecturalCompliance => "Every service has one authority and no rival",
        }
    }

    /// 1 tokens, 2 sockets, 3 golden path.
    pub const fn phase(self) -> u8 {
        match self {
            Self::SingleJwtValidationAuthority
            | Self::BackendDelegates
            | Self::WebsocketUsesSameJwtValidation
            | Self::FrontendDelegates => 1,
            Self::SingleWebsocketManager
            | Self::NoFactoryWrappers
            | Self::OperationsThroughSingleManager
            | Self::NoLegacyImports => 2,
            Self::LoginWebsocketSameAuthority
            | Self::EventsThroughSingleManager
            | Self::NoAuthInconsistencies
            | Self::ArchitecturalCompliance => 3,
        }
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Judged {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NoEvidence => "no evidence",
        }
    }
}
