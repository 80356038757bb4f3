//! The flow against a provider on a real socket.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::*;
use crate::access::Role;
use crate::domain::{Timestamp, TokioClock};
use crate::outbound::scripted::{Script, Server};
use crate::outbound::{HostRule, Settings};

const START: Timestamp = Timestamp::from_seconds(1_790_000_000);
const REDIRECT: &str = "https://crossfade.example/sign-in/provider/callback";

/// What the provider publishes and answers; tests change it under way.
struct Says {
    /// Members of the discovery document that differ.
    discovery: Value,
    /// Status and body of the token endpoint.
    token: (u16, String),
    discovery_status: u16,
}

struct Flow {
    server: Server,
    says: Arc<Mutex<Says>>,
    provider: Provider,
}

fn answer(base: &str, request: &str, says: &Says) -> Script {
    if request.starts_with("POST /token ") {
        return Script::answer(says.token.0, &says.token.1);
    }
    let mut document = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/auth?tenant=1"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "code_challenge_methods_supported": ["plain", "S256"],
    });
    for (name, value) in says.discovery.as_object().expect("an object") {
        document[name] = value.clone();
    }
    Script::answer(says.discovery_status, &document.to_string())
}

fn outbound() -> Outbound {
    let allowed_hosts = vec![HostRule::parse("127.0.0.1").expect("a rule")];
    Outbound::new(Settings { allowed_hosts, ..Settings::default() }).expect("a client")
}

fn settings(issuer: &str) -> ProviderSettings {
    ProviderSettings {
        client_secret: Some(Secret::new("s:cret")),
        roles: vec![("ops".into(), Role::Operator)],
        ..ProviderSettings::new(issuer, "crossfade")
    }
}

impl Flow {
    async fn start() -> Self {
        Self::with(settings).await
    }

    async fn with(settings: impl FnOnce(&str) -> ProviderSettings) -> Self {
        let token = json!({ "token_type": "Bearer", "access_token": "a", "id_token": "x.y.z" });
        let says =
            Says { discovery: json!({}), token: (200, token.to_string()), discovery_status: 200 };
        let says = Arc::new(Mutex::new(says));
        let said = Arc::clone(&says);
        let script = Script::chosen(move |request| {
            let host = request.lines().find_map(|line| line.strip_prefix("host: "));
            answer(&format!("http://{}", host.expect("a host")), request, &said.lock())
        });
        let server = Server::start(script).await;
        let settings = settings(&server.url(""));
        let clock = Arc::new(TokioClock::starting_at(START));
        let provider =
            Provider::new(settings, REDIRECT.into(), outbound(), clock).expect("settings");
        Self { server, says, provider }
    }

    fn calls(&self, start: &str) -> Vec<String> {
        let requests = self.server.requests();
        requests.into_iter().filter(|request| request.starts_with(start)).collect()
    }

    async fn finish(&self, state: &str, cookie: &Secret) -> Result<Exchanged, AccessError> {
        let answer = ProviderAnswer {
            code: Some("the-code"),
            state: Some(state),
            ..ProviderAnswer::default()
        };
        self.provider.finish(&answer, cookie.reveal()).await
    }
}

