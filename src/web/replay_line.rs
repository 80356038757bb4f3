//! A line for `crossfade replay` that reproduces a difference.
//!
//! Tokens are never stored, so the line cannot hold the one that was seen. It holds a specimen to
//! which the authority gives the same answer, and what legacy has answered. Every specimen is put to
//! an authority and both answers are compared, as a replay would: a line is given only when the
//! difference comes out the same. Its token is made up, signed with keys of a fixed seed that nobody
//! trusts.

use std::sync::LazyLock;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::authority::specimens::{Mint, Specimen, corpus};
use crate::authority::{Authority, KeySource, Settings};
use crate::compare::{Mismatch, Observation, Verdict, claim_shape, judge};
use crate::domain::{
    AuthPath as _, ComponentId, Credentials, Decision, Denial, Grant, MismatchClass, Question,
    Reason, RequestId, Scopes, Subject, Timestamp, TokenType, encode_base64url,
};
use crate::report::MismatchReport;

/// When the specimens are presented: 2026-03-01T09:00:00Z.
const MOMENT: Timestamp = Timestamp::from_seconds(1_772_355_600);

/// From which keys and tokens are made: that of `crossfade questions` when none is named.
const SEED: u64 = 1;

/// The key id of the one key.
const KEY: &str = "mint-hs256";

/// A recorded question, and how to put it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayLine {
    /// The kind of specimen, as `crossfade profiles verdicts` names it.
    pub kind: &'static str,
    /// What is special about the kind.
    pub about: &'static str,
    /// True when its claims have the very shape that was seen.
    pub same_shape: bool,
    /// The line.
    pub line: String,
    /// The commands: one that writes the keys, one that judges the line.
    pub commands: [String; 2],
}

/// A specimen, and what the authority says to it.
struct Tried {
    specimen: Specimen,
    question: Question,
    ssot: Observation,
    shape: String,
}

static TRIED: LazyLock<Vec<Tried>> = LazyLock::new(tried);

/// The line, or why there is none. Makes keys and tokens at its first use: not for a thread that
/// others wait for.
pub fn replay_line(seen: &MismatchReport) -> Result<ReplayLine, &'static str> {
    let class = MismatchClass::parse(&seen.class);
    let class = class.ok_or("this release does not know the class of the difference")?;
    let legacy = told(class, seen.legacy_reason.as_deref())?;
    let fits = |tried: &&Tried| same(tried, class, &legacy, seen);
    let shaped = TRIED.iter().filter(|tried| tried.shape == seen.claim_shape).find(fits);
    let found = shaped.or_else(|| TRIED.iter().find(fits));
    let tried = found.ok_or(
        "no kind of specimen gets the same answer from ssot: send the client's token through \
         `crossfade replay` where you have it",
    )?;
    Ok(ReplayLine {
        kind: tried.specimen.kind,
        about: tried.specimen.note,
        same_shape: tried.shape == seen.claim_shape,
        line: line(&tried.specimen, &seen.component, &legacy),
        commands: commands(),
    })
}

/// What legacy is recorded to have answered: as little as makes the difference.
fn told(class: MismatchClass, reason: Option<&str>) -> Result<Map<String, Value>, &'static str> {
    let answer = match class {
        MismatchClass::Looser => match reason {
            Some(reason) if reason != Reason::Unspecified.code() => {
                json!({ "decision": "deny", "reason": reason })
            }
            Some(_) | None => json!({ "decision": "deny" }),
        },
        MismatchClass::Stricter => json!({ "decision": "allow" }),
        MismatchClass::SubjectDiffers => {
            json!({ "decision": "allow", "subject": "somebody-else" })
        }
        MismatchClass::ScopesDiffer => json!({ "decision": "allow", "scopes": ["another:scope"] }),
        MismatchClass::ClaimsDiffer => json!({ "decision": "allow", "token_type": "refresh" }),
        MismatchClass::ReasonDiffers => {
            return Err("a replay does not compare reasons that a recording tells: they are in \
                        legacy's own words");
        }
        MismatchClass::Misdelivered
        | MismatchClass::EventLost
        | MismatchClass::EventRepeated
        | MismatchClass::EventReordered
        | MismatchClass::BodyDiffers
        | MismatchClass::Late
        | MismatchClass::ConnectionDiffers => {
            return Err("a replay asks about tokens, not about events and connections");
        }
    };
    Ok(answer.as_object().cloned().unwrap_or_default())
}

/// True when the specimen and this answer of legacy come to the difference that was seen.
fn same(
    tried: &Tried,
    class: MismatchClass,
    legacy: &Map<String, Value>,
    seen: &MismatchReport,
) -> bool {
    let legacy = Observation { answer: Ok(read(legacy)), took: Duration::ZERO };
    let code = |reason: &Option<Reason>| reason.as_ref().map(|reason| reason.code().into_owned());
    match judge(&tried.question, &legacy, &tried.ssot) {
        Verdict::Mismatch(Mismatch { class: found, ssot_reason, .. }) => {
            found == class && code(&ssot_reason) == seen.ssot_reason
        }
        Verdict::Match | Verdict::Inconclusive(_) => false,
    }
}

/// A recorded answer as a replay reads it.
fn read(legacy: &Map<String, Value>) -> Decision {
    let text = |name: &str| legacy.get(name).and_then(Value::as_str);
    if text("decision") == Some("deny") {
        return Decision::Deny(match text("reason") {
            Some(reason) => Denial { reason: Reason::foreign(reason), disclosed: true },
            None => Denial { reason: Reason::Unspecified, disclosed: false },
        });
    }
    let names = legacy.get("scopes").and_then(Value::as_array);
    let scopes = names.map(|names| names.iter().filter_map(Value::as_str).collect::<Scopes>());
    Decision::Allow(Grant {
        subject: text("subject").and_then(Subject::parse),
        scopes,
        token_type: text("token_type").and_then(TokenType::parse),
        expires_at: None,
        email: None,
    })
}

