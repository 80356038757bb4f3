//! The one authority: its keys, what it has taken back, whom it trusts, how strict it is. Nothing here
//! is secret.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::figure::{FigureLine, thousands};
use super::{Frame, Moment, page};
use crate::authority::{IssuerView, KeySchedule, KeyState, KeyView, ObservedRow};
use crate::domain::{Mode, Timestamp};
use crate::flags::{PolicyPlace, PolicyRow};
use crate::web::Rooms;
use crate::web::guard::Signed;

/// Rows of what would be denied; the API has all.
const OBSERVED_SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "pages/authority.html")]
pub(super) struct AuthorityPage {
    pub frame: Frame,
    pub issuer: String,
    pub figures: Vec<FigureLine>,
    pub keys: Vec<KeyLine>,
    /// What happens next, a sentence each.
    pub next: Vec<String>,
    pub issuers: Vec<IssuerLine>,
    pub policies: Vec<PolicyLine>,
    pub observed: Vec<ObservedLine>,
    pub observed_left_out: usize,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "four marks that a key may have, each for itself"
)]
pub(super) struct KeyLine {
    id: String,
    algorithm: &'static str,
    status: &'static str,
    state: &'static str,
    signs: bool,
    configured: bool,
    private: bool,
    revoked: bool,
    /// What has happened to it and what comes, in order.
    dates: Vec<(&'static str, Moment)>,
}

pub(super) struct IssuerLine {
    name: String,
    issuer: String,
    keys: usize,
    usable: bool,
    fetched: Moment,
    stale: Option<Moment>,
    last_error: Option<String>,
    fetches: String,
    failures: String,
}

pub(super) struct PolicyLine {
    issuer: String,
    kind: &'static str,
    enforced: usize,
    /// Names of the rules that are only observed, and of those that are off.
    observed: Vec<&'static str>,
    off: Vec<&'static str>,
    changed: Option<Moment>,
    revision: u64,
}

pub(super) struct ObservedLine {
    issuer: String,
    kind: &'static str,
    rule: &'static str,
    meaning: &'static str,
    client: String,
    count: String,
    last: Moment,
}

impl KeyLine {
    pub fn new(key: KeyView, now: Timestamp) -> Self {
        let status = match key.state {
            KeyState::Active => "good",
            KeyState::Next | KeyState::Retired => "calm",
            KeyState::Retiring => "warm",
        };
        let dates = [
            ("made", key.made_at),
            ("published", key.published_at),
            ("signs since", key.active_at),
            ("signs no more since", key.retiring_at),
            ("verifies until", key.verifies_until),
            ("retired", key.retired_at),
        ];
        let dates = dates.into_iter();
        Self {
            id: key.id,
            algorithm: key.algorithm.as_str(),
            status,
            state: key.state.as_str(),
            signs: key.signs,
            configured: key.configured,
            private: key.private,
            revoked: key.revoked,
            dates: dates.filter_map(|(what, at)| Some((what, Moment::new(at?, now)))).collect(),
        }
    }
}

impl IssuerLine {
    pub fn new(view: IssuerView, now: Timestamp) -> Self {
        Self {
            name: view.name,
            issuer: view.issuer,
            keys: view.keys,
            usable: view.usable,
            fetched: Moment::or_never(view.fetched_at, now),
            stale: view.stale_after.map(|at| Moment::new(at, now)),
            last_error: view.last_error,
            fetches: thousands(view.fetches),
            failures: thousands(view.failures),
        }
    }
}

impl PolicyLine {
    pub fn new(row: &PolicyRow, now: Timestamp) -> Self {
        let of = |mode| {
            let rules = row.policy.modes().filter(move |(_, found)| *found == mode);
            rules.map(|(rule, _)| rule.as_str()).collect::<Vec<_>>()
        };
        let issuer = row.place.issuer.clone();
        Self {
            issuer: issuer.unwrap_or_else(|| PolicyPlace::OWN.to_owned()),
            kind: row.place.kind.as_str(),
            enforced: of(Mode::Enforce).len(),
            observed: of(Mode::Observe),
            off: of(Mode::Off),
            changed: row.changed_at.map(|at| Moment::new(at, now)),
            revision: row.revision.0,
        }
    }
}

impl ObservedLine {
    pub fn new(row: ObservedRow, now: Timestamp) -> Self {
        Self {
            issuer: row.issuer.unwrap_or_else(|| PolicyPlace::OWN.to_owned()),
            kind: row.kind.as_str(),
            rule: row.rule.as_str(),
            meaning: row.rule.meaning(),
            client: row.client,
            count: thousands(row.count),
            last: Moment::new(row.last_seen, now),
        }
    }
}

/// What happens next with the keys, in sentences.
pub(super) fn next_steps(schedule: &KeySchedule, now: Timestamp) -> Vec<String> {
    let mut steps = Vec::new();
    if let Some(pinned) = &schedule.pinned {
        steps.push(format!(
            "The configuration has chosen {pinned}: it signs until `authority.signing_key` names \
             another one."
        ));
    }
    match &schedule.next {
        Some((id, from)) if *from <= now => {
            steps.push(format!("{id} was published long enough, and may sign from now on."));
        }
        Some((id, from)) => {
            steps.push(format!("{id} is published, and may sign from {from} on."));
        }
        None => steps.push(format!(
            "No key is next. A rotation makes one and publishes it for {} before it signs.",
            length(schedule.publish_s)
        )),
    }
    steps.push(match (schedule.due_at, schedule.rotate_every_s) {
        (Some(due), _) if due <= now => "The key that signs is due to be relieved.".to_owned(),
        (Some(due), _) => format!("The key that signs is relieved by itself at {due}."),
        (None, 0) => "Nothing rotates by itself: `authority.rotate_every_s` is 0.".to_owned(),
        (None, _) => "A configured key signs; somebody takes the first step from it.".to_owned(),
    });
    steps
}

/// `90 s`, `15 min`, `2 h`, `30 days`.
fn length(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn figures(rooms: &Rooms) -> Vec<FigureLine> {
    let authority = &rooms.authority;
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let keys = authority.keys();
    let in_state = |state| count(keys.iter().filter(|key| key.state == state).count());
    let issuers = authority.issuers(rooms.clock.now());
    let unusable = count(issuers.iter().filter(|issuer| !issuer.usable).count());
    vec![
        FigureLine::new(
            "keys that verify",
            in_state(KeyState::Next) + in_state(KeyState::Active) + in_state(KeyState::Retiring),
            "Keys by which a token may be good: the next, the active and the retiring ones.",
        )
        .made_of("#keys", "The keys, one by one"),
        FigureLine::new(
            "revocations",
            count(authority.revoked_count()),
            format!(
                "Tokens, subjects and sessions that were taken back and have not run out by \
                 themselves; at most {}. They are kept as fingerprints: there is no list to read.",
                thousands(count(authority.revocations_max()))
            ),
        )
        .made_of("/v1/access-log", "Who has revoked, in the access log"),
        FigureLine::new(
            "refresh families",
            count(authority.family_count()),
            "Sessions that can be refreshed. Each is one line of refresh tokens, of which a second \
             use ends all.",
        )
        .made_of("/components/token-operations", "The component that makes tokens"),
        FigureLine::new(
            "foreign issuers",
            count(issuers.len()),
            "Issuers beside ours whose tokens are taken.",
        )
        .made_of("#issuers", "The issuers, one by one"),
        FigureLine::of_trouble(
            "issuers without usable keys",
            unusable,
            "Their tokens cannot be decided: callers get 503 until their keys are fetched.",
        )
        .at("crossfade_issuer_keys_usable")
        .made_of("#issuers", "The issuers, one by one"),
    ]
}

/// `GET /authority`: keys, revocations, issuers, policies.
pub async fn authority(State(rooms): State<Arc<Rooms>>, signed: Signed) -> Response {
    let now = rooms.clock.now();
    let mut keys = rooms.authority.keys();
    keys.sort_by_key(|key| (key.state, !key.signs, key.made_at));
    let observed = rooms.authority.observed().rows;
    let shown = AuthorityPage {
        frame: Frame::of(&rooms, &signed, "authority"),
        issuer: rooms.authority.issuer().to_owned(),
        figures: figures(&rooms),
        keys: keys.into_iter().map(|key| KeyLine::new(key, now)).collect(),
        next: next_steps(&rooms.authority.key_schedule(), now),
        issuers: rooms
            .authority
            .issuers(now)
            .into_iter()
            .map(|view| IssuerLine::new(view, now))
            .collect(),
        policies: rooms.flags.policies().iter().map(|row| PolicyLine::new(row, now)).collect(),
        observed_left_out: observed.len().saturating_sub(OBSERVED_SHOWN),
        observed: observed
            .into_iter()
            .take(OBSERVED_SHOWN)
            .map(|row| ObservedLine::new(row, now))
            .collect(),
    };
    page(StatusCode::OK, &shown)
}

#[cfg(test)]
pub(super) mod samples {
    use std::time::Duration;

    use super::*;
    use crate::authority::Algorithm;
    use crate::domain::{Policy, Revision, Rule, TokenType};

    pub fn page(frame: Frame, text: &str) -> AuthorityPage {
        let now = Timestamp::from_seconds(1_800_000_000);
        let key = |id: &str, state| KeyView {
            id: id.to_owned(),
            algorithm: Algorithm::EdDsa,
            state,
            configured: state == KeyState::Retired,
            signs: state == KeyState::Active,
            private: true,
            made_at: Some(now.plus_seconds(-900_000)),
            published_at: Some(now.plus_seconds(-900_000)),
            active_at: None,
            retiring_at: None,
            verifies_until: (state == KeyState::Retiring).then(|| now.plus_seconds(5_000)),
            retired_at: None,
            revoked: state == KeyState::Retired,
        };
        let issuer = |usable: bool| IssuerView {
            name: "corp".to_owned(),
            issuer: text.to_owned(),
            keys: usize::from(usable) * 3,
            fetched_at: usable.then(|| now.plus_seconds(-700)),
            age: usable.then(|| Duration::from_secs(700)),
            stale_after: usable.then(|| now.plus_seconds(80_000)),
            usable,
            last_error: (!usable).then(|| text.to_owned()),
            fetches: 12,
            failures: 3,
        };
        let row = PolicyRow {
            place: PolicyPlace { issuer: None, kind: TokenType::Access },
            policy: Policy::STRICT
                .with(Rule::Audience, Mode::Observe)
                .with(Rule::TokenId, Mode::Off),
            previous: None,
            revision: Revision(7),
            changed_at: Some(now.plus_seconds(-700)),
            cause: None,
        };
        let observed = ObservedRow {
            issuer: None,
            kind: TokenType::Access,
            rule: Rule::Audience,
            client: text.to_owned(),
            count: 1_200,
            first_seen: now.plus_seconds(-700),
            last_seen: now,
        };
        let schedule = KeySchedule {
            publish_s: 3_600,
            rotate_every_s: 2_592_000,
            pinned: None,
            next: Some(("2027-02".to_owned(), now.plus_seconds(900))),
            due_at: Some(now.plus_seconds(86_400)),
        };
        AuthorityPage {
            frame,
            issuer: text.to_owned(),
            figures: vec![FigureLine::of_trouble("issuers without usable keys", 1, text).at("m")],
            keys: KeyState::ALL.map(|state| KeyLine::new(key(text, state), now)).into(),
            next: next_steps(&schedule, now),
            issuers: [true, false].map(|usable| IssuerLine::new(issuer(usable), now)).into(),
            policies: vec![PolicyLine::new(&row, now)],
            observed: vec![ObservedLine::new(observed, now)],
            observed_left_out: 2,
        }
    }

    pub fn empty(frame: Frame) -> AuthorityPage {
        let (issuers, observed) = (Vec::new(), Vec::new());
        AuthorityPage {
            keys: Vec::new(),
            issuers,
            observed,
            observed_left_out: 0,
            ..page(frame, "us")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn what_comes_next_is_said_for_every_way_in_which_keys_are_relieved() {
        let by_hand = KeySchedule {
            publish_s: 3_600,
            rotate_every_s: 0,
            pinned: None,
            next: None,
            due_at: None,
        };
        let steps = next_steps(&by_hand, NOW);
        assert!(steps[0].contains("publishes it for 60 min"), "{steps:?}");
        assert!(steps[1].contains("Nothing rotates by itself"), "{steps:?}");
        let next = Some(("b".to_owned(), NOW.plus_seconds(9)));
        let scheduled = KeySchedule {
            rotate_every_s: 86_400,
            next,
            due_at: Some(NOW.plus_seconds(60)),
            ..by_hand.clone()
        };
        let steps = next_steps(&scheduled, NOW);
        assert!(steps[0].starts_with("b is published, and may sign from 20"), "{steps:?}");
        assert!(steps[1].starts_with("The key that signs is relieved by itself at"), "{steps:?}");
        let later = next_steps(&scheduled, NOW.plus_seconds(60));
        assert!(later[0].contains("from now on") && later[1].contains("is due"), "{later:?}");
        let pinned = KeySchedule { pinned: Some("main".to_owned()), ..by_hand };
        assert!(next_steps(&pinned, NOW)[0].contains("has chosen main"));
    }
}
