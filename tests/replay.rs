//! `crossfade replay` and `crossfade questions`, from the command line to the report.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Parser;
use crossfade::authority::Algorithm;
use crossfade::authority::specimens::Expected;
use crossfade::cli::questions::{self, QuestionsArgs, Traffic};
use crossfade::cli::replay::{self, ReplayArgs};
use crossfade::cli::{Console, Exit};
use crossfade::domain::{Timestamp, encode_base64url};
use serde_json::Value;
use tempfile::TempDir;

/// Hostile kinds that the core validator lets in.
const LEGACY_ALLOWS: &str = "
    exp_milliseconds exp_huge nbf_string lifetime_7d lifetime_10y aud_missing aud_empty
    aud_list_empty aud_object aud_null aud_admin aud_services aud_backend sub_empty sub_blank sub_nul
    sub_line_break sub_4k sub_8k jti_empty permissions_string permissions_object permissions_null
    permissions_numbers scope_list type_conflict type_null env_staging env_development env_empty
    env_number svc_id_other svc_id_number kid_unknown kid_empty kid_path kid_sql crit_unknown
    crit_empty crit_string crit_null crit_registered typ_jose typ_logout
    typ_dpop typ_empty typ_number typ_null cty_jwt cty_number duplicate_kid padding_signature
    alphabet_standard unused_bits junk_signature junk_claims padding_claims zero_width over_8k
    header_deep claims_deep duplicate_sub duplicate_exp duplicate_inner";

/// Honest kinds that the core validator denies.
const LEGACY_DENIES: &str = "
    fresh_rs256 fresh_es256 fresh_eddsa fresh_rs256_kid fresh_es256_kid fresh_eddsa_kid
    typ_at_jwt_only type_only aud_list_one aud_list_last";

/// Honest kinds that it denies for two seconds only.
const LEGACY_DENIES_FOR_A_MOMENT: &str = "iat_future_2s nbf_future_2s";

/// Honest kinds whose `scope` it does not read.
const LEGACY_SEES_OTHER_SCOPES: &str = "scope_string scope_and_permissions";

const NOW: i64 = 1_772_355_600;

#[derive(Parser)]
struct Replay {
    #[command(flatten)]
    args: ReplayArgs,
}

#[derive(Parser)]
struct Questions {
    #[command(flatten)]
    args: QuestionsArgs,
}

/// What a command did.
struct Done {
    exit: Exit,
    out: String,
    err: String,
}

impl Done {
    fn report(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.err))
    }

    fn count(&self, code: &str) -> u64 {
        counts(&self.report()).get(code).copied().unwrap_or(0)
    }
}

/// Everything counted in a report, over all components.
fn counts(report: &Value) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for component in report["components"].as_array().expect("components") {
        for (code, count) in component["total"]["counts"].as_object().expect("counts") {
            *counts.entry(code.clone()).or_default() += count.as_u64().expect("a count");
        }
    }
    counts
}

fn on_console(input: &[u8], command: impl FnOnce(&mut Console<'_>) -> Exit) -> Done {
    let (mut input, mut out, mut err) = (input, Vec::new(), Vec::new());
    let exit =
        command(&mut Console { input: &mut input, out: &mut out, err: &mut err, watched: false });
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Done { exit, out: text(out), err: text(err) }
}

/// A folder with the keys of a seed, and the traffic that they sign.
struct Yard {
    folder: TempDir,
    traffic: Traffic,
}

impl Yard {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let traffic = Traffic::new(1, Timestamp::from_seconds(NOW), 1000);
        fs::write(folder.path().join("secret"), traffic.mint().secret()).expect("written");
        Self { folder, traffic }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replays `input` with the yard's HS256 secret as JSON.
    fn replay(&self, input: &str, more: &[&str]) -> Done {
        let secret = format!("mint-hs256={}", self.path("secret").display());
        let mut words = vec!["--secret-file", &secret, "--format", "json"];
        words.extend(more);
        replay("-", &words, input.as_bytes())
    }

    /// A good token with members of its claims replaced.
    fn token(&self, changed: &[(&str, Value)]) -> String {
        let mut claims = serde_json::json!({
            "sub": "alice", "iat": NOW - 60, "exp": NOW + 840, "iss": "netra-auth-service",
            "aud": "netra-platform", "jti": "1", "token_type": "access", "permissions": ["read"],
        });
        for (name, value) in changed {
            claims[*name] = value.clone();
        }
        let header = br#"{"alg":"HS256","typ":"JWT"}"#;
        let claims = claims.to_string();
        let token = self.traffic.mint().token(header, claims.as_bytes(), Algorithm::Hs256);
        token.reveal().to_owned()
    }
}

fn replay(file: &str, more: &[&str], input: &[u8]) -> Done {
    let own = ["replay", file, "--issuer", "netra-auth-service", "--audience", "netra-platform"];
    let words = own.iter().chain(more);
    let args = Replay::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).args;
    on_console(input, |console| replay::run_on(&args, console))
}

