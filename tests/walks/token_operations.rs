//! Tokens made by either side while legacy is a model in process: shadow, shift, rollback.

use crossfade::authority::CompatibleForm;
use crossfade::config::Config;
use crossfade::domain::decode_base64url;
use crossfade::legacy::Secret;
use crossfade::legacy::tokens::{ModelSettings, Settings};
use serde_json::{Value, json};

use super::doors::{pair, post, session};
use super::kit::{Reply, World};

/// Legacy makes tokens as well, in process: as the validator of `modelled` reads them. SSOT makes
/// them in legacy's form.
pub fn legacy_makes_tokens(config: &mut Config) {
    let secret = crossfade::authority::specimens::Mint::seeded(7).secret().to_vec();
    let model = ModelSettings { secret: Some(Secret::new(&secret)), ..ModelSettings::default() };
    token_legacy(config, "model", Settings::Modelled(model));
}

/// Names the legacy path of `token-operations`, and how it makes tokens.
pub fn token_legacy(config: &mut Config, name: &str, settings: Settings) {
    config.legacy_tokens = vec![(name.to_owned(), settings)];
    for seed in &mut config.seeds.components {
        if seed.component.as_str() == "token-operations" {
            name.clone_into(&mut seed.legacy);
        }
    }
    config.authority.compatible = Some(CompatibleForm {
        key_id: "mint-hs256".to_owned(),
        issuer: "netra-auth-service".to_owned(),
        access_audience: "netra-platform".to_owned(),
        refresh_audience: "netra-platform".to_owned(),
        service_audience: "netra-services".to_owned(),
        lifetime_max_s: 86_400,
    });
}

/// `POST /auth/refresh`, as a browser does.
pub async fn refresh(world: &World, token: &str) -> Reply {
    post(world, "/auth/refresh", "", &json!({ "refresh_token": token })).await
}

/// The next pair of a session that goes on.
pub async fn next(world: &World, token: &str) -> (String, String) {
    let reply = refresh(world, token).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    pair(&reply)
}

/// What a component says about a token, and which side said it.
pub async fn said(world: &World, component: &str, token: &str) -> (String, String) {
    let reply = world.decide(component, token).await.json();
    let text = |name: &str| reply[name].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
    (text("decision"), text("served_by"))
}

/// Everybody is SSOT's in this component.
pub async fn shifted(world: &World, component: &str) {
    world.move_to(component, &[json!({ "stage": "canary", "share": 10_000 })]).await;
}

pub async fn shadowed(world: &World, component: &str) {
    world.move_to(component, &[json!({ "stage": "shadow" })]).await;
}