fn line(specimen: &Specimen, component: &str, legacy: &Map<String, Value>) -> String {
    let mut line = match &specimen.credentials {
        Credentials::Token(token) => json!({ "token": token.reveal() }),
        Credentials::Request(parts) => json!({
            "headers": parts.headers.iter().map(|(name, value)| [name, value]).collect::<Vec<_>>(),
            "method": parts.method,
            "target": parts.target,
        }),
    };
    line["at"] = json!(MOMENT);
    line["component"] = json!(component);
    line["note"] = json!(specimen.kind);
    line["legacy"] = json!(legacy);
    line.to_string()
}

fn commands() -> [String; 2] {
    let Mint { issuer, audience, environment, service_id, .. } = &Mint::seeded(SEED);
    [
        format!("crossfade questions --count 0 --seed {SEED} --keys-out keys"),
        format!(
            "crossfade replay - --issuer {issuer} --audience {audience} --environment \
             {environment} --service-id {service_id} --secret-file {KEY}=keys/{KEY}.secret"
        ),
    ]
}

/// Every kind of specimen and the authority's answer to it. The authority has the one key that is the
/// same whenever it is made from the seed.
fn tried() -> Vec<Tried> {
    let seeded = Mint::seeded(SEED);
    // As `crossfade questions` writes it.
    let secret = encode_base64url(seeded.secret()).into_bytes();
    let mint = seeded.with_secret(&secret);
    let settings = Settings {
        environment: Some(mint.environment.clone()),
        service_id: Some(mint.service_id.clone()),
        keys: vec![KeySource::Secret { id: KEY.to_owned(), bytes: secret }],
        ..Settings::new(&mint.issuer, &mint.audience)
    };
    let authority = Authority::in_memory(settings);
    let (Ok(authority), Ok(component)) = (authority, ComponentId::parse("http-auth")) else {
        return Vec::new();
    };
    let answered = |(number, specimen): (u64, Specimen)| {
        let credentials = specimen.credentials.clone();
        let id = RequestId::new(0, number);
        let question = Question::new(id, component.clone(), MOMENT, credentials);
        // It has all it needs, and answers at once.
        let answer = authority.decide(&question).now_or_never()?;
        let ssot = Observation { answer, took: Duration::ZERO };
        Some(Tried { shape: claim_shape(&question), specimen, question, ssot })
    };
    (0..).zip(corpus(&mint, MOMENT)).filter_map(answered).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Fingerprint;
    use crate::report::Severity;

    fn seen(class: MismatchClass, legacy: Option<&str>, ssot: Option<&str>) -> MismatchReport {
        let shape = "aud:string email:string env:string exp:number iat:number iss:string \
                     jti:string permissions:list sub:string svc_id:string token_type:string \
                     type:string";
        MismatchReport {
            component: "http-auth".to_owned(),
            fingerprint: Fingerprint::of_content(b""),
            class: class.code().to_owned(),
            severity: Severity::Alarm,
            explanation: String::new(),
            legacy_reason: legacy.map(str::to_owned),
            ssot_reason: ssot.map(str::to_owned),
            claim_shape: shape.to_owned(),
            cause: None,
            accepted: false,
            count: 1,
            first_at: MOMENT,
            last_at: MOMENT,
            exemplars: Vec::new(),
        }
    }

    #[test]
    fn a_specimen_stands_for_whatever_ssot_refuses_for_a_reason_of_its_own() {
        for reason in ["signature", "expired", "audience", "claim_missing:aud", "environment"] {
            let found = replay_line(&seen(MismatchClass::Stricter, None, Some(reason)));
            let found = found.unwrap_or_else(|why| panic!("{reason}: {why}"));
            let line: Value = serde_json::from_str(&found.line).expect("JSON");
            assert_eq!(line["legacy"], json!({ "decision": "allow" }), "{reason}");
            assert_eq!(line["note"], found.kind);
        }
    }

    #[test]
    fn what_both_let_in_is_told_apart_by_what_legacy_is_recorded_to_have_said() {
        use MismatchClass::{ClaimsDiffer, Looser, ScopesDiffer, SubjectDiffers};
        let looser = replay_line(&seen(Looser, Some("signature"), None)).expect("a line");
        assert!(looser.same_shape && looser.line.contains(r#""reason":"signature""#), "{looser:?}");
        let unspecified = replay_line(&seen(Looser, Some("unspecified"), None)).expect("a line");
        assert!(!unspecified.line.contains("reason"), "{unspecified:?}");
        for class in [SubjectDiffers, ScopesDiffer, ClaimsDiffer] {
            assert!(replay_line(&seen(class, None, None)).is_ok(), "{class:?}");
        }
    }

    #[test]
    fn where_there_is_none_it_is_said_why() {
        use MismatchClass::{EventLost, ReasonDiffers, Stricter};
        let words = replay_line(&seen(ReasonDiffers, Some("expired"), Some("signature")));
        assert!(words.expect_err("none").contains("reasons"));
        assert!(replay_line(&seen(EventLost, None, None)).expect_err("none").contains("events"));
        // Nothing is revoked in a replay.
        let revoked = replay_line(&seen(Stricter, None, Some("revoked")));
        assert!(revoked.expect_err("none").contains("no kind of specimen"));
    }
}
