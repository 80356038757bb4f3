//! What usually stands behind a difference: a catalogue of the ways in which validators diverge, and
//! which of them fits what was seen.
//!
//! Pure: from a class, both reasons and a claim shape to at most one cause. A suggestion, not a
//! finding: where two causes look the same from outside, the graver one is named, and what to do says
//! how to tell them apart. Of events and connections, and of reasons in a remote path's own words,
//! the catalogue knows nothing.

use serde::Serialize;

use crate::compare::{Inconclusive, MismatchClass};

/// A known way in which two validators diverge.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Its number in the catalogue: `D01` to `D25`.
    pub code: &'static str,
    /// Its name, for searching.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// What to look at, and what to do.
    pub advice: &'static str,
}

/// Every cause of the catalogue, in its order.
pub const CAUSES: &[Cause] = &[
    Cause {
        code: "D01",
        name: "signature skipped",
        meaning: "legacy decides without verifying the signature, or with another key",
        advice: "Look in legacy for a decode without verification. If it verifies, its key is not \
                 the authority's: that is D02. Until it is repaired, enforce invariants here.",
    },
    Cause {
        code: "D02",
        name: "wrong key",
        meaning: "one side accepts a key that the other does not know",
        advice: "Compare the keys of both sides: a key that was rotated on one alone, or one that is \
                 written in legacy's code. Retire the one that should be gone.",
    },
    Cause {
        code: "D03",
        name: "algorithm",
        meaning: "one side takes the algorithm from the token's header",
        advice: "Pin the algorithm in legacy. A token that names none, or an HMAC over a public key, \
                 is a forgery: look whose requests these are.",
    },
    Cause {
        code: "D04",
        name: "audience missing",
        meaning: "legacy lets in tokens that name no audience",
        advice: "Find out who issues tokens without `aud` and mend that; or accept the difference \
                 until they have run out.",
    },
    Cause {
        code: "D05",
        name: "audience of another service",
        meaning: "the two sides expect different audiences",
        advice: "Compare the audiences of both configurations. A token for another service must not \
                 open this one.",
    },
    Cause {
        code: "D06",
        name: "audience as a list",
        meaning: "legacy does not read an audience that is a list, which RFC 7519 allows",
        advice: "Harmless here: whoever is let in names the right audience. Accept it with an end.",
    },
    Cause {
        code: "D07",
        name: "environment ignored",
        meaning: "legacy lets in tokens of another environment",
        advice: "Look for a secret that two environments share: with one of each, these tokens would \
                 not verify at all.",
    },
    Cause {
        code: "D08",
        name: "service binding ignored",
        meaning: "legacy does not look at the service that a token is bound to",
        advice: "See which service issues them; correct its `svc_id`, or the one that is expected here.",
    },
    Cause {
        code: "D09",
        name: "type confusion",
        meaning: "one side takes a token for another kind than it is",
        advice: "A refresh or service token must not open what is for access tokens. Look for clients \
                 that send the wrong one of their two tokens.",
    },
    Cause {
        code: "D10",
        name: "clock skew",
        meaning: "the sides draw the line of `exp`, `nbf` or `iat` at different moments",
        advice: "Compare clocks and tolerances of both sides. Frequent and harmless while it is about \
                 seconds; check the age of the tokens before you accept it.",
    },
    Cause {
        code: "D11",
        name: "negative cache",
        meaning: "legacy remembers a refusal that is no longer true",
        advice: "Nothing is to be done here: asked again, the sides agree, and it is not counted.",
    },
    Cause {
        code: "D12",
        name: "stale cache",
        meaning: "legacy lets in a token whose time is over, from a cache",
        advice: "Bound legacy's cache by the token's own `exp`, or accept the difference for as long as \
                 an entry lives there.",
    },
    Cause {
        code: "D13",
        name: "revocation on one side",
        meaning: "a token is revoked on one side alone",
        advice: "See which logout reaches which side. Revocations are written to both sides when they \
                 come through here: look for a caller that still goes to legacy alone.",
    },
    Cause {
        code: "D14",
        name: "revoked token written anew",
        meaning: "legacy knows a revoked token by its text, and takes the same token written otherwise",
        advice: "Look for the exemplar's token fingerprint among revoked tokens: it stays the same.",
    },
    Cause {
        code: "D15",
        name: "replay",
        meaning: "one side takes a token id a second time",
        advice: "Find out whether the client repeats requests. Several instances of legacy do not know \
                 of each other what was used.",
    },
    Cause {
        code: "D16",
        name: "not canonical",
        meaning: "legacy reads what the standards forbid: loose base64, repeated members, unknown \
                  critical headers",
        advice: "Honest libraries do not write such tokens: look whose they are. A revoked token \
                 written anew looks the same (D14); its fingerprint gives it away.",
    },
    Cause {
        code: "D17",
        name: "claim shape",
        meaning: "the sides differ about a claim that is missing, empty or of an odd type",
        advice: "Look which issuer writes such claims. Mend it there; until then the policy can \
                 observe the rule instead of enforcing it.",
    },
    Cause {
        code: "D18",
        name: "lifetime",
        meaning: "one side bounds how long a token may live or how old it may be, the other does not",
        advice: "Compare the caps of both sides. Tokens that live for years are keys: shorten them at \
                 their issuer.",
    },
    Cause {
        code: "D19",
        name: "no token found",
        meaning: "one side finds no token where the other does",
        advice: "The scheme may be in lower case, or the token in a cookie, query or subprotocol that \
                 one side does not look at. If there is none at all and legacy lets in, see D24.",
    },
    Cause {
        code: "D20",
        name: "two tokens",
        meaning: "a request carries two tokens, and the sides choose differently",
        advice: "Find the client that sends both. Whoever may choose the token chooses who they are: \
                 treat it as an attack until you know better.",
    },
    Cause {
        code: "D21",
        name: "identity",
        meaning: "both let in, as different people or with different rights",
        advice: "Stop raising the component. Look where legacy takes the subject from: a fallback user, \
                 a header, or rights that it adds itself.",
    },
    Cause {
        code: "D22",
        name: "other words",
        meaning: "both refuse, and say so differently",
        advice: "Harmless unless a client reads the reason. Accept it, or mend the client.",
    },
    Cause {
        code: "D23",
        name: "availability",
        meaning: "one side could not decide",
        advice: "Not a difference, and not counted as one: look at the failures of that side.",
    },
    Cause {
        code: "D24",
        name: "bypass",
        meaning: "an environment, a header or a text decides in legacy, not the token",
        advice: "Look for test modes, demo users and emergency switches that are on. Switch them off \
                 before anything else.",
    },
    Cause {
        code: "D25",
        name: "format of the subject",
        meaning: "the token is good, and legacy refuses the form of its subject",
        advice: "See which ids legacy takes. Harmless for who is let in; make sure that what comes after \
                 it can read them.",
    },
];