pub async fn rolled_back(world: &World, component: &str) {
    let reply = world.control("POST", &format!("/v1/flags/{component}/rollback"), "", "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

/// One of the values on `/metrics` that stand alone on their line.
pub async fn figure(world: &World, name: &str) -> u64 {
    let text = world.metrics("GET", "/metrics").await.body;
    let line = text.lines().find_map(|line| {
        let rest = line.strip_prefix("crossfade_")?.strip_prefix(name)?;
        rest.strip_prefix("_total").unwrap_or(rest).strip_prefix(' ')
    });
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().expect("a number")
}

async fn counts(world: &World) -> Value {
    json!(world.tally("token-operations").await)
}

fn count(tally: &Value, name: &str) -> u64 {
    tally[name].as_u64().unwrap_or(0)
}

/// Header or claims of a token.
pub fn part(token: &str, place: usize) -> Value {
    let text = token.split('.').nth(place).expect("a segment");
    serde_json::from_slice(&decode_base64url(text).expect("base64url")).expect("json")
}

/// Whether a refresh token names a session that SSOT keeps.
fn is_of_ssot(refresh_token: &str) -> bool {
    !part(refresh_token, 1)["fid"].is_null()
}

#[tokio::test(flavor = "multi_thread")]
async fn in_shadow_legacy_makes_the_tokens_and_what_ssot_would_do_is_compared_and_forgotten() {
    let world = World::start_with(legacy_makes_tokens).await;
    shadowed(&world, "token-operations").await;
    let (_, first) = session(&world).await;
    let (access, second) = next(&world, &first).await;
    let tally = counts(&world).await;
    for (name, expected) in [("matched", 2), ("served:legacy", 2), ("served:ssot", 0)] {
        assert_eq!(count(&tally, name), expected, "{name} in {tally}");
    }
    assert_eq!(world.rooms.authority.family_count(), 0, "a plan keeps no session");
    assert!(!is_of_ssot(&first) && !is_of_ssot(&second));
    assert_eq!(said(&world, "modelled", &access).await, ("allow".into(), "legacy".into()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_lets_in_what_the_other_one_made_so_that_a_rollback_logs_nobody_out() {
    let world = World::start_with(legacy_makes_tokens).await;
    shadowed(&world, "token-operations").await;
    let (of_legacy, _) = session(&world).await;
    shifted(&world, "token-operations").await;
    let (of_ssot, kept) = session(&world).await;
    assert!(is_of_ssot(&kept));
    for token in [&of_legacy, &of_ssot] {
        assert_eq!(said(&world, "modelled", token).await, ("allow".into(), "legacy".into()));
    }
    shifted(&world, "modelled").await;
    for token in [&of_legacy, &of_ssot] {
        assert_eq!(said(&world, "modelled", token).await, ("allow".into(), "ssot".into()));
    }
    let decided = json!(world.tally("modelled").await);
    assert_eq!(count(&decided, "matched"), 4, "{decided}");

    rolled_back(&world, "modelled").await;
    rolled_back(&world, "token-operations").await;
    let (access, again) = next(&world, &kept).await;
    assert!(is_of_ssot(&again), "whoever began the session goes on with it");
    assert_eq!(said(&world, "modelled", &access).await, ("allow".into(), "legacy".into()));
    let (_, new) = session(&world).await;
    assert!(!is_of_ssot(&new), "new sessions are legacy's again");
    let tally = counts(&world).await;
    assert_eq!((count(&tally, "owned"), count(&tally, "served:legacy")), (1, 2), "{tally}");
    assert_eq!(count(&tally, "matched"), 4, "{tally}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_of_legacy_works_once_whoever_it_is_shown_to() {
    let world = World::start_with(legacy_makes_tokens).await;
    shadowed(&world, "token-operations").await;
    let (_, used_at_legacy) = session(&world).await;
    let (_, unused) = next(&world, &used_at_legacy).await;
    let (_, of_another) = session(&world).await;
    // SSOT is told behind the caller's back.
    counts(&world).await;
    shifted(&world, "token-operations").await;
    assert_eq!(refresh(&world, &used_at_legacy).await.status, 401, "SSOT knows that it was used");

    let (_, adopted) = next(&world, &unused).await;
    assert!(is_of_ssot(&adopted));
    assert_eq!(world.rooms.authority.family_count(), 1);
    let (_, successor) = next(&world, &adopted).await;
    assert_eq!(refresh(&world, &unused).await.status, 401, "the second use");
    assert_eq!(refresh(&world, &successor).await.status, 401, "a replay ends the session");

    let (_, other) = next(&world, &of_another).await;
    let (_, other) = next(&world, &other).await;
    let before = counts(&world).await;
    assert_eq!(count(&before, "mismatched:stricter"), 1, "legacy knows no sessions: {before}");
    rolled_back(&world, "token-operations").await;
    let (_, other) = next(&world, &other).await;
    assert!(is_of_ssot(&other));
    assert_eq!(refresh(&world, &of_another).await.status, 401);
    let after = counts(&world).await;
    // Had legacy not been told, it would have let the token pass.
    let stricter = |tally: &Value| count(tally, "mismatched:stricter");
    assert_eq!(stricter(&after), stricter(&before), "{after}");
    let told = |tally: &Value| count(tally, "matched") + count(tally, "mismatched:reason_differs");
    assert_eq!(told(&after), told(&before) + 2, "{after}");
    assert_eq!(figure(&world, "used_tokens_not_told").await, 0);
    assert_eq!(figure(&world, "used_tokens_told").await, 6);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_is_known_to_both_sides() {
    let world = World::start_with(legacy_makes_tokens).await;
    shadowed(&world, "token-operations").await;
    let (of_legacy, _) = session(&world).await;
    shifted(&world, "token-operations").await;
    let (of_ssot, _) = session(&world).await;
    for token in [&of_legacy, &of_ssot] {
        let bearer = format!("authorization: Bearer {token}\r\n");
        let out = world.data("POST", "/auth/logout", &bearer, "").await;
        assert_eq!((out.status, &out.json()["status"]), (200, &json!("success")), "{out:?}");
        assert_eq!(said(&world, "modelled", token).await, ("deny".into(), "legacy".into()));
    }
    shifted(&world, "modelled").await;
    for token in [&of_legacy, &of_ssot] {
        assert_eq!(said(&world, "modelled", token).await, ("deny".into(), "ssot".into()));
    }
    world.stop().await;
}

async fn formed(world: &World, form: &str) -> Reply {
    let etag = world.flag("token-operations").await.header("etag").expect("an ETag").to_owned();
    let headers = format!("if-match: {etag}\r\ncontent-type: application/json\r\n");
    let body = json!({ "token_form": form, "note": "own keys" }).to_string();
    world.control("PUT", "/v1/flags/token-operations", &headers, &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_our_own_form_wait_until_nothing_can_roll_back() {
    let world = World::start_with(|config| {
        legacy_makes_tokens(config);
        config.authority.signing_key = Some("mint-eddsa".to_owned());
    })
    .await;
    let canary = json!({ "stage": "canary", "share": 10_000 });
    for stage in [json!({ "stage": "shadow" }), canary, json!({ "stage": "live" })] {
        world.move_to("token-operations", &[stage]).await;
        formed(&world, "own").await.is_problem(409, "need token-operations to be sealed");
    }
    world.move_to("token-operations", &[json!({ "stage": "sealed" })]).await;
    let (compatible, _) = session(&world).await;
    assert_eq!(part(&compatible, 0)["alg"], "HS256", "sealed alone changes no token");
    assert_eq!(formed(&world, "own").await.status, 200);
    assert_eq!(world.flag("token-operations").await.json()["token_form"], "own");
    let (own, kept) = session(&world).await;
    assert_eq!(part(&own, 0)["alg"], "EdDSA");

    rolled_back(&world, "token-operations").await;
    assert_ne!(world.flag("token-operations").await.json()["token_form"], "own");
    let (access, _) = next(&world, &kept).await;
    assert_eq!(part(&access, 0)["alg"], "HS256", "the session goes on in legacy's form");
    assert_eq!(said(&world, "modelled", &access).await, ("allow".into(), "legacy".into()));
    formed(&world, "own").await.is_problem(409, "need token-operations to be sealed");
    world.stop().await;
}
