//! What a seed file says about segments, and about the targets that name them.

use std::collections::HashSet;

use toml::Value;

use super::super::fields::Fields;
use super::super::segment::{SEGMENTS_MAX, TARGETS_MAX, Target};
use super::super::{Cause, SegmentDraft};
use super::{Seed, SeedFault, fault};
use crate::domain::{Revision, SegmentId, Timestamp};

/// Reads the `[segment.<name>]` tables.
pub fn read_segments(value: Value, faults: &mut Vec<SeedFault>) -> Vec<SegmentDraft> {
    let tables = match value {
        Value::Table(tables) if tables.len() <= SEGMENTS_MAX => tables,
        Value::Table(_) => {
            let problem = format!("more than {SEGMENTS_MAX} segments");
            faults.push(fault(None, Some("segment"), problem));
            return Vec::new();
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => {
            faults.push(fault(None, Some("segment"), "must be tables `[segment.<name>]`"));
            return Vec::new();
        }
    };
    let mut segments = Vec::new();
    for (name, value) in tables {
        let place = format!("segment.{name}");
        let Value::Table(table) = value else {
            faults.push(fault(Some(&place), None, "must be a table"));
            continue;
        };
        let mut fields = Fields::new(table);
        segments.extend(read_segment(&name, &mut fields));
        let found = fields.into_faults();
        faults.extend(
            found.into_iter().map(|(field, text)| fault(Some(&place), field.as_deref(), text)),
        );
    }
    segments
}

/// Reads every field even after a fault, so that all faults are found.
pub fn read_segment(name: &str, fields: &mut Fields) -> Option<SegmentDraft> {
    let id = SegmentId::parse(name);
    if let Err(error) = &id {
        fields.fault(None, error.to_string());
    }
    let description = fields.text("description").unwrap_or_default();
    let subjects = fields.texts("subjects");
    let tenants = fields.texts("tenants");
    let scopes = fields.texts("scopes");
    let headers = fields.texts_by_name("headers");
    let draft = SegmentDraft { name: id.ok()?, description, subjects, tenants, scopes, headers };
    let now = Timestamp::from_seconds(0);
    if let Some(found) = draft.clone().into_segment(Revision::default(), now, Cause::Seed).fault() {
        fields.fault(Some(found.field.to_owned()), found.problem);
    }
    Some(draft)
}

/// Reads the `[[component.<id>.targets]]` tables.
pub fn read_targets(fields: &mut Fields) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for (at, table) in fields.tables("targets", TARGETS_MAX).into_iter().enumerate() {
        let mut inner = Fields::new(table);
        let segment = inner.required("segment", Fields::segment);
        let serve = inner.required("serve", Fields::serve);
        fields.adopt(&format!("targets[{at}]"), inner);
        let (Some(segment), Some(serve)) = (segment, serve) else { continue };
        if targets.iter().any(|other| other.segment == segment) {
            fields.fault(Some(format!("targets[{at}].segment")), "is there already");
        }
        targets.push(Target { segment, serve });
    }
    targets
}

/// Targets among `seeds` whose segment is not among those `known`.
pub fn target_faults(seeds: &[&Seed], known: &HashSet<SegmentId>) -> Vec<SeedFault> {
    let mut faults = Vec::new();
    for seed in seeds {
        for (at, target) in seed.targets.iter().enumerate() {
            if !known.contains(&target.segment) {
                let place = format!("targets[{at}].segment");
                let problem = format!("{} is no segment", target.segment);
                faults.push(fault(Some(seed.component.as_str()), Some(&place), problem));
            }
        }
    }
    faults
}