fn query(url: &str) -> HashMap<String, String> {
    let query = url.split_once('?').expect("a query").1;
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn form(request: &str) -> HashMap<String, String> {
    let body = request.split_once("\r\n\r\n").expect("a body").1;
    form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

fn is_refused<T>(result: &Result<T, AccessError>) -> bool {
    matches!(result, Err(AccessError::Refused(Refusal::ForeignIdentity)))
}

#[tokio::test]
async fn a_sign_in_goes_there_and_back_with_pkce() {
    let flow = Flow::start().await;
    let begun = flow.provider.begin("/flags?x=1").await.expect("begun");
    let asked = query(&begun.authorization_url);
    assert!(begun.authorization_url.starts_with(&flow.server.url("/auth?tenant=1&")));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "crossfade"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid profile email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    let exchanged = flow.finish(&asked["state"], &begun.cookie).await.expect("exchanged");
    assert_eq!(exchanged.id_token.reveal(), "x.y.z");
    assert_eq!(exchanged.nonce.reveal(), asked["nonce"]);
    assert_eq!(exchanged.next, "/flags?x=1");
    assert_eq!(exchanged.keys_at, Url::configured(&flow.server.url("/keys")).expect("a url"));

    let sent = flow.calls("POST /token").concat();
    assert!(sent.contains("authorization: Basic "), "{sent}");
    let form = form(&sent);
    assert_eq!((&*form["code"], &*form["redirect_uri"]), ("the-code", REDIRECT));
    let challenge = digest(&SHA256, form["code_verifier"].as_bytes());
    assert_eq!(asked["code_challenge"], encode_base64url(challenge.as_ref()));
    assert!(!form.contains_key("client_id") && !form.contains_key("client_secret"));
}

#[tokio::test]
async fn a_public_client_names_itself_in_the_form() {
    let flow = Flow::with(|issuer| ProviderSettings { client_secret: None, ..settings(issuer) });
    let flow = flow.await;
    let begun = flow.provider.begin("/").await.expect("begun");
    let state = &query(&begun.authorization_url)["state"];
    flow.finish(state, &begun.cookie).await.expect("exchanged");
    let sent = flow.calls("POST /token").concat();
    assert!(!sent.contains("authorization:"), "{sent}");
    assert_eq!(form(&sent)["client_id"], "crossfade");
}

#[tokio::test]
async fn a_sign_in_ends_only_where_it_began_and_only_once() {
    let flow = Flow::start().await;
    let one = flow.provider.begin("/").await.expect("begun");
    let other = flow.provider.begin("/").await.expect("begun");
    let state = &query(&one.authorization_url)["state"];
    assert!(is_refused(&flow.finish(state, &other.cookie).await));
    assert!(is_refused(&flow.finish("", &one.cookie).await));
    assert!(flow.calls("POST").is_empty());
    assert!(flow.finish(state, &one.cookie).await.is_ok());
    assert!(is_refused(&flow.finish(state, &one.cookie).await));
    assert_eq!(flow.calls("POST").len(), 1);
}

#[tokio::test]
async fn a_provider_that_names_the_issuer_must_do_so_every_time() {
    let flow = Flow::start().await;
    flow.says.lock().discovery = json!({ "authorization_response_iss_parameter_supported": true });
    let begun = flow.provider.begin("/").await.expect("begun");
    let state = &query(&begun.authorization_url)["state"];
    assert!(is_refused(&flow.finish(state, &begun.cookie).await));
    assert!(flow.calls("POST").is_empty());
}

#[tokio::test]
async fn what_the_token_endpoint_says_decides_what_the_browser_learns() {
    let flow = Flow::start().await;
    for (status, body, refused) in [
        (400, r#"{"error":"invalid_grant"}"#, true),
        (401, r#"{"error":"invalid_client"}"#, false),
        (500, "", false),
        (200, "{}", false),
        (200, r#"{"token_type":"Bearer"}"#, false),
        (200, r#"{"token_type":"mac","id_token":"x.y.z"}"#, false),
        (200, r#"{"token_type":"Bearer","id_token":"a","id_token":"b"}"#, false),
        (302, r#"{"token_type":"Bearer","id_token":"x.y.z"}"#, false),
    ] {
        flow.says.lock().token = (status, body.into());
        let begun = flow.provider.begin("/").await.expect("begun");
        let state = &query(&begun.authorization_url)["state"];
        let error = flow.finish(state, &begun.cookie).await;
        assert_eq!(is_refused(&error), refused, "{status} {body}: {error:?}");
        assert!(refused || matches!(error, Err(AccessError::Provider(_))), "{status} {body}");
    }
}

#[tokio::test]
async fn an_answer_over_the_cap_is_none() {
    let flow = Flow::start().await;
    flow.says.lock().token = (200, " ".repeat(fetch::BYTES_MAX + 1));
    let begun = flow.provider.begin("/").await.expect("begun");
    let state = &query(&begun.authorization_url)["state"];
    let error = flow.finish(state, &begun.cookie).await;
    assert!(matches!(error, Err(AccessError::Provider(_))), "{error:?}");
}

#[tokio::test]
async fn a_discovery_document_that_does_not_fit_is_not_believed() {
    for odd in [
        json!({ "issuer": "http://127.0.0.1/" }),
        json!({ "token_endpoint": "http://provider.example/token" }),
        json!({ "token_endpoint": "https://elsewhere.example/token" }),
        json!({ "jwks_uri": "file:///etc/passwd" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "authorization_endpoint": "https://evil.example/auth" }),
        json!({ "authorization_endpoint": "http://127.0.0.1/auth#x" }),
        json!({ "authorization_endpoint": null }),
        json!({ "code_challenge_methods_supported": ["plain"] }),
        json!({ "response_types_supported": ["id_token"] }),
    ] {
        let flow = Flow::start().await;
        flow.says.lock().discovery = odd.clone();
        let error = flow.provider.begin("/").await;
        assert!(matches!(error, Err(AccessError::Provider(_))), "{odd}: {error:?}");
    }
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_again_ever_more_seldom() {
    let mut held_at = START;
    let flow = Flow::start().await;
    flow.says.lock().discovery_status = 503;
    let (discovery, outbound) = (&flow.provider.discovery, outbound());
    for calls in 1..=9 {
        assert!(discovery.endpoints(&outbound, held_at).await.is_err());
        assert!(discovery.endpoints(&outbound, held_at).await.is_err());
        assert_eq!(flow.calls("GET").len(), calls);
        held_at = held_at.plus_seconds(1 << (calls - 1).min(6));
    }
    flow.says.lock().discovery_status = 200;
    assert!(discovery.endpoints(&outbound, held_at).await.is_ok());
}

#[tokio::test]
async fn addresses_are_asked_for_hourly_and_hold_for_a_day() {
    let flow = Flow::start().await;
    let (discovery, outbound) = (&flow.provider.discovery, outbound());
    let after = async |seconds: i64| {
        let found = discovery.endpoints(&outbound, START.plus_seconds(seconds)).await;
        (found.is_ok(), flow.calls("GET").len())
    };
    assert_eq!(after(0).await, (true, 1));
    assert_eq!(after(3_599).await, (true, 1));
    assert_eq!(after(3_600).await, (true, 2));
    flow.says.lock().discovery_status = 500;
    assert_eq!(after(7_200).await, (true, 3));
    assert_eq!(after(89_999).await, (true, 4));
    assert_eq!(after(90_001).await, (false, 5));
}

#[tokio::test]
async fn a_next_that_leads_away_does_not_begin() {
    let flow = Flow::start().await;
    let error = flow.provider.begin("//evil.example").await;
    assert!(matches!(error, Err(AccessError::Unusable(_))));
    assert!(flow.server.requests().is_empty());
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_the_start() {
    let good = settings("http://127.0.0.1:9/");
    for (about, odd) in [
        ("no role", ProviderSettings { roles: Vec::new(), ..good.clone() }),
        ("no openid", ProviderSettings { scopes: vec!["email".into()], ..good.clone() }),
        ("two in one", ProviderSettings { scopes: vec!["openid email".into()], ..good.clone() }),
        ("no client", ProviderSettings { client_id: String::new(), ..good.clone() }),
        ("a query", ProviderSettings { issuer: "http://127.0.0.1/?a".into(), ..good.clone() }),
        ("a host", ProviderSettings { issuer: "https://other.example".into(), ..good.clone() }),
    ] {
        let clock = Arc::new(TokioClock::starting_at(START));
        let built = Provider::new(odd, REDIRECT.into(), outbound(), clock);
        assert!(matches!(built, Err(AccessError::Unusable(_))), "{about}");
    }
}

#[tokio::test]
async fn nothing_secret_shows_in_debug_output() {
    let flow = Flow::start().await;
    let begun = flow.provider.begin("/").await.expect("begun");
    let state = &query(&begun.authorization_url)["state"];
    let shown = format!("{begun:?} {:?} {:?}", flow.provider, flow.provider.settings);
    assert!(!shown.contains("s:cret") && !shown.contains(state), "{shown}");
}
