//! Many components back at once: a phase, or the whole table.
//!
//! The plan is pure; it is made and published under the memory lock, as every rollback is, and is
//! one change: one snapshot, and one batch on the disk.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::memory::{Lowered, Memory};
use super::order::View;
use super::room::Room;
use super::table::{Flags, to_the_end};
use super::{Applied, Cause, Flag, FlagsError, MoveRefusal, Phase, Snapshot, Stage};
use crate::domain::{ComponentId, Revision, Timestamp};

/// Whoever answered within this time is there to take traffic.
const ANSWERED_WITHIN: Duration = Duration::from_mins(1);

/// Which components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those of a phase, and whatever requires them.
    Phase(Phase),
    /// All of them: the kill switch.
    All,
}

/// How far back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackTo {
    /// Legacy serves, ssot is asked afterwards. What is off stays off.
    #[default]
    Shadow,
    /// Legacy serves, ssot is not asked.
    Off,
}

impl BackTo {
    /// The stage.
    pub const fn stage(self) -> Stage {
        match self {
            Self::Shadow => Stage::Shadow,
            Self::Off => Stage::Off,
        }
    }
}

/// What a rollback of many came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// What was rolled back and latched, deepest first.
    pub moved: Vec<Moved>,
    /// What was wanted back and stays, with the reason.
    pub not_moved: Vec<NotMoved>,
    /// The revision of the table since then.
    pub revision: Revision,
}

/// A component that was rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Which one.
    pub component: ComponentId,
    /// Where it was.
    pub from: Stage,
    /// Where it is.
    pub to: Stage,
    /// The revision of its flag since then.
    pub revision: Revision,
}

/// A component that was left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotMoved {
    /// Which one.
    pub component: ComponentId,
    /// Where it stays.
    pub stage: Stage,
    /// Why.
    pub why: WhyLeft,
}

/// Why a component was left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyLeft {
    /// Nothing of legacy was heard within the last minute: it might not be there to take traffic.
    LegacySilent,
    /// What requires it stays, and may not stand above it.
    RequiredBy(ComponentId),
}

impl WhyLeft {
    /// `legacy_silent` or `required_by`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LegacySilent => "legacy_silent",
            Self::RequiredBy(_) => "required_by",
        }
    }
}

impl fmt::Display for WhyLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LegacySilent => f.write_str("its legacy has not answered within the last minute"),
            Self::RequiredBy(child) => write!(f, "{child} requires it and stays"),
        }
    }
}

impl Flags {
    /// Rolls one component back, with whatever requires it. From `complete` only where legacy has
    /// answered within the last minute, or where two people want it; `answered` tells when it last
    /// did, and waits for nobody.
    pub async fn roll_back(
        &self,
        component: &ComponentId,
        cause: Cause,
        answered: impl Fn(&ComponentId) -> Option<Timestamp>,
    ) -> Result<Applied, FlagsError> {
        let room = Arc::clone(&self.room);
        let lowered = room.roll_back(component, &cause.bounded(), answered)?;
        to_the_end(async move { room.keep(lowered).await }).await
    }

    /// Rolls many components back in one change. From `complete`, and with [`Selection::All`] from
    /// wherever ssot serves, it moves only what legacy has answered for within the last minute;
    /// the rest is left alone and told, unless two people want it all the same. `answered` tells
    /// when legacy last did, and waits for nobody.
    ///
    /// Nothing to move is no error.
    pub async fn roll_back_many(
        &self,
        selection: Selection,
        to: BackTo,
        cause: Cause,
        answered: impl Fn(&ComponentId) -> Option<Timestamp>,
    ) -> Result<Swept, FlagsError> {
        let room = Arc::clone(&self.room);
        let (lowered, mut swept) = room.sweep(selection, to, &cause.bounded(), answered);
        if let Some(lowered) = lowered {
            let kept = to_the_end(async move { room.keep(lowered).await }).await?;
            // Where no revision was left, the rows have got theirs only now.
            let rows = kept.dependents.iter().chain([&kept.flag]);
            for (moved, row) in swept.moved.iter_mut().zip(rows) {
                moved.revision = row.revision;
            }
        }
        swept.revision = self.snapshot().revision();
        Ok(swept)
    }
}

