//! One group of differences: everything about it, and the form that accepts it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::complaint::Outcome;
use super::mismatches::GroupLine;
use super::{Complaint, Frame, Moment, Unlock, page, permit, see_other};
use crate::compare::MismatchClass;
use crate::domain::{Revision, Timestamp};
use crate::flags::{ACCEPTED_MAX, AcceptedDifference, Flag, FlagsError, Move, SettingsPatch};
use crate::ledger::{Exemplar, SampleSide};
use crate::report::{MismatchReport, latency_text, mismatch as found};
use crate::web::api::mismatches::{OfGroup, with_replay};
use crate::web::flags::{cause, permission_for};
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::replay_line::ReplayLine;
use crate::web::{Problem, Rooms, approved};

/// Longest a difference can be accepted, in days.
const DAYS_MAX: i64 = 365;

#[derive(Template)]
#[template(path = "pages/mismatch.html")]
pub(super) struct MismatchPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub group: GroupLine,
    pub exemplars: Vec<ExemplarLine>,
    pub replay: Result<ReplayLine, &'static str>,
    pub accept: Accept,
}

/// What the page says of accepting it.
pub(super) struct Accept {
    pub unlock: Unlock,
    /// True when a second person must approve.
    pub takes_two: bool,
    /// The revision of the flag that the form was made for; `None` where there is no flag.
    pub revision: Option<u64>,
    /// The part of the claim shape that can be asked for; empty where none can.
    pub shape: String,
    /// Names of accepted differences that cover it now.
    pub covered_by: Vec<String>,
    pub typed: Typed,
}

/// What stands in the fields of the form.
pub(super) struct Typed {
    pub name: String,
    pub owner: String,
    pub reason: String,
    pub days: String,
    pub max_per_hour: String,
    pub only_shape: bool,
}

pub(super) struct ExemplarLine {
    request: String,
    asked: Moment,
    token: String,
    legacy: SideLine,
    ssot: SideLine,
}

struct SideLine {
    answer: String,
    subject: Option<String>,
    scopes: Option<usize>,
    took: String,
}

impl ExemplarLine {
    pub fn new(exemplar: Exemplar, now: Timestamp) -> Self {
        let side = |side: SampleSide| SideLine {
            answer: side.answer,
            subject: side.subject,
            scopes: side.scopes,
            took: latency_text(Some(side.took_us)),
        };
        Self {
            request: exemplar.request_id,
            asked: Moment::new(exemplar.asked_at, now),
            token: exemplar.token.unwrap_or_else(|| "none".to_owned()),
            legacy: side(exemplar.legacy),
            ssot: side(exemplar.ssot),
        }
    }
}

/// `GET /mismatches/{component}/{fingerprint}`: everything about one group.
pub async fn mismatch(
    State(rooms): State<Arc<Rooms>>,
    OfGroup { component, fingerprint }: OfGroup,
    signed: Signed,
    uri: Uri,
) -> Response {
    match found(&rooms.ledger, &component, &fingerprint) {
        Some(group) => show(&rooms, &signed, (group, uri.query()), Complaint::none(), None).await,
        None => nowhere(&rooms, &signed),
    }
}

fn nowhere(rooms: &Rooms, signed: &Signed) -> Response {
    let gone = Problem::not_found(
        "there is no such difference, or no longer: the ledger keeps a hundred kinds a component. \
         Look for it among all mismatches",
    );
    Complaint::from(gone).page(Frame::of(rooms, signed, "mismatches"), "No such difference")
}

async fn show(
    rooms: &Rooms,
    signed: &Signed,
    (group, query): (MismatchReport, Option<&str>),
    complaint: Complaint,
    typed: Option<Typed>,
) -> Response {
    let now = rooms.clock.now();
    let (group, replay) = with_replay(group).await;
    let snapshot = rooms.flags.snapshot();
    let flag = snapshot.flag(&group.component).map(|flag| &**flag);
    let status = if complaint.text().is_empty() { StatusCode::OK } else { complaint.status() };
    let accept = Accept::new(rooms, signed, &group, flag, typed);
    let shown = MismatchPage {
        frame: Frame::of(rooms, signed, "mismatches").after(query),
        complaint,
        accept,
        replay,
        group: GroupLine::new(&group, now),
        exemplars: group
            .exemplars
            .into_iter()
            .rev()
            .map(|exemplar| ExemplarLine::new(exemplar, now))
            .collect(),
    };
    page(status, &shown)
}

