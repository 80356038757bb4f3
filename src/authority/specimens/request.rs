//! Whole requests: where a token may be, and where it may not.

use crate::domain::Reason::{Expired, Segments, Signature, TokenConflict, TokenMissing};
use crate::domain::{Credentials, Token, encode_base64url};

use super::bench::Bench;
use super::kind::{Kind, allow, deny};
use super::mint::Mint;

const AUTHORIZATION: &str = "authorization";
const PROTOCOL: &str = "sec-websocket-protocol";

/// One header that holds the fresh token in some form.
fn header(bench: &Bench<'_>, name: &str, form: impl Fn(&str) -> String) -> Credentials {
    let fresh = bench.fresh();
    bench.request("/ws", &[(name, &form(fresh.reveal()))])
}

/// The fresh token in the address.
fn query(bench: &Bench<'_>, name: &str) -> Credentials {
    bench.request(&format!("/ws?{name}={}", bench.fresh().reveal()), &[])
}

fn encoded(token: &str) -> String {
    encode_base64url(token.as_bytes())
}

fn other_subject(bench: &Bench<'_>) -> Token {
    bench.signed(&bench.claims().set("sub", "\"bob\""))
}

/// Two Authorization-like headers with the fresh token and another one.
fn pair(bench: &Bench<'_>, protocol: &str, first: &Token, second: &Token) -> Credentials {
    let bearer = format!("Bearer {}", first.reveal());
    let second = match protocol {
        PROTOCOL => format!("jwt-auth, jwt.{}", encoded(second.reveal())),
        _ => format!("Bearer {}", second.reveal()),
    };
    bench.request("/ws", &[(AUTHORIZATION, &bearer), (protocol, &second)])
}

/// A bearer token beside another header.
fn beside(bench: &Bench<'_>, token: &str, name: &str, value: &str) -> Credentials {
    bench.request("/ws", &[(AUTHORIZATION, &format!("Bearer {token}")), (name, value)])
}

fn forged(bench: &Bench<'_>) -> Token {
    let stranger = Mint::seeded(0xbad);
    let claims = bench.claims().set("sub", "\"admin\"").json();
    let header = bench.header("HS256").json();
    stranger.token(header.as_bytes(), claims.as_bytes(), crate::authority::Algorithm::Hs256)
}

fn expired(bench: &Bench<'_>) -> Token {
    let (issued, expires) = (bench.now - 1500, bench.now - 600);
    bench.signed(&bench.claims().set("iat", issued).set("exp", expires))
}

