//! Claims that look like ours.

use crate::authority::specimens::bench::{Bench, quoted};
use crate::authority::specimens::kind::{Kind, deny, each};
use crate::domain::Credentials;
use crate::domain::Reason::{Audience, ClaimMissing, ClaimType, Environment, Issuer, TokenType};

fn issuer(bench: &Bench<'_>, change: fn(&str) -> String) -> Credentials {
    bench.claim("iss", quoted(&change(&bench.mint.issuer)))
}

fn audience(bench: &Bench<'_>, change: fn(&str) -> String) -> Credentials {
    bench.claim("aud", quoted(&change(&bench.mint.audience)))
}

/// Other claims in the place of ours.
fn instead(bench: &Bench<'_>, members: &[(&str, &str)]) -> Credentials {
    let changed = members.iter().fold(bench.claims(), |claims, (name, raw)| claims.set(name, raw));
    Credentials::Token(bench.signed(&changed))
}

macro_rules! similar {
    ($make:ident, $reason:expr, $prefix:literal) => {
        each!($reason, "almost ours", $make;
            concat!($prefix, "_space_after") => |s| format!("{s} "),
            concat!($prefix, "_space_before") => |s| format!(" {s}"),
            concat!($prefix, "_nul_after") => |s| format!("{s}\0"),
            concat!($prefix, "_line_break_after") => |s| format!("{s}\n"),
            concat!($prefix, "_first_capital") => |s| format!("N{}", &s[1..]),
            concat!($prefix, "_longer") => |s| format!("{s}.evil.example"),
            concat!($prefix, "_shorter") => |s| s[..s.len() - 1].into(),
            concat!($prefix, "_before") => |s| format!("evil-{s}"),
            concat!($prefix, "_doubled") => |s| format!("{s},{s}"),
            concat!($prefix, "_words") => |s| format!("{s} {s}"),
            concat!($prefix, "_cyrillic") => |s| s.replace('e', "е"),
            concat!($prefix, "_underscores") => |s| s.replace('-', "_"),
            concat!($prefix, "_no_dashes") => |s| s.replace('-', ""),
            concat!($prefix, "_soft_hyphen") => |s| s.replace('-', "\u{ad}-"),
            concat!($prefix, "_zero_width") => |s| format!("\u{200b}{s}"),
            concat!($prefix, "_wide") => |s| format!("ｎ{}", &s[1..]),
            concat!($prefix, "_scheme") => |s| format!("https://{s}"),
            concat!($prefix, "_percent") => |s| s.replace('-', "%2D"),
            concat!($prefix, "_star") => |_| "*".into(),
            concat!($prefix, "_pattern") => |_| ".*".into(),
            concat!($prefix, "_json") => |s| format!("[\"{s}\"]"),
        )
    };
}

pub(super) const ISSUER: &[Kind] = similar!(issuer, Issuer, "issuer");
pub(super) const AUDIENCE: &[Kind] = similar!(audience, Audience, "audience");

fn audience_raw(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.claim("aud", raw)
}

pub(super) const AUDIENCE_TYPES: &[Kind] = each!(ClaimType("aud"), "no audience", audience_raw;
    "aud_true" => "true",
    "aud_false" => "false",
    "aud_list_null" => r#"["netra-platform",null]"#,
    "aud_list_true" => r#"["netra-platform",true]"#,
    "aud_list_object" => r#"["netra-platform",{}]"#,
    "aud_list_nested" => r#"[["netra-platform"]]"#,
    "aud_named" => r#"{"netra-platform":true}"#,
);

fn subject(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.claim("sub", raw)
}

pub(super) const SUBJECT: &[Kind] = each!(ClaimType("sub"), "no subject", subject;
    "sub_true" => "true",
    "sub_false" => "false",
    "sub_zero" => "0",
    "sub_object" => r#"{"id":"alice"}"#,
    "sub_list_one" => r#"["alice"]"#,
    "sub_nul_alone" => r#""\u0000""#,
    "sub_start_of_heading" => r#""\u0001alice""#,
    "sub_tab" => r#""alice\tbob""#,
    "sub_tab_alone" => r#""\t""#,
    "sub_carriage_return" => r#""alice\r""#,
    "sub_crlf" => r#""alice\r\nx-admin: 1""#,
    "sub_escape" => r#""\u001b[31malice""#,
    "sub_backspace" => r#""admin\b\b\b\b\balice""#,
    "sub_delete" => r#""alice\u007f""#,
    "sub_next_line" => r#""alice\u0085""#,
    "sub_csi" => r#""\u009balice""#,
);

fn token_id(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.claim("jti", raw)
}

pub(super) const TOKEN_ID: &[Kind] = each!(ClaimType("jti"), "no token id", token_id;
    "jti_true" => "true",
    "jti_zero" => "0",
    "jti_float" => "1.5",
    "jti_object" => r#"{"id":"x"}"#,
    "jti_list" => r#"["x"]"#,
    "jti_list_empty" => "[]",
);

fn token_type(bench: &Bench<'_>, name: &str) -> Credentials {
    instead(bench, &[("token_type", name), ("type", name)])
}