fn line(seconds: i64, token: &str, rest: &str) -> String {
    format!("{{\"at\":{seconds},\"token\":\"{token}\"{rest}}}\n")
}

fn bad_lines() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bad-lines.ndjson")
}

/// The counter under which a question of a kind must be found.
fn expected(kind: &str, ssot: &Expected) -> &'static str {
    let within = |kinds: &str| kinds.split_whitespace().any(|known| known == kind);
    match ssot {
        Expected::Allow if within(LEGACY_DENIES) => "mismatched:looser",
        Expected::Allow if within(LEGACY_DENIES_FOR_A_MOMENT) => "inconclusive:boundary",
        Expected::Allow if within(LEGACY_SEES_OTHER_SCOPES) => "mismatched:scopes_differ",
        Expected::Deny(_) if within(LEGACY_ALLOWS) => "mismatched:stricter",
        Expected::Allow | Expected::Deny(_) => "matched",
    }
}

#[test]
fn made_up_questions_come_to_what_their_kinds_say() {
    const COUNT: usize = 20_000;
    let yard = Yard::new();
    let (file, keys) = (yard.path("q.ndjson"), yard.path("keys"));
    let (file, keys) = (file.to_str().expect("a path"), keys.to_str().expect("a path"));
    let count = COUNT.to_string();
    let words = ["questions", "--count", &count, "--seed", "11", "--out", file, "--keys-out", keys];
    let args = Questions::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).args;
    let made = on_console(b"", |console| questions::run_on(&args, console));
    assert_eq!(made.exit, Exit::Fine, "{}", made.err);

    // The command that it recommends, word for word.
    let command = made.err.split_once("crossfade replay").expect("a command").1;
    let words = command.split_whitespace().filter(|word| *word != "\\");
    let words = ["replay"].into_iter().chain(words).chain(["--format", "json"]);
    let args_replay = Replay::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).args;
    let done = on_console(b"", |console| replay::run_on(&args_replay, console));
    assert_eq!(done.exit, Exit::Found, "{}", done.err);

    let mut wanted: BTreeMap<String, u64> = BTreeMap::new();
    for asked in Traffic::new(11, args.at, args.rate).take(COUNT) {
        *wanted.entry(expected(asked.kind, &asked.ssot).to_owned()).or_default() += 1;
    }
    wanted.insert("served:legacy".to_owned(), COUNT as u64);
    let mut found = counts(&done.report());
    let answered = found.remove("allowed").unwrap_or(0) + found.remove("denied").unwrap_or(0);
    assert_eq!((found, answered), (wanted, COUNT as u64));
    assert!(done.err.contains("20,000 lines, none bad"), "{}", done.err);
}

#[test]
fn the_keys_of_made_up_questions_are_for_their_owner_only() {
    let yard = Yard::new();
    let keys = yard.path("keys");
    let words = ["questions", "--count", "0", "--keys-out", keys.to_str().expect("a path")];
    let args = Questions::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).args;
    for _ in 0..2 {
        let done = on_console(b"", |console| questions::run_on(&args, console));
        assert_eq!(done.exit, Exit::Fine, "{}", done.err);
    }
    let files: Vec<_> = fs::read_dir(keys).expect("a folder").flatten().collect();
    assert_eq!(files.len(), 5);
    for file in files {
        let mode = file.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
}

#[test]
fn bad_lines_are_reported_by_number_and_do_not_end_the_run() {
    let text = fs::read_to_string(bad_lines()).expect("the sample");
    let yard = Yard::new();
    let done = yard.replay(&text, &[]);
    assert_eq!(done.exit, Exit::Fine, "{}", done.err);
    assert_eq!(done.count("served:legacy"), 2);
    // Line 8 is blank, which is no fault.
    let complained: Vec<u64> = done
        .err
        .lines()
        .filter_map(|line| line.strip_prefix("line ")?.split_once(':')?.0.parse().ok())
        .collect();
    assert_eq!(complained, [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16], "{}", done.err);
    assert!(done.err.contains("16 lines, 14 bad and left out"), "{}", done.err);
    for secret in ["hush", "HUSH"] {
        assert!(!done.err.contains(secret) && !done.out.contains(secret), "{}", done.err);
    }
}

