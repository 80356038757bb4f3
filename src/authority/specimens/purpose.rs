//! Tokens that are good for something else.

use crate::domain::Credentials;
use crate::domain::Reason::{ClaimMissing, ClaimType, Environment, TokenType};

use super::bench::{Bench, quoted};
use super::kind::{Kind, deny};

fn of_type(bench: &Bench<'_>, name: &str) -> Credentials {
    let name = quoted(name);
    Credentials::Token(bench.signed(&bench.claims().set("token_type", &name).set("type", &name)))
}

pub(super) const KINDS: &[Kind] = &[
    deny("type_refresh", TokenType, "a refresh token", |b| of_type(b, "refresh")),
    deny("type_service", TokenType, "a service's token", |b| of_type(b, "service")),
    deny("type_admin", TokenType, "an administrator's token", |b| of_type(b, "admin")),
    deny("type_id", TokenType, "an ID token", |b| of_type(b, "id")),
    deny("type_unknown", TokenType, "an unknown type", |b| of_type(b, "session")),
    deny("type_upper_case", TokenType, "Access", |b| of_type(b, "Access")),
    deny("type_empty", TokenType, "empty", |b| of_type(b, "")),
    deny("type_conflict", TokenType, "token_type access, type refresh", |b| {
        b.claim("type", "\"refresh\"")
    }),
    deny("type_conflict_reversed", TokenType, "token_type refresh, type access", |b| {
        b.claim("token_type", "\"refresh\"")
    }),
    deny("type_missing", ClaimMissing("token_type"), "neither token_type nor type", |b| {
        Credentials::Token(b.signed(&b.claims().without("token_type").without("type")))
    }),
    deny("token_type_number", ClaimType("token_type"), "a number", |b| b.claim("token_type", 1)),
    deny("type_null", ClaimType("type"), "null", |b| b.claim("type", "null")),
    deny("env_staging", Environment, "staging's token", |b| b.claim("env", "\"staging\"")),
    deny("env_development", Environment, "a developer's token", |b| {
        b.claim("env", "\"development\"")
    }),
    deny("env_empty", Environment, "an empty environment", |b| b.claim("env", "\"\"")),
    deny("env_number", ClaimType("env"), "a number", |b| b.claim("env", 1)),
    deny("svc_id_other", Environment, "issued by staging's service", |b| {
        b.claim("svc_id", "\"netra_auth_service_staging\"")
    }),
    deny("svc_id_number", ClaimType("svc_id"), "a number", |b| b.claim("svc_id", 1)),
];
