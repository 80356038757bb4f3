//! What is known of whoever asks, as far as targets and slots are concerned.

use std::borrow::Cow;

use serde_json::Value;

use super::Salt;
use super::issuers::Issuers;
use crate::domain::{Credentials, Members, Presented, Proof, Question, SubjectKey, Timestamp};

/// The claims that name a tenant; the first that is there counts.
const TENANT_CLAIMS: [&str; 4] = ["tenant_id", "tenant", "tid", "org_id"];

/// The claims that list scopes, in one text or as a list.
const SCOPE_CLAIMS: [&str; 4] = ["scope", "scp", "scopes", "permissions"];

/// What is known of whoever asks.
///
/// The subject of a presented token is read without verifying it, as for slots: naming somebody
/// chooses that person's place, and nobody else's. Tenant, scopes and headers count only beside a
/// token that is proved to be sound: otherwise whoever writes a token could choose, by a claim or a
/// header, which side judges it.
#[derive(Clone, Debug)]
pub struct Facts<'q> {
    asker: Asker<'q>,
    told: Told<'q>,
}

#[derive(Clone, Copy, Debug)]
enum Asker<'q> {
    /// Whoever the presented token names.
    Presented(&'q Presented),
    /// A subject as the authority grants it.
    Granted(&'q str),
}

#[derive(Clone, Debug)]
enum Told<'q> {
    /// Nothing that counts.
    Nothing,
    /// By a token whose signature verified, and the request it came with.
    Signed(&'q Question),
    /// By a caller who is trusted to say so.
    Stated { tenant: Option<&'q str>, scopes: Vec<&'q str>, headers: Vec<(&'q str, &'q str)> },
}

impl<'q> Facts<'q> {
    /// What a question tells, as far as it is proved.
    pub fn asked(question: &'q Question, proof: &Proof) -> Self {
        let told = match proof {
            Proof::Sound if is_in_date(question) => Told::Signed(question),
            Proof::Sound | Proof::Refuted(_) | Proof::Undecided => Told::Nothing,
        };
        Self { asker: Asker::Presented(question.presented()), told }
    }

    /// What a trusted caller says of a subject. An empty one is nobody's.
    pub const fn of_subject(subject: &'q str) -> Self {
        Self { asker: Asker::Granted(subject), told: Told::Nothing }
    }

    /// With what else the caller says. Header names in lower case.
    #[must_use]
    pub fn stating(
        self,
        tenant: Option<&'q str>,
        scopes: Vec<&'q str>,
        headers: Vec<(&'q str, &'q str)>,
    ) -> Self {
        Self { told: Told::Stated { tenant, scopes, headers }, ..self }
    }

    /// What stands for the subject under a group's salt; `None` when none can be read.
    pub(super) fn key(&self, salt: &Salt, issuers: &Issuers) -> Option<SubjectKey> {
        match self.asker {
            Asker::Presented(presented) => salt.key(presented, issuers),
            Asker::Granted(subject) => salt.granted_key(subject, issuers),
        }
    }

    /// The subject as the authority would grant it.
    pub(super) fn subject(&self, issuers: &Issuers) -> Option<Cow<'q, str>> {
        match self.asker {
            Asker::Presented(presented) => {
                issuers.granted_name(issuers.person(presented.claims()?)?)
            }
            Asker::Granted(subject) => Some(Cow::Borrowed(subject)),
        }
    }

    pub(super) fn tenant(&self) -> Option<&str> {
        match &self.told {
            Told::Nothing => None,
            Told::Signed(question) => {
                let claims = question.presented().claims()?;
                TENANT_CLAIMS.iter().find_map(|name| claims.get(name))?.as_str()
            }
            Told::Stated { tenant, .. } => *tenant,
        }
    }

    pub(super) fn has_scope(&self, wanted: &str) -> bool {
        match &self.told {
            Told::Nothing => false,
            Told::Signed(question) => {
                question.presented().claims().is_some_and(|claims| claims_scope(claims, wanted))
            }
            Told::Stated { scopes, .. } => scopes.contains(&wanted),
        }
    }

    pub(super) fn has_header(&self, name: &str, wanted: &str) -> bool {
        match &self.told {
            Told::Nothing => false,
            Told::Signed(question) => match question.credentials() {
                Credentials::Request(parts) => parts.values(name).any(|value| value == wanted),
                Credentials::Token(_) => false,
            },
            Told::Stated { headers, .. } => headers.contains(&(name, wanted)),
        }
    }
}

/// False for a token that has ended: whoever has found an old one does not choose by a header who
/// judges it.
fn is_in_date(question: &Question) -> bool {
    let ends = question.presented().claims().and_then(|claims| claims.get("exp"));
    let ends = ends.and_then(Value::as_i64);
    ends.is_some_and(|ends| question.asked_at < Timestamp::from_seconds(ends))
}

fn claims_scope(claims: &Members, wanted: &str) -> bool {
    let lists = |value: &Value| match value {
        Value::String(text) => text.split(' ').any(|scope| scope == wanted),
        Value::Array(scopes) => scopes.iter().any(|scope| scope.as_str() == Some(wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    SCOPE_CLAIMS.iter().filter_map(|name| claims.get(name)).any(lists)
}