impl Room {
    /// Publishes a rollback. Waits for nobody but the holders of the memory lock, none of whom
    /// waits for the disk.
    pub fn roll_back(
        &self,
        component: &ComponentId,
        cause: &Cause,
        answered: impl Fn(&ComponentId) -> Option<Timestamp>,
    ) -> Result<Lowered, FlagsError> {
        let heard = self.heard(cause, answered);
        let mut memory = self.memory.lock();
        let published = self.published.load_full();
        let unknown = || FlagsError::UnknownComponent(component.clone());
        let flag = published.flag(component.as_str()).ok_or_else(unknown)?;
        let view = View::new(&published, memory.pending.as_ref());
        let target = Flag::rollback_target(view.stage(flag))?;
        drop(view);
        let silent = |flag: &Flag| flag.stage == Stage::Complete && !heard.is_of(flag);
        self.lower_to(&mut memory, (&published, flag), target, cause, silent)
    }

    /// Publishes the rollback of one flag with whatever requires it, unless something of it `stays`.
    pub(super) fn lower_to(
        &self,
        memory: &mut Memory,
        (published, flag): (&Snapshot, &Arc<Flag>),
        target: Stage,
        cause: &Cause,
        stays: impl Fn(&Flag) -> bool,
    ) -> Result<Lowered, FlagsError> {
        let view = View::new(published, memory.pending.as_ref());
        let plan = Plan::of(&view, &[flag], target, stays);
        if let Some(left) = plan.left.into_iter().next() {
            let by = match left.why {
                WhyLeft::LegacySilent => left.component,
                WhyLeft::RequiredBy(child) => child,
            };
            return Err(MoveRefusal::LegacySilent { component: by }.into());
        }
        let flags = self.rolled_back(&plan.moving, target, cause);
        drop(view);
        let Some((flag, dependents)) = last_apart(flags) else {
            return Err(MoveRefusal::NothingToRollBack.into());
        };
        Ok(self.lower(memory, (flag, dependents), true))
    }

    /// Publishes a rollback of many, and says what it came to. Waits as [`Room::roll_back`] does.
    pub(super) fn sweep(
        &self,
        selection: Selection,
        to: BackTo,
        cause: &Cause,
        answered: impl Fn(&ComponentId) -> Option<Timestamp>,
    ) -> (Option<Lowered>, Swept) {
        let heard = self.heard(cause, answered);
        let mut memory = self.memory.lock();
        let published = self.published.load_full();
        let view = View::new(&published, memory.pending.as_ref());
        let selected = selection.of(&published);
        let target = to.stage();
        let silent = |flag: &Flag| selection.needs_legacy(flag) && !heard.is_of(flag);
        let plan = Plan::of(&view, &selected, target, silent);
        let before: HashMap<ComponentId, Stage> =
            plan.moving.iter().map(|flag| (flag.component.clone(), flag.stage)).collect();
        let flags = self.rolled_back(&plan.moving, target, cause);
        let mut swept = Swept { not_moved: plan.left, ..Swept::default() };
        drop(view);
        let Some((last, others)) = last_apart(flags) else { return (None, swept) };
        let lowered = self.lower(&mut memory, (last, others), true);
        swept.moved = lowered.rows().map(|flag| Moved::of(flag, &before)).collect();
        (Some(lowered), swept)
    }

    /// All at one moment, the one that a note of them has.
    fn rolled_back(&self, flags: &[&Arc<Flag>], target: Stage, cause: &Cause) -> Vec<Flag> {
        let now = self.now();
        let rolled_back = |flag: &&Arc<Flag>| {
            let flag = flag.rolled_back(target, cause, now, self.settings.cool_down);
            Flag { changed_at: now, cause: cause.clone(), ..flag }
        };
        flags.iter().map(rolled_back).collect()
    }

    /// Whose legacy has answered lately. Asked before any lock is held.
    fn heard(&self, cause: &Cause, answered: impl Fn(&ComponentId) -> Option<Timestamp>) -> Heard {
        if cause.is_of_two_people() { Heard::Whatever } else { self.heard_by_one(answered) }
    }

