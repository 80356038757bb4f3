use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tempfile::TempDir;

use super::*;
use crate::authority::{Algorithm, AuthorityError, CompatibleForm, KeyState, KeyView, MasterKey};
use crate::domain::{TokioClock, encode_base64url};
use crate::store::Store;

/// As long as the last token of the default settings can live, tolerances included.
const LIFE_S: i64 = 7 * 86_400 + 5;

fn bare() -> Settings {
    Settings { master_key: Some(MasterKey::new([1; 32])), ..Settings::new("issuer", "audience") }
}

/// A store that outlives the authorities over it.
struct Disk {
    store: Store,
    _dir: TempDir,
}

impl Disk {
    fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        Self { store: Store::open(dir.path()).expect("a store"), _dir: dir }
    }

    async fn try_open(
        &self,
        settings: Settings,
        at: Timestamp,
    ) -> Result<Authority, AuthorityError> {
        Authority::open(settings, &self.store, Arc::new(TokioClock::starting_at(at))).await
    }

    async fn open(&self, settings: Settings) -> Authority {
        self.try_open(settings, NOW).await.expect("opened")
    }
}

fn key(authority: &Authority, id: &str) -> KeyView {
    authority.keys().into_iter().find(|key| key.id == id).expect("a key of that name")
}

fn signing(authority: &Authority) -> KeyView {
    authority.keys().into_iter().find(|key| key.signs).expect("a key that signs")
}

fn later(seconds: i64) -> Timestamp {
    NOW.plus_seconds(seconds)
}

fn published(authority: &Authority) -> Vec<String> {
    let set: serde_json::Value = serde_json::from_str(&authority.jwks()).expect("JSON");
    let keys = set["keys"].as_array().expect("keys");
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

fn issued_at(authority: &Authority, now: Timestamp) -> Token {
    let order = Order::access(alice(), Scopes::default(), 86_400);
    authority.issue(&order, now).expect("a token").token
}

#[tokio::test]
async fn a_key_is_published_before_it_signs_and_verifies_until_its_last_token_is_dead() {
    let disk = Disk::new();
    let authority = disk.open(bare()).await;
    let first = signing(&authority);
    let token = issued_at(&authority, NOW);
    let next = authority.generate_key(Algorithm::EdDsa, NOW).await.expect("made");
    assert_eq!((next.state, next.signs, next.private), (KeyState::Next, false, true));
    assert_eq!(published(&authority), [first.id.as_str(), &next.id]);

    let early = authority.rotate_keys(false, later(3599)).await.expect_err("too early");
    let ready = later(3600);
    assert!(matches!(early, AuthorityError::KeyNotPublished { ready_at, .. } if ready_at == ready));
    let rotated = authority.rotate_keys(false, ready).await.expect("rotated");
    assert_eq!((&rotated.active.id, rotated.active.state), (&next.id, KeyState::Active));
    assert_eq!(rotated.retiring[0].verifies_until, Some(ready.plus_seconds(LIFE_S)));
    assert_eq!(signing(&authority).id, next.id);

    let last = issued_at(&authority, ready);
    authority.tend_keys(ready.plus_seconds(LIFE_S - 1)).await.expect("tended");
    assert_eq!(key(&authority, &first.id).state, KeyState::Retiring);
    assert_eq!(reason(&authority, &token, later(86_399)).await, None);
    authority.tend_keys(ready.plus_seconds(LIFE_S)).await.expect("tended");
    let retired = key(&authority, &first.id);
    assert_eq!((retired.state, retired.private), (KeyState::Retired, false));
    assert_eq!(published(&authority), [next.id.as_str()]);
    assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::KeyUnknown));
    assert_eq!(reason(&authority, &last, ready).await, None);
    assert!(authority.public_jwk(&first.id).is_ok(), "what it was is still told");
}

