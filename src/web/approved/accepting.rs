//! Differences that two people accept, because they may hide that ssot lets in more than legacy.

use super::{Proposal, Rooms, propose as ask};
use crate::access::{Approval, Caller};
use crate::compare::MismatchClass;
use crate::flags::{AcceptedDifference, Flag, SettingsPatch};
use crate::web::Problem;

/// Longest list of names in a summary, in bytes.
const NAMES_BYTES_MAX: usize = 300;

/// Asks for the whole new list, from where the flag is.
pub(super) async fn propose(
    rooms: &Rooms,
    asker: &Caller,
    flag: &Flag,
    patch: &SettingsPatch,
    note: String,
) -> Result<Approval, Problem> {
    let alone = SettingsPatch { accepted: patch.accepted.clone(), ..SettingsPatch::default() };
    if *patch != alone {
        return Err(Problem::unprocessable(
            "what two people accept stands alone in its change: set nothing else beside `accepted`",
        ));
    }
    rooms.flags.snapshot().check_settings(flag, patch, rooms.clock.now())?;
    let (component, revision) = (flag.component.clone(), flag.revision);
    let summary = format!("{component}: accept {}", names(flag, patch));
    let proposal = Proposal::Accept { component, revision, patch: Box::new(patch.clone()) };
    ask(rooms, asker, summary, &proposal, note).await
}

fn wanted(patch: &SettingsPatch) -> &[AcceptedDifference] {
    patch.accepted.as_deref().unwrap_or_default()
}

/// `looser (revoked-lag), looser (old-keys) and 3 more`.
fn names(flag: &Flag, patch: &SettingsPatch) -> String {
    let mut text = String::new();
    let mut left_out = 0;
    for difference in flag.newly_graver(wanted(patch)) {
        let name = format!("{} ({})", difference.class, difference.name);
        if text.len() + name.len() > NAMES_BYTES_MAX {
            left_out += 1;
            continue;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&name);
    }
    if left_out > 0 { format!("{text} and {left_out} more") } else { text }
}

/// What changes, a line each: first what takes two people, then the rest of the list.
pub(super) fn details(flag: &Flag, patch: &SettingsPatch) -> Vec<String> {
    let wanted = wanted(patch);
    let grave: Vec<_> = flag.newly_graver(wanted).collect();
    let changed = |difference: &&AcceptedDifference| {
        !flag.accepted.contains(difference) && !grave.contains(difference)
    };
    let gone = |known: &&AcceptedDifference| wanted.iter().all(|new| new.name != known.name);
    let accepted = grave.iter().map(|difference| described(difference));
    let beside = wanted.iter().filter(changed).map(|other| format!("also {}", described(other)));
    let ended = flag.accepted.iter().filter(gone);
    let ended = ended.map(|known| format!("no longer accepted: {} ({})", known.class, known.name));
    accepted.chain(beside).chain(ended).collect()
}

/// Everything that an accepted difference says.
fn described(difference: &AcceptedDifference) -> String {
    let AcceptedDifference { name, class, owner, reason, expires_at, .. } = difference;
    let meaning = MismatchClass::parse(class).map_or("", MismatchClass::meaning);
    let parts = [
        Some(format!("{name}: {class}, {meaning}")),
        difference.legacy_reason.as_ref().map(|reason| format!("where legacy says {reason}")),
        difference.ssot_reason.as_ref().map(|reason| format!("where ssot says {reason}")),
        difference.claim_shape.as_ref().map(|shape| format!("tokens with {shape}")),
        Some(match difference.max_per_hour {
            Some(max) => format!("at most {max} an hour"),
            None => "any number".to_owned(),
        }),
        Some(format!("until {expires_at}")),
        Some(format!("{owner} answers for it: {reason}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