    /// The same for a single person.
    pub(super) fn heard_by_one(
        &self,
        answered: impl Fn(&ComponentId) -> Option<Timestamp>,
    ) -> Heard {
        let (now, snapshot) = (self.now(), self.snapshot());
        let lately = |id: &&ComponentId| {
            answered(id).is_some_and(|moment| now.since(moment) <= ANSWERED_WITHIN)
        };
        let all = snapshot.iter().map(|flag| &flag.component);
        Heard::Of(all.filter(lately).cloned().collect())
    }
}

impl Snapshot {
    /// What a rollback of many would move if two people wanted it now, deepest first.
    pub fn falling_by(&self, selection: Selection, to: BackTo) -> Vec<&Arc<Flag>> {
        let view = View::new(self, None);
        Plan::of(&view, &selection.of(self), to.stage(), |_| false).moving
    }
}

/// Whose legacy counts as there.
pub(super) enum Heard {
    /// Two people take it upon themselves.
    Whatever,
    /// Those that have answered.
    Of(HashSet<ComponentId>),
}

impl Heard {
    pub(super) fn is_of(&self, flag: &Flag) -> bool {
        match self {
            Self::Whatever => true,
            Self::Of(components) => components.contains(&flag.component),
        }
    }
}

impl Selection {
    /// True for what may go back only where legacy has answered lately.
    pub(super) const fn needs_legacy(self, flag: &Flag) -> bool {
        match self {
            Self::Phase(_) => matches!(flag.stage, Stage::Complete),
            Self::All => flag.stage.ssot_serves(),
        }
    }

    /// The selected flags in the order of their ids.
    pub(super) fn of(self, snapshot: &Snapshot) -> Vec<&Arc<Flag>> {
        let mut flags = snapshot.sorted();
        match self {
            Self::Phase(phase) => flags.retain(|flag| flag.phase == phase),
            Self::All => {}
        }
        flags
    }
}

impl Moved {
    fn of(flag: &Flag, before: &HashMap<ComponentId, Stage>) -> Self {
        Self {
            component: flag.component.clone(),
            from: before.get(&flag.component).copied().unwrap_or(flag.stage),
            to: flag.stage,
            revision: flag.revision,
        }
    }
}

/// What moves and what stays.
pub(super) struct Plan<'a> {
    /// Deepest first.
    pub(super) moving: Vec<&'a Arc<Flag>>,
    pub(super) left: Vec<NotMoved>,
}

impl<'a> Plan<'a> {
    /// Of the `selected` and whatever requires them, all that stands above `target`; but what
    /// `stays`, stays, and so does what it requires.
    pub(super) fn of(
        view: &View<'a>,
        selected: &[&'a Arc<Flag>],
        target: Stage,
        stays: impl Fn(&Flag) -> bool,
    ) -> Self {
        let above = |flag: &&'a Arc<Flag>| view.stage(flag) > target;
        let mut left: HashMap<&ComponentId, WhyLeft> = HashMap::new();
        // Children come before their parents, so one round is enough.
        for flag in view.with_dependents(selected.iter().copied()).into_iter().filter(above) {
            let mut children = view.dependents(&flag.component).iter();
            let child = children.find(|child| left.contains_key(&child.component));
            let by_child = child.map(|child| WhyLeft::RequiredBy(child.component.clone()));
            let why = if stays(flag) { Some(WhyLeft::LegacySilent) } else { by_child };
            left.extend(why.map(|why| (&flag.component, why)));
        }
        let roots = selected.iter().copied().filter(|flag| !left.contains_key(&flag.component));
        let moving = view.with_dependents(roots).into_iter().filter(above).collect();
        let not_moved = selected.iter().filter_map(|flag| {
            let (component, stage) = (flag.component.clone(), flag.stage);
            left.get(&component).map(|why| NotMoved { component, stage, why: why.clone() })
        });
        Self { moving, left: not_moved.collect() }
    }
}

fn last_apart(mut flags: Vec<Flag>) -> Option<(Flag, Vec<Flag>)> {
    let last = flags.pop()?;
    Some((last, flags))
}
