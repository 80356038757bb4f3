//! Routes of the control listener for programs.

use super::{Needs, Route, api};
use crate::access::Permission;
use crate::web::api::{
    accepted, access_log, approvals, cards, checks, drift, events, evidence, explain, history,
    issuers, journeys, keys, links, me, mismatches, operators, outcomes, policies, reports,
    restore, rollouts, rulings, scans, segments, sessions, sweep, table, tokens,
};
use crate::web::{flags, report};

/// Every one.
pub(super) fn routes() -> Vec<Route> {
    let parts = [
        control(),
        targeting(),
        rollouts(),
        imported(),
        watched(),
        of_periods(),
        whole_table(),
        policies(),
        people(),
    ];
    parts.into_iter().flatten().collect()
}

fn control() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let lower = Needs::To(Permission::Lower);
    let release = Needs::To(Permission::Release);
    vec![
        api("GET", "/v1/flags", read, flags::list),
        api("GET", "/v1/flags/{component}", read, flags::show),
        // What it takes depends on what is changed.
        api("PUT", "/v1/flags/{component}", Needs::Caller, flags::change),
        api("POST", "/v1/flags/{component}/rollback", lower, flags::roll_back),
        api("POST", "/v1/flags/{component}/hold", lower, flags::hold),
        api("POST", "/v1/flags/{component}/release", release, flags::release),
        api("GET", "/v1/flags/{component}/history", read, flags::history),
        // What it takes depends on what comes back.
        api("POST", "/v1/flags/{component}/restore", Needs::Caller, restore::restore),
        api("POST", "/v1/flags/{component}/undo", Needs::Caller, restore::undo),
        api("GET", "/v1/history", read, history::list),
        api("GET", "/v1/history/export", read, history::export),
        api("GET", "/v1/history/verify", read, history::verify),
        api("GET", "/v1/accepted", read, accepted::list),
        api("GET", "/v1/mismatches", read, mismatches::list),
        api("GET", "/v1/mismatches/{component}/{fingerprint}", read, mismatches::show),
        api("GET", "/v1/report", read, report::report),
        api("GET", "/v1/events", read, events::events),
    ]
}

/// Who is served otherwise than the share says.
fn targeting() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let raise = Needs::To(Permission::Raise);
    vec![
        api("GET", "/v1/segments", read, segments::list),
        api("GET", "/v1/segments/{name}", read, segments::show),
        api("PUT", "/v1/segments/{name}", raise, segments::put),
        api("DELETE", "/v1/segments/{name}", raise, segments::remove),
        api("GET", "/v1/segments/{name}/history", read, segments::history),
        // Changes nothing; a POST keeps subjects out of addresses.
        api("POST", "/v1/flags/{component}/explain", read, explain::explain),
    ]
}

/// Plans by which components go on.
fn rollouts() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let lower = Needs::To(Permission::Lower);
    let raise = Needs::To(Permission::Raise);
    vec![
        api("GET", "/v1/rollouts", read, rollouts::list),
        api("GET", "/v1/rollouts/templates", read, rollouts::list_templates),
        api("GET", "/v1/rollouts/{component}", read, rollouts::show),
        api("PUT", "/v1/rollouts/{component}", raise, rollouts::start),
        api("POST", "/v1/rollouts/{component}/pause", lower, rollouts::pause),
        api("POST", "/v1/rollouts/{component}/resume", raise, rollouts::resume),
        api("POST", "/v1/rollouts/{component}/skip", raise, rollouts::skip),
        api("POST", "/v1/rollouts/{component}/abort", lower, rollouts::abort),
        // A person, not a token.
        api("POST", "/v1/rollouts/{component}/approve", Needs::Session, rollouts::approve),
        api("GET", "/v1/rollouts/{component}/history", read, rollouts::history),
    ]
}

/// What the guard has seen, and what it is told.
fn watched() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let raise = Needs::To(Permission::Raise);
    vec![
        api("GET", "/v1/guard", read, rulings::list),
        api("GET", "/v1/guard/cards", read, cards::list),
        api("GET", "/v1/guard/cards/{id}", read, cards::show),
        api("GET", "/v1/flags/{component}/guard", read, rulings::show),
        api("POST", "/v1/outcomes", raise, outcomes::hand_in),
    ]
}

/// Reports of a period.
fn of_periods() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let lower = Needs::To(Permission::Lower);
    let administer = Needs::To(Permission::Administer);
    vec![
        api("GET", "/v1/reports", read, reports::list),
        // Whoever acts may write down what he has seen.
        api("POST", "/v1/reports", lower, reports::make),
        api("GET", "/v1/reports/now", read, reports::now),
        api("GET", "/v1/reports/{id}", read, reports::show),
        api("DELETE", "/v1/reports/{id}", administer, reports::remove),
    ]
}

