//! The whole table, or a part of it, as a document: the shape of a seed file, with every stage and
//! every setting. What a document leaves out stays as it is.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use toml::{Table, Value};

use super::fields::Fields;
use super::limits::form;
use super::seed::{
    COMPONENTS_MAX, REQUIRES_MAX, fault, read_accepted, read_segment, read_targets, read_toml,
};
use super::segment::SEGMENTS_MAX;
use super::{Invariants, Kind, Limits, Phase, Rescue, SeedFault, SeededDifference, SegmentDraft};
use super::{SettingsPatch, Stage, Target};
use crate::domain::{ComponentId, GroupId, SegmentId, Share, TokenForm};

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As a seed file is.
    Toml,
    /// The same members as JSON.
    Json,
}

/// What a document says, proven in form. Whether the rules allow it is another question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    pub(super) components: BTreeMap<ComponentId, Wanted>,
    pub(super) segments: BTreeMap<SegmentId, SegmentDraft>,
}

/// What a document says about one component.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanted {
    pub kind: Option<Kind>,
    pub phase: Option<Phase>,
    pub group: Option<GroupId>,
    pub requires: Option<Vec<ComponentId>>,
    pub legacy: Option<String>,
    pub stage: Option<Stage>,
    pub rescue: Option<Rescue>,
    #[expect(clippy::option_option, reason = "left out, `default` and a share mean three things")]
    pub sample: Option<Option<Share>>,
    pub deadline_ms: Option<u32>,
    pub rescues_per_second_max: Option<u32>,
    pub invariants: Option<Invariants>,
    pub accepted: Option<Vec<SeededDifference>>,
    pub targets: Option<Vec<Target>>,
    pub token_form: Option<TokenForm>,
    pub limits: Option<Limits>,
}

impl Document {
    /// Reads a document; all its faults are told at once.
    pub fn parse(text: &str, format: Format) -> Result<Self, Vec<SeedFault>> {
        let table = match format {
            Format::Toml => read_toml(text),
            Format::Json => read_json(text),
        };
        let mut faults = Vec::new();
        let document = read(table.map_err(|fault| vec![fault])?, &mut faults);
        if faults.is_empty() { Ok(document) } else { Err(faults) }
    }

    /// True when it names neither a component nor a segment.
    pub fn is_empty(&self) -> bool {
        self.components.is_empty() && self.segments.is_empty()
    }
}

fn read_json(text: &str) -> Result<Table, SeedFault> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let table = Table::deserialize(&mut reader).and_then(|table| reader.end().map(|()| table));
    table.map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        fault(None, None, format!("{place}: not a document in JSON"))
    })
}

fn read(mut table: Table, faults: &mut Vec<SeedFault>) -> Document {
    // An export says when it was made.
    for told in ["revision", "exported_at"] {
        table.remove(told);
    }
    let mut document = Document::default();
    for (id, fields) in named(&mut table, "component", COMPONENTS_MAX, faults) {
        let wanted = read_part(&id, fields, read_component, faults);
        document.components.extend(wanted);
    }
    for (name, fields) in named(&mut table, "segment", SEGMENTS_MAX, faults) {
        let segment = read_part(&name, fields, read_segment, faults);
        document.segments.extend(segment.map(|draft| (draft.name.clone(), draft)));
    }
    faults.extend(table.keys().map(|key| fault(None, Some(key), "unknown key")));
    document
}

/// The tables under `[key.NAME]`.
fn named(
    table: &mut Table,
    key: &str,
    max: usize,
    faults: &mut Vec<SeedFault>,
) -> Vec<(String, Fields)> {
    let tables = match table.remove(key) {
        None => return Vec::new(),
        Some(Value::Table(tables)) if tables.len() <= max => tables,
        Some(Value::Table(_)) => {
            faults.push(fault(None, Some(key), format!("more than {max} of them")));
            return Vec::new();
        }
        Some(_) => {
            faults.push(fault(None, Some(key), format!("must be tables `[{key}.<name>]`")));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for (name, value) in tables {
        match value {
            Value::Table(table) => found.push((name, Fields::new(table))),
            _ => faults.push(fault(Some(&name), None, "must be a table")),
        }
    }
    found
}

/// Reads every field even after a fault, so that all faults are found.
fn read_part<T>(
    name: &str,
    mut fields: Fields,
    read: impl FnOnce(&str, &mut Fields) -> Option<T>,
    faults: &mut Vec<SeedFault>,
) -> Option<T> {
    let part = read(name, &mut fields);
    let found = fields.into_faults().into_iter();
    faults.extend(found.map(|(field, problem)| fault(Some(name), field.as_deref(), problem)));
    part
}

fn read_component(id: &str, fields: &mut Fields) -> Option<(ComponentId, Wanted)> {
    let component = ComponentId::parse(id);
    if let Err(error) = &component {
        fields.fault(None, error.to_string());
    }
    let wanted = Wanted {
        kind: fields.kind("kind"),
        phase: fields.phase("phase"),
        group: fields.has("group").then(|| fields.group("group")).flatten(),
        requires: fields.has("requires").then(|| fields.components("requires", REQUIRES_MAX)),
        legacy: fields.slug("legacy"),
        stage: fields.stage(),
        rescue: fields.rescue("rescue"),
        sample: fields.sample("sample_percent"),
        deadline_ms: fields.number("deadline_ms", SettingsPatch::DEADLINE_MS),
        rescues_per_second_max: fields
            .number("rescues_per_second_max", 0..=SettingsPatch::RESCUES_MAX),
        invariants: fields.invariants("invariants"),
        accepted: fields.has("accepted").then(|| read_accepted(fields)),
        targets: fields.has("targets").then(|| read_targets(fields)),
        token_form: fields.token_form("token_form"),
        limits: form::read(fields),
    };
    Some((component.ok()?, wanted))
}
