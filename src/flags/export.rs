//! The table as a document, in a stable order and without anything secret. Pure.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::limits::form;
use super::{AcceptedDifference, Flag, Segment, Snapshot, Stage, Target};
use crate::domain::{Share, Timestamp, TokenForm};

/// The table as TOML, in the shape of a seed file; a comment says how old it is.
pub fn export_toml(snapshot: &Snapshot, now: Timestamp) -> String {
    let mut text = format!(
        "# The flag table at revision {}, on {now}.\n\
         #\n\
         # `crossfade flags diff FILE` tells how a table differs from it, `crossfade flags apply\n\
         # FILE` changes the table. What a document leaves out stays as it is.\n",
        snapshot.revision()
    );
    for flag in snapshot.sorted() {
        let latch = flag.latch.as_ref().map(|latch| {
            format!("# {} is rolled back and latched until {}.\n", flag.component, latch.until)
        });
        let hold = flag
            .hold
            .as_ref()
            .map(|hold| format!("# {} is held since {}.\n", flag.component, hold.at));
        text.extend([latch, hold].into_iter().flatten());
    }
    // A table of texts, numbers and lists has a form in TOML.
    text + "\n" + &toml::to_string_pretty(&table(snapshot)).unwrap_or_default()
}

/// The same members as JSON, with `revision` and `exported_at` beside them.
pub fn export_json(snapshot: &Snapshot, now: Timestamp) -> serde_json::Value {
    let mut json = serde_json::to_value(table(snapshot)).unwrap_or_default();
    json["revision"] = snapshot.revision().0.into();
    json["exported_at"] = now.rfc3339().into();
    json
}

fn table(snapshot: &Snapshot) -> Table {
    let flags = snapshot.iter();
    let components: Table =
        flags.map(|flag| (flag.component.to_string(), Value::Table(component(flag)))).collect();
    let segments = snapshot.segments().into_iter();
    let segments: Table =
        segments.map(|each| (each.name.to_string(), Value::Table(segment(each)))).collect();
    let mut table = Table::new();
    table.insert("component".to_owned(), Value::Table(components));
    if !segments.is_empty() {
        table.insert("segment".to_owned(), Value::Table(segments));
    }
    table
}

/// What a document says about a component: all of it, defaults included.
pub(super) fn component(flag: &Flag) -> Table {
    let mut table = Table::new();
    let mut put = |key: &str, value: Value| table.insert(key.to_owned(), value);
    put("kind", text(flag.kind.as_str()));
    put("phase", i64::from(u8::from(flag.phase)).into());
    put("group", text(flag.group.as_str()));
    put("requires", Value::Array(flag.requires.iter().map(|id| text(id.as_str())).collect()));
    put("legacy", text(&flag.legacy));
    put("stage", text(flag.stage.name()));
    if let Stage::Canary(share) = flag.stage {
        put("share_percent", percent(share));
    }
    put("rescue", text(flag.rescue.as_str()));
    put("sample_percent", flag.sample.map_or_else(|| text("default"), percent));
    put("deadline_ms", i64::from(flag.deadline_ms).into());
    put("rescues_per_second_max", i64::from(flag.rescues_per_second_max).into());
    put("invariants", text(flag.invariants.as_str()));
    put("accepted", Value::Array(flag.accepted.iter().map(accepted).collect()));
    put("targets", Value::Array(flag.targets.iter().map(target).collect()));
    put("limits", form::written(&flag.limits));
    if flag.kind.makes_tokens() {
        let name = match flag.token_form {
            TokenForm::Compatible => "compatible",
            TokenForm::Own => "own",
        };
        put("token_form", text(name));
    }
    table
}

/// What a document says about a segment; lists without members are left out.
pub(super) fn segment(segment: &Segment) -> Table {
    let mut table = Table::new();
    if !segment.description.is_empty() {
        table.insert("description".to_owned(), text(&segment.description));
    }
    let lists = [
        ("subjects", &segment.subjects),
        ("tenants", &segment.tenants),
        ("scopes", &segment.scopes),
    ];
    for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        table.insert(key.to_owned(), texts(list));
    }
    if !segment.headers.is_empty() {
        let headers: &BTreeMap<String, BTreeSet<String>> = &segment.headers;
        let headers = headers.iter().map(|(name, values)| (name.clone(), texts(values)));
        table.insert("headers".to_owned(), Value::Table(headers.collect()));
    }
    table
}

fn accepted(difference: &AcceptedDifference) -> Value {
    let mut table = Table::new();
    let reasons = [
        ("legacy_reason", difference.legacy_reason.as_deref()),
        ("ssot_reason", difference.ssot_reason.as_deref()),
        ("claim_shape", difference.claim_shape.as_deref()),
    ];
    let texts = [
        ("name", &difference.name),
        ("class", &difference.class),
        ("owner", &difference.owner),
        ("reason", &difference.reason),
    ];
    for (key, value) in texts {
        table.insert(key.to_owned(), text(value));
    }
    for (key, value) in reasons {
        table.extend(value.map(|value| (key.to_owned(), text(value))));
    }
    if let Some(most) = difference.max_per_hour {
        table.insert("max_per_hour".to_owned(), Value::Integer(most.into()));
    }
    table.insert("expires_at".to_owned(), text(&difference.expires_at.rfc3339()));
    Value::Table(table)
}

fn target(target: &Target) -> Value {
    let members =
        [("segment", target.segment.as_str()), ("serve", target.serve.as_str())].into_iter();
    Value::Table(members.map(|(key, value)| (key.to_owned(), text(value))).collect())
}

fn percent(share: Share) -> Value {
    let points = share.basis_points();
    if points.is_multiple_of(100) {
        i64::from(points / 100).into()
    } else {
        (f64::from(points) / 100.0).into()
    }
}

fn text(text: &str) -> Value {
    text.into()
}

fn texts(list: &BTreeSet<String>) -> Value {
    Value::Array(list.iter().map(|item| text(item)).collect())
}
