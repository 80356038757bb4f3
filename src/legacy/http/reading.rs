//! What an endpoint's answer means.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Decision, Denial, Grant, PathError, Reason, Subject};
use crate::legacy::remote::{failed_status, read_expiry, read_scopes, read_token_type};
use crate::outbound::Answer;

/// An answer fits when its status is listed, or none is, and every member has its value. A rule
/// that says nothing fits nothing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerRule {
    /// Statuses, 100 to 499: a 5xx is a failure, never an answer.
    pub status: Vec<u16>,
    /// Members of the JSON body.
    pub members: Vec<MemberRule>,
}

/// One member of a JSON body and its value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRule {
    /// A JSON pointer (RFC 6901), such as `/valid`.
    pub pointer: String,
    /// The value that the member must have.
    pub equals: Value,
}

/// JSON pointers (RFC 6901) to the parts of an answer; what has none is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pointers {
    /// Who: a text or a number.
    pub subject: Option<String>,
    /// What may be done: a list of texts, or one text with spaces.
    pub scopes: Option<String>,
    /// Kind of token.
    pub token_type: Option<String>,
    /// End of the token: seconds since the epoch or RFC 3339.
    pub expires_at: Option<String>,
    /// Why not, in the endpoint's own words.
    pub reason: Option<String>,
}

impl AnswerRule {
    pub(super) fn faults(&self, name: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if self.status.is_empty() && self.members.is_empty() {
            faults.push(format!("{name} fits nothing"));
        }
        for status in self.status.iter().filter(|status| !(100..500).contains(*status)) {
            faults.push(format!("{name}.status {status} is not an answer"));
        }
        for member in &self.members {
            faults.extend(pointer_fault(&format!("{name}.members"), &member.pointer));
        }
        faults
    }

    pub(super) fn reads_body(&self) -> bool {
        !self.members.is_empty()
    }

    fn fits(&self, status: u16, body: Option<&Value>) -> bool {
        if self.status.is_empty() && self.members.is_empty() {
            return false;
        }
        let member = |rule: &MemberRule| {
            body.and_then(|body| body.pointer(&rule.pointer)) == Some(&rule.equals)
        };
        (self.status.is_empty() || self.status.contains(&status)) && self.members.iter().all(member)
    }
}

impl Pointers {
    pub(super) fn faults(&self) -> Vec<String> {
        let all = [
            ("pointers.subject", &self.subject),
            ("pointers.scopes", &self.scopes),
            ("pointers.token_type", &self.token_type),
            ("pointers.expires_at", &self.expires_at),
            ("pointers.reason", &self.reason),
        ];
        let fault = |(name, pointer): (&str, &Option<String>)| {
            pointer.as_ref().and_then(|pointer| pointer_fault(name, pointer))
        };
        all.into_iter().filter_map(fault).collect()
    }

    fn grant(&self, body: &Value) -> Result<Grant, PathError> {
        let part = |pointer: &Option<String>| {
            pointer.as_ref().map(|pointer| body.pointer(pointer).unwrap_or(&Value::Null))
        };
        Ok(Grant {
            subject: part(&self.subject).map(read_subject).transpose()?,
            scopes: part(&self.scopes).map(read_scopes).transpose()?,
            token_type: part(&self.token_type).and_then(read_token_type),
            expires_at: part(&self.expires_at).map(read_expiry).transpose()?.flatten(),
            email: None,
        })
    }

    fn denial(&self, body: &Value) -> Denial {
        let told = self.reason.as_ref().and_then(|pointer| body.pointer(pointer));
        let reason = told.and_then(Value::as_str).map_or(Reason::Unspecified, Reason::foreign);
        let disclosed = reason != Reason::Unspecified;
        Denial { reason, disclosed }
    }
}

fn pointer_fault(name: &str, pointer: &str) -> Option<String> {
    let escapes_well = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let well = (pointer.is_empty() || pointer.starts_with('/')) && escapes_well;
    (!well).then(|| format!("{name}: {pointer:?} is not a json pointer"))
}

/// An allow whose subject was promised and is not there cannot be compared with anything.
fn read_subject(value: &Value) -> Result<Subject, PathError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    Subject::parse(&text).ok_or_else(|| PathError::Unreadable("allow without a subject".into()))
}

/// Turns an answer into a decision. What fits neither rule is [`PathError::Unreadable`]; 502 to
/// 504 are [`PathError::Unreachable`].
pub(super) fn read(
    answer: &Answer,
    allow: &AnswerRule,
    deny: &AnswerRule,
    pointers: &Pointers,
) -> Result<Decision, PathError> {
    let status = answer.status;
    if status >= 500 {
        return Err(failed_status(status));
    }
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    if deny.fits(status, body.as_ref()) {
        return Ok(Decision::Deny(pointers.denial(body.as_ref().unwrap_or(&Value::Null))));
    }
    if allow.fits(status, body.as_ref()) {
        let body = body.unwrap_or(Value::Null);
        return pointers.grant(&body).map(Decision::Allow);
    }
    let needs_body = allow.reads_body() || deny.reads_body();
    Err(PathError::Unreadable(match body {
        None if needs_body => format!("status {status}, body is not json").into(),
        None | Some(_) => format!("status {status} is neither allow nor deny").into(),
    }))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::outbound::Headers;

    fn member(value: Value) -> AnswerRule {
        let rule = MemberRule { pointer: "/valid".into(), equals: value };
        AnswerRule { status: vec![200], members: vec![rule] }
    }

    fn decision(status: u16, body: &Value) -> Result<Decision, PathError> {
        let body = Bytes::from(body.to_string());
        let answer = Answer { status, headers: Headers::default(), body };
        let pointers = Pointers {
            subject: Some("/user/id".into()),
            reason: Some("/error".into()),
            ..Pointers::default()
        };
        read(&answer, &member(json!(true)), &member(json!(false)), &pointers)
    }

    #[test]
    fn what_is_neither_an_allow_nor_a_deny_is_unreadable() {
        for (status, body) in [
            (200, json!({"valid": "true", "user": {"id": "a"}})),
            (200, json!({"valid": 1})),
            (200, json!({})),
            (200, json!([])),
            (204, json!({"valid": true})),
            (302, json!({"valid": false})),
            (401, json!({"valid": false})),
            (200, json!({"valid": true})),
            (200, json!({"valid": true, "user": {"id": ["a"]}})),
        ] {
            let found = decision(status, &body);
            assert!(matches!(found, Err(PathError::Unreadable(_))), "{status} {body}");
        }
    }

    #[test]
    fn a_server_fault_is_never_an_answer() {
        assert!(matches!(decision(500, &json!({"valid": true})), Err(PathError::Unreadable(_))));
        assert!(matches!(decision(503, &json!({"valid": false})), Err(PathError::Unreachable(_))));
    }

    #[test]
    fn the_parts_of_an_answer_are_where_the_pointers_say() {
        let allow = decision(200, &json!({"valid": true, "user": {"id": 7}})).expect("an answer");
        let Decision::Allow(grant) = allow else { panic!("an allow") };
        assert_eq!(grant.subject, Subject::parse("7"));
        assert_eq!(grant.scopes, None);
        let deny = decision(200, &json!({"valid": false, "error": "invalid_token"}));
        assert_eq!(deny, Ok(Decision::deny(Reason::foreign("invalid_token"))));
    }
}
