//! What a seed file may say, and the files that are shipped.

use crate::domain::{ComponentId, Timestamp};
use crate::flags::{Advance, Kind, Seed, Stage};

const SHIPPED: [(&str, &str); 4] = [
    ("demo.toml", include_str!("../../../flags/demo.toml")),
    ("development.toml", include_str!("../../../flags/development.toml")),
    ("staging.toml", include_str!("../../../flags/staging.toml")),
    ("production.toml", include_str!("../../../flags/production.toml")),
];

fn faults(text: &str) -> Vec<String> {
    let faults = Seed::parse_all(text, "x.toml").expect_err("faults");
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn every_environment_ships_the_six_components() {
    let expected = [
        ("event-delivery", Kind::Events, 3, vec!["socket-connections"]),
        ("frontend-session", Kind::Session, 1, vec![]),
        ("http-auth", Kind::Auth, 1, vec![]),
        ("socket-auth", Kind::Auth, 1, vec![]),
        ("socket-connections", Kind::Connections, 2, vec!["socket-auth"]),
        ("token-operations", Kind::Tokens, 1, vec![]),
    ];
    for (file, text) in SHIPPED {
        let mut seeds = Seed::parse_all(text, file).expect("no faults").components;
        seeds.sort_by(|a, b| a.component.cmp(&b.component));
        let found = seeds.iter().map(|seed| {
            let requires = seed.requires.iter().map(ComponentId::as_str).collect();
            (seed.component.as_str(), seed.kind, u8::from(seed.phase), requires)
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "{file}");
        assert!(seeds.iter().all(|seed| seed.group.as_str() == "main"), "{file}");
    }
}

#[test]
fn staging_and_production_start_off() {
    for (file, text) in &SHIPPED[2..] {
        let seeds = Seed::parse_all(text, file).expect("no faults").components;
        assert!(seeds.iter().all(|seed| seed.stage == Stage::Off), "{file}");
    }
}

#[test]
fn staging_and_production_advance_by_certificates_and_the_others_by_hand() {
    for (file, text) in SHIPPED {
        let seeds = Seed::parse_all(text, file).expect("no faults").components;
        let advance = match file {
            "staging.toml" | "production.toml" => Advance::Certified,
            _ => Advance::Unheld,
        };
        let now = Timestamp::from_seconds(1_800_000_000);
        for seed in seeds {
            assert_eq!(seed.flag(now).expect("a flag").limits.advance, advance, "{file}");
        }
    }
}

#[test]
fn the_demo_accepts_what_legacy_gets_wrong_about_audiences() {
    let seeds = Seed::parse_all(SHIPPED[0].1, "demo.toml").expect("no faults").components;
    let http = seeds.iter().find(|seed| seed.component.as_str() == "http-auth");
    let now = Timestamp::from_seconds(1_800_000_000);
    let flag = http.expect("http-auth").flag(now).expect("a flag");
    for reason in ["audience", "claim_missing:aud"] {
        let mut accepted = flag.accepted_as("stricter", (None, Some(reason)), "", now);
        let accepted = accepted.next().expect(reason);
        assert!(!accepted.owner.is_empty() && accepted.expires_at > now);
    }
    assert_eq!(flag.accepted_as("looser", (None, Some("audience")), "", now).next(), None);
}

#[test]
fn all_faults_of_a_file_are_told_at_once_with_their_place() {
    let text = r#"
        colour = "red"
        [component.a]
        kind = "auht"
        phase = 4
        stage = "live"
        deadline_ms = 10
        sample_percent = 100.5
        smaple_percent = 1
        limits = { harm_max = 0, windows = [{ over = "60s", at_least = 0 }] }
        [[component.a.accepted]]
        name = "x"
        class = "stricter"
        owner = " "
        reason = "because"
        expires_in_days = 4000
        [component."B C"]
        kind = "auth"
        phase = 1
    "#;
    let found = faults(text);
    for start in [
        "x.toml: colour: unknown key",
        "x.toml: a: kind: must be auth,",
        "x.toml: a: phase: must be 1, 2 or 3",
        "x.toml: a: stage: must be off or shadow",
        "x.toml: a: deadline_ms: must be 50 to 60000",
        "x.toml: a: sample_percent: must be a percentage",
        "x.toml: a: smaple_percent: unknown key",
        "x.toml: a: limits.harm_max: must be 1 to 1000000",
        "x.toml: a: limits.windows[0].error_rate_percent: is missing",
        "x.toml: a: limits.windows[0].at_least: must be 1 to 1000000",
        "x.toml: a: accepted[0].owner: must not be blank",
        "x.toml: a: accepted[0].expires_in_days: must be 1 to 365",
        "x.toml: B C: an id is made of",
    ] {
        assert!(found.iter().any(|fault| fault.starts_with(start)), "{start} in {found:#?}");
    }
    assert_eq!(found.len(), 13, "{found:#?}");
}

#[test]
fn a_file_that_is_not_toml_is_one_fault_with_its_line() {
    let found = faults("[component.a]\nkind = \n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("x.toml: line 2: "), "{found:?}");
}

#[test]
fn an_accepted_difference_has_exactly_one_end() {
    let text = |end: &str| {
        format!(
            "[component.a]\nkind = \"auth\"\nphase = 1\n[[component.a.accepted]]\nname = \"n\"\n\
             class = \"stricter\"\nowner = \"o\"\nreason = \"r\"\n{end}\n"
        )
    };
    let fine = [
        "expires_in_days = 1",
        "expires_at = 2027-01-01T00:00:00Z",
        "expires_at = \"2027-01-01T00:00:00Z\"",
    ];
    for end in fine {
        assert!(Seed::parse_all(&text(end), "x.toml").is_ok(), "{end}");
    }
    let odd = [
        "",
        "expires_at = 2027-01-01",
        "expires_in_days = 1\nexpires_at = \"2027-01-01T00:00:00Z\"",
    ];
    for end in odd {
        assert_eq!(faults(&text(end)).len(), 1, "{end}");
    }
}

#[test]
fn circles_strangers_and_other_groups_are_not_required() {
    let component =
        |id: &str, more: &str| format!("[component.{id}]\nkind = \"auth\"\nphase = 1\n{more}\n");
    let circle = component("a", "requires = [\"b\"]") + &component("b", "requires = [\"a\"]");
    assert!(faults(&circle).iter().all(|fault| fault.contains("in a circle")));
    assert!(faults(&component("a", "requires = [\"b\"]"))[0].contains("b is no component"));
    let groups = component("a", "") + &component("b", "group = \"g\"\nrequires = [\"a\"]");
    assert!(faults(&groups)[0].contains("a is of another group"));
}

#[test]
fn another_component_may_stand_beside_with_its_own_legacy_path() {
    let text = "[component.http-auth-billing]\nkind = \"auth\"\nphase = 1\nlegacy = \"billing\"";
    let seeds = Seed::parse_all(text, "x.toml").expect("no faults");
    assert_eq!(seeds.components[0].legacy, "billing");
}

#[test]
fn no_file_accepts_what_two_people_must() {
    let seeds = |class: &str, more: &str| {
        let text = format!(
            "[component.a]\nkind = \"auth\"\nphase = 1\n[[component.a.accepted]]\nname = \"n\"\n\
             class = \"{class}\"\nowner = \"o\"\nreason = \"r\"\nexpires_in_days = 3\n{more}"
        );
        Seed::parse_all(&text, "test.toml")
    };
    for class in ["looser", "subject_differs", "scopes_differ"] {
        let faults = seeds(class, "").expect_err(class);
        assert_eq!(faults[0].field.as_deref(), Some("accepted[0].class"));
        assert!(faults[0].problem.contains("two people"), "{}", faults[0]);
    }
    assert!(seeds("softer", "").is_err());
    let whole = "claim_shape = \"sub:string\"\nmax_per_hour = 5\n";
    assert!(seeds("stricter", whole).is_ok());
    assert!(seeds("stricter", "max_per_hour = 0\n").is_err());
    assert!(seeds("stricter", "claim_shape = \"sub\"\n").is_err());
}

#[test]
fn a_component_is_not_named_like_a_path_of_the_api() {
    for id in ["templates", "golden-path"] {
        let text = format!("[component.{id}]\nkind = \"auth\"\nphase = 1\n");
        let told = format!("x.toml: {id}: is no name for a component");
        let faults = faults(&text);
        assert!(faults.len() == 1 && faults[0].starts_with(&told), "{faults:?}");
    }
}
