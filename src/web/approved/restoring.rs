//! What bringing a flag back comes to, for whoever is to approve it.

use super::accepting;
use crate::domain::{Share, TokenForm};
use crate::flags::{Flag, Restored, SettingsPatch, Stage, Target};

/// What changes, a line each; accepted differences in full, for two people answer for them.
pub(super) fn details(flag: &Flag, restored: &Restored) -> Vec<String> {
    let Restored { stage, settings, lets_in: _ } = restored;
    // Every field is named: whoever adds one says how it is told.
    let SettingsPatch {
        sample,
        deadline_ms,
        rescue,
        rescues_per_second_max,
        accepted,
        targets,
        invariants,
        token_form,
        limits,
    } = settings;
    let form = token_form.unwrap_or_else(|| kept_form(flag, stage.unwrap_or(flag.stage)));
    let lines = [
        stage.map(|stage| change("stage", flag.stage, stage)),
        sample.map(|sample| change("sample", sampled(flag.sample), sampled(sample))),
        deadline_ms.map(|value| change("deadline_ms", flag.deadline_ms, value)),
        rescue.map(|rescue| change("rescue", flag.rescue.as_str(), rescue.as_str())),
        rescues_per_second_max
            .map(|value| change("rescues_per_second_max", flag.rescues_per_second_max, value)),
        targets.as_ref().map(|list| change("targets", listed(&flag.targets), listed(list))),
        invariants.map(|wanted| change("invariants", flag.invariants.as_str(), wanted.as_str())),
        (form != flag.token_form)
            .then(|| change("token_form", form_name(flag.token_form), form_name(form))),
    ];
    let limits = limits.as_ref().map(|wanted| wanted.told_against(&flag.limits));
    let accepted = accepted.as_ref().map(|_| accepting::details(flag, settings));
    let lists = [limits, accepted].into_iter().flatten().flatten();
    lines.into_iter().flatten().chain(lists).collect()
}

fn change(field: &str, from: impl std::fmt::Display, to: impl std::fmt::Display) -> String {
    format!("{field}: {from} to {to}")
}

/// Below `sealed` legacy may come back, so tokens are such as it reads.
fn kept_form(flag: &Flag, stage: Stage) -> TokenForm {
    if stage < Stage::Sealed { TokenForm::Compatible } else { flag.token_form }
}

fn sampled(sample: Option<Share>) -> String {
    sample.map_or_else(|| "the stage's default".to_owned(), |share| share.to_string())
}

/// `staff by ssot, bigcorp by legacy`.
fn listed(targets: &[Target]) -> String {
    let target = |target: &Target| format!("{} by {}", target.segment, target.serve.as_str());
    let targets: Vec<String> = targets.iter().map(target).collect();
    if targets.is_empty() { "nobody".to_owned() } else { targets.join(", ") }
}

const fn form_name(form: TokenForm) -> &'static str {
    match form {
        TokenForm::Compatible => "compatible",
        TokenForm::Own => "own",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MismatchClass, SegmentId, Timestamp};
    use crate::flags::testing::flag_at;
    use crate::flags::{AcceptedDifference, Invariants, Serve};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn told(flag: &Flag, earlier: &Flag) -> Vec<String> {
        details(flag, &flag.as_it_was(earlier, NOW))
    }

    #[test]
    fn an_approver_reads_every_difference_between_what_is_and_what_comes_back() {
        let sealed = Flag { token_form: TokenForm::Own, ..flag_at("a", Stage::Sealed, Vec::new()) };
        let segment = SegmentId::parse("staff").expect("a name");
        let staff = Target { segment, serve: Serve::Ssot };
        let difference = AcceptedDifference {
            name: "revoked-lag".to_owned(),
            class: MismatchClass::Looser.code().to_owned(),
            legacy_reason: None,
            ssot_reason: None,
            claim_shape: None,
            max_per_hour: Some(5),
            owner: "ada".to_owned(),
            reason: "a lag".to_owned(),
            expires_at: NOW.plus_seconds(60),
        };
        let earlier = Flag {
            deadline_ms: sealed.deadline_ms + 1,
            sample: Share::from_basis_points(50),
            invariants: Invariants::Enforce,
            accepted: vec![difference],
            ..flag_at("a", Stage::Live, vec![staff])
        };
        let lines = told(&sealed, &earlier);
        assert_eq!(lines[0], "stage: sealed to live");
        assert_eq!(lines[1], "sample: the stage's default to 0.5 %");
        assert!(lines[2].starts_with("deadline_ms: "), "{lines:?}");
        assert_eq!(lines[3], "targets: nobody to staff by ssot");
        assert_eq!(lines[4], "invariants: report to enforce");
        assert_eq!(lines[5], "token_form: own to compatible", "below sealed");
        assert!(lines[6].starts_with("revoked-lag: looser"), "{lines:?}");
        assert!(lines[6].contains("at most 5 an hour"), "{lines:?}");
        assert_eq!(lines.len(), 7, "{lines:?}");
    }

    #[test]
    fn what_stays_is_not_told() {
        let sealed = flag_at("a", Stage::Sealed, Vec::new());
        let complete = flag_at("a", Stage::Complete, Vec::new());
        assert_eq!(told(&sealed, &complete), ["stage: sealed to complete"]);
        assert_eq!(told(&sealed, &sealed), Vec::<String>::new());
    }
}
