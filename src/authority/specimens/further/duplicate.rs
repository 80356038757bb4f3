//! Members that come twice: two readers, two meanings.

use crate::authority::specimens::bench::Bench;
use crate::authority::specimens::kind::{Kind, each};
use crate::domain::Credentials;
use crate::domain::Reason::DuplicateMember;

/// A JSON object with more members at its end, as they are written.
pub(super) fn with(json: &str, members: &str) -> String {
    format!("{},{members}}}", json.strip_suffix('}').unwrap_or(json))
}

fn header(bench: &Bench<'_>, members: &str) -> Credentials {
    let header = with(&bench.own_header().json(), members);
    let claims = bench.claims().json();
    let algorithm = bench.algorithm();
    Credentials::Token(bench.mint.token(header.as_bytes(), claims.as_bytes(), algorithm))
}

fn claims(bench: &Bench<'_>, members: &str) -> Credentials {
    let claims = with(&bench.claims().json(), members);
    let header = bench.own_header().json();
    let algorithm = bench.algorithm();
    Credentials::Token(bench.mint.token(header.as_bytes(), claims.as_bytes(), algorithm))
}

pub(super) const HEADER: &[Kind] = each!(DuplicateMember, "twice in the header", header;
    "header_alg_twice" => r#""alg":"none""#,
    "header_alg_escaped" => r#""\u0061lg":"none""#,
    "header_typ_twice" => r#""typ":"JWT""#,
    "header_kid_twice" => r#""kid":"a","kid":"a""#,
    "header_kid_escaped" => r#""kid":"a","k\u0069d":"b""#,
    "header_crit_twice" => r#""crit":[],"crit":[]"#,
    "header_jku_twice" => r#""jku":"a","jku":"b""#,
    "header_unknown_twice" => r#""x":1,"x":2"#,
    "header_empty_twice" => r#""":1,"":2"#,
    "header_inner_twice" => r#""jwk":{"kty":"a","kty":"b"}"#,
    "header_listed_twice" => r#""x":[{"a":1,"a":1}]"#,
);

pub(super) const CLAIMS: &[Kind] = each!(DuplicateMember, "twice in the claims", claims;
    "claims_sub_twice" => r#""sub":"admin""#,
    "claims_sub_escaped" => r#""s\u0075b":"admin""#,
    "claims_sub_all_escaped" => r#""\u0073\u0075\u0062":"admin""#,
    "claims_iss_twice" => r#""iss":"netra-auth-service""#,
    "claims_aud_twice" => r#""aud":"netra-platform""#,
    "claims_exp_twice" => r#""exp":9999999999"#,
    "claims_exp_escaped" => r#""e\u0078p":9999999999"#,
    "claims_iat_twice" => r#""iat":0"#,
    "claims_nbf_twice" => r#""nbf":0,"nbf":0"#,
    "claims_jti_twice" => r#""jti":"x""#,
    "claims_env_twice" => r#""env":"production""#,
    "claims_svc_id_twice" => r#""svc_id":"netra_auth_service_prod""#,
    "claims_type_twice" => r#""type":"access""#,
    "claims_token_type_twice" => r#""token_type":"access""#,
    "claims_permissions_twice" => r#""permissions":["admin"]"#,
    "claims_email_twice" => r#""email":"admin@example.com""#,
    "claims_unknown_twice" => r#""x":null,"x":null"#,
    "claims_empty_twice" => r#""":1,"":1"#,
    "claims_inner_twice" => r#""act":{"sub":"a","sub":"b"}"#,
    "claims_listed_twice" => r#""x":[[{"a":1,"a":2}]]"#,
);
