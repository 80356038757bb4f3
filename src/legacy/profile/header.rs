//! What a profile looks at in a token's header.

use serde::Deserialize;
use serde_json::Value;

use super::Algorithm;
use crate::domain::{Members, Reason};

/// Rules for the header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderRules {
    /// A first look at `alg`, before anything else; often wider than `algorithms`.
    pub alg_precheck: Option<Vec<Algorithm>>,
    /// Algorithms with which a signature is verified. `None`: any, and none at all; only where
    /// signatures are not checked.
    pub algorithms: Option<Vec<Algorithm>>,
    /// What `kid` must be.
    pub kid: KidRule,
    /// What becomes of `crit`.
    pub crit: CritRule,
    /// What becomes of `"b64": false`.
    pub b64: UnencodedRule,
    /// Accepted values of `typ`, in any case, when one is present. `None`: not looked at.
    pub typ: Option<Vec<String>>,
}

/// What `kid` must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KidRule {
    /// Not looked at.
    #[default]
    Ignored,
    /// A string, when present; all keys are tried.
    Text,
    /// The name of a key, which alone is tried.
    Known,
}

/// What becomes of `crit` (RFC 7515 §4.1.11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CritRule {
    /// Not looked at.
    #[default]
    Ignored,
    /// Any `crit` is refused: none of its extensions is understood.
    Refused,
}

/// What becomes of `"b64": false`, which says that the claims are not encoded (RFC 7797).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnencodedRule {
    /// Not looked at: the claims are decoded as ever.
    #[default]
    Ignored,
    /// The token is refused.
    Refused,
}

impl HeaderRules {
    /// Looks through a header; the algorithm is `None` when it is one that nobody here knows.
    pub(super) fn check(&self, header: &Members) -> Result<Option<Algorithm>, Reason> {
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
        for list in [&self.alg_precheck, &self.algorithms].into_iter().flatten() {
            if !algorithm.is_some_and(|algorithm| list.contains(&algorithm)) {
                return Err(Reason::Algorithm);
            }
        }
        self.check_rest(header)?;
        Ok(algorithm)
    }

    fn check_rest(&self, header: &Members) -> Result<(), Reason> {
        if self.crit == CritRule::Refused && header.get("crit").is_some() {
            return Err(Reason::CriticalHeader);
        }
        if self.b64 == UnencodedRule::Refused && header.get("b64") == Some(&Value::Bool(false)) {
            return Err(Reason::CriticalHeader);
        }
        let kid = header.get("kid");
        match self.kid {
            KidRule::Ignored => {}
            KidRule::Text if kid.is_none_or(Value::is_string) => {}
            KidRule::Known if kid.is_some_and(Value::is_string) => {}
            KidRule::Known if kid.is_none() => return Err(Reason::KeyUnknown),
            KidRule::Text | KidRule::Known => return Err(Reason::KeyIdType),
        }
        match (&self.typ, header.get("typ")) {
            (None, _) | (Some(_), None) => Ok(()),
            (Some(accepted), Some(typ)) => {
                let typ = typ.as_str().unwrap_or_default();
                let known = accepted.iter().any(|name| name.eq_ignore_ascii_case(typ));
                if known { Ok(()) } else { Err(Reason::TypeHeader) }
            }
        }
    }
}
