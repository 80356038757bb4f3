//! From claims to an operator.

use serde_json::{Map, Value};

use super::ProviderSettings;
use crate::access::{ForeignIdentity, Name, Role};

/// The error says what is missing.
pub(super) fn read(
    settings: &ProviderSettings,
    claims: &Map<String, Value>,
) -> Result<ForeignIdentity, &'static str> {
    let role = role(settings, claims).ok_or("no group of his has a role")?;
    let name = name(settings, claims).ok_or("no claim holds a usable name")?;
    let subject = claims.get("sub").and_then(Value::as_str).ok_or("no sub")?;
    let subject = format!("{}\n{subject}", settings.issuer);
    Ok(ForeignIdentity { name, role, subject })
}

/// The highest role of his groups.
fn role(settings: &ProviderSettings, claims: &Map<String, Value>) -> Option<Role> {
    let groups: Vec<&str> = match claims.get(&settings.groups_claim)? {
        Value::String(group) => vec![group],
        Value::Array(groups) => groups.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    let of_his = settings.roles.iter().filter(|(group, _)| groups.contains(&group.as_str()));
    of_his.map(|(_, role)| *role).max()
}

/// The first claim that is a name. An address that the provider has not verified is anybody's.
fn name(settings: &ProviderSettings, claims: &Map<String, Value>) -> Option<Name> {
    let verified = claims.get("email_verified").is_some_and(|verified| {
        verified == &Value::Bool(true) || verified.as_str() == Some("true")
    });
    let names = [settings.name_claim.as_str(), "email", "sub"];
    let believed = names.into_iter().filter(|name| *name != "email" || verified);
    believed.filter_map(|name| claims.get(name)?.as_str()).find_map(Name::parse)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> ProviderSettings {
        ProviderSettings {
            roles: vec![("ops".into(), Role::Operator), ("root".into(), Role::Admin)],
            ..ProviderSettings::new("https://provider.example", "crossfade")
        }
    }

    fn identity(claims: &Value) -> Result<ForeignIdentity, &'static str> {
        read(&settings(), claims.as_object().expect("an object"))
    }

    #[test]
    fn the_highest_role_of_his_groups_is_his() {
        for (groups, role) in [
            (json!(["ops", "root", "other"]), Role::Admin),
            (json!(["ops"]), Role::Operator),
            (json!("ops"), Role::Operator),
        ] {
            let found = identity(&json!({ "sub": "1", "groups": groups })).expect("an operator");
            assert_eq!(found.role, role);
        }
    }

    #[test]
    fn without_a_group_that_has_a_role_nobody_is_let_in() {
        for claims in [
            json!({ "sub": "1" }),
            json!({ "sub": "1", "groups": ["other", "Ops", "opsx"] }),
            json!({ "sub": "1", "groups": { "ops": true } }),
            json!({ "sub": "1", "groups": [1, null] }),
        ] {
            assert!(identity(&claims).is_err(), "{claims}");
        }
    }

    #[test]
    fn a_name_is_the_first_claim_that_is_one() {
        for (claims, name) in [
            (json!({ "preferred_username": "Ada", "email": "a@b.c", "sub": "1" }), "ada"),
            (json!({ "preferred_username": "Ada L.", "email": "a@b.c", "sub": "1" }), "1"),
            (json!({ "email": "a@b.c", "email_verified": true, "sub": "1" }), "a@b.c"),
            (json!({ "email": "a@b.c", "email_verified": false, "sub": "1" }), "1"),
        ] {
            let mut claims = claims;
            claims["groups"] = json!(["ops"]);
            assert_eq!(identity(&claims).expect("an operator").name.as_str(), name, "{claims}");
        }
        assert!(identity(&json!({ "sub": "<b>", "groups": ["ops"] })).is_err());
    }
}
