//! Which components a report is about.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::ComponentId;
use crate::flags::{Flag, Phase};

/// Which components a report is about. In JSON `all`, `phase:1` or `component:http-auth`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every one.
    #[default]
    All,
    /// Those of a phase.
    Phase(Phase),
    /// One.
    Component(ComponentId),
}

impl Scope {
    /// Reads `all`, `phase:1` or `component:http-auth`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::All);
        }
        if let Some(number) = text.strip_prefix("phase:") {
            let number: u8 = number.parse().ok()?;
            return Phase::try_from(number).ok().map(Self::Phase);
        }
        let id = text.strip_prefix("component:")?;
        ComponentId::parse(id).ok().map(Self::Component)
    }

    /// True for a component that the report is about.
    pub fn covers(&self, flag: &Flag) -> bool {
        match self {
            Self::All => true,
            Self::Phase(phase) => flag.phase == *phase,
            Self::Component(id) => flag.component == *id,
        }
    }

    /// In words, for a title.
    pub fn words(&self) -> String {
        match self {
            Self::All => "all components".to_owned(),
            Self::Phase(phase) => format!("phase {}", u8::from(*phase)),
            Self::Component(id) => id.to_string(),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Phase(phase) => write!(f, "phase:{}", u8::from(*phase)),
            Self::Component(id) => write!(f, "component:{id}"),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not the scope of a report"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_what_it_wrote_and_nothing_else_is_one() {
        for text in ["all", "phase:2", "component:http-auth"] {
            assert_eq!(Scope::parse(text).expect("a scope").to_string(), text);
        }
        for wrong in ["", "All", "phase:", "phase:4", "component:", "component:a b", "http-auth"] {
            assert_eq!(Scope::parse(wrong), None, "{wrong}");
        }
    }
}