pub(super) const TOKEN_TYPE: &[Kind] = each!(TokenType, "good for something else", token_type;
    "kind_refresh_upper_case" => r#""REFRESH""#,
    "kind_id_token" => r#""id_token""#,
    "kind_bearer" => r#""Bearer""#,
    "kind_access_token" => r#""access_token""#,
    "kind_user" => r#""user""#,
    "kind_websocket" => r#""websocket""#,
    "kind_space" => r#""access ""#,
    "kind_nul" => r#""access\u0000""#,
    "kind_cyrillic" => r#""аccess""#,
    "kind_two" => r#""access refresh""#,
    "kind_reset" => r#""password_reset""#,
    "kind_verify" => r#""email_verification""#,
);

fn environment(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.claim("env", raw)
}

pub(super) const ENVIRONMENT: &[Kind] = each!(Environment, "of another environment", environment;
    "env_capital" => r#""Production""#,
    "env_capitals" => r#""PRODUCTION""#,
    "env_short" => r#""prod""#,
    "env_space" => r#""production ""#,
    "env_test" => r#""test""#,
    "env_star" => r#""*""#,
    "env_two" => r#""production,staging""#,
);

/// Claims that bind to a place, of the wrong type.
fn place(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.claim("svc_id", raw)
}

pub(super) const PLACES: &[Kind] = each!(ClaimType("svc_id"), "no service", place;
    "svc_id_null" => "null",
    "svc_id_true" => "true",
    "svc_id_list" => r#"["netra_auth_service_prod"]"#,
    "svc_id_object" => "{}",
);

fn permissions(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.claim("permissions", raw)
}

pub(super) const PERMISSIONS: &[Kind] = each!(ClaimType("permissions"), "no list of permissions", permissions;
    "permissions_true" => "true",
    "permissions_zero" => "0",
    "permissions_text_empty" => r#""""#,
    "permissions_list_null" => r#"["read",null]"#,
    "permissions_list_nested" => r#"["read",["admin"]]"#,
    "permissions_list_object" => r#"[{"name":"admin"}]"#,
);

pub(super) const KINDS: &[Kind] = &[
    deny("issuer_number", ClaimType("iss"), "a number", |b| b.claim("iss", 1)),
    deny("issuer_true", ClaimType("iss"), "a truth value", |b| b.claim("iss", "true")),
    deny("issuer_object", ClaimType("iss"), "an object", |b| b.claim("iss", "{}")),
    deny("issuer_two", ClaimType("iss"), "ours and another", |b| {
        b.claim("iss", format!("[{},\"evil\"]", quoted(&b.mint.issuer)))
    }),
    deny("aud_list_star", Audience, "everybody, in a list", |b| b.claim("aud", r#"["*"]"#)),
    deny("aud_list_empty_text", Audience, "an empty string in a list", |b| {
        b.claim("aud", r#"[""]"#)
    }),
    deny("sub_256_bytes", ClaimType("sub"), "one byte too many", |b| {
        b.claim("sub", quoted(&"s".repeat(256)))
    }),
    deny("sub_256_bytes_wide", ClaimType("sub"), "128 letters of two bytes", |b| {
        b.claim("sub", quoted(&"é".repeat(128)))
    }),
    deny("env_null", ClaimType("env"), "null", |b| b.claim("env", "null")),
    deny("env_list", ClaimType("env"), "in a list", |b| b.claim("env", r#"["production"]"#)),
    deny("svc_id_empty", Environment, "of no service", |b| b.claim("svc_id", r#""""#)),
    deny("svc_id_capitals", Environment, "in capitals", |b| {
        b.claim("svc_id", quoted(&b.mint.service_id.to_uppercase()))
    }),
    deny("scope_null", ClaimType("scope"), "null", |b| b.claim("scope", "null")),
    deny("scope_number", ClaimType("scope"), "a number", |b| b.claim("scope", 7)),
    deny("scope_object", ClaimType("scope"), "an object", |b| b.claim("scope", "{}")),
    deny("token_type_list", ClaimType("token_type"), "a list", |b| {
        b.claim("token_type", r#"["access"]"#)
    }),
    deny("token_type_null", ClaimType("token_type"), "null", |b| b.claim("token_type", "null")),
    deny("type_true", ClaimType("type"), "a truth value", |b| b.claim("type", "true")),
    deny("refresh_as_at_jwt", TokenType, "a refresh token under typ at+jwt", |b| {
        let claims = b.claims().set("token_type", r#""refresh""#).set("type", r#""refresh""#);
        let header = b.own_header().set("typ", r#""at+jwt""#);
        Credentials::Token(b.token(&header, &claims, b.algorithm()))
    }),
    deny("service_as_at_jwt", TokenType, "a service's token under typ at+jwt", |b| {
        let claims = b.claims().set("token_type", r#""service""#).set("type", r#""service""#);
        let header = b.own_header().set("typ", r#""at+jwt""#);
        Credentials::Token(b.token(&header, &claims, b.algorithm()))
    }),
    deny("id_token", ClaimMissing("token_type"), "an ID token, by its claims", |b| {
        let claims = b.claims().without("token_type").without("type").without("permissions");
        let claims = claims.set("nonce", r#""n""#).set("at_hash", r#""h""#).set("azp", r#""a""#);
        Credentials::Token(b.signed(&claims))
    }),
    deny("service_as_user", TokenType, "a service's token with a person's claims", |b| {
        instead(b, &[("token_type", r#""service""#), ("type", r#""service""#)])
    }),
];