impl Accept {
    fn new(
        rooms: &Rooms,
        signed: &Signed,
        group: &MismatchReport,
        flag: Option<&Flag>,
        typed: Option<Typed>,
    ) -> Self {
        let now = rooms.clock.now();
        let class = MismatchClass::parse(&group.class);
        let takes_two = class.is_none_or(MismatchClass::may_let_in_more);
        let who = signed.session.caller.person().map(ToString::to_string);
        // The permission is that of the very change, of which only class and reasons matter.
        let permission = flag.map(|flag| {
            let typed = Typed::proposed(group, String::new());
            permission_for(flag, &typed.change(group, flag, now, 1, None))
        });
        let covering = flag.into_iter().flat_map(|flag| {
            let reasons = (group.legacy_reason.as_deref(), group.ssot_reason.as_deref());
            flag.accepted_as(&group.class, reasons, &group.claim_shape, now)
        });
        let covered_by = covering.map(|difference| difference.name.clone()).collect();
        Self {
            unlock: permission
                .map_or(Unlock::Never, |permission| Unlock::of(rooms, signed, permission)),
            takes_two,
            revision: flag.map(|flag| flag.revision.0),
            shape: shape_of(&group.claim_shape),
            covered_by,
            typed: typed.unwrap_or_else(|| Typed::proposed(group, who.unwrap_or_default())),
        }
    }
}

impl Typed {
    fn proposed(group: &MismatchReport, owner: String) -> Self {
        let short: String = group.fingerprint.to_string().chars().take(6).collect();
        Self {
            name: format!("{}-{short}", group.class.replace('_', "-")),
            owner,
            reason: String::new(),
            days: "30".to_owned(),
            max_per_hour: String::new(),
            only_shape: false,
        }
    }

    fn of(form: &Form) -> Self {
        let text = |name| form.text(name).to_owned();
        Self {
            name: text("name"),
            owner: text("owner"),
            reason: text("reason"),
            days: text("days"),
            max_per_hour: text("max_per_hour"),
            only_shape: !form.text("only_shape").is_empty(),
        }
    }

    /// The whole new list of the flag. An ended one of the same name makes room.
    fn change(
        &self,
        group: &MismatchReport,
        flag: &Flag,
        now: Timestamp,
        days: i64,
        max_per_hour: Option<u32>,
    ) -> Move {
        let shape = shape_of(&group.claim_shape);
        let difference = AcceptedDifference {
            name: self.name.clone(),
            class: group.class.clone(),
            legacy_reason: group.legacy_reason.clone(),
            ssot_reason: group.ssot_reason.clone(),
            claim_shape: Some(shape).filter(|shape| self.only_shape && !shape.is_empty()),
            max_per_hour,
            owner: self.owner.clone(),
            reason: self.reason.clone(),
            expires_at: now.plus_seconds(days * 86_400),
        };
        let others =
            flag.accepted.iter().filter(|other| other.name != self.name || other.expires_at > now);
        let accepted = others.cloned().chain([difference]).collect();
        Move::Settings(SettingsPatch { accepted: Some(accepted), ..SettingsPatch::default() })
    }
}

/// The claims of a shape, without the count of those that are not named and without words that stand
/// in the place of claims.
fn shape_of(shape: &str) -> String {
    let claims: Vec<&str> = shape.split(' ').filter(|part| part.contains(':')).collect();
    if shape.contains('(') { String::new() } else { claims.join(" ") }
}

/// `POST /mismatches/accept`: `component`, `fingerprint`, `revision`, `name`, `owner`, `reason`,
/// `days`, `max_per_hour`, `only_shape`. What may let in more is asked for, and happens when a second
/// person approves.
pub async fn accept(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    let (component, fingerprint) = (form.text("component"), form.text("fingerprint"));
    let Some(group) = found(&rooms.ledger, component, fingerprint) else {
        return nowhere(&rooms, &signed);
    };
    let path = format!("/mismatches/{}/{}", group.component, group.fingerprint);
    match accept_it(&rooms, &signed, &group, &form).await {
        Ok(Accepted::Now) => see_other(&format!("{path}?done=accepted")),
        Ok(Accepted::Asked) => see_other("/approvals?done=asked"),
        Err(complaint) if complaint.needs_proof() => see_other(&format!("/prove?next={path}")),
        Err(complaint) => {
            show(&rooms, &signed, (group, None), complaint, Some(Typed::of(&form))).await
        }
    }
}

enum Accepted {
    Now,
    Asked,
}

