//! What an event tells.

use std::fmt;
use std::sync::Arc;

/// What an event tells. The first five are the golden path's; whatever else a publisher sends is
/// delivered under its own name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The agent has taken up the run.
    AgentStarted,
    /// The agent says what it is thinking.
    AgentThinking,
    /// A tool was called.
    ToolExecuting,
    /// The tool has answered.
    ToolCompleted,
    /// The answer is there; the run is over.
    AgentCompleted,
    /// Anything else.
    Other(Arc<str>),
}

impl EventKind {
    /// The five of the golden path, in their order.
    pub const CRITICAL: [Self; 5] = [
        Self::AgentStarted,
        Self::AgentThinking,
        Self::ToolExecuting,
        Self::ToolCompleted,
        Self::AgentCompleted,
    ];

    /// Longest accepted name, in bytes.
    pub const MAX: usize = 64;

    /// Reads the `type` of an event: 1 to 64 of a-z, A-Z, 0-9, `_`, `-`, `.` and `:`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(kind) = Self::CRITICAL.into_iter().find(|kind| kind.as_str() == text) {
            return Some(kind);
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        let short = !text.is_empty() && text.len() <= Self::MAX;
        (short && text.bytes().all(fits)).then(|| Self::Other(text.into()))
    }

    /// The `type` of the event.
    pub fn as_str(&self) -> &str {
        match self {
            Self::AgentStarted => "agent_started",
            Self::AgentThinking => "agent_thinking",
            Self::ToolExecuting => "tool_executing",
            Self::ToolCompleted => "tool_completed",
            Self::AgentCompleted => "agent_completed",
            Self::Other(name) => name,
        }
    }

    /// True for the five of the golden path.
    pub const fn is_critical(&self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_reads_back_from_its_name() {
        for kind in EventKind::CRITICAL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(EventKind::parse("thread.renamed").expect("open").as_str(), "thread.renamed");
        for odd in ["", "a b", "a\"b", &"x".repeat(65)] {
            assert_eq!(EventKind::parse(odd), None, "{odd:?}");
        }
    }
}
