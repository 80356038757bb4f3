//! Samples of the pages about one component, for the test that renders every page.

use askama::Template as _;

use super::allowed::Allowed;
use super::card::Card;
use super::charts::Drawn;
use super::controls::{Act, Controls, ShareLine, StageLine};
use super::lately::Lately;
use super::moving::{MovePage, effects};
use super::past::PastChange;
use super::plan::{PlanState, PlanView, template_lines};
use super::settings::{LimitRow, SettingsForm, TargetRow};
use super::stale::{Again, SeenVersion, StalePage};
use super::state::State as Place;
use super::{Charts, ComponentPage, ComponentParts};
use crate::domain::{Revision, Timestamp};
use crate::flags::{Cause, Flag, HistoryRow, Limits, Rollout, RolloutVerdict, Stage, templates};
use crate::guard::{DecisionCard, Deed, Found, GuardRule, Without};
use crate::ledger::{Grain, Tally};
use crate::web::live::{Part, Reach};
use crate::web::pages::overview::part;
use crate::web::pages::{Complaint, Frame, Moment};

fn rollout(flag: &Flag, text: &str, now: Timestamp) -> Rollout {
    let json = serde_json::json!({
        "component": flag.component, "id": 3, "template": "normal",
        "steps": templates().remove(1).steps, "state": "running",
        "position": { "step": 1, "stage": "canary", "share": 100, "flag_revision": 7, "since": now },
        "started_by": text, "started_at": now, "revision": 3, "changed_at": now,
        "cause": { "by": "operator", "name": text, "note": text },
    });
    serde_json::from_value(json).expect("a plan")
}

fn card(flag: &Flag, text: &str, now: Timestamp) -> DecisionCard {
    DecisionCard {
        id: "00000000000000000007".to_owned(),
        component: flag.component.clone(),
        at: now,
        found: vec![Found { rule: GuardRule::ErrorRate, what: text.to_owned() }],
        deed: Deed::RolledBack { revision: Revision(7), durable: false },
        stage: flag.stage,
        revision: Revision(6),
        attempt: 2,
        attempt_since: now.plus_seconds(-9_000),
        standings: Vec::new(),
        path: Vec::new(),
        limits: Limits::default(),
        samples: vec![text.to_owned()],
        without: Some(Without {
            failure_rate: 0.3,
            trials_per_minute: 120.0,
            people_per_hour: 2_160.0,
        }),
        published_after_us: Some(840),
        unseen: 0,
    }
}

fn parts(flag: &Flag, text: &str, now: Timestamp) -> ComponentParts {
    let span = Reach::Hour.span(now);
    let drawn = Drawn { flag, stretches: &[], span, grain: Grain::Minute, marks: Vec::new() };
    let charts: String = drawn.charts().iter().map(ToString::to_string).collect();
    let plan = PlanView::new(&rollout(flag, text, now), &RolloutVerdict::Rest, now);
    ComponentParts {
        state: part("state", &Place::new(flag, vec!["socket-connections".to_owned()], now)),
        lately: part("lately", &Lately::new(flag, &Tally::default())),
        evidence: Part { id: "evidence".to_owned(), html: String::new() },
        plan: part("plan-state", &PlanState { plan: Some(plan) }),
        charts: part("charts-drawn", &Charts { charts: Some(&charts) }),
    }
}

