//! What waits for somebody.

use askama::Template;

use crate::access::Approval;
use crate::domain::Timestamp;
use crate::flags::{AcceptedState, Flag, Hold, Latch, Rollout, RolloutState};
use crate::web::pages::Moment;
use crate::web::pages::words::cause_words;

/// Lines that are shown.
const LINES_MAX: usize = 24;

#[derive(Template)]
#[template(path = "parts/overview_pending.html")]
pub(super) struct Pending {
    lines: Vec<Line>,
    more: usize,
    /// Requests for approval cannot be read.
    unread: bool,
}

/// One thing that waits.
pub(super) struct Line {
    class: &'static str,
    /// In two words, what it is.
    what: &'static str,
    href: String,
    /// What it is about.
    about: String,
    text: String,
    /// When it happened, or ends, with the word before it.
    when: Option<(&'static str, Moment)>,
}

impl Pending {
    pub fn of<'f>(
        flags: impl Iterator<Item = &'f Flag>,
        approvals: Option<&[Approval]>,
        plans: &[std::sync::Arc<Rollout>],
        now: Timestamp,
    ) -> Self {
        let (mut latched, mut rest) = (Vec::new(), Vec::new());
        for flag in flags {
            latched.extend(flag.latch.as_ref().map(|latch| Line::latched(flag, latch, now)));
            rest.extend(flag.hold.as_ref().map(|hold| Line::held(flag, hold, now)));
            let ending = flag.accepted.iter().filter_map(|one| Line::ending(flag, one, now));
            rest.extend(ending);
        }
        let unread = approvals.is_none();
        let asked = approvals.unwrap_or_default().iter().map(|approval| Line::asked(approval, now));
        let paused = plans.iter().filter_map(|plan| Line::paused(plan, now));
        let mut lines: Vec<Line> =
            latched.into_iter().chain(asked).chain(paused).chain(rest).collect();
        let more = lines.len().saturating_sub(LINES_MAX);
        lines.truncate(LINES_MAX);
        Self { lines, more, unread }
    }
}

impl Line {
    fn latched(flag: &Flag, latch: &Latch, now: Timestamp) -> Self {
        let ends = if latch.until > now { "may be released" } else { "may be released since" };
        Self {
            class: "hot",
            what: "rolled back",
            href: format!("/components/{}#card", flag.component),
            about: flag.component.to_string(),
            text: cause_words(&latch.cause),
            when: Some((ends, Moment::new(latch.until, now))),
        }
    }

    fn held(flag: &Flag, hold: &Hold, now: Timestamp) -> Self {
        Self {
            class: "warm",
            what: "held",
            href: format!("/components/{}#controls", flag.component),
            about: flag.component.to_string(),
            text: cause_words(&hold.cause),
            when: Some(("since", Moment::new(hold.at, now))),
        }
    }

    fn ending(flag: &Flag, one: &crate::flags::AcceptedDifference, now: Timestamp) -> Option<Self> {
        let (class, what) = match one.state(now) {
            AcceptedState::Active => return None,
            AcceptedState::Expiring => ("warm", "acceptance ends"),
            AcceptedState::Expired => ("hot", "acceptance over"),
        };
        Some(Self {
            class,
            what,
            href: format!("/mismatches?component={}", flag.component),
            about: flag.component.to_string(),
            text: format!("{}: {} ({})", one.name, one.reason, one.owner),
            when: Some(("ends", Moment::new(one.expires_at, now))),
        })
    }

    fn asked(approval: &Approval, now: Timestamp) -> Self {
        Self {
            class: "warm",
            what: "needs approval",
            href: "/approvals".to_owned(),
            about: approval.summary.clone(),
            text: format!("asked by {}", approval.asked_by),
            when: Some(("ends", Moment::new(approval.expires_at, now))),
        }
    }

    fn paused(plan: &Rollout, now: Timestamp) -> Option<Self> {
        let RolloutState::Paused { why } = &plan.state else { return None };
        Some(Self {
            class: "warm",
            what: "plan paused",
            href: format!("/components/{}#plan", plan.component),
            about: plan.component.to_string(),
            text: why.to_string(),
            when: Some(("since", Moment::new(plan.changed_at, now))),
        })
    }
}
