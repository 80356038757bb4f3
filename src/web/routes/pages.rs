//! Routes of the control listener for people.

use super::{Needs, Route, api, file, page};
use crate::access::Permission;
use crate::web::{live, pages};

/// Every one.
pub(super) fn routes() -> Vec<Route> {
    let parts = [pages(), files()];
    parts.into_iter().flatten().collect()
}

fn pages() -> Vec<Route> {
    let (anybody, session) = (Needs::Nothing, Needs::Session);
    let read = Needs::To(Permission::Read);
    let administer = Needs::To(Permission::Administer);
    let force = Needs::To(Permission::Force);
    let (lower, release) = (Needs::To(Permission::Lower), Needs::To(Permission::Release));
    let settings = Needs::To(Permission::Settings);
    vec![
        page("GET", "/", read, pages::overview),
        page("GET", "/hold-all", read, pages::ask_hold_all),
        page("POST", "/hold-all", lower, pages::hold_all),
        page("GET", "/to-legacy", read, pages::ask_all_to_legacy),
        page("POST", "/to-legacy", lower, pages::all_to_legacy),
        page("GET", "/components/{component}", read, pages::component),
        page("GET", "/components/{component}/move", read, pages::look_at_move),
        // Less for a smaller share than for a larger one: the handler asks for the rest.
        page("POST", "/components/{component}/move", lower, pages::make_move),
        page("POST", "/components/{component}/roll-back", lower, pages::roll_back),
        page("POST", "/components/{component}/hold", lower, pages::hold),
        page("POST", "/components/{component}/release", release, pages::release),
        page("POST", "/components/{component}/settings", settings, pages::change_settings),
        page("POST", "/components/{component}/plan", lower, pages::change_plan),
        api("GET", "/live/overview", session, live::overview),
        api("GET", "/live/components/{component}", session, live::component),
        page("GET", "/report", read, pages::report),
        page("GET", "/checks", read, pages::checks),
        page("GET", "/reports", read, pages::reports),
        page("POST", "/reports/make", lower, pages::make_report),
        page("GET", "/reports/now", read, pages::report_now),
        page("GET", "/reports/{id}", read, pages::saved_report),
        page("GET", "/reports/{id}/file", read, pages::report_download),
        page("POST", "/reports/remove", administer, pages::remove_report),
        page("GET", "/mismatches", read, pages::mismatches),
        page("GET", "/mismatches/{component}/{fingerprint}", read, pages::mismatch),
        // What it takes depends on what is accepted.
        page("POST", "/mismatches/accept", session, pages::accept),
        page("GET", "/sockets", read, pages::sockets),
        page("GET", "/authority", read, pages::authority),
        page("GET", "/history", read, pages::history),
        page("GET", "/settings", read, pages::settings),
        page("GET", "/golden-path", read, pages::golden_path),
        page("GET", "/explain", read, pages::explain_form),
        page("POST", "/explain", read, pages::explain),
        page("GET", "/sign-in", anybody, pages::sign_in_form),
        page("POST", "/sign-in", anybody, pages::sign_in),
        page("GET", "/sign-in/provider", anybody, pages::to_provider),
        page("GET", "/sign-in/provider/callback", anybody, pages::from_provider),
        page("POST", "/sign-out", session, pages::sign_out),
        page("GET", "/setup", anybody, pages::setup),
        page("POST", "/setup/look", anybody, pages::look_setup),
        page("POST", "/setup", anybody, pages::set_up),
        page("GET", "/prove", session, pages::prove),
        page("POST", "/prove", session, pages::prove_it),
        page("GET", "/account", session, pages::account),
        page("POST", "/account/password", session, pages::change_password),
        page("POST", "/account/sessions/end", session, pages::end_session),
        page("GET", "/operators", read, pages::operators),
        page("POST", "/operators/add", administer, pages::add_operator),
        page("POST", "/operators/role", administer, pages::change_role),
        page("POST", "/operators/link", administer, pages::new_link),
        page("POST", "/operators/remove", administer, pages::remove_operator),
        page("GET", "/tokens", read, pages::tokens),
        page("POST", "/tokens/make", administer, pages::make_token),
        page("POST", "/tokens/revoke", administer, pages::revoke_token),
        page("GET", "/approvals", read, pages::approvals),
        page("POST", "/approvals/ask", force, pages::ask),
        page("POST", "/approvals/approve", force, pages::approve),
        // Whoever asked may also take it back.
        page("POST", "/approvals/reject", session, pages::reject),
        page("GET", "/act", anybody, pages::act),
        page("POST", "/act/look", anybody, pages::look_act),
        page("POST", "/act/confirm", anybody, pages::confirm_act),
    ]
}

/// Parts of pages.
fn files() -> Vec<Route> {
    vec![
        file("/static/app.css", pages::app_css),
        file("/static/report.css", pages::report_css),
        file("/static/charts.css", pages::charts_css),
        file("/static/charts.js", pages::charts_js),
        file("/static/overview.css", pages::overview_css),
        file("/static/app.js", pages::app_js),
        file("/static/pages.css", pages::pages_css),
        file("/static/link.js", pages::link_js),
        file("/static/copy.js", pages::copy_js),
        file("/static/mark.svg", pages::mark_svg),
    ]
}