#[tokio::test]
async fn a_rotation_without_a_next_key_makes_one_and_waits_unless_it_is_forced() {
    let disk = Disk::new();
    let authority = disk.open(bare()).await;
    let first = signing(&authority);
    assert!(authority.rotate_keys(false, NOW).await.is_err());
    assert!(authority.rotate_keys(false, NOW).await.is_err());
    let next: Vec<_> =
        authority.keys().into_iter().filter(|key| key.state == KeyState::Next).collect();
    assert_eq!(next.len(), 1, "one is enough");
    assert_eq!(next[0].algorithm, first.algorithm);
    let rotated = authority.rotate_keys(true, NOW).await.expect("forced");
    assert_eq!(rotated.active.id, next[0].id);
}

#[tokio::test]
async fn states_times_and_retirement_outlive_a_restart() {
    let disk = Disk::new();
    let before = {
        let authority = disk.open(bare()).await;
        for algorithm in Algorithm::ALL {
            authority.generate_key(algorithm, NOW).await.expect("made");
        }
        authority.rotate_keys(true, NOW).await.expect("rotated");
        let gone = authority.generate_key(Algorithm::EdDsa, NOW).await.expect("made");
        authority.retire_key(&gone.id, true, NOW).await.expect("retired");
        authority
    };
    let after = disk.open(bare()).await;
    let sorted = |authority: &Authority| {
        let mut keys = authority.keys();
        keys.sort_by(|one, other| one.id.cmp(&other.id));
        // The disk keeps milliseconds, and so does this text.
        format!("{keys:#?}")
    };
    assert_eq!(sorted(&after), sorted(&before));
    let token = issued(&before).token;
    assert_eq!(reason(&after, &token, NOW).await, None);
    let late = disk.try_open(bare(), later(LIFE_S)).await.expect("opened");
    let over = late.keys().into_iter().filter(|key| key.state == KeyState::Retiring).count();
    assert_eq!(over, 0, "what was over before the start does not verify after it");
}

#[tokio::test]
async fn kept_and_configured_keys_verify_beside_each_other_and_the_kept_one_signs() {
    let disk = Disk::new();
    let kept = disk.open(bare()).await;
    let of_kept = issued(&kept).token;
    let of_configured = issued(&authority()).token;
    let both = || Settings { keys: vec![secret("one")], ..bare() };
    let authority = disk.open(both()).await;
    assert_eq!(reason(&authority, &of_kept, NOW).await, None);
    assert_eq!(reason(&authority, &of_configured, NOW).await, None);
    assert_eq!(signing(&authority).id, signing(&kept).id);
    let pinned = disk.open(Settings { signing_key: Some("one".into()), ..both() }).await;
    assert!(signing(&pinned).configured);
    let refused = pinned.rotate_keys(true, NOW).await;
    assert!(matches!(refused, Err(AuthorityError::KeyPinned(id)) if id == "one"));
    let public = published(&authority);
    assert_eq!(public, [signing(&kept).id], "a shared secret is never published");
}

#[tokio::test]
async fn with_configured_keys_none_is_made_and_the_first_rotation_takes_over() {
    let disk = Disk::new();
    let both = || Settings { keys: vec![secret("one")], ..bare() };
    let authority = disk.open(both()).await;
    assert_eq!(authority.keys().len(), 1);
    let token = issued(&authority).token;
    let rotated = authority.rotate_keys(true, NOW).await.expect("rotated");
    assert!(rotated.retiring.is_empty(), "a configured key stays what it is");
    assert!(!signing(&authority).configured);
    assert_eq!(reason(&authority, &token, NOW).await, None);
}

#[tokio::test]
async fn a_revoked_key_verifies_nothing_from_then_on_also_when_it_is_configured() {
    let disk = Disk::new();
    let both = || Settings { keys: vec![secret("one")], ..bare() };
    let authority = disk.open(both()).await;
    let token = issued(&authority).token;
    let only = authority.retire_key("one", true, NOW).await;
    assert!(matches!(only, Err(AuthorityError::KeyWithoutSuccessor(_))));
    assert_eq!(reason(&authority, &token, NOW).await, None, "nothing has changed");
    authority.generate_key(Algorithm::EdDsa, NOW).await.expect("made");
    let revoked = authority.retire_key("one", true, NOW).await.expect("revoked");
    assert_eq!((revoked.state, revoked.revoked), (KeyState::Retired, true));
    assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::Algorithm));
    assert!(!signing(&authority).configured, "the next key took over");
    // Neither a restart nor another name brings it back.
    let renamed = Settings { keys: vec![secret("two")], ..bare() };
    for settings in [both(), renamed] {
        let authority = disk.open(settings).await;
        assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::Algorithm));
    }
    let import = authority.import_key(secret("three"), NOW).await;
    assert!(matches!(import, Err(AuthorityError::KeyRetired(_))), "{import:?}");
}