#[test]
fn only_the_first_twenty_bad_lines_are_shown_and_all_are_counted() {
    let yard = Yard::new();
    let text = "x\n".repeat(500) + &line(NOW, "a.b.c", "");
    let done = yard.replay(&text, &[]);
    let shown = done.err.lines().filter(|line| line.starts_with("line ")).count();
    assert_eq!((shown, done.exit), (20, Exit::Fine), "{}", done.err);
    assert!(done.err.contains("501 lines, 500 bad"), "{}", done.err);
}

#[test]
fn a_line_over_64_kib_is_bad_and_the_next_one_is_read() {
    let yard = Yard::new();
    let long = line(NOW, &"x".repeat(300_000), "");
    let done = yard.replay(&format!("{long}{}", line(NOW, &yard.token(&[]), "")), &[]);
    assert!(done.err.contains("line 1: longer than 64 KiB"), "{}", done.err);
    assert_eq!((done.exit, done.count("matched")), (Exit::Fine, 1));
}

#[test]
fn a_recording_without_a_readable_line_has_no_report_and_an_exit_code_of_its_own() {
    let yard = Yard::new();
    let out = yard.path("report.json");
    for text in ["", "\n\n", "nonsense\n"] {
        let done = yard.replay(text, &["--out", out.to_str().expect("a path")]);
        assert_eq!(done.exit.code(), 3, "{}", done.err);
        assert!(done.out.is_empty() && !out.exists());
    }
}

