//! A provider's tokens at every door: trusted by its published keys, and nobody's business of ours.

use std::time::{Duration, Instant};

use crossfade::authority::specimens::Mint;
use crossfade::authority::{Algorithm, IssuerSettings};
use crossfade::config::Config;
use crossfade::domain::{Clock as _, SystemClock};
use crossfade::flags::ForeignIssuer;
use crossfade::outbound::Url;
use serde_json::{Value, json};

use super::kit::{Behaviour, Endpoint, Reply, World};

const ISSUER: &str = "https://corp.example";

/// A provider whose key set is on a real socket.
struct Provider {
    mint: Mint,
    keys: Endpoint,
}

impl Provider {
    fn start() -> Self {
        let (mint, keys) = (Mint::seeded(99), Endpoint::start());
        keys.behave(Behaviour::Answer(200, mint.key_set()));
        Self { mint, keys }
    }

    /// Trusts it in both rooms, as the configuration file does.
    fn trust(&self, config: &mut Config) {
        let url = Url::configured(&format!("{}/keys", self.keys.url)).expect("a url");
        let settings = IssuerSettings {
            subject_claim: "oid",
            ..IssuerSettings::new("corp", ISSUER, url, "crossfade")
        };
        let known =
            ForeignIssuer { name: "corp".into(), subject_claim: "oid", same_subjects: false };
        config.flags.foreign_issuers.insert(ISSUER.into(), known);
        config.authority.issuers = vec![settings];
    }

    fn token(&self, id: &str, change: &Value) -> String {
        let seconds = SystemClock.now().seconds();
        let mut claims = json!({ "iss": ISSUER, "aud": "crossfade", "sub": "of-this-session",
            "oid": "ada", "jti": "a", "iat": seconds, "exp": seconds + 300, "scope": "read" });
        for (name, value) in change.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let header = json!({ "alg": "EdDSA", "kid": id }).to_string();
        let claims = claims.to_string();
        let token = self.mint.token(header.as_bytes(), claims.as_bytes(), Algorithm::EdDsa);
        token.reveal().to_owned()
    }

    fn usual(&self) -> String {
        self.token(Mint::key_id(Algorithm::EdDsa), &json!({}))
    }
}

/// SSOT answers for everybody.
async fn world(provider: &Provider) -> World {
    let world = World::start_with(|config| provider.trust(config)).await;
    // Legacy knows no provider, and so everybody whom SSOT lets in is an alarm.
    world.move_to("modelled", &[json!({ "limits": { "mode": "off" } })]).await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 10_000 })]).await;
    world
}

async fn forward_auth(world: &World, token: &str) -> Reply {
    let headers = format!("authorization: Bearer {token}\r\n");
    world.data("GET", "/v1/forward-auth/modelled", &headers, "").await
}

#[tokio::test]
async fn both_doors_agree_about_a_providers_tokens() {
    let provider = Provider::start();
    let world = world(&provider).await;
    let decided = world.decide("modelled", &provider.usual()).await;
    assert_eq!(decided.json()["subject"], "corp|ada", "{decided:?}");
    let passed = forward_auth(&world, &provider.usual()).await;
    assert_eq!(passed.status, 200, "{passed:?}");
    assert_eq!(passed.header("x-auth-subject"), Some("corp|ada"));
    let id = Mint::key_id(Algorithm::EdDsa);
    for hostile in [
        provider.token(id, &json!({ "iss": world.mint.issuer })),
        provider.token(id, &json!({ "aud": "somebody-else" })),
        provider.token(id, &json!({ "at_hash": "x" })),
        provider.token("unheard-of", &json!({})),
    ] {
        let decided = world.decide("modelled", &hostile).await;
        assert_eq!(decided.json()["decision"], "deny", "{decided:?}");
        assert_eq!(forward_auth(&world, &hostile).await.status, 401);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_person_keeps_the_slot_from_one_session_to_the_next() {
    let provider = Provider::start();
    let world = world(&provider).await;
    let snapshot = world.rooms.flags.snapshot();
    let flag = snapshot.flag("modelled").expect("a flag");
    let expected = snapshot.slot_of_subject(flag, "corp|ada").expect("a slot");
    let id = Mint::key_id(Algorithm::EdDsa);
    for session in ["one", "two"] {
        let token = provider.token(id, &json!({ "sub": session }));
        assert_eq!(world.decide("modelled", &token).await.status, 200);
    }
    let (dir, _) = world.stop().await;
    let log = std::fs::read_to_string(dir.path().join("requests.log")).expect("a log");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let slots: Vec<Value> = lines.map(|line| line["slot"].clone()).collect();
    assert_eq!(slots, vec![json!(expected.number()); 2], "{log}");
}

#[tokio::test]
async fn while_nobody_has_its_keys_nobody_is_refused_and_the_metrics_say_so() {
    let provider = Provider::start();
    provider.keys.behave(Behaviour::Crash);
    let world = world(&provider).await;
    let refused = forward_auth(&world, &provider.usual()).await;
    assert_ne!(refused.status, 200, "legacy answers, and it does not know the provider");
    let own = world.token("fresh_hs256", "alice");
    assert_eq!(forward_auth(&world, &own).await.status, 200);
    let metrics = world.metrics("GET", "/metrics").await.body;
    assert!(metrics.contains(r#"crossfade_issuer_keys_usable{issuer="corp"} 0"#), "{metrics}");
    assert!(!metrics.contains("crossfade_issuer_keys_age_seconds{"), "{metrics}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_ssot_has_failed_several_people_legacy_answers_at_once_until_it_answers_again() {
    let provider = Provider::start();
    provider.keys.behave(Behaviour::Crash);
    let world = world(&provider).await;
    let own = world.token("fresh_hs256", "alice");
    let served_by =
        async |token: &str| world.decide("modelled", token).await.json()["served_by"].clone();
    let breaker = async || {
        let metrics = world.metrics("GET", "/metrics").await.body;
        let lines = metrics.lines().map(str::to_owned);
        let mut states = lines.filter_map(|line| {
            let state = line.strip_prefix(r#"crossfade_breaker_state{component="modelled"} "#)?;
            Some(state.to_owned())
        });
        states.next().expect("a state")
    };
    assert_eq!((served_by(&own).await, breaker().await), (json!("ssot"), "0".to_owned()));
    for number in 0..5 {
        let person = json!({ "oid": format!("person-{number}") });
        let token = provider.token(Mint::key_id(Algorithm::EdDsa), &person);
        assert_eq!(served_by(&token).await, "legacy");
    }
    // Open for a second, in which legacy answers at once.
    let opened = Instant::now();
    let state = (served_by(&own).await, breaker().await);
    let is_open = state == (json!("legacy"), "2".to_owned());
    assert!(is_open || opened.elapsed() > Duration::from_secs(1), "{state:?}");
    // After a second one question finds out, and the next ones are SSOT's again.
    let closing = async {
        while served_by(&own).await != "ssot" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closing).await.expect("it closes");
    assert_eq!((served_by(&own).await, breaker().await), (json!("ssot"), "0".to_owned()));
    world.stop().await;
}