/// The cause that usually stands behind such a difference.
pub fn cause(
    class: MismatchClass,
    legacy_reason: Option<&str>,
    ssot_reason: Option<&str>,
    claim_shape: &str,
) -> Option<&'static Cause> {
    let code = match class {
        MismatchClass::Stricter => stricter(ssot_reason?, claim_shape),
        MismatchClass::Looser => looser(legacy_reason?, claim_shape),
        MismatchClass::SubjectDiffers if claim_shape == TWO_TOKENS => Some("D20"),
        MismatchClass::SubjectDiffers | MismatchClass::ScopesDiffer => Some("D21"),
        MismatchClass::ClaimsDiffer => Some("D09"),
        MismatchClass::ReasonDiffers => Some(both_refuse(legacy_reason, ssot_reason)),
        MismatchClass::Misdelivered
        | MismatchClass::EventLost
        | MismatchClass::EventRepeated
        | MismatchClass::EventReordered
        | MismatchClass::BodyDiffers
        | MismatchClass::Late
        | MismatchClass::ConnectionDiffers => None,
    };
    code.and_then(named)
}

/// The cause behind a comparison from which nothing follows.
pub fn cause_of_inconclusive(why: Inconclusive) -> Option<&'static Cause> {
    named(match why {
        Inconclusive::Boundary => "D10",
        Inconclusive::Momentary => "D11",
        Inconclusive::Failed(_) | Inconclusive::BothFailed => "D23",
    })
}

const TWO_TOKENS: &str = "two tokens";
const OPAQUE: &str = "opaque token";

fn named(code: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| cause.code == code)
}

/// True when the shape has this claim, of this kind where one is named.
fn has(shape: &str, claim: &str) -> bool {
    shape.split(' ').any(|part| part == claim || part.split(':').next() == Some(claim))
}

/// Legacy lets in what SSOT refuses for this reason.
fn stricter(reason: &str, shape: &str) -> Option<&'static str> {
    Some(match reason {
        "signature" => "D01",
        "key_unknown" | "key_id_type" => "D02",
        "algorithm" => "D03",
        "claim_missing:aud" => "D04",
        "audience" | "claim_type:aud" | "claim_empty:aud" => "D05",
        "environment" if has(shape, "svc_id") && !has(shape, "env") => "D08",
        "environment" | "claim_missing:env" | "claim_type:env" | "claim_empty:env" => "D07",
        "claim_missing:svc_id" | "claim_type:svc_id" | "claim_empty:svc_id" => "D08",
        "not_yet_valid" | "issued_in_future" => "D10",
        "expired" => "D12",
        // Nothing of a token can be read, and legacy lets it in: something else has decided.
        "segments" if shape == OPAQUE => "D24",
        other => return either(other),
    })
}