#[test]
fn a_looser_answer_and_another_subject_are_found_and_a_stricter_one_is_not() {
    let yard = Yard::new();
    let good = yard.token(&[]);
    for (token, legacy, code, exit) in [
        (&good, r#"{"decision":"deny","reason":"no"}"#, "mismatched:looser", 1),
        (&good, r#"{"decision":"allow","subject":"bob"}"#, "mismatched:subject_differs", 1),
        (&good, r#"{"decision":"allow","scopes":["write"]}"#, "mismatched:scopes_differ", 0),
        (&good, r#"{"decision":"allow","token_type":"admin"}"#, "mismatched:claims_differ", 0),
        (&"a.b.c".to_owned(), r#"{"decision":"allow"}"#, "mismatched:stricter", 0),
        (&"a.b.c".to_owned(), r#"{"decision":"deny","reason":"no"}"#, "matched", 0),
        (&good, r#"{"decision":"allow","subject":"alice","scopes":["read"]}"#, "matched", 0),
    ] {
        let done = yard.replay(&line(NOW, token, &format!(",\"legacy\":{legacy}")), &[]);
        assert_eq!((done.count(code), done.exit.code()), (1, exit), "{legacy}: {}", done.out);
        assert_eq!(done.err.contains("security alarm"), exit == 1);
    }
}

#[test]
fn a_recorded_answer_goes_before_the_model_and_keeps_its_own_words_and_latency() {
    let yard = Yard::new();
    let good = yard.token(&[]);
    let denied = r#","legacy":{"decision":"deny","reason":"blacklisted","took_us":700}"#;
    let report = yard.replay(&line(NOW, &good, denied), &[]).report();
    let component = &report["components"][0];
    assert_eq!(component["differences"][0]["legacy_reason"], "blacklisted");
    assert_eq!(component["legacy_latency"]["count"], 1);
    assert!(component["legacy_latency"]["p50_us"].as_u64().is_some_and(|p50| p50 >= 700));
    // One unknown latency, and none is claimed.
    let untimed = line(NOW, &good, r#","legacy":{"decision":"allow"}"#);
    let report = yard.replay(&(line(NOW, &good, denied) + &untimed), &[]).report();
    assert_eq!(report["components"][0]["legacy_latency"]["count"], 0);
}

#[test]
fn without_a_secret_only_recorded_answers_are_compared() {
    let text = line(NOW, "a.b.c", "") + &line(NOW, "a.b.c", r#","legacy":{"decision":"deny"}"#);
    let done = replay("-", &["--format", "json"], text.as_bytes());
    assert!(done.err.contains("line 1: no `legacy` in it"), "{}", done.err);
    assert_eq!((done.exit, done.count("matched")), (Exit::Fine, 1));
}

#[test]
fn the_model_remembers_by_the_time_of_the_lines() {
    let yard = Yard::new();
    // Early by ten seconds: refused, and the refusal is cached for a minute.
    let token = yard.token(&[("iat", (NOW + 10).into())]);
    let ask = |after: i64| line(NOW + after, &token, "");
    let done = yard.replay(&(ask(0) + &ask(20) + &ask(59) + &ask(61)), &[]);
    assert_eq!((done.count("matched"), done.count("mismatched:looser")), (2, 2), "{}", done.out);
}

#[test]
fn legacy_may_be_modelled_by_a_profile_of_ones_own() {
    let yard = Yard::new();
    let profile = yard.path("own.toml");
    let text = "id = 'own'\ndescription = 'decodes only'\n[key]\nsignature_checked = false\n";
    fs::write(&profile, text).expect("written");
    let forged = yard.token(&[]) + "AAAA";
    let more = ["--legacy", profile.to_str().expect("a path")];
    let done = yard.replay(&line(NOW, &forged, ""), &more);
    assert_eq!(done.count("mismatched:stricter"), 1, "{} {}", done.err, done.out);
}

#[test]
fn every_component_has_a_part_of_the_report_and_the_parts_add_up_to_the_lines() {
    let yard = Yard::new();
    let good = yard.token(&[]);
    let of = |name: &str| line(NOW, &good, &format!(",\"component\":\"{name}\""));
    let mut text = of("socket-auth") + &of("http-auth") + &line(NOW, &good, "");
    let done = yard.replay(&text, &[]);
    let names: Vec<_> = done.report()["components"]
        .as_array()
        .expect("components")
        .iter()
        .map(|part| (part["component"].clone(), part["total"]["requests"].clone()))
        .collect();
    assert_eq!(names, [("http-auth".into(), 2.into()), ("socket-auth".into(), 1.into())]);
    for number in 0..100 {
        text += &of(&format!("c{number}"));
    }
    let done = yard.replay(&text, &[]);
    assert_eq!(done.count("served:legacy"), 3 + 62);
    assert!(done.err.contains("103 lines, 38 bad"), "{}", done.err);
}

#[test]
fn what_cannot_start_says_why_and_leaves_no_report() {
    let yard = Yard::new();
    let secret = format!("main={}", yard.path("secret").display());
    fs::File::create(yard.path("weak")).and_then(|mut file| file.write_all(b"secret\n")).expect("");
    let weak = format!("main={}", yard.path("weak").display());
    let nameless = yard.path("secret").display().to_string();
    for (file, more, words) in [
        ("/no/such/file", vec!["--secret-file", &secret], "cannot read /no/such/file"),
        ("-", vec!["--secret-file", "main=/no/such/key"], "cannot read /no/such/key"),
        ("-", vec!["--secret-file", &weak], "HS256 needs at least 32"),
        ("-", vec!["--secret-file", &nameless], "needs a key id"),
        ("-", vec!["--key-file", &secret], "holds no RS256, ES256 or EdDSA key"),
        ("-", vec!["--secret-file", &secret, "--legacy", "core"], "there are: core-validate,"),
        ("-", vec!["--legacy", "/no/such.toml"], "cannot read /no/such.toml"),
    ] {
        let done = replay(file, &more, b"");
        assert_eq!(done.exit.code(), 2, "{more:?}");
        assert!(done.err.contains(words) && done.out.is_empty(), "{}", done.err);
    }
}

#[test]
fn a_report_is_written_to_its_file_or_the_failure_is_an_error() {
    let yard = Yard::new();
    let text = line(NOW, "a.b.c", "");
    let done = yard.replay(&text, &["--out", "/no/such/folder/report.json"]);
    assert_eq!(done.exit, Exit::Usage);
    assert!(done.err.contains("cannot write /no/such/folder/report.json"), "{}", done.err);
    let recording = yard.path("recording");
    fs::write(&recording, &text).expect("written");
    let recording = recording.to_str().expect("a path");
    let done = replay(recording, &["--out", recording], b"");
    assert_eq!(done.exit, Exit::Usage);
    assert_eq!(fs::read_to_string(recording).expect("the recording"), text);
    let place = yard.path("report.md");
    let secret = format!("mint-hs256={}", yard.path("secret").display());
    let more = ["--secret-file", &secret, "--out", place.to_str().expect("a path")];
    let done = replay("-", &more, text.as_bytes());
    assert_eq!((done.exit, done.out.as_str()), (Exit::Fine, ""));
    assert!(fs::read_to_string(place).expect("a report").starts_with("# Crossfade report, 2026-"));
}

#[test]
fn a_public_key_as_a_jwk_is_enough_for_the_authority() {
    // The key and the token of RFC 8037, appendix A; the token's claims are no JSON.
    let yard = Yard::new();
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","kid":"ed",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    fs::write(yard.path("jwk"), jwk).expect("written");
    let header = encode_base64url(br#"{"alg":"EdDSA"}"#);
    let token = format!(
        "{header}.{}.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        encode_base64url(b"Example of Ed25519 signing")
    );
    let path = yard.path("jwk").display().to_string();
    let text = line(NOW, &token, r#","legacy":{"decision":"allow"}"#);
    let done = replay("-", &["--format", "json", "--key-file", &path], text.as_bytes());
    assert_eq!(done.report()["components"][0]["differences"][0]["ssot_reason"], "claims_json");
}