#[tokio::test]
async fn a_configured_key_retires_in_time_too() {
    let disk = Disk::new();
    let both = || Settings { keys: vec![secret("one")], ..bare() };
    let authority = disk.open(both()).await;
    let token = issued_at(&authority, NOW);
    authority.rotate_keys(true, NOW).await.expect("rotated");
    let retiring = authority.retire_key("one", false, NOW).await.expect("retiring");
    assert_eq!(
        (retiring.state, retiring.verifies_until),
        (KeyState::Retiring, Some(later(LIFE_S)))
    );
    assert_eq!(reason(&authority, &token, later(86_399)).await, None);
    let again = authority.retire_key("one", false, later(60)).await.expect("retiring already");
    assert_eq!(again.verifies_until, retiring.verifies_until);
    let late = disk.try_open(both(), later(LIFE_S)).await.expect("opened");
    assert_eq!(key(&late, "one").state, KeyState::Retired);
    assert_eq!(reason(&late, &token, later(60)).await, Some(Reason::Algorithm));
}

#[tokio::test]
async fn imported_private_keys_sign_next_and_public_ones_never() {
    let disk = Disk::new();
    let authority = disk.open(bare()).await;
    let mint = crate::authority::specimens::Mint::seeded(9);
    for source in mint.key_sources() {
        let imported = authority.import_key(source, NOW).await.expect("imported");
        assert_eq!((imported[0].state, imported[0].private), (KeyState::Next, true));
    }
    let public = KeySource::Jwk { text: vectors::ED25519_PUBLIC.into() };
    let imported = authority.import_key(public.clone(), NOW).await.expect("imported");
    let public_key = &imported[0];
    assert_eq!((public_key.state, public_key.verifies_until), (KeyState::Retiring, None));
    assert!(published(&authority).contains(&public_key.id));
    authority.tend_keys(later(LIFE_S * 9)).await.expect("tended");
    assert_eq!(key(&authority, &public_key.id).state, KeyState::Retiring, "until it is retired");
    let twice = authority.import_key(public, NOW).await;
    assert!(matches!(twice, Err(AuthorityError::KeyHeld { .. })));
    let weak = KeySource::Secret { id: "w".into(), bytes: b"secret".to_vec() };
    let weak = authority.import_key(weak, NOW).await;
    assert!(matches!(weak, Err(AuthorityError::SecretShort { .. })));
}

#[tokio::test]
async fn keys_of_a_kind_are_kept_and_found_again() {
    let disk = Disk::new();
    let mint = crate::authority::specimens::Mint::seeded(10);
    let authority = disk.open(bare()).await;
    for source in mint.key_sources() {
        authority.import_key(source, NOW).await.expect("imported");
    }
    let again = disk.open(bare()).await;
    for _ in mint.key_sources() {
        let next = again.rotate_keys(true, NOW).await.expect("rotated").active;
        let token = issued(&again).token;
        assert_eq!(reason(&authority, &token, NOW).await, None, "{}", next.algorithm);
    }
}