async fn accept_it(
    rooms: &Rooms,
    signed: &Signed,
    group: &MismatchReport,
    form: &Form,
) -> Outcome<Accepted> {
    let snapshot = rooms.flags.snapshot();
    let flag = snapshot.flag(&group.component);
    let flag = flag.ok_or_else(|| Complaint::typed("page", "There is no flag to accept it on."))?;
    let typed = Typed::of(form);
    let days = typed.days.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days));
    let days = days.ok_or_else(|| {
        Complaint::typed("days", format!("A whole number of days, 1 to {DAYS_MAX}."))
    })?;
    let max_per_hour = match typed.max_per_hour.as_str() {
        "" => None,
        text => Some(text.parse::<u32>().ok().filter(|max| *max > 0).ok_or_else(|| {
            Complaint::typed("max_per_hour", "A whole number above 0, or nothing for no limit.")
        })?),
    };
    if typed.reason.is_empty() {
        return Err(Complaint::typed("reason", "Say why it is acceptable."));
    }
    let expected = form.text("revision").parse().ok().map(Revision);
    if expected != Some(flag.revision) {
        return Err(Complaint::typed(
            "page",
            format!(
                "{} has changed since this form was opened (revision {} then, {} now): look at its \
                 history, then send the form again. What you typed is still in it.",
                flag.component,
                expected.map_or_else(|| "unknown".to_owned(), |revision| revision.to_string()),
                flag.revision
            ),
        ));
    }
    let step = typed.change(group, flag, rooms.clock.now(), days, max_per_hour);
    let pass = permit(rooms, signed, permission_for(flag, &step))?;
    let note = format!("accepts {}: {}", typed.name, typed.reason);
    let asked = approved::ask_if_due(rooms, &signed.session.caller, flag, &step, &note).await?;
    if asked.is_some() {
        return Ok(Accepted::Asked);
    }
    let applied = rooms.flags.apply(&flag.component, step, expected, cause(&pass, note)).await;
    applied.map(|_| Accepted::Now).map_err(refused)
}

fn refused(error: FlagsError) -> Complaint {
    Complaint::from(Problem::from(error))
}

#[cfg(test)]
pub(super) mod samples {
    use super::super::mismatches::samples::group;
    use super::*;

    pub fn page(
        frame: Frame,
        complaint: Complaint,
        text: &str,
        (class, unlock): (MismatchClass, Unlock),
    ) -> MismatchPage {
        let now = Timestamp::from_seconds(1_800_000_000);
        let group = group(text, class, false);
        let line = ReplayLine {
            kind: "aud_missing",
            about: "no audience",
            same_shape: false,
            line: format!("{{\"token\":\"{text}\"}}"),
            commands: ["crossfade questions --count 0".to_owned(), text.to_owned()],
        };
        let why = "a replay asks about tokens, not about events and connections";
        let accept = Accept {
            unlock,
            takes_two: class.may_let_in_more(),
            revision: Some(7),
            shape: text.to_owned(),
            covered_by: vec![text.to_owned()],
            typed: Typed { reason: text.to_owned(), ..Typed::proposed(&group, text.to_owned()) },
        };
        MismatchPage {
            frame,
            complaint,
            replay: if class.is_alarm() { Ok(line) } else { Err(why) },
            accept,
            group: GroupLine::new(&group, now),
            exemplars: group
                .exemplars
                .into_iter()
                .map(|exemplar| ExemplarLine::new(exemplar, now))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mismatches::samples::group;
    use super::*;
    use crate::access::Permission;
    use crate::flags::Stage;
    use crate::flags::testing::flag_at;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn of_a_shape_only_claims_can_be_asked_for() {
        assert_eq!(shape_of("aud:list sub:string +3"), "aud:list sub:string");
        for words in ["no token", "two tokens", "opaque token", "unreadable claims (claim_type:x)"]
        {
            assert_eq!(shape_of(words), "");
        }
    }

    #[test]
    fn what_is_accepted_stands_behind_what_was_accepted_and_takes_the_place_of_an_ended_one() {
        let group = group("signature", MismatchClass::Stricter, false);
        let typed = Typed { only_shape: true, ..Typed::proposed(&group, "ada".to_owned()) };
        let mut flag = flag_at("http-auth", Stage::Shadow, Vec::new());
        let list = |step: Move| match step {
            Move::Settings(patch) => patch.accepted.unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        let first = list(typed.change(&group, &flag, NOW, 3, Some(5)));
        assert_eq!(first.len(), 1);
        assert_eq!((first[0].max_per_hour, first[0].expires_in(NOW)), (Some(5), 3 * 86_400));
        assert_eq!(first[0].legacy_reason.as_deref(), Some("signature"));
        assert_eq!(first[0].claim_shape, None, "its shape is in words");
        flag.accepted = first;
        assert_eq!(list(typed.change(&group, &flag, NOW, 3, None)).len(), 2, "refused as a twin");
        let later = NOW.plus_seconds(4 * 86_400);
        assert_eq!(list(typed.change(&group, &flag, later, 3, None)).len(), 1);
    }

    #[test]
    fn who_may_accept_depends_on_what_it_may_let_in() {
        let flag = flag_at("http-auth", Stage::Shadow, Vec::new());
        let permission = |class| {
            let group = group("x", class, false);
            let typed = Typed::proposed(&group, String::new());
            permission_for(&flag, &typed.change(&group, &flag, NOW, 1, None))
        };
        assert_eq!(permission(MismatchClass::Stricter), Permission::Settings);
        assert_eq!(permission(MismatchClass::Looser), Permission::Force);
    }
}
