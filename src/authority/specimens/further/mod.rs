//! Finer kinds, made under every algorithm by [`crossed`](super::crossed). Profiles and replays
//! do without them: to the lenient they look like kinds that are in the table already.

mod algorithm;
mod claims;
mod duplicate;
mod embedded;
mod encoding;
mod header;
mod honest;
mod json;
mod key_id;
mod length;
mod signature;
mod signature_forms;
mod stranger;
mod time;

use super::kind::Kind;

pub(super) const KINDS: &[&[Kind]] = &[
    algorithm::NONE,
    algorithm::OTHER,
    algorithm::KINDS,
    key_id::UNKNOWN,
    key_id::TYPES,
    key_id::KINDS,
    header::CRITICAL,
    header::UNENCODED,
    header::TYPES,
    header::CONTENT,
    header::KINDS,
    embedded::KINDS,
    duplicate::HEADER,
    duplicate::CLAIMS,
    encoding::HEADER,
    encoding::CLAIMS,
    encoding::SIGNATURE,
    json::HEADER,
    json::CLAIMS,
    length::KINDS,
    time::EXPIRES,
    time::ISSUED,
    time::NOT_BEFORE,
    time::KINDS,
    claims::ISSUER,
    claims::AUDIENCE,
    claims::AUDIENCE_TYPES,
    claims::SUBJECT,
    claims::TOKEN_ID,
    claims::TOKEN_TYPE,
    claims::ENVIRONMENT,
    claims::PLACES,
    claims::PERMISSIONS,
    claims::KINDS,
    signature::KINDS,
    signature_forms::KINDS,
    honest::KINDS,
];