#[tokio::test]
async fn only_an_active_key_signs_whoever_asks_for_another() {
    let disk = Disk::new();
    let authority = disk.open(bare()).await;
    let next = authority.generate_key(Algorithm::EdDsa, NOW).await.expect("made").id;
    let by = |id: &str| {
        let order = Order::access(alice(), Scopes::default(), 60);
        authority.issue(&Order { key_id: Some(id.to_owned()), ..order }, NOW)
    };
    let old = signing(&authority).id;
    assert!(by(&old).is_ok());
    assert!(matches!(by(&next), Err(AuthorityError::KeyNotActive { state: "next", .. })));
    authority.rotate_keys(true, NOW).await.expect("rotated");
    assert!(by(&next).is_ok());
    assert!(matches!(by(&old), Err(AuthorityError::KeyNotActive { state: "retiring", .. })));
}

#[tokio::test]
async fn a_schedule_makes_the_next_key_ahead_of_time_and_promotes_it_when_due() {
    let settings = Settings { rotate_every_s: 86_400, ..bare() };
    let disk = Disk::new();
    let authority = disk.open(settings).await;
    let first = signing(&authority);
    let count = || authority.keys().len();
    authority.tend_keys(later(86_400 - 3601)).await.expect("tended");
    assert_eq!(count(), 1);
    authority.tend_keys(later(86_400 - 3599)).await.expect("tended");
    assert_eq!((count(), signing(&authority).id == first.id), (2, true));
    authority.tend_keys(later(86_399)).await.expect("tended");
    assert_eq!(signing(&authority).id, first.id);
    authority.tend_keys(later(86_401)).await.expect("tended");
    assert_ne!(signing(&authority).id, first.id);
    authority.tend_keys(later(86_401)).await.expect("tended");
    assert_eq!(count(), 2, "one rotation a time");
}

#[tokio::test]
async fn without_a_master_key_no_key_is_made_and_kept_ones_stay_closed() {
    let disk = Disk::new();
    let kept = disk.open(bare()).await;
    let of_kept = issued(&kept).token;
    let fingerprint_key = Some(kept.fingerprint_key().clone());
    let closed = Settings { master_key: None, fingerprint_key, ..settings() };
    let authority = disk.open(closed).await;
    assert_eq!(reason(&authority, &of_kept, NOW).await, Some(Reason::Algorithm));
    let refused = authority.generate_key(Algorithm::EdDsa, NOW).await;
    assert!(matches!(refused, Err(AuthorityError::MasterKeyMissing)));
}

#[test]
fn one_rsa_key_is_for_one_algorithm() {
    let mint = crate::authority::specimens::Mint::seeded(11);
    let rsa = mint.key_sources().into_iter().find_map(|source| match source {
        KeySource::Pem { algorithm: Algorithm::Rs256, text, .. } => Some(text),
        KeySource::Pem { .. } | KeySource::Secret { .. } | KeySource::Jwk { .. } => None,
    });
    let text = rsa.expect("a key");
    let pem = |id: &str, algorithm| KeySource::Pem { id: id.into(), algorithm, text: text.clone() };
    let keys = vec![pem("a", Algorithm::Rs256), pem("b", Algorithm::Ps256)];
    let both = Authority::in_memory(Settings { keys, ..settings() });
    assert!(matches!(both, Err(AuthorityError::KeyAlgorithmTwice(id)) if id == "b"));
}

