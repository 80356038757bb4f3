//! The libraries at their defaults, row by row against one another.

use serde_json::{Value, json};

use crate::domain::Decision;
use crate::legacy::ProfileSettings;
use crate::legacy::profile::ProfilePath;
use crate::legacy::testing::{NOW, SECRET, answer, claims, keys, path, sign, sign_text, token};

const LIBRARIES: [&str; 4] = ["pyjwt-2", "python-jose", "node-jsonwebtoken", "rust-jsonwebtoken"];

fn seconds(from_now: i64) -> i64 {
    NOW.seconds() + from_now
}

fn configured(name: &str) -> ProfilePath {
    let mut settings = ProfileSettings::of(name, keys());
    settings.issuer = Some("netra-auth-service".into());
    settings.audiences = Some(vec!["netra-platform".into()]);
    settings.build().expect("a path")
}

/// One row: what each library, in the order of [`LIBRARIES`], says to a change.
fn row(build: fn(&str) -> ProfilePath, changes: &Value, accepted: [bool; 4]) {
    let text = token(changes);
    let found = LIBRARIES.map(|name| answer(&build(name), &text).is_allow());
    assert_eq!(found, accepted, "{changes}");
}

#[test]
fn unconfigured_libraries_disagree_about_time_and_audience() {
    let plain = |mut changes: Value| {
        changes.as_object_mut().expect("an object").entry("aud").or_insert(Value::Null);
        changes
    };
    let rows = [
        (json!({}), [true, true, true, true]),
        (json!({"exp": seconds(-30)}), [false, false, false, true]),
        (json!({"exp": seconds(-90)}), [false, false, false, false]),
        (json!({"exp": seconds(0)}), [false, true, false, true]),
        (json!({"nbf": seconds(3_600)}), [false, false, false, true]),
        (json!({"exp": null}), [true, true, true, false]),
        (json!({"iat": seconds(3_600)}), [false, true, true, true]),
        (json!({"exp": seconds(600).to_string()}), [true, true, false, false]),
        (json!({"exp": 1_800_000_600.5}), [true, true, true, true]),
        (json!({"aud": "netra-platform"}), [false, false, true, false]),
        (json!({"sub": 7}), [false, false, true, true]),
        (json!({"jti": 7}), [false, false, true, true]),
        (json!({"iss": "somebody"}), [true, true, true, true]),
        (json!({"iss": 7}), [true, true, true, true]),
        (json!({"aud": 7}), [false, false, true, true]),
        (json!({"aud": []}), [true, false, true, false]),
        (json!({"nbf": "soon"}), [false, false, false, true]),
        (json!({"iat": "soon"}), [false, false, true, true]),
        (json!({"iat": seconds(-5).to_string()}), [true, true, true, true]),
    ];
    for (changes, accepted) in rows {
        row(path, &plain(changes), accepted);
    }
}

#[test]
fn configured_libraries_disagree_about_what_is_missing() {
    let rows = [
        (json!({}), [true, true, true, true]),
        (json!({"iss": null}), [false, false, false, true]),
        (json!({"aud": null}), [false, true, false, true]),
        (json!({"iss": ["netra-auth-service", "other"]}), [false, false, false, true]),
        (json!({"aud": ["netra-platform", "other"]}), [true, true, true, true]),
        (json!({"aud": ["netra-platform", 1]}), [false, false, true, true]),
        (json!({"aud": []}), [false, false, false, false]),
        (json!({"iss": 7}), [false, false, false, true]),
        (json!({"aud": "other"}), [false, false, false, false]),
        (json!({"iss": "other"}), [false, false, false, false]),
    ];
    for (changes, accepted) in rows {
        row(configured, &changes, accepted);
    }
}

#[test]
fn only_pyjwt_refuses_an_unknown_critical_header() {
    let header = json!({"alg": "HS256", "crit": ["unknown"], "unknown": 1});
    let critical = sign(&header, &claims(&json!({"aud": null})));
    let found = LIBRARIES.map(|name| answer(&path(name), &critical).is_allow());
    assert_eq!(found, [false, true, true, true]);
}

#[test]
fn the_python_libraries_read_padding_and_one_of_them_junk() {
    let plain = token(&json!({"aud": null}));
    let (head, tail) = plain.split_at(plain.len() - 3);
    for (spelled, accepted) in [
        (format!("{plain}="), [true, true, false, false]),
        (format!("{plain}===="), [false, true, false, false]),
        (format!("{head}!!!!{tail}"), [false, true, false, false]),
        (format!("{head}!{tail}"), [false, false, false, false]),
    ] {
        let found = LIBRARIES.map(|name| answer(&path(name), &spelled).is_allow());
        assert_eq!(found, accepted, "{spelled}");
    }
}

#[test]
fn an_odd_key_id_is_refused_by_two_of_them() {
    let header = json!({"alg": "HS256", "kid": 7});
    let numbered = sign(&header, &claims(&json!({"aud": null})));
    let found = LIBRARIES.map(|name| answer(&path(name), &numbered).is_allow());
    assert_eq!(found, [false, true, true, false]);
}

#[test]
fn a_member_that_comes_twice_is_refused_by_one_of_them() {
    let payload = format!(r#"{{"exp":{0},"exp":{0}}}"#, seconds(600));
    let twice = sign_text(r#"{"alg":"HS256"}"#, &payload, SECRET);
    let found = LIBRARIES.map(|name| answer(&path(name), &twice).is_allow());
    assert_eq!(found, [true, true, true, false]);
}

#[test]
fn libraries_tell_their_reasons() {
    for name in LIBRARIES {
        let Decision::Deny(denial) = answer(&path(name), "a.b") else { panic!("a deny") };
        assert!(denial.disclosed, "{name}");
    }
}
