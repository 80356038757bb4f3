//! How a component behaves: whom it serves otherwise, what the guard holds it to, and the rest.

use crate::access::Permission;
use crate::domain::{SegmentId, Share};
use crate::flags::{Flag, Invariants, Limits, Rescue, Serve, SettingsPatch, Snapshot, Target};
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::pages::Complaint;
use crate::web::pages::complaint::Outcome;

use super::allowed::Allowed;

/// Rows for targets that are not there yet.
const EMPTY_ROWS: usize = 2;

/// Limits that are a list, and so are not typed into one field.
const NOT_TYPED: &str = "windows";

/// What the forms show.
pub(in crate::web::pages) struct SettingsForm {
    pub may: Allowed,
    pub targets: Vec<TargetRow>,
    pub segments: Vec<String>,
    pub limits: Vec<LimitRow>,
    pub windows: usize,
    pub sample: String,
    pub sample_default: String,
    pub deadline_ms: String,
    pub rescues: String,
    pub rescue: &'static str,
    pub invariants: &'static str,
}

pub(in crate::web::pages) struct TargetRow {
    pub number: usize,
    pub segment: String,
    pub serve: String,
}

pub(in crate::web::pages) struct LimitRow {
    pub name: String,
    pub value: String,
    pub was: String,
}

impl SettingsForm {
    pub fn new(snapshot: &Snapshot, signed: &Signed, flag: &Flag, typed: Option<&Form>) -> Self {
        let typed = |what: &str| typed.filter(|form| form.text("what") == what);
        let limits = flag.limits.as_written().into_iter().filter(|(name, _)| name != NOT_TYPED);
        let limits = limits.map(|(name, was)| {
            let field = format!("limit.{name}");
            let value =
                typed("limits").map_or_else(|| was.clone(), |form| form.text(&field).to_owned());
            LimitRow { name, value, was }
        });
        let basics = |name: &str, known: String| {
            typed("basics").map_or(known, |form| form.text(name).to_owned())
        };
        let sample = flag.sample.map_or_else(String::new, bare);
        Self {
            may: Allowed::by_role(signed, Permission::Settings),
            targets: rows(&flag.targets),
            segments: snapshot.segments().iter().map(|one| one.name.to_string()).collect(),
            limits: limits.collect(),
            windows: flag.limits.windows.len(),
            sample: basics("sample", sample),
            sample_default: flag.stage.default_sample().to_string(),
            deadline_ms: basics("deadline_ms", flag.deadline_ms.to_string()),
            rescues: basics("rescues", flag.rescues_per_second_max.to_string()),
            rescue: flag.rescue.as_str(),
            invariants: flag.invariants.as_str(),
        }
    }
}

fn bare(share: Share) -> String {
    share.to_string().trim_end_matches(" %").to_owned()
}

fn rows(targets: &[Target]) -> Vec<TargetRow> {
    let known = targets.iter().map(|one| (one.segment.to_string(), one.serve.as_str().to_owned()));
    let empty = (0..EMPTY_ROWS).map(|_| (String::new(), "ssot".to_owned()));
    let all = known.chain(empty).enumerate();
    all.map(|(number, (segment, serve))| TargetRow { number, segment, serve }).collect()
}

/// What the form of this name asks for.
pub(super) fn patch(flag: &Flag, form: &Form) -> Outcome<SettingsPatch> {
    match form.text("what") {
        "targets" => targets(form),
        "limits" => limits(&flag.limits, form),
        "basics" => basics(flag, form),
        _ => Err(Complaint::typed("settings", "The form says nothing to change. Reload the page.")),
    }
}

fn targets(form: &Form) -> Outcome<SettingsPatch> {
    let mut targets = Vec::new();
    for (segment, serve) in form.all("segment").zip(form.all("serve")) {
        if segment.trim().is_empty() {
            continue;
        }
        let unknown = || Complaint::typed("targets", "Choose a segment that there is.");
        let segment = SegmentId::parse(segment.trim()).map_err(|_| unknown())?;
        let serves = [Serve::Ssot, Serve::Legacy, Serve::Shadow];
        let serve = serves.into_iter().find(|each| each.as_str() == serve.trim());
        let serve = serve.ok_or_else(|| Complaint::typed("targets", "Choose who serves."))?;
        targets.push(Target { segment, serve });
    }
    Ok(SettingsPatch { targets: Some(targets), ..SettingsPatch::default() })
}

fn limits(now: &Limits, form: &Form) -> Outcome<SettingsPatch> {
    let mut changes = Vec::new();
    for (name, was) in now.as_written() {
        let field = format!("limit.{name}");
        // A browser sends every field; what is not there is not changed.
        let Some(typed) = form.all(&field).next().map(str::trim) else { continue };
        if name != NOT_TYPED && typed != was {
            changes.push((name, typed.to_owned()));
        }
    }
    let wanted = now.with(&changes);
    let limits = wanted.map_err(|problem| Complaint::typed("limits", format!("{problem}.")))?;
    Ok(SettingsPatch { limits: Some(limits), ..SettingsPatch::default() })
}

fn basics(flag: &Flag, form: &Form) -> Outcome<SettingsPatch> {
    let wrong = |text: &str| Complaint::typed("basics", text);
    let sample = match form.text("sample") {
        "" => None,
        typed => {
            let share = Share::parse_percent(typed);
            Some(share.ok_or_else(|| wrong("The sample is a percentage from 0 to 100."))?)
        }
    };
    let number = |name: &str, what: &str| -> Outcome<u32> {
        form.text(name).parse().map_err(|_| wrong(&format!("{what} is a whole number.")))
    };
    let deadline_ms = number("deadline_ms", "The deadline")?;
    let rescues = number("rescues", "The number of rescues")?;
    let rescue = match form.text("rescue") {
        "ssot" => Rescue::Ssot,
        "both" => Rescue::Both,
        _ => return Err(wrong("Choose who is rescued.")),
    };
    let invariants = match form.text("invariants") {
        "report" => Invariants::Report,
        "enforce" => Invariants::Enforce,
        _ => return Err(wrong("Choose what becomes of proved forgeries.")),
    };
    // Only what is otherwise: each setting takes a permission of its own.
    Ok(SettingsPatch {
        sample: (sample != flag.sample).then_some(sample),
        deadline_ms: (deadline_ms != flag.deadline_ms).then_some(deadline_ms),
        rescues_per_second_max: (rescues != flag.rescues_per_second_max).then_some(rescues),
        rescue: (rescue != flag.rescue).then_some(rescue),
        invariants: (invariants != flag.invariants).then_some(invariants),
        ..SettingsPatch::default()
    })
}