#[tokio::test]
async fn the_published_set_verifies_what_is_issued_and_holds_nothing_private() {
    let disk = Disk::new();
    let authority = disk.open(bare()).await;
    for algorithm in Algorithm::ALL {
        authority.generate_key(algorithm, NOW).await.expect("made");
    }
    let set = authority.jwks();
    for secret in ["\"d\"", "\"k\"", "\"p\"", "\"oct\""] {
        assert!(!set.contains(secret), "{secret}");
    }
    let outside = Settings { keys: vec![KeySource::Jwk { text: set.to_string() }], ..settings() };
    let outside = Authority::in_memory(outside).expect("a verifier");
    for _ in Algorithm::ALL {
        let algorithm = signing(&authority).algorithm;
        let expected = (algorithm == Algorithm::Hs256).then_some(Reason::KeyUnknown);
        let token = issued(&authority).token;
        assert_eq!(
            reason(&outside, &token, NOW).await.is_some(),
            expected.is_some(),
            "{algorithm}"
        );
        authority.rotate_keys(true, NOW).await.expect("rotated");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_denied_while_keys_rotate() {
    let disk = Disk::new();
    let authority = Arc::new(disk.open(bare()).await);
    let before = issued(&authority).token;
    let (stop, decided) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let caller = || {
        let (authority, before) = (Arc::clone(&authority), before.clone());
        let (stop, decided) = (Arc::clone(&stop), Arc::clone(&decided));
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let fresh = issued(&authority).token;
                assert_eq!(reason(&authority, &fresh, NOW).await, None);
                assert_eq!(reason(&authority, &before, NOW).await, None);
                decided.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        })
    };
    let callers: Vec<_> = (0..4).map(|_| caller()).collect();
    for round in 0..20 {
        let algorithm = Algorithm::ALL[round % 5];
        if !matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256) {
            authority.generate_key(algorithm, NOW).await.expect("made");
        }
        authority.rotate_keys(true, NOW).await.expect("rotated");
        authority.tend_keys(NOW).await.expect("tended");
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("nobody was denied");
    }
    assert!(decided.load(Ordering::Relaxed) > 0);
    let retiring = authority.keys().into_iter().filter(|key| key.state == KeyState::Retiring);
    assert_eq!(retiring.count(), 20);
}

#[tokio::test]
async fn changes_that_meet_happen_one_after_the_other() {
    let disk = Disk::new();
    let authority = Arc::new(disk.open(bare()).await);
    let changes = (0..16).map(|place| {
        let authority = Arc::clone(&authority);
        tokio::spawn(async move {
            if place % 2 == 0 {
                authority.rotate_keys(true, NOW).await.map(drop)
            } else {
                authority.generate_key(Algorithm::EdDsa, NOW).await.map(drop)
            }
        })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.expect("no panic").expect("done");
    }
    let active = authority.keys().into_iter().filter(|key| key.state == KeyState::Active);
    assert_eq!(active.count(), 1);
}

#[tokio::test]
async fn a_key_kept_by_an_older_version_signs_on_unless_others_were_configured() {
    for configured in [false, true] {
        let disk = Disk::new();
        let old = disk.open(bare()).await;
        let (id, token) = (signing(&old).id, issued(&old).token);
        super::super::kept_keys::age(&disk.store, &id).await;
        let keys = if configured { vec![secret("one")] } else { Vec::new() };
        let authority = disk.open(Settings { keys, ..bare() }).await;
        assert_eq!(signing(&authority).configured, configured);
        assert_eq!(reason(&authority, &token, NOW).await, None);
        let again = disk.open(bare()).await;
        let expected = if configured { KeyState::Retiring } else { KeyState::Active };
        assert_eq!(key(&again, &id).state, expected, "written down");
    }
}

#[tokio::test]
async fn no_private_part_is_in_the_views_or_their_debug_text() {
    let disk = Disk::new();
    let authority = disk.open(bare()).await;
    authority.import_key(secret("planted"), NOW).await.expect("imported");
    let shown = format!("{:?} {authority:?}", authority.keys());
    assert!(!shown.contains(&encode_base64url(SECRET)));
    assert!(!shown.contains(std::str::from_utf8(SECRET).expect("text")));
}

#[tokio::test]
async fn the_key_of_the_compatible_form_signs_on_whatever_rotates() {
    let compatible = CompatibleForm {
        key_id: "one".into(),
        issuer: "legacy".into(),
        access_audience: "audience".into(),
        refresh_audience: "audience".into(),
        service_audience: "audience".into(),
        lifetime_max_s: 86_400,
    };
    let authority = Authority::in_memory(Settings { compatible: Some(compatible), ..settings() });
    let authority = authority.expect("opened");
    authority.generate_key(Algorithm::EdDsa, NOW).await.expect("made");
    authority.rotate_keys(true, NOW).await.expect("rotated");
    assert_eq!(key(&authority, "one").state, KeyState::Active);
    let retired = authority.retire_key("one", false, NOW).await;
    assert!(matches!(retired, Err(AuthorityError::KeyPinned(_))), "{retired:?}");
}