fn controls(flag: &Flag, text: &str, complaint: Complaint, now: Timestamp) -> Controls {
    let no = || Allowed::No(text.to_owned());
    let line = |allowed, is_here| ShareLine {
        value: "2.5".to_owned(),
        text: "2.5 %".to_owned(),
        is_here,
        allowed,
    };
    let stage = |name, allowed, is_here| StageLine { name, means: "what it is", is_here, allowed };
    Controls {
        component: flag.component.to_string(),
        form_token: "mark-of-this-session".to_owned(),
        revision: 7,
        complaint,
        ladder: vec![
            stage("off", Allowed::Yes, false),
            stage("shadow", Allowed::Yes, true),
            stage("live", no(), false),
        ],
        presets: vec![line(Allowed::Yes, false), line(no(), false), line(Allowed::Yes, true)],
        fine: vec![line(no(), false)],
        no_share: None,
        share: "2.5".to_owned(),
        roll_back: Act { allowed: Allowed::Yes, is_due: true },
        falling: vec![text.to_owned()],
        hold: Act { allowed: Allowed::Yes, is_due: true },
        release: Act { allowed: no(), is_due: true },
        note: text.to_owned(),
        settings: SettingsForm {
            may: Allowed::Yes,
            targets: vec![TargetRow {
                number: 0,
                segment: "staff".to_owned(),
                serve: "ssot".to_owned(),
            }],
            segments: vec!["staff".to_owned(), text.to_owned()],
            limits: vec![LimitRow {
                name: "slow_ms".to_owned(),
                value: text.to_owned(),
                was: "500".to_owned(),
            }],
            windows: 1,
            sample: text.to_owned(),
            sample_default: "100 %".to_owned(),
            deadline_ms: text.to_owned(),
            rescues: "50".to_owned(),
            rescue: "ssot",
            invariants: "report",
        },
        plan: Some(PlanView::new(&rollout(flag, text, now), &RolloutVerdict::Rest, now)),
        templates: template_lines(),
        may_start: Allowed::Yes,
        may_stop: Allowed::Yes,
    }
}

/// Every page about one component, rendered.
pub(in crate::web::pages) fn pages(
    flag: &Flag,
    text: &str,
    (frame, now): (impl Fn() -> Frame, Timestamp),
) -> Vec<(&'static str, askama::Result<String>)> {
    let parts = parts(flag, text, now);
    let cause = Cause::Operator { name: text.to_owned(), note: text.to_owned() };
    let row = HistoryRow {
        revision: Revision(7),
        change: Revision(7),
        at: now,
        component: flag.component.clone(),
        before: None,
        after: flag.clone(),
        cause,
    };
    let whole = |complaint, card: Option<Card>, changes| ComponentPage {
        frame: frame(),
        component: flag.component.to_string(),
        reach: Reach::Day,
        seen: "7.7".to_owned(),
        parts: &parts,
        controls: controls(flag, text, complaint, now),
        card,
        changes,
    };
    let wrong = || Complaint::typed("hold", text).in_place("hold");
    let moving = |allowed| MovePage {
        frame: frame(),
        complaint: wrong().at("page"),
        component: flag.component.to_string(),
        revision: 7,
        from: flag.stage.to_string(),
        to: Stage::Live.to_string(),
        stage: "live",
        share: String::new(),
        is_raise: true,
        takes_two: false,
        effects: effects(flag, Stage::Live, 12_000, Some(0.999)),
        allowed,
        note: text.to_owned(),
    };
    let plan = rollout(flag, text, now);
    let stale = |what, seen, version, allowed| StalePage {
        frame: frame(),
        component: flag.component.to_string(),
        what,
        seen: Some(seen),
        now: version,
        differs: vec![text.to_owned()],
        by: vec![(Moment::new(now, now), text.to_owned())],
        wanted: text.to_owned(),
        again: Some(Again {
            action: "plan",
            fields: vec![("template", text.to_owned())],
            effect: text.to_owned(),
            button: "Start".to_owned(),
            says_why: true,
            allowed,
        }),
        note: text.to_owned(),
    };
    let flag_stale = stale("", SeenVersion::of(flag), SeenVersion::of(flag), Allowed::Yes);
    let (none, some) = (SeenVersion::of_plan(None), SeenVersion::of_plan(Some(&plan)));
    let plan_stale = stale("plan", none, some, Allowed::No(text.to_owned()));
    let past = Some(vec![PastChange::new(&row, now)]);
    let full = whole(wrong(), Some(Card::new(&card(flag, text, now), now)), past).render();
    vec![
        ("component", full),
        ("component-bare", whole(Complaint::none(), None, None).render()),
        ("component-new", whole(Complaint::none(), None, Some(Vec::new())).render()),
        ("move", moving(Allowed::Yes).render()),
        ("move-barred", moving(Allowed::No(text.to_owned())).render()),
        ("stale", flag_stale.render()),
        ("stale-plan", plan_stale.render()),
    ]
}