/// Legacy refuses for this reason what SSOT lets in.
fn looser(reason: &str, shape: &str) -> Option<&'static str> {
    Some(match reason {
        "signature" | "key_unknown" | "key_id_type" => "D02",
        "algorithm" => "D03",
        "audience" | "claim_type:aud" if has(shape, "aud:list") => "D06",
        "audience" | "claim_type:aud" | "claim_empty:aud" | "claim_missing:aud" => "D05",
        "environment" | "claim_missing:env" => "D07",
        "claim_missing:svc_id" => "D08",
        "expired" | "not_yet_valid" | "issued_in_future" => "D10",
        "claim_type:sub" => "D25",
        "refuses_all" => "D24",
        other => return either(other),
    })
}

/// Reasons that mean the same, whichever side has them.
fn either(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "token_missing" => "D19",
        "token_conflict" => "D20",
        "token_type" | "claim_missing:token_type" | "claim_type:token_type" | "claim_type:type" => {
            "D09"
        }
        "revoked" => "D13",
        "replayed" => "D15",
        "too_old" | "lifetime_too_long" => "D18",
        "encoding" | "duplicate_member" | "nesting" | "critical_header" | "type_header"
        | "header_json" | "claims_json" | "segments" | "token_too_long" => "D16",
        other if other.starts_with("claim_") => "D17",
        _ => return None,
    })
}