/// Evidence from outside that rollout plans may require.
fn imported() -> Vec<Route> {
    use evidence::{certificate, golden_path, show, test_report};
    let read = Needs::To(Permission::Read);
    let raise = Needs::To(Permission::Raise);
    let lower = Needs::To(Permission::Lower);
    let tests = "/v1/evidence/{component}/tests";
    let certificates = "/v1/evidence/{component}/certificate";
    let issue = "/v1/evidence/{component}/certificate/issue";
    vec![
        api("GET", "/v1/evidence", read, show::list),
        api("GET", "/v1/evidence/{component}", read, show::show),
        api("POST", tests, raise, test_report::import),
        api("DELETE", tests, lower, test_report::withdraw),
        api("POST", certificates, raise, certificate::import),
        api("DELETE", certificates, lower, certificate::withdraw),
        api("POST", issue, raise, certificate::issue),
        api("GET", "/v1/journeys", read, journeys::list),
        api("GET", "/v1/matrix", read, journeys::matrix),
        api("POST", "/v1/matrix", raise, journeys::judge),
        api("GET", "/v1/checks", read, checks::checks),
        api("GET", "/v1/scans", read, scans::list),
        api("POST", "/v1/scans", raise, scans::post),
        api("GET", "/v1/call-sites", read, scans::call_sites),
        api("GET", "/v1/evidence/golden-path", read, golden_path::show),
        api("POST", "/v1/evidence/golden-path", raise, golden_path::observe),
        api("POST", "/v1/evidence/golden-path/baseline", raise, golden_path::baseline),
    ]
}

/// Many components at once.
fn whole_table() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let lower = Needs::To(Permission::Lower);
    vec![
        api("POST", "/v1/kill", lower, sweep::kill),
        api("POST", "/v1/phases/{phase}/rollback", lower, sweep::roll_back_phase),
        api("GET", "/v1/table", read, table::export),
        // What it takes depends on what the document changes.
        api("POST", "/v1/table", Needs::Caller, table::import),
        api("GET", "/v1/drift", read, drift::drift),
    ]
}

/// How strict the rules about tokens are.
fn policies() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let at = "/v1/policies/{issuer}/{kind}";
    let back = "/v1/policies/{issuer}/{kind}/rollback";
    vec![
        api("GET", "/v1/policies", read, policies::list),
        api("GET", "/v1/policies/profiles", read, policies::profiles),
        api("GET", "/v1/policies/observed", read, policies::observed),
        // To loosen a rule takes more than to tighten it.
        api("PUT", at, Needs::Caller, policies::change),
        api("POST", back, Needs::Caller, policies::roll_back),
        api("GET", "/v1/policies/{issuer}/{kind}/history", read, policies::history),
    ]
}

/// Who may do what.
fn people() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let administer = Needs::To(Permission::Administer);
    let force = Needs::To(Permission::Force);
    vec![
        api("GET", "/v1/me", Needs::Caller, me::me),
        api("GET", "/v1/operators", read, operators::list),
        api("POST", "/v1/operators", administer, operators::add),
        api("PUT", "/v1/operators/{name}", administer, operators::change),
        api("POST", "/v1/operators/{name}/link", administer, operators::link),
        api("DELETE", "/v1/operators/{name}", administer, operators::remove),
        // One's own; everybody's only to whoever may administer.
        api("GET", "/v1/sessions", Needs::Caller, sessions::list),
        api("DELETE", "/v1/sessions/{id}", Needs::Caller, sessions::end),
        api("GET", "/v1/tokens", read, tokens::list),
        api("POST", "/v1/tokens", administer, tokens::make),
        api("DELETE", "/v1/tokens/{name}", administer, tokens::revoke),
        api("GET", "/v1/issuers", read, issuers::list),
        api("GET", "/v1/keys", read, keys::list),
        api("POST", "/v1/keys", administer, keys::add),
        api("POST", "/v1/keys/rotate", administer, keys::rotate),
        api("POST", "/v1/keys/{id}/retire", administer, keys::retire),
        api("GET", "/v1/keys/{id}/public", read, keys::public),
        api("GET", "/v1/approvals", read, approvals::list),
        api("POST", "/v1/approvals/{id}/approve", force, approvals::approve),
        // Whoever asked may withdraw.
        api("POST", "/v1/approvals/{id}/reject", Needs::Session, approvals::reject),
        // What it takes depends on what the link does.
        api("POST", "/v1/links", Needs::Caller, links::make),
        api("GET", "/v1/access-log", read, access_log::read),
    ]
}