pub(super) const KINDS: &[Kind] = &[
    allow("bearer", "Authorization: Bearer", |b| {
        header(b, AUTHORIZATION, |token| format!("Bearer {token}"))
    }),
    allow("bearer_lower_case", "the scheme in lower case", |b| {
        header(b, AUTHORIZATION, |token| format!("bearer {token}"))
    }),
    allow("bearer_upper_case", "the scheme in capitals", |b| {
        header(b, AUTHORIZATION, |token| format!("BEARER {token}"))
    }),
    allow("bearer_two_spaces", "two spaces after the scheme", |b| {
        header(b, AUTHORIZATION, |token| format!("Bearer  {token}"))
    }),
    allow("bearer_twice_same", "the same header twice", |b| {
        let fresh = b.fresh();
        pair(b, AUTHORIZATION, &fresh, &fresh)
    }),
    allow("protocol_base64url", "as browsers send it: jwt-auth, jwt.<base64url>", |b| {
        header(b, PROTOCOL, |token| format!("jwt-auth, jwt.{}", encoded(token)))
    }),
    allow("bearer_and_protocol_same", "the same token in both places", |b| {
        let fresh = b.fresh();
        pair(b, PROTOCOL, &fresh, &fresh)
    }),
    allow("spoofed_user_header", "a good token beside a header that names another", |b| {
        beside(b, b.fresh().reveal(), "x-user-id", "admin")
    }),
    allow("test_mode_good", "a good token beside a test switch", |b| {
        beside(b, b.fresh().reveal(), "x-test-mode", "true")
    }),
    deny("bearer_twice_different", TokenConflict, "two people in one request", |b| {
        pair(b, AUTHORIZATION, &b.fresh(), &other_subject(b))
    }),
    deny("bearer_alice_protocol_bob", TokenConflict, "two people in two places", |b| {
        pair(b, PROTOCOL, &b.fresh(), &other_subject(b))
    }),
    deny("bearer_bad_protocol_good", TokenConflict, "a forged token beside a good one", |b| {
        pair(b, PROTOCOL, &forged(b), &b.fresh())
    }),
    deny("bearer_good_protocol_bad", TokenConflict, "a good token beside a forged one", |b| {
        pair(b, PROTOCOL, &b.fresh(), &forged(b))
    }),
    deny("bearer_forged", Signature, "a forged token", |b| {
        beside(b, forged(b).reveal(), "accept", "*/*")
    }),
    deny("bearer_expired", Expired, "ten minutes late", |b| {
        beside(b, expired(b).reveal(), "accept", "*/*")
    }),
    deny("bearer_null", Segments, "Bearer null", |b| beside(b, "null", "accept", "*/*")),
    deny("bearer_undefined", Segments, "Bearer undefined", |b| {
        beside(b, "undefined", "accept", "*/*")
    }),
    deny("bearer_empty", TokenMissing, "the scheme alone", |b| {
        header(b, AUTHORIZATION, |_| "Bearer ".into())
    }),
    deny("bearer_comma", Segments, "two tokens in one header", |b| {
        header(b, AUTHORIZATION, |token| format!("Bearer {token}, Bearer {token}"))
    }),
    deny("scheme_missing", TokenMissing, "the token without a scheme", |b| {
        header(b, AUTHORIZATION, str::to_owned)
    }),
    deny("scheme_basic", TokenMissing, "Basic", |b| {
        header(b, AUTHORIZATION, |token| format!("Basic {token}"))
    }),
    deny("scheme_token", TokenMissing, "Token", |b| {
        header(b, AUTHORIZATION, |token| format!("Token {token}"))
    }),
    deny("protocol_raw", TokenMissing, "jwt.<token as it is>", |b| {
        header(b, PROTOCOL, |token| format!("jwt.{token}"))
    }),
    deny("protocol_padded", TokenMissing, "jwt.<base64url with padding>", |b| {
        header(b, PROTOCOL, |token| format!("jwt.{}==", encoded(token)))
    }),
    deny("protocol_bearer_raw", TokenMissing, "bearer.<token as it is>", |b| {
        header(b, PROTOCOL, |token| format!("bearer.{token}"))
    }),
    deny("protocol_bearer", TokenMissing, "bearer.<base64url>", |b| {
        header(b, PROTOCOL, |token| format!("bearer.{}", encoded(token)))
    }),
    deny("protocol_staging", TokenMissing, "staging-auth.<base64url>", |b| {
        header(b, PROTOCOL, |token| format!("staging-auth.{}", encoded(token)))
    }),
    deny("protocol_jwt_auth_prefix", TokenMissing, "jwt-auth.<base64url>", |b| {
        header(b, PROTOCOL, |token| format!("jwt-auth.{}", encoded(token)))
    }),
    deny("protocol_second_item", TokenMissing, "jwt-auth, <token as it is>", |b| {
        header(b, PROTOCOL, |token| format!("jwt-auth, {token}"))
    }),
    deny("protocol_bare", TokenMissing, "the token alone", |b| header(b, PROTOCOL, str::to_owned)),
    deny("protocol_none", TokenMissing, "an offer without a token", |b| {
        header(b, PROTOCOL, |_| "jwt-auth".into())
    }),
    deny("query_token", TokenMissing, "?token=", |b| query(b, "token")),
    deny("query_jwt", TokenMissing, "?jwt=", |b| query(b, "jwt")),
    deny("query_access_token", TokenMissing, "?access_token=", |b| query(b, "access_token")),
    deny("cookie", TokenMissing, "in a cookie", |b| {
        header(b, "cookie", |token| format!("jwt_token={token}"))
    }),
    deny("api_key_header", TokenMissing, "in a header of its own", |b| {
        header(b, "x-access-token", str::to_owned)
    }),
    deny("test_mode_garbage", Segments, "garbage beside a test switch", |b| {
        beside(b, "garbage", "x-test-mode", "true")
    }),
    deny("test_mode_forged", Signature, "a forged token beside a test switch", |b| {
        beside(b, forged(b).reveal(), "x-e2e-test", "true")
    }),
    deny("latest_version_forged", Signature, "a header whose name holds test by chance", |b| {
        beside(b, forged(b).reveal(), "x-latest-version", "1.2.1")
    }),
    deny("test_mode_alone", TokenMissing, "a test switch and no token", |b| {
        header(b, "x-test-mode", |_| "true".into())
    }),
    deny("identity_header", TokenMissing, "a header that claims to be somebody", |b| {
        header(b, "x-user-id", |_| "admin".into())
    }),
    deny("user_cookie", TokenMissing, "a cookie that claims to be somebody", |b| {
        header(b, "cookie", |_| "user_id=admin".into())
    }),
    deny("no_credentials", TokenMissing, "nothing at all", |b| b.request("/ws", &[])),
];
