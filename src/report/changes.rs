//! What a change of a flag has changed, in words.

use crate::domain::{Share, TokenForm};
use crate::flags::{AcceptedDifference, Flag, Target};

/// A line for everything that is otherwise than before; what the change says of itself (revision,
/// time, cause) is left out. A flag that is new says how it begins.
pub fn changes(before: Option<&Flag>, after: &Flag) -> Vec<String> {
    let Some(before) = before else {
        return vec![format!("new, at {}", stage(after)), format!("answered by {}", after.legacy)];
    };
    // Every field is named: whoever adds one says how it is told.
    let Flag {
        component: _,
        kind,
        phase,
        group,
        requires,
        legacy,
        stage: _,
        rescue,
        sample,
        deadline_ms,
        rescues_per_second_max,
        latch,
        hold,
        rolled_back_at: _,
        served_until: _,
        accepted,
        targets,
        invariants,
        token_form,
        limits,
        revision: _,
        changed_at: _,
        cause: _,
    } = after;
    let mut lines = Lines(Vec::new());
    lines.told("stage", &stage(before), &stage(after));
    lines.told("kind", before.kind.as_str(), kind.as_str());
    lines.told("phase", &u8::from(before.phase).to_string(), &u8::from(*phase).to_string());
    lines.told("group", before.group.as_str(), group.as_str());
    lines.told("requires", &names(&before.requires), &names(requires));
    lines.told("legacy path", &before.legacy, legacy);
    lines.marked("rolled back", before.latch.is_some(), latch.is_some());
    lines.marked("held", before.hold.is_some(), hold.is_some());
    lines.told("sample", &sampled(before.sample), &sampled(*sample));
    lines.told("deadline", &milliseconds(before.deadline_ms), &milliseconds(*deadline_ms));
    lines.told("rescue", before.rescue.as_str(), rescue.as_str());
    let per_second = |count: u32| format!("{count} a second");
    let (was, is) = (before.rescues_per_second_max, *rescues_per_second_max);
    lines.told("rescues at most", &per_second(was), &per_second(is));
    lines.told("targets", &listed(&before.targets), &listed(targets));
    lines.told("invariants", before.invariants.as_str(), invariants.as_str());
    lines.told("new tokens", form(before.token_form), form(*token_form));
    lines.accepted(&before.accepted, accepted);
    lines.0.extend(limits.told_against(&before.limits));
    lines.0
}

struct Lines(Vec<String>);

impl Lines {
    fn told(&mut self, field: &str, from: &str, to: &str) {
        if from != to {
            self.0.push(format!("{field}: {from} to {to}"));
        }
    }

    fn marked(&mut self, mark: &str, was: bool, is: bool) {
        match (was, is) {
            (false, true) => self.0.push(mark.to_owned()),
            (true, false) => self.0.push(format!("no longer {mark}")),
            (true, true) | (false, false) => {}
        }
    }

    fn accepted(&mut self, before: &[AcceptedDifference], after: &[AcceptedDifference]) {
        let known = |list: &[AcceptedDifference], name: &str| {
            list.iter().find(|difference| difference.name == name).cloned()
        };
        for new in after {
            let AcceptedDifference { name, class, owner, expires_at, .. } = new;
            let line = match known(before, name) {
                None => {
                    format!("accepts {class} ({name}), {owner} answers for it, until {expires_at}")
                }
                Some(same) if same == *new => continue,
                Some(_) => format!("accepts {class} ({name}) otherwise, until {expires_at}"),
            };
            self.0.push(line);
        }
        for old in before.iter().filter(|old| known(after, &old.name).is_none()) {
            self.0.push(format!("no longer accepts {} ({})", old.class, old.name));
        }
    }
}

fn stage(flag: &Flag) -> String {
    format!("{}, {} on ssot", flag.stage.name(), flag.stage.share())
}

fn names<T: ToString>(list: &[T]) -> String {
    if list.is_empty() {
        return "nothing".to_owned();
    }
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn sampled(sample: Option<Share>) -> String {
    sample.map_or_else(|| "the stage's default".to_owned(), |share| share.to_string())
}

fn milliseconds(count: u32) -> String {
    format!("{count} ms")
}

fn listed(targets: &[Target]) -> String {
    let target = |target: &Target| format!("{} by {}", target.segment, target.serve.as_str());
    if targets.is_empty() {
        return "nobody".to_owned();
    }
    targets.iter().map(target).collect::<Vec<_>>().join(", ")
}

const fn form(form: TokenForm) -> &'static str {
    match form {
        TokenForm::Compatible => "such as legacy reads",
        TokenForm::Own => "by SSOT's own settings",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::flags::testing::flag_at;
    use crate::flags::{Cause, Hold, Invariants, Stage};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn accepted(name: &str, days: i64) -> AcceptedDifference {
        AcceptedDifference {
            name: name.to_owned(),
            class: "stricter".to_owned(),
            legacy_reason: None,
            ssot_reason: Some("audience".to_owned()),
            claim_shape: None,
            max_per_hour: None,
            owner: "identity".to_owned(),
            reason: "old clients".to_owned(),
            expires_at: NOW.plus_seconds(days * 86_400),
        }
    }

    #[test]
    fn a_new_flag_says_how_it_begins() {
        let flag = flag_at("a", Stage::Shadow, Vec::new());
        let lines = changes(None, &flag);
        assert!(lines[0].starts_with("new, at shadow, 0"), "{lines:?}");
    }

    #[test]
    fn only_what_is_otherwise_is_told() {
        let before = flag_at("a", Stage::Shadow, Vec::new());
        assert_eq!(changes(Some(&before), &before), Vec::<String>::new());
        let hold = Hold {
            cause: Cause::Operator { name: "ada".to_owned(), note: "look".to_owned() },
            at: NOW,
        };
        let after = Flag {
            stage: Stage::Canary(Share::from_basis_points(500).expect("a share")),
            deadline_ms: before.deadline_ms + 1,
            sample: Share::from_basis_points(50),
            invariants: Invariants::Enforce,
            hold: Some(hold),
            accepted: vec![accepted("aud", 3)],
            ..before.clone()
        };
        let lines = changes(Some(&before), &after);
        assert_eq!(lines[0], "stage: shadow, 0 % on ssot to canary, 5 % on ssot");
        assert_eq!(lines[1], "held");
        assert_eq!(lines[2], "sample: the stage's default to 0.5 %");
        assert!(lines[3].starts_with("deadline: "), "{lines:?}");
        assert_eq!(lines[4], "invariants: report to enforce");
        assert!(
            lines[5].starts_with("accepts stricter (aud), identity answers for it"),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 6, "{lines:?}");
        let back = changes(Some(&after), &before);
        assert!(back.contains(&"no longer held".to_owned()), "{back:?}");
        assert!(back.contains(&"no longer accepts stricter (aud)".to_owned()), "{back:?}");
        let longer = Flag { accepted: vec![accepted("aud", 9)], ..after.clone() };
        let lines = changes(Some(&after), &longer);
        assert!(lines[0].starts_with("accepts stricter (aud) otherwise, until"), "{lines:?}");
    }
}
