//! From evidence to verdicts. Pure.

use super::{Check, CheckEvidence, CheckFigure, CheckId, Checks, Judged, Metrics, SourceSeen};
use crate::domain::{ComponentId, Journey, JourneyStep, Side};
use crate::flags::Kind;

/// What must be done for a scan to be there.
const SCAN_HOW: &str =
    "Nobody has posted what a scan of the source found: `crossfade scan . --report-to`.";

/// Judges all twelve.
pub fn judge(evidence: &CheckEvidence) -> Checks {
    let checks = CheckId::ALL.map(|name| {
        let Found { judged, says, figures } = judge_one(name, evidence);
        Check { name, phase: name.phase(), judged, says, figures }
    });
    Checks { judged_at: evidence.now, checks: checks.into(), metrics: Metrics::of(evidence) }
}

struct Found {
    judged: Judged,
    says: String,
    figures: Vec<CheckFigure>,
}

fn judge_one(name: CheckId, evidence: &CheckEvidence) -> Found {
    match name {
        CheckId::SingleJwtValidationAuthority => in_source(
            evidence,
            &["validator", "hand-parse"],
            "in production code outside the authority validates tokens or takes them apart",
        ),
        CheckId::BackendDelegates => in_source(
            evidence,
            &["jwt-import", "verified-decode", "unverified-decode", "encode"],
            "in the backend's production code outside the authority uses a JWT library",
        ),
        CheckId::WebsocketUsesSameJwtValidation => same_answers(evidence),
        CheckId::FrontendDelegates => in_source(
            evidence,
            &["frontend-decode", "storage-token-read"],
            "in the front end's production code reads what is in tokens, or takes them from storage",
        ),
        CheckId::SingleWebsocketManager => in_source(
            evidence,
            &["socket-manager"],
            "in production code outside the manager keeps a registry of sockets",
        ),
        CheckId::NoFactoryWrappers => in_source(
            evidence,
            &["factory-definition"],
            "in production code outside the manager makes managers",
        ),
        CheckId::OperationsThroughSingleManager => in_source(
            evidence,
            &["socket-send", "socket-accept", "socket-close", "socket-receive"],
            "in production code outside the manager uses sockets",
        ),
        CheckId::NoLegacyImports => in_source(
            evidence,
            &["legacy-import", "unresolvable-import"],
            "that production code imports leads elsewhere than to the one manager",
        ),
        CheckId::LoginWebsocketSameAuthority => same_authority(evidence),
        CheckId::EventsThroughSingleManager => one_writer(evidence),
        CheckId::NoAuthInconsistencies => one_person(evidence),
        CheckId::ArchitecturalCompliance => no_rivals(evidence),
    }
}

impl Found {
    fn nothing(says: impl Into<String>) -> Self {
        Self { judged: Judged::NoEvidence, says: says.into(), figures: Vec::new() }
    }

    fn new(passed: bool, says: String, figures: Vec<CheckFigure>) -> Self {
        let judged = if passed { Judged::Passed } else { Judged::Failed };
        Self { judged, says, figures }
    }
}

fn figure(name: impl Into<String>, count: u64, link: Option<String>) -> CheckFigure {
    CheckFigure { name: name.into(), count, link }
}

fn page_of(component: &ComponentId) -> String {
    format!("/components/{component}")
}

/// Passed when a scan finds nothing of these categories in production code where it may not be.
fn in_source(evidence: &CheckEvidence, categories: &[&str], what: &str) -> Found {
    let scan = match &evidence.source {
        SourceSeen::Never => return Found::nothing(SCAN_HOW),
        SourceSeen::Stale(at) => {
            return Found::nothing(format!("The latest scan is of {at}, more than 30 days ago."));
        }
        SourceSeen::Lately(scan) => scan,
    };
    let counts = categories.iter().map(|category| (*category, scan.rivals(category)));
    let figures: Vec<CheckFigure> = counts
        .map(|(category, count)| figure(category, count, Some(source_link(category))))
        .collect();
    let all: u64 = figures.iter().map(|figure| figure.count).sum();
    let says = if all == 0 { format!("Nothing {what}.") } else { places(all, what) };
    Found::new(all == 0, format!("{says} Scanned {}.", scan.at), figures)
}

