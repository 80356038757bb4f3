//! Who gets a socket, by which door, and how everybody else is refused.

use crossfade::config::Config;
use crossfade::domain::{ComponentId, encode_base64url};
use crossfade::ledger::Counter;
use crossfade::web::{Origins, Refuse};
use serde_json::{Value, json};

use super::kit::{Behaviour, Reply, World};
use super::socket_client::{Socket, bearer, counted, refused};

/// Lets SSOT decide about everybody.
pub async fn ssot_decides(world: &World) {
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 10_000 })]).await;
}

fn from_page(config: &mut Config) {
    config.sockets.doors.origins =
        Origins::parse(&["https://app.example".to_owned()]).expect("a list");
}

fn offer(item: &str) -> String {
    format!("crossfade, {item}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_a_socket_by_header_and_by_every_form_of_a_subprotocol() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let token = world.token("fresh_hs256", "alice");
    let encoded = encode_base64url(token.as_bytes());
    let socket = Socket::of(&world, &token).await;
    assert_eq!(socket.protocol, None, "nothing was offered");
    socket.leave().await;
    let padded = format!("jwt.{encoded}{}", "=".repeat((4 - encoded.len() % 4) % 4));
    for item in [
        format!("jwt.{encoded}"),
        padded,
        format!("jwt.{token}"),
        format!("jwt-auth.{encoded}"),
        format!("jwt-auth.{token}"),
        format!("bearer.{encoded}"),
        format!("bearer.{token}"),
    ] {
        let offer = format!("{item}, jwt-auth, crossfade");
        let lines = [("sec-websocket-protocol", &*offer)];
        let mut socket = Socket::open(&world, "/ws", &lines).await;
        assert_eq!(socket.protocol.as_deref(), Some("jwt-auth"), "{item:.12}");
        socket.of_type("connection_established").await;
        socket.leave().await;
    }
    assert_eq!(counted(&world, r#"sockets_events_total{event="accepted"}"#).await, 8);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_denied_is_told_why_by_status_and_counted() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let (token, other) = (world.token("fresh_hs256", "alice"), world.token("fresh_hs256", "bob"));
    refused(&world, "/ws", &[]).await.is_problem(401, "token_missing");
    let expired = bearer(&world.token("expired_5h", "alice"));
    let reply = refused(&world, "/ws", &[("authorization", &expired)]).await;
    reply.is_problem(401, "expired");
    assert!(reply.header("www-authenticate").expect("a challenge").contains("expired"));
    let forged = bearer(&world.token("payload_swapped", "alice"));
    refused(&world, "/ws", &[("authorization", &forged)]).await.is_problem(401, "signature");
    let (by_header, by_offer) = (bearer(&token), offer(&format!("jwt.{other}")));
    let both = [("authorization", &*by_header), ("sec-websocket-protocol", &by_offer)];
    refused(&world, "/ws", &both).await.is_problem(401, "token_conflict");
    let odd = [("sec-websocket-protocol", "crossfade, jwt.!!!")];
    refused(&world, "/ws", &odd).await.is_problem(401, "segments");
    let empty = [("sec-websocket-protocol", "crossfade, jwt.")];
    refused(&world, "/ws", &empty).await.is_problem(401, "token_missing");
    let in_query = format!("/ws?token={token}");
    refused(&world, &in_query, &[]).await.is_problem(401, "token_missing");
    assert_eq!(counted(&world, r#"sockets_events_total{event="denied"}"#).await, 7);
    assert_eq!(counted(&world, "sockets_attached_total").await, 0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_shadow_legacy_opens_the_socket_and_ssot_is_compared() {
    let world = World::start().await;
    // Legacy forgets audiences: it lets in whom SSOT would not.
    let socket = Socket::of(&world, &world.token("aud_missing", "alice")).await;
    let tally = world.tally("modelled").await;
    assert_eq!(tally.count(Counter::Served(crossfade::domain::Side::Legacy)), 1);
    assert_eq!(json!(tally)["mismatched:stricter"], 1, "{}", json!(tally));
    socket.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_can_decide_it_is_no_refusal() {
    let broken = |config: &mut Config| {
        config.sockets.doors.component = ComponentId::parse("http-auth").expect("an id");
    };
    let world = World::start_with(broken).await;
    world.legacy.behave(Behaviour::Crash);
    let shown = bearer(&world.token("fresh_hs256", "alice"));
    let reply = refused(&world, "/ws", &[("authorization", &shown)]).await;
    reply.is_problem(503, "no refusal");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
    assert_eq!(counted(&world, r#"sockets_events_total{event="undecided"}"#).await, 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_sees_no_status_may_be_shown_a_close_code() {
    let closing = |config: &mut Config| {
        config.sockets.doors.refuse = Refuse::Close;
        config.sockets.doors.component = ComponentId::parse("http-auth").expect("an id");
    };
    let world = World::start_with(closing).await;
    let token = world.token("fresh_hs256", "alice");
    let offer = offer(&format!("jwt.{token}"));
    let shown = [("sec-websocket-protocol", &*offer)];
    world.legacy.deny("expired");
    let socket = Socket::open(&world, "/ws", &shown).await;
    assert_eq!(socket.protocol.as_deref(), Some("crossfade"));
    assert_eq!(socket.closed().await, (4401, "unauthorized".to_owned()));
    world.legacy.behave(Behaviour::Crash);
    let socket = Socket::open(&world, "/ws", &shown).await;
    assert_eq!(socket.closed().await, (1013, "unavailable".to_owned()));
    let evil = [("sec-websocket-protocol", &*offer), ("origin", "https://evil.example")];
    let socket = Socket::open(&world, "/ws", &evil).await;
    assert_eq!(socket.closed().await, (4403, "forbidden".to_owned()));
    assert_eq!(counted(&world, "sockets_attached_total").await, 0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_on_the_list_may_open_a_socket() {
    let world = World::start_with(from_page).await;
    ssot_decides(&world).await;
    let shown = bearer(&world.token("fresh_hs256", "alice"));
    let from = |origin| [("authorization", &*shown), ("origin", origin)];
    Socket::open(&world, "/ws", &from("https://app.example")).await.leave().await;
    for origin in ["https://evil.example", "http://app.example", "null", "http://chat.example"] {
        refused(&world, "/ws", &from(origin)).await.is_problem(403, "Origin");
    }
    world.stop().await;

    let world = World::start().await;
    ssot_decides(&world).await;
    Socket::open(&world, "/ws", &from("http://chat.example")).await.leave().await;
    refused(&world, "/ws", &from("https://app.example")).await.is_problem(403, "Origin");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_never_echoed_and_an_offer_of_nothing_else_is_refused_with_advice() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let token = world.token("fresh_hs256", "alice");
    for item in [format!("jwt.{token}"), format!("chat, bearer.{token}")] {
        let reply = refused(&world, "/ws", &[("sec-websocket-protocol", &item)]).await;
        reply.is_problem(400, "offer `jwt-auth`");
        assert!(!reply.whole().contains(&token), "{reply:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_query_opens_a_socket_only_where_the_deployment_says_so() {
    let by_query = |config: &mut Config| {
        config.sockets.doors.query_token = Some("access_token".to_owned());
    };
    let world = World::start_with(by_query).await;
    ssot_decides(&world).await;
    let (token, other) = (world.token("fresh_hs256", "alice"), world.token("fresh_hs256", "bob"));
    let target = format!("/ws?access_token={token}");
    Socket::open(&world, &target, &[]).await.leave().await;
    refused(&world, &format!("/ws?token={token}"), &[]).await.is_problem(401, "token_missing");
    let shown = bearer(&other);
    let both = refused(&world, &target, &[("authorization", &shown)]).await;
    both.is_problem(401, "token_conflict");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_handshake_is_told_what_is_spoken_here() {
    let world = World::start().await;
    let plain = world.data("GET", "/ws", "", "").await;
    plain.is_problem(426, "WebSocket");
    assert_eq!(plain.header("sec-websocket-version"), Some("13"));
    let old = "GET /ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade, close\r\n\
               sec-websocket-version: 8\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    world.data_raw(old.as_bytes()).await.is_problem(426, "13");
    let key = old.replace("n: 8", "n: 13").replace("dGhlIHNhbXBsZSBub25jZQ==", "short");
    world.data_raw(key.as_bytes()).await.is_problem(400, "Sec-WebSocket-Key");
    for target in ["/ws?epoch=1", "/ws?resume=now", "/ws?epoch=x&after=1"] {
        let shown = bearer(&world.token("fresh_hs256", "alice"));
        let reply = refused(&world, target, &[("authorization", &shown)]).await;
        assert_eq!(reply.status, 400, "{target}: {reply:?}");
    }
    world.stop().await;
}

async fn ticket(world: &World, token: &str, origin: &str) -> Reply {
    let headers = format!("authorization: Bearer {token}\r\norigin: {origin}\r\n");
    world.data("POST", "/v1/socket-ticket", &headers, "").await
}

fn of_ticket(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    let json: Value = reply.json();
    assert_eq!(json["expires_in"], 30);
    offer(&format!("ticket.{}", json["ticket"].as_str().expect("a ticket")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_one_socket_of_the_page_that_asked_for_it() {
    let world = World::start_with(from_page).await;
    ssot_decides(&world).await;
    let (token, page) = (world.token("fresh_hs256", "alice"), "https://app.example");
    let reply = ticket(&world, &token, page).await;
    assert_eq!(reply.header("access-control-allow-origin"), Some(page), "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let offer = of_ticket(&reply);
    let shown = [("sec-websocket-protocol", &*offer), ("origin", page)];
    let mut socket = Socket::open(&world, "/ws", &shown).await;
    assert_eq!(socket.protocol.as_deref(), Some("crossfade"));
    socket.of_type("connection_established").await;
    refused(&world, "/ws", &shown).await.is_problem(401, "was redeemed");
    // Without the page's origin it is somebody else's, and gone.
    let stolen = of_ticket(&ticket(&world, &token, page).await);
    refused(&world, "/ws", &[("sec-websocket-protocol", &stolen)]).await.is_problem(401, "another");
    let again = [("sec-websocket-protocol", &*stolen), ("origin", page)];
    refused(&world, "/ws", &again).await.is_problem(401, "ticket");
    let unknown = [("sec-websocket-protocol", "crossfade, ticket.x"), ("origin", page)];
    refused(&world, "/ws", &unknown).await.is_problem(401, "not known");
    assert_eq!(counted(&world, r#"sockets_events_total{event="ticket_redeemed"}"#).await, 1);
    socket.leave().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_decided_on_when_it_is_made_and_again_when_it_is_shown() {
    let world = World::start().await;
    ssot_decides(&world).await;
    let page = "http://test";
    let expired = world.token("expired_5h", "alice");
    ticket(&world, &expired, page).await.is_problem(401, "expired");
    let none = world.data("POST", "/v1/socket-ticket", "", "").await;
    none.is_problem(401, "token_missing");
    ticket(&world, &expired, "https://evil.example").await.is_problem(403, "Origin");

    let token = world.token("fresh_hs256", "alice");
    let headers = format!("authorization: Bearer {token}\r\n");
    let offer = of_ticket(&world.data("POST", "/v1/socket-ticket", &headers, "").await);
    let revoked = crossfade::domain::Token::new(&token);
    world.rooms.authority.revoke(&revoked, world.rooms.clock.now()).await.expect("revoked");
    let shown = [("sec-websocket-protocol", &*offer)];
    refused(&world, "/ws", &shown).await.is_problem(401, "revoked");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_told_beforehand_which_pages_may_ask_for_a_ticket() {
    let world = World::start_with(from_page).await;
    let asks = |origin: &str| {
        format!(
            "origin: {origin}\r\naccess-control-request-method: POST\r\n\
             access-control-request-headers: authorization\r\n"
        )
    };
    let page = "https://app.example";
    let told = world.data("OPTIONS", "/v1/socket-ticket", &asks(page), "").await;
    assert_eq!(told.status, 204, "{told:?}");
    assert_eq!(told.header("access-control-allow-origin"), Some(page));
    assert_eq!(told.header("access-control-allow-methods"), Some("POST"));
    assert!(told.header("access-control-allow-headers").expect("some").contains("authorization"));
    assert_eq!(told.header("vary"), Some("origin"));
    let evil = asks("https://evil.example");
    let told = world.data("OPTIONS", "/v1/socket-ticket", &evil, "").await;
    told.is_problem(403, "Origin");
    assert_eq!(told.header("access-control-allow-origin"), None);
    // A refusal can be read by the page, too.
    let expired = world.token("expired_5h", "alice");
    let refused = ticket(&world, &expired, page).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some(page)));
    world.stop().await;
}
