use prometheus_client::collector::Collector;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;

use super::*;
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::flags::{Limits, Stage};
use crate::guard::{CertificateView, GuardRule, Ruling};

#[derive(Debug)]
struct Shown(Vec<GuardView>);

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        super::encode(&mut encoder, self.0.clone())
    }
}

fn text(views: &[GuardView]) -> String {
    let mut registry = Registry::with_prefix("crossfade");
    registry.register_collector(Box::new(Shown(views.into())));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).expect("encoded");
    text
}

fn standing(rule: GuardRule, value: Option<f64>) -> Standing {
    Standing {
        rule,
        unarmed: None,
        value,
        acts_at: value.map(|_| 2_500.0),
        seen: String::new(),
        finds: None,
    }
}

fn view(component: &str) -> GuardView {
    let at = Timestamp::from_seconds(1);
    let unarmed = Some("no arm of legacy".to_owned());
    GuardView {
        component: ComponentId::parse(component).expect("an id"),
        at,
        stage: Stage::Live,
        revision: Revision(1),
        ruling: Ruling::Hold { found: Vec::new() },
        standings: vec![
            standing(GuardRule::ErrorRate, Some(12.5)),
            standing(GuardRule::Security, None),
            Standing { unarmed, ..standing(GuardRule::Regression, Some(1.0)) },
        ],
        attempt: 3,
        attempt_since: at,
        step_since: at,
        certificate: CertificateView {
            below: 0.01,
            confidence: 0.99,
            subjects: 448,
            failed: 0,
            value: 10.0,
            certified_at: 100.0,
            clean_subjects_missing: 100,
        },
        answers: 1_000,
        late_answers: 0,
        subjects_left: 0,
        ignored: 7,
        unseen: 2,
        clients_unseen: false,
        memory_bytes: 4_096,
        limits: Limits::default(),
        recent: None,
        foretold: Vec::new(),
    }
}

#[test]
fn every_watched_component_shows_its_ruling_and_the_values_of_its_armed_rules() {
    let text = text(&[view("http-auth")]);
    for line in [
        "guard_e_value{component=\"http-auth\",rule=\"error_rate\"} 12.5",
        "guard_acts_at{component=\"http-auth\",rule=\"error_rate\"} 2500.0",
        "guard_ruling{component=\"http-auth\",ruling=\"hold\"} 1",
        "guard_ruling{component=\"http-auth\",ruling=\"trip\"} 0",
        "guard_attempt{component=\"http-auth\"} 3",
        "guard_certificate_missing{component=\"http-auth\"} 100",
        "guard_memory_bytes{component=\"http-auth\"} 4096",
        "guard_unseen_total{component=\"http-auth\"} 2",
        "guard_subjects_ignored_total{component=\"http-auth\"} 7",
    ] {
        assert!(text.contains(&format!("\ncrossfade_{line}\n")), "{line} is not in\n{text}");
    }
    for rule in ["security", "regression"] {
        assert!(!text.contains(&format!("rule=\"{rule}\"")), "{text}");
    }
}

#[test]
fn a_component_that_is_not_watched_is_not_there_and_one_without_answers_has_no_values() {
    let limits = Limits { mode: GuardMode::Off, ..Limits::default() };
    let quiet = GuardView { answers: 0, ..view("quiet") };
    let text = text(&[GuardView { limits, ..view("unwatched") }, quiet]);
    assert!(!text.contains("unwatched") && !text.contains("rule="), "{text}");
    assert!(text.contains("guard_ruling{component=\"quiet\",ruling=\"hold\"} 1"), "{text}");
}