fn both_refuse(legacy: Option<&str>, ssot: Option<&str>) -> &'static str {
    let either_says = |reason: &str| [legacy, ssot].contains(&Some(reason));
    if either_says("token_conflict") {
        "D20"
    } else if either_says("token_missing") {
        "D19"
    } else {
        "D22"
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::{Reason, Side};

    const ALL_CLAIMS: &str = "aud:string env:string exp:number sub:string svc_id:string";

    fn of(class: MismatchClass, reason: &str, shape: &str) -> &'static str {
        let (legacy, ssot) = match class {
            MismatchClass::Looser => (Some(reason), None),
            _ => (None, Some(reason)),
        };
        cause(class, legacy, ssot, shape).map_or("none", |cause| cause.code)
    }

    #[test]
    fn a_recipe_of_each_divergence_that_can_be_seen_leads_back_to_it() {
        use MismatchClass::{Looser, Stricter};
        let recipes = [
            // The claims were swapped and the signature kept.
            ("D01", Stricter, "signature", ALL_CLAIMS),
            ("D02", Stricter, "key_unknown", ALL_CLAIMS),
            ("D02", Looser, "signature", ALL_CLAIMS),
            ("D03", Stricter, "algorithm", ALL_CLAIMS),
            ("D04", Stricter, "claim_missing:aud", "env:string exp:number sub:string"),
            ("D05", Stricter, "audience", ALL_CLAIMS),
            ("D06", Looser, "audience", "aud:list exp:number sub:string"),
            ("D06", Looser, "claim_type:aud", "aud:list exp:number sub:string"),
            ("D05", Looser, "audience", ALL_CLAIMS),
            // A token of staging on production.
            ("D07", Stricter, "environment", ALL_CLAIMS),
            ("D08", Stricter, "environment", "exp:number sub:string svc_id:string"),
            ("D08", Stricter, "claim_type:svc_id", ALL_CLAIMS),
            ("D09", Stricter, "token_type", ALL_CLAIMS),
            ("D09", Looser, "claim_missing:token_type", ALL_CLAIMS),
            ("D10", Looser, "issued_in_future", ALL_CLAIMS),
            ("D10", Looser, "expired", ALL_CLAIMS),
            ("D12", Stricter, "expired", ALL_CLAIMS),
            ("D13", Stricter, "revoked", ALL_CLAIMS),
            ("D13", Looser, "revoked", ALL_CLAIMS),
            ("D15", Looser, "replayed", ALL_CLAIMS),
            ("D16", Stricter, "encoding", ALL_CLAIMS),
            ("D16", Stricter, "duplicate_member", "unreadable claims (duplicate_member)"),
            ("D16", Stricter, "critical_header", ALL_CLAIMS),
            ("D17", Stricter, "claim_empty:sub", "exp:number sub:empty"),
            ("D17", Stricter, "claim_missing:jti", "exp:number sub:string"),
            ("D18", Stricter, "lifetime_too_long", ALL_CLAIMS),
            ("D18", Looser, "too_old", ALL_CLAIMS),
            ("D19", Looser, "token_missing", ALL_CLAIMS),
            ("D19", Stricter, "token_missing", "no token"),
            ("D20", Stricter, "token_conflict", TWO_TOKENS),
            ("D24", Stricter, "segments", OPAQUE),
            ("D24", Looser, "refuses_all", ALL_CLAIMS),
            ("D25", Looser, "claim_type:sub", ALL_CLAIMS),
            ("none", Looser, "unspecified", ALL_CLAIMS),
            ("none", Looser, "their_own_word", ALL_CLAIMS),
            ("none", Stricter, "issuer", ALL_CLAIMS),
        ];
        for (expected, class, reason, shape) in recipes {
            assert_eq!(of(class, reason, shape), expected, "{class:?} {reason} {shape}");
        }
    }

    #[test]
    fn differences_between_two_allows_are_about_identity_and_between_two_denies_about_words() {
        let code = |class, legacy, ssot, shape| cause(class, legacy, ssot, shape).map(|c| c.code);
        let subject = MismatchClass::SubjectDiffers;
        assert_eq!(code(subject, None, None, ALL_CLAIMS), Some("D21"));
        assert_eq!(code(subject, None, None, TWO_TOKENS), Some("D20"));
        assert_eq!(code(MismatchClass::ScopesDiffer, None, None, ""), Some("D21"));
        assert_eq!(code(MismatchClass::ClaimsDiffer, None, None, ""), Some("D09"));
        let words = |legacy, ssot| code(MismatchClass::ReasonDiffers, Some(legacy), Some(ssot), "");
        assert_eq!(words("expired", "signature"), Some("D22"));
        assert_eq!(words("token_missing", "signature"), Some("D19"));
        assert_eq!(words("signature", "token_conflict"), Some("D20"));
    }

    #[test]
    fn a_deny_without_a_reason_suggests_nothing() {
        assert_eq!(cause(MismatchClass::Looser, None, None, ""), None);
        assert_eq!(cause(MismatchClass::Stricter, Some("expired"), None, ""), None);
    }

    #[test]
    fn the_catalogue_knows_nothing_of_events_and_connections() {
        let others = MismatchClass::OF_EVENTS.into_iter().chain(MismatchClass::OF_CONNECTIONS);
        for class in others {
            assert_eq!(cause(class, Some("expired"), Some("expired"), ""), None, "{class:?}");
        }
    }

    #[test]
    fn what_follows_from_nothing_has_a_cause_as_well() {
        let code = |why| cause_of_inconclusive(why).map(|cause| cause.code);
        assert_eq!(code(Inconclusive::Boundary), Some("D10"));
        assert_eq!(code(Inconclusive::Momentary), Some("D11"));
        assert_eq!(code(Inconclusive::Failed(Side::Ssot)), Some("D23"));
    }

    #[test]
    fn every_cause_but_one_can_be_suggested() {
        let claims = ["aud", "env", "exp", "sub", "svc_id", "token_type"];
        let codes = claims.into_iter().flat_map(|claim| {
            [Reason::ClaimMissing(claim), Reason::ClaimType(claim), Reason::ClaimEmpty(claim)]
        });
        let plain = [
            Reason::TokenMissing,
            Reason::TokenConflict,
            Reason::Segments,
            Reason::Encoding,
            Reason::Algorithm,
            Reason::KeyUnknown,
            Reason::Signature,
            Reason::Expired,
            Reason::TooOld,
            Reason::Audience,
            Reason::TokenType,
            Reason::Environment,
            Reason::Revoked,
            Reason::Replayed,
            Reason::RefusesAll,
        ];
        let reasons: Vec<String> =
            codes.chain(plain).map(|reason| reason.code().into_owned()).collect();
        let mut seen = BTreeSet::new();
        for class in MismatchClass::ALL {
            for reason in &reasons {
                for shape in [ALL_CLAIMS, "aud:list", TWO_TOKENS, OPAQUE] {
                    let found = cause(class, Some(reason), Some(reason), shape);
                    seen.extend(found.map(|cause| cause.code));
                }
            }
        }
        seen.extend(
            Inconclusive::ALL.into_iter().filter_map(cause_of_inconclusive).map(|c| c.code),
        );
        let unseen: Vec<_> =
            CAUSES.iter().map(|cause| cause.code).filter(|code| !seen.contains(code)).collect();
        // From outside it looks like D16, whose advice names it.
        assert_eq!(unseen, ["D14"]);
        assert_eq!(CAUSES.len(), 25);
    }
}
