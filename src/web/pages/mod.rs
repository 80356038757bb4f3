//! Pages for people: plain HTML that works without a script, under a strict content policy.
//!
//! Opening a page never changes anything. What changes something is a form that is posted; the
//! answer is the way to the next page (303), or the form again with what was wrong beside it.
//! What is shown once, such as the text of a token, is shown by the answer to the post itself.

mod account;
mod act;
mod approvals;
mod authority;
mod checks;
mod complaint;
mod component;
mod explain;
mod figure;
mod frame;
mod golden_path;
mod history;
mod known;
mod local_path;
mod message;
mod mismatch;
mod mismatches;
mod moment;
mod operators;
mod overview;
mod period;
mod period_charts;
mod prove;
mod report;
mod reports;
mod saved_report;
mod secured;
mod settings;
mod setup;
mod shown;
mod sign_in;
mod sockets;
mod static_files;
#[cfg(test)]
mod tests;
mod tokens;
mod visit;
mod words;

pub use account::{account, change_password, end_session};
pub use act::{act, confirm_act, look_act};
pub use approvals::{approvals, approve, ask, reject};
pub use authority::authority;
pub use checks::checks;
pub use complaint::Complaint;
pub(super) use component::{ComponentParts, chart_part, component_parts};
pub use component::{
    change_plan, change_settings, component, hold, look_at_move, make_move, release, roll_back,
};
pub use explain::{explain, explain_form};
pub use golden_path::golden_path;
pub use history::history;
pub use message::{no_page, only_forms, send_elsewhere};
pub use mismatch::{accept, mismatch};
pub use mismatches::mismatches;
pub use operators::{add_operator, change_role, new_link, operators, remove_operator};
pub(super) use overview::{OverviewParts, overview_parts};
pub use overview::{all_to_legacy, ask_all_to_legacy, ask_hold_all, hold_all, overview};
pub use period::{period_file, period_text};
pub use prove::{prove, prove_it};
pub use report::{report, report_file, report_page};
pub use reports::{make_report, remove_report, reports};
pub(super) use saved_report::{ShownReport, shown_now, wish_of};
pub use saved_report::{report_download, report_now, saved_report};
pub use settings::settings;
pub use setup::{look_setup, set_up, setup};
pub use sign_in::{from_provider, sign_in, sign_in_form, sign_out, to_provider};
pub use sockets::sockets;
pub use static_files::{
    app_css, app_js, charts_css, charts_js, copy_js, link_js, mark_svg, overview_css, pages_css,
    report_css,
};
pub use tokens::{make_token, revoke_token, tokens};

use axum::http::Uri;
use form_urlencoded::parse;

use complaint::Outcome;
use frame::Frame;
use local_path::local_path;
use moment::Moment;
use secured::{page, see_other};
use shown::{Once, Unlock};

use super::Rooms;
use super::form::Form;
use super::guard::Signed;
use super::live::Part;
use crate::access::{AccessError, Pass, Permission, Secret};

/// What is said where a name is not one.
const NAME_HINT: &str = "A name is 1 to 64 of a-z, 0-9, dot, underscore, hyphen and @, and begins \
                         with a letter or digit.";

/// The parts of a page that is alive.
pub(super) enum Rendered {
    /// Of all components.
    Overview(OverviewParts),
    /// Of one.
    Component(ComponentParts),
    /// Of one that is not there.
    Nothing,
}

impl Rendered {
    /// Each part.
    pub fn parts(&self) -> Box<dyn Iterator<Item = &Part> + Send + '_> {
        match self {
            Self::Overview(parts) => Box::new(parts.each()),
            Self::Component(parts) => Box::new(parts.each()),
            Self::Nothing => Box::new(std::iter::empty()),
        }
    }
}

/// A pass for a signed-in operator, or what to tell him. A refusal is counted.
fn permit(rooms: &Rooms, signed: &Signed, permission: Permission) -> Outcome<Pass> {
    tried(rooms, signed.session.caller.permit(permission, rooms.clock.now()))
}

/// What came of it, with what went wrong in words. A refusal is counted.
fn tried<T, E: Into<AccessError>>(rooms: &Rooms, outcome: Result<T, E>) -> Outcome<T> {
    outcome.map_err(|error| Complaint::of_error(rooms, error.into()))
}

/// A new password that was typed twice the same.
fn new_password(form: &Form, field: &'static str) -> Outcome<Secret> {
    let password = form.secret(field);
    if password == form.secret("again") {
        Ok(password)
    } else {
        Err(Complaint::typed(
            "again",
            "The two are not the same. Type the new password again, twice.",
        ))
    }
}

/// The first value of a name in the query; empty when it is not there.
pub(super) fn query_value(uri: &Uri, name: &str) -> String {
    let mut pairs = parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}