fn places(count: u64, what: &str) -> String {
    if count == 1 { format!("One place {what}.") } else { format!("{count} places: {what}.") }
}

fn source_link(category: &str) -> String {
    format!("/checks#source-{category}")
}

/// Passed when the tokens that were shown at several components got one answer.
fn same_answers(evidence: &CheckEvidence) -> Found {
    let seen = &evidence.sightings;
    if seen.crossed == 0 {
        return Found::nothing(
            "No token was shown at two components within the last hour; send the same one over \
             HTTP and to a socket, or run `crossfade probe`.",
        );
    }
    let figures = vec![
        figure("tokens at several components", seen.crossed, None),
        figure("answered differently", seen.differing, Some("/checks#differing".to_owned())),
    ];
    let says = match seen.differing {
        0 => format!(
            "All {} tokens that were shown at several components got the same answer; with 95 % \
             confidence fewer than {:.2} % do not.",
            seen.crossed,
            300.0 / as_f64(seen.crossed).max(3.0)
        ),
        differing => {
            format!("{differing} of {} tokens got different answers.", seen.crossed)
        }
    };
    Found::new(seen.differing == 0, says, figures)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Passed when neither logins nor handshakes are decided by legacy any more.
fn same_authority(evidence: &CheckEvidence) -> Found {
    let logins: Vec<_> = evidence.of_kinds(&[Kind::Tokens]).collect();
    let handshakes: Vec<_> = (evidence.traffic.iter())
        .filter(|traffic| traffic.component == evidence.handshake)
        .collect();
    let mut figures = Vec::new();
    let mut by_legacy = 0;
    let mut silent = Vec::new();
    for (part, traffic) in [("logins", &logins), ("handshakes", &handshakes)] {
        let by = |side| traffic.iter().map(|traffic| traffic.served(side)).sum::<u64>();
        let link = traffic.first().map(|traffic| page_of(&traffic.component));
        for side in Side::BOTH {
            figures.push(figure(format!("{part} by {side}"), by(side), link.clone()));
        }
        by_legacy += by(Side::Legacy);
        if by(Side::Legacy) + by(Side::Ssot) == 0 {
            silent.push(part);
        }
    }
    if by_legacy > 0 {
        let says = format!("Legacy has decided {by_legacy} logins and handshakes.");
        return Found::new(false, says, figures);
    }
    if !silent.is_empty() {
        let says = format!("There were no {} since their stage changed.", silent.join(" and no "));
        return Found { figures, ..Found::nothing(says) };
    }
    Found::new(true, "Every login and handshake was decided by SSOT.".to_owned(), figures)
}

/// Passed when every frame was written by the SSOT manager.
fn one_writer(evidence: &CheckEvidence) -> Found {
    let by = |side| evidence.of_kinds(&[Kind::Events]).map(|each| each.served(side)).sum::<u64>();
    let (legacy, ssot) = (by(Side::Legacy), by(Side::Ssot));
    if legacy + ssot == 0 {
        return Found::nothing(
            "No event was delivered within the last hour since the stage changed; publish one by \
             POST /v1/events, or run `crossfade probe`.",
        );
    }
    let link = Some("/sockets".to_owned());
    let figures = vec![
        figure("frames by legacy", legacy, link.clone()),
        figure("frames by ssot", ssot, link),
    ];
    let says = format!("SSOT's manager has written {ssot} of {} frames.", legacy + ssot);
    Found::new(legacy == 0, says, figures)
}

/// Passed when no session was taken for two people.
fn one_person(evidence: &CheckEvidence) -> Found {
    let live = &evidence.sightings;
    let (walked, changed) = sessions_walked(evidence);
    if live.sessions + walked == 0 {
        return Found::nothing(
            "No session was followed across three stages; `crossfade probe` walks through them.",
        );
    }
    let differing = live.sessions_differing + changed;
    let figures = vec![
        figure("sessions of users", live.sessions, None),
        figure("walks of the prober", walked, Some("/golden-path".to_owned())),
        figure("with two subjects", differing, Some("/checks#differing".to_owned())),
    ];
    let says = match differing {
        0 => format!("{} sessions were one person throughout.", live.sessions + walked),
        _ => format!("{differing} of {} sessions changed hands.", live.sessions + walked),
    };
    Found::new(differing == 0, says, figures)
}

/// Walks that told their subject at three steps or more, and those of them that told two.
pub(super) fn sessions_walked(evidence: &CheckEvidence) -> (u64, u64) {
    let subjects = |walk: &Journey| -> Vec<String> {
        let with_subject = walk.steps.iter().filter(|seen| seen.step != JourneyStep::Refusal);
        with_subject.filter_map(|seen| seen.provenance.subject.clone()).collect()
    };
    let told = evidence.walks.iter().map(subjects).filter(|subjects| subjects.len() >= 3);
    told.fold((0, 0), |(walked, changed), subjects| {
        let two = subjects.iter().any(|subject| *subject != subjects[0]);
        (walked + 1, changed + u64::from(two))
    })
}

/// Passed when no service has code that rivals the authority or the manager.
fn no_rivals(evidence: &CheckEvidence) -> Found {
    let SourceSeen::Lately(scan) = &evidence.source else {
        return in_source(evidence, &[], "");
    };
    let services = scan.services();
    if services.is_empty() {
        return Found::nothing("The scan has found no service: see [scan] in its configuration.");
    }
    let figures: Vec<CheckFigure> = (services.iter())
        .map(|(service, rivals)| {
            figure(service.clone(), *rivals, Some("/checks#services".to_owned()))
        })
        .collect();
    let with_rivals = services.values().filter(|rivals| **rivals > 0).count();
    let says = match with_rivals {
        0 => format!("None of {} services has a rival of its own.", services.len()),
        some => format!("{some} of {} services have rivals of their own.", services.len()),
    };
    Found::new(with_rivals == 0, says, figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Provenance, StepSeen, Timestamp};
    use crate::ledger::{Counter, SightingsSummary, Tally};
    use crate::report::checks::evidence::Traffic;
    use crate::report::checks::scans::tests::scan;

    fn nothing() -> CheckEvidence {
        CheckEvidence {
            now: Timestamp::from_seconds(1_000),
            traffic: Vec::new(),
            handshake: ComponentId::parse("socket-auth").expect("an id"),
            sightings: SightingsSummary::default(),
            source: SourceSeen::Never,
            walks: Vec::new(),
        }
    }

    fn traffic(component: &str, kind: Kind, legacy: usize, ssot: usize) -> Traffic {
        let mut tally = Tally::default();
        for (side, count) in [(Side::Legacy, legacy), (Side::Ssot, ssot)] {
            for _ in 0..count {
                tally.add(Counter::Served(side));
            }
        }
        Traffic { component: ComponentId::parse(component).expect("an id"), kind, tally }
    }

    fn judged(name: CheckId, evidence: &CheckEvidence) -> Judged {
        let checks = judge(evidence).checks;
        checks.iter().find(|check| check.name == name).expect("all twelve").judged
    }

    #[test]
    fn without_evidence_nothing_is_passed_or_failed_and_each_says_how_to_get_it() {
        let checks = judge(&nothing());
        assert_eq!(checks.count(Judged::NoEvidence), 12);
        assert!(checks.checks.iter().all(|check| !check.says.is_empty()));
        assert!(checks.metrics.named().iter().all(|(_, rate)| rate.is_none()));
    }

    #[test]
    fn copies_in_production_fail_the_check_of_their_kind_and_those_in_tests_fail_none() {
        for (category, failed) in [
            ("validator", CheckId::SingleJwtValidationAuthority),
            ("hand-parse", CheckId::SingleJwtValidationAuthority),
            ("jwt-import", CheckId::BackendDelegates),
            ("frontend-decode", CheckId::FrontendDelegates),
            ("socket-manager", CheckId::SingleWebsocketManager),
            ("factory-definition", CheckId::NoFactoryWrappers),
            ("socket-close", CheckId::OperationsThroughSingleManager),
            ("legacy-import", CheckId::NoLegacyImports),
        ] {
            for (class, canonical, expected) in [
                ("production", false, Judged::Failed),
                ("production", true, Judged::Passed),
                ("test", false, Judged::Passed),
            ] {
                let kept = scan(900, &[(category, class, "backend", canonical, 2)]);
                let evidence = CheckEvidence { source: SourceSeen::Lately(kept), ..nothing() };
                assert_eq!(judged(failed, &evidence), expected, "{category} {class} {canonical}");
            }
        }
    }

    #[test]
    fn one_service_with_a_rival_breaks_compliance() {
        let clean = ("validator", "production", "auth", true, 1);
        let rival = ("socket-send", "production", "backend", false, 1);
        for (counts, expected) in [
            (vec![clean], Judged::Passed),
            (vec![clean, rival], Judged::Failed),
            (vec![], Judged::NoEvidence),
        ] {
            let kept = scan(900, &counts);
            let evidence = CheckEvidence { source: SourceSeen::Lately(kept), ..nothing() };
            assert_eq!(judged(CheckId::ArchitecturalCompliance, &evidence), expected);
        }
    }

    #[test]
    fn one_login_or_handshake_by_legacy_is_one_too_many() {
        for (login, handshake, expected) in [
            ((0, 3), (0, 4), Judged::Passed),
            ((1, 3), (0, 4), Judged::Failed),
            ((0, 3), (1, 4), Judged::Failed),
            ((0, 0), (0, 4), Judged::NoEvidence),
            ((0, 3), (0, 0), Judged::NoEvidence),
        ] {
            let evidence = CheckEvidence {
                traffic: vec![
                    traffic("token-operations", Kind::Tokens, login.0, login.1),
                    traffic("socket-auth", Kind::Auth, handshake.0, handshake.1),
                    traffic("http-auth", Kind::Auth, 9, 0),
                ],
                ..nothing()
            };
            let judged = judged(CheckId::LoginWebsocketSameAuthority, &evidence);
            assert_eq!(judged, expected, "{login:?} {handshake:?}");
        }
    }

    #[test]
    fn every_frame_is_the_managers() {
        let name = CheckId::EventsThroughSingleManager;
        for (legacy, ssot, expected) in
            [(0, 7, Judged::Passed), (1, 7, Judged::Failed), (0, 0, Judged::NoEvidence)]
        {
            let delivered = traffic("event-delivery", Kind::Events, legacy, ssot);
            let evidence = CheckEvidence { traffic: vec![delivered], ..nothing() };
            assert_eq!(judged(name, &evidence), expected);
        }
        let delivered = traffic("event-delivery", Kind::Events, 1, 3);
        let evidence = CheckEvidence { traffic: vec![delivered], ..nothing() };
        let rate = judge(&evidence).metrics.manager_consistency.expect("counted");
        assert_eq!((rate.good, rate.all), (3, 4));
    }

    #[test]
    fn tokens_that_got_two_answers_fail_and_none_that_crossed_is_no_evidence() {
        let name = CheckId::WebsocketUsesSameJwtValidation;
        for (crossed, differing, expected) in
            [(0, 0, Judged::NoEvidence), (5, 0, Judged::Passed), (5, 1, Judged::Failed)]
        {
            let sightings = SightingsSummary { crossed, differing, ..Default::default() };
            assert_eq!(judged(name, &CheckEvidence { sightings, ..nothing() }), expected);
        }
    }

    fn walk(subjects: &[Option<&str>]) -> Journey {
        let step = |(step, subject): (JourneyStep, Option<&str>)| StepSeen {
            step,
            fault: None,
            omitted: false,
            took: std::time::Duration::ZERO,
            provenance: Provenance { subject: subject.map(str::to_owned), ..Provenance::default() },
        };
        Journey {
            side: Side::Ssot,
            begun_at: Timestamp::from_seconds(900),
            steps: JourneyStep::ALL.into_iter().zip(subjects.iter().copied()).map(step).collect(),
            places: Vec::new(),
            unplaced: None,
        }
    }

    #[test]
    fn a_walk_that_is_taken_for_two_people_is_inconsistent() {
        let name = CheckId::NoAuthInconsistencies;
        let (ada, eve) = (Some("ada"), Some("eve"));
        for (subjects, expected) in [
            (vec![ada, None, ada, ada], Judged::Passed),
            (vec![ada, None, ada, eve], Judged::Failed),
            (vec![ada, None, ada], Judged::NoEvidence),
        ] {
            let evidence = CheckEvidence { walks: vec![walk(&subjects)], ..nothing() };
            assert_eq!(judged(name, &evidence), expected, "{subjects:?}");
        }
    }
}
