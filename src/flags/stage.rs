//! How far a component has come.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::Share;

/// How far a component has come. Ordered: a later stage is greater, and so is a larger share.
///
/// In JSON two flat fields: `"stage": "canary", "share": 1000` (basis points; `share` stands only
/// beside `canary`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "StageFields", try_from = "StageFields")]
pub enum Stage {
    /// Legacy serves; ssot is not asked.
    Off,
    /// Legacy serves; ssot is asked afterwards.
    Shadow,
    /// Ssot serves the slots below the share, legacy the rest.
    Canary(Share),
    /// Ssot serves everybody; legacy stands by.
    Live,
    /// Ssot serves everybody, without a net.
    Sealed,
    /// Ssot serves everybody; legacy is no longer asked.
    Complete,
}

impl Stage {
    /// `off`, `shadow`, `canary`, `live`, `sealed` or `complete`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Shadow => "shadow",
            Self::Canary(_) => "canary",
            Self::Live => "live",
            Self::Sealed => "sealed",
            Self::Complete => "complete",
        }
    }

    /// The part of traffic that ssot serves.
    pub const fn share(self) -> Share {
        match self {
            Self::Off | Self::Shadow => Share::NONE,
            Self::Canary(share) => share,
            Self::Live | Self::Sealed | Self::Complete => Share::ALL,
        }
    }

    /// True when ssot serves somebody.
    pub const fn ssot_serves(self) -> bool {
        match self {
            Self::Off | Self::Shadow => false,
            Self::Canary(_) | Self::Live | Self::Sealed | Self::Complete => true,
        }
    }

    /// Place in the order of stages, whatever the share.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::Shadow => 1,
            Self::Canary(_) => 2,
            Self::Live => 3,
            Self::Sealed => 4,
            Self::Complete => 5,
        }
    }

    /// The part of answers compared when the flag does not say otherwise.
    pub const fn default_sample(self) -> Share {
        match self {
            Self::Off | Self::Complete => Share::NONE,
            Self::Shadow | Self::Canary(_) => Share::ALL,
            Self::Live => LIVE_SAMPLE,
            Self::Sealed => SEALED_SAMPLE,
        }
    }
}

const LIVE_SAMPLE: Share = basis_points(500);
const SEALED_SAMPLE: Share = basis_points(100);

const fn basis_points(points: u16) -> Share {
    match Share::from_basis_points(points) {
        Some(share) => share,
        None => Share::ALL,
    }
}

impl fmt::Display for Stage {
    /// `live`, or `canary at 10 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canary(share) => write!(f, "canary at {share}"),
            Self::Off | Self::Shadow | Self::Live | Self::Sealed | Self::Complete => {
                f.write_str(self.name())
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
struct StageFields {
    stage: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<Share>,
}

impl From<Stage> for StageFields {
    fn from(stage: Stage) -> Self {
        let share = match stage {
            Stage::Canary(share) => Some(share),
            Stage::Off | Stage::Shadow | Stage::Live | Stage::Sealed | Stage::Complete => None,
        };
        Self { stage: stage.name().to_owned(), share }
    }
}

impl TryFrom<StageFields> for Stage {
    type Error = String;
    fn try_from(fields: StageFields) -> Result<Self, String> {
        Self::from_parts(&fields.stage, fields.share)
    }
}

impl Stage {
    /// The stage of a name, and of a share where the name is `canary`. The error says what is
    /// wrong with them.
    pub fn from_parts(name: &str, share: Option<Share>) -> Result<Self, String> {
        match (name, share) {
            ("off", None) => Ok(Self::Off),
            ("shadow", None) => Ok(Self::Shadow),
            ("canary", Some(share)) => Ok(Self::Canary(share)),
            ("canary", None) => Err("a canary needs a share in basis points".to_owned()),
            ("live", None) => Ok(Self::Live),
            ("sealed", None) => Ok(Self::Sealed),
            ("complete", None) => Ok(Self::Complete),
            ("off" | "shadow" | "live" | "sealed" | "complete", Some(_)) => {
                Err(format!("only a canary has a share, {name} has none"))
            }
            _ => Err("a stage is off, shadow, canary, live, sealed or complete".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(points: u16) -> Stage {
        Stage::Canary(Share::from_basis_points(points).expect("a share"))
    }

    #[test]
    fn a_stage_is_two_flat_fields_in_json() {
        let text = serde_json::to_string(&canary(1000)).expect("json");
        assert_eq!(text, r#"{"stage":"canary","share":1000}"#);
        assert_eq!(serde_json::to_string(&Stage::Live).expect("json"), r#"{"stage":"live"}"#);
    }

    #[test]
    fn a_stage_reads_back_what_it_wrote() {
        for stage in
            [Stage::Off, Stage::Shadow, canary(1), Stage::Live, Stage::Sealed, Stage::Complete]
        {
            let text = serde_json::to_string(&stage).expect("json");
            assert_eq!(serde_json::from_str::<Stage>(&text).expect("a stage"), stage);
        }
    }

    #[test]
    fn a_share_stands_beside_canary_and_nowhere_else() {
        for odd in [
            r#"{"stage":"canary"}"#,
            r#"{"stage":"live","share":10}"#,
            r#"{"stage":"canary","share":10001}"#,
            r#"{"stage":"Live"}"#,
        ] {
            assert!(serde_json::from_str::<Stage>(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn stages_are_ordered_by_how_far_they_go() {
        let rising = [Stage::Off, Stage::Shadow, canary(1), canary(10_000), Stage::Live];
        assert!(rising.is_sorted_by(|a, b| a < b));
        assert!(Stage::Live < Stage::Sealed && Stage::Sealed < Stage::Complete);
    }
}
