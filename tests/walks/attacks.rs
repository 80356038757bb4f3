//! What somebody tries who should not be let in.

use std::time::Duration;

use crossfade::access::{LinkAction, Name, Role, Scope, Secret};
use serde_json::json;

use super::kit::{ORIGIN, Reply, World};
use super::people::{PASSWORD, Person, operator, origin, token};

/// A browser's sign-in form, from an address that the proxy tells.
async fn sign_in(world: &World, name: &str, password: &str, address: &str, cookies: &str) -> Reply {
    let headers =
        format!("{}x-forwarded-for: {address}\r\n{cookies}", Person::nobody().form_headers());
    let password = password.replace(' ', "+");
    let body = format!("name={name}&password={password}&next=%2F");
    world.control_as_sent("POST", "/sign-in", &headers, &body).await
}

/// The value that an answer sets a cookie to.
fn cookie(reply: &Reply, name: &str) -> Option<String> {
    let wanted = format!("{name}=");
    let set =
        reply.headers("set-cookie").find_map(|set| set.strip_prefix(&wanted).map(str::to_owned));
    set.and_then(|set| set.split(';').next().map(str::to_owned)).filter(|value| !value.is_empty())
}

fn is_in(reply: &Reply) -> bool {
    reply.status == 303 && cookie(reply, "crossfade-session").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn brute_force_from_one_address_is_stopped_before_hashing_and_the_owner_gets_in() {
    let world = World::start().await;
    operator(&world, "ada", Role::Admin).await;
    let first = sign_in(&world, "ada", PASSWORD, "192.0.2.1", "").await;
    assert!(is_in(&first), "{first:?}");
    let device = cookie(&first, "crossfade-device").expect("a known browser");
    let before = world.rooms.access.people.passwords_compared();
    let mut refused = 0;
    for number in 0..100 {
        let reply =
            sign_in(&world, "ada", &format!("guess number {number}"), "203.0.113.9", "").await;
        assert!(!is_in(&reply));
        refused += u32::from(reply.status == 429);
        assert!(reply.status != 429 || reply.header("retry-after").is_some(), "{reply:?}");
    }
    let hashed = world.rooms.access.people.passwords_compared() - before;
    assert!(hashed <= 10, "{hashed} guesses were compared");
    assert!(refused >= 90, "{refused} were refused");
    // The owner, from the browser he always uses, even from the attacker's address.
    let known = format!("cookie: crossfade-device={device}\r\n");
    assert!(is_in(&sign_in(&world, "ada", PASSWORD, "203.0.113.9", &known).await));
    // The owner, from a browser and an address that nobody has seen.
    assert!(is_in(&sign_in(&world, "ada", PASSWORD, "198.51.100.7", "").await));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn brute_force_from_many_addresses_does_not_keep_the_owner_out() {
    let world = World::start().await;
    operator(&world, "ada", Role::Admin).await;
    let first = sign_in(&world, "ada", PASSWORD, "192.0.2.1", "").await;
    let device = cookie(&first, "crossfade-device").expect("a known browser");
    let known = format!("cookie: crossfade-device={device}\r\n");
    let attack = async {
        for number in 0..200 {
            let address = format!("203.0.113.{}", number % 200);
            let guess = format!("guess number {number}");
            assert!(!is_in(&sign_in(&world, "ada", &guess, &address, "").await));
        }
    };
    let owner = async {
        for _ in 0..3 {
            assert!(is_in(&sign_in(&world, "ada", PASSWORD, "192.0.2.1", &known).await));
        }
    };
    let both = async { tokio::join!(attack, owner) };
    tokio::time::timeout(Duration::from_mins(1), both).await.expect("an end");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_an_attacker_has_planted_is_never_signed_in() {
    let world = World::start().await;
    operator(&world, "ada", Role::Admin).await;
    let planted = "planted-by-somebody-else-0123456789abcdefghi";
    let shown = format!("cookie: crossfade-session={planted}\r\n");
    let reply = sign_in(&world, "ada", PASSWORD, "192.0.2.1", &shown).await;
    let session = cookie(&reply, "crossfade-session").expect("a session");
    assert_ne!(session, planted);
    assert!(world.rooms.access.people.session(planted).is_none());
    // Proving again who one is ends the cookie that was shown before it.
    let people = &world.rooms.access.people;
    let proved = people.prove(&session, &Secret::new(PASSWORD), &origin()).await.expect("proved");
    assert!(people.session(&session).is_none(), "the old cookie is over");
    assert!(people.session(proved.secret.reveal()).is_some());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_another_site_or_session_changes_nothing() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Admin).await;
    let bob = operator(&world, "bob", Role::Admin).await;
    let kind = "content-type: application/x-www-form-urlencoded\r\n";
    let own = format!("{}{kind}", ada.headers);
    let fields = "name=mallory&role=admin";
    let (mark, others) = (ada.form(fields), bob.form(fields));
    let evil = "origin: https://evil.example\r\n";
    let home = format!("origin: {ORIGIN}\r\n");
    for (headers, body) in [
        (format!("{own}{home}"), fields),
        (format!("{own}{home}"), &others),
        (own.clone(), &mark),
        (format!("{own}{evil}"), &mark),
        (format!("{own}origin: null\r\n"), &mark),
        (format!("{own}{home}sec-fetch-site: cross-site\r\n"), &mark),
        (format!("{own}{home}sec-fetch-site: same-site\r\n"), &mark),
    ] {
        let reply = world.control_as_sent("POST", "/operators/add", &headers, body).await;
        assert_eq!(reply.status, 403, "{headers} {reply:?}");
    }
    // The API, by a browser that has signed in: a cookie alone is not enough.
    let api = format!("{}content-type: application/json\r\n", ada.headers);
    let body = json!({ "name": "mallory", "role": "admin" }).to_string();
    for headers in [
        api.clone(),
        format!("{api}{home}"),
        format!("{api}{evil}x-form-token: {}\r\n", ada.form_token.as_deref().expect("a mark")),
        format!("{api}{home}x-form-token: {}\r\n", bob.form_token.as_deref().expect("a mark")),
    ] {
        let reply = world.control_as_sent("POST", "/v1/operators", &headers, &body).await;
        assert_eq!(reply.status, 403, "{headers} {reply:?}");
    }
    // Signing somebody in to the attacker's account is refused as well.
    let login = format!("{kind}{evil}");
    let body = format!("name=ada&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(world.control_as_sent("POST", "/sign-in", &login, &body).await.status, 403);
    let mallory = Name::parse("mallory").expect("a name");
    assert!(world.rooms.access.people.list().iter().all(|view| view.name != mallory));
    // And from our own page it works.
    let reply = world.control_as_sent("POST", "/operators/add", &ada.form_headers(), &mark).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    world.stop().await;
}

/// Every byte as `%XX`.
fn percent_encoded(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_to_another_site_or_made_to_write_a_header() {
    let world = World::start().await;
    operator(&world, "ada", Role::Admin).await;
    let headers = Person::nobody().form_headers();
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/%2F/evil.example/",
        "///evil.example",
        "/x\r\nset-cookie: a=b",
        "%0d%0aset-cookie: a=b",
        " //evil.example",
        "",
    ] {
        let encoded = percent_encoded(next);
        let password = PASSWORD.replace(' ', "+");
        let body = format!("name=ada&password={password}&next={encoded}");
        let reply = world.control_as_sent("POST", "/sign-in", &headers, &body).await;
        assert_eq!(reply.status, 303, "{next:?} {reply:?}");
        let location = reply.header("location").expect("a way on");
        assert!(
            location.starts_with('/') && !location.starts_with("//") && !location.contains('\\'),
            "{next:?} leads to {location:?}"
        );
        let set: Vec<_> = reply.headers("set-cookie").collect();
        assert!(set.iter().all(|set| set.starts_with("crossfade-")), "{next:?} sets {set:?}");
        // The page for whoever is not signed in keeps the wish inside a form.
        let page = world.control_as_sent("GET", &format!("/sign-in?next={encoded}"), "", "").await;
        let is_ours = next.starts_with("/%");
        assert!(is_ours || !page.body.contains("evil.example"), "{next:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_can_be_framed_or_run_what_is_not_its_own() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Admin).await;
    for path in [
        "/",
        "/reports",
        "/reports/now",
        "/explain",
        "/sign-in",
        "/setup",
        "/prove",
        "/account",
        "/operators",
        "/tokens",
        "/approvals",
        "/act",
    ] {
        let headers = if path == "/sign-in" { "" } else { &ada.headers };
        let reply = world.control_as_sent("GET", path, headers, "").await;
        assert_eq!(reply.status, 200, "{path}");
        let policy = reply.header("content-security-policy").expect("a policy");
        for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(reply.header("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        assert!(!reply.body.contains(" style=") && !reply.body.contains("<style"), "{path}");
        assert!(!reply.body.contains("onclick") && !reply.body.contains("<script>"), "{path}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_are_out_of_reach_of_scripts_and_other_sites() {
    let world = World::start().await;
    operator(&world, "ada", Role::Admin).await;
    let reply = sign_in(&world, "ada", PASSWORD, "192.0.2.1", "").await;
    for set in reply.headers("set-cookie") {
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
        assert!(set.contains("Path=/") && !set.contains("Domain"), "{set}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_program_that_fetches_an_action_link_presses_nothing() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Operator).await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 100 })]).await;
    let cookie = ada.headers.split_once('=').expect("a cookie").1.trim().to_owned();
    let caller = world.rooms.access.people.session(&cookie).expect("a session").caller;
    let action = LinkAction::RollBack { component: "modelled".to_owned() };
    let link = world.rooms.access.links.make(&caller, action, None).await.expect("a link");
    let secret = link.secret.reveal().to_owned();
    // A fetcher sends no fragment, and even one that runs scripts only gets to look.
    assert_eq!(world.control_as_sent("GET", "/act", "", "").await.status, 200);
    let headers = Person::nobody().form_headers();
    let body = format!("secret={secret}");
    for _ in 0..2 {
        let look = world.control_as_sent("POST", "/act/look", &headers, &body).await;
        assert_eq!(look.status, 200, "{look:?}");
        assert!(look.body.contains("modelled"), "{look:?}");
    }
    assert_eq!(world.flag("modelled").await.json()["stage"], "canary");
    // Whoever presses the button uses it up.
    let pressed = world.control_as_sent("POST", "/act/confirm", &headers, &body).await;
    assert_eq!(pressed.status, 200, "{pressed:?}");
    assert_eq!(world.flag("modelled").await.json()["stage"], "shadow");
    let cause = world.flag("modelled").await.json()["cause"].clone();
    assert_eq!(cause["name"], "link:ada", "{cause}");
    let again = world.control_as_sent("POST", "/act/confirm", &headers, &body).await;
    assert!(again.status >= 400, "{again:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_makes_no_admins_and_opens_no_admins_account() {
    let world = World::start().await;
    operator(&world, "ada", Role::Admin).await;
    let machine = token(&world, "ci", Scope::Admin).await;
    let headers = machine.api_headers();
    let send =
        async |method, path, body: &str| world.control_as_sent(method, path, &headers, body).await;
    let admin = json!({ "name": "mallory", "role": "admin" }).to_string();
    send("POST", "/v1/operators", &admin).await.is_problem(403, "signed-in operator");
    send("POST", "/v1/operators/ada/link", "").await.is_problem(403, "signed-in operator");
    let viewer = json!({ "name": "eve", "role": "viewer" }).to_string();
    assert_eq!(send("POST", "/v1/operators", &viewer).await.status, 201);
    let raise = json!({ "role": "admin" }).to_string();
    send("PUT", "/v1/operators/eve", &raise).await.is_problem(403, "signed-in operator");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_yesterday_reads_and_rolls_back_but_forces_nothing() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Admin).await;
    let cookie = ada.headers.split_once('=').expect("a cookie").1.trim().to_owned();
    let session = world.rooms.access.people.session(&cookie).expect("a session");
    let later = crossfade::domain::Clock::now(&crossfade::domain::SystemClock).plus_seconds(301);
    let permit = |permission| session.caller.permit(permission, later);
    assert!(permit(crossfade::access::Permission::Lower).is_ok());
    assert_eq!(
        permit(crossfade::access::Permission::Force).err(),
        Some(crossfade::access::Refusal::Stale)
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_of_people_and_machines_lands_in_a_log_a_page_or_a_file() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Admin).await;
    let machine = token(&world, "ci", Scope::Read).await;
    let caller = {
        let cookie = ada.headers.split_once('=').expect("a cookie").1.trim().to_owned();
        world.rooms.access.people.session(&cookie).expect("a session").caller
    };
    let action = LinkAction::Hold { component: "modelled".to_owned() };
    let link = world.rooms.access.links.make(&caller, action, None).await.expect("a link");
    let reply = sign_in(&world, "ada", PASSWORD, "192.0.2.1", "").await;
    let session = cookie(&reply, "crossfade-session").expect("a session");
    let device = cookie(&reply, "crossfade-device").expect("a known browser");
    let wrong = "a-wrong-password-that-is-typed";
    sign_in(&world, "ada", wrong, "192.0.2.1", "").await;
    let mut shown = String::new();
    for path in [
        "/",
        "/account",
        "/operators",
        "/tokens",
        "/approvals",
        "/reports",
        "/reports/now",
        "/v1/operators",
        "/v1/tokens",
        "/v1/sessions",
        "/v1/access-log",
        "/v1/me",
    ] {
        shown += &world.control_as_sent("GET", path, &ada.headers, "").await.body;
        shown += &world.control_as_sent("GET", path, &machine.headers, "").await.body;
    }
    shown += &world.metrics("GET", "/metrics").await.body;
    let bearer = machine.headers.trim().rsplit(' ').next().expect("a token").to_owned();
    let own = ada.headers.split_once('=').expect("a cookie").1.trim().to_owned();
    let secret = link.secret.reveal().to_owned();
    let planted = [PASSWORD.to_owned(), wrong.to_owned(), session, device, bearer, own, secret];
    let (dir, _) = world.stop().await;
    let files = super::secrets::files_below(dir.path());
    tracing::trace!("everything is heard");
    let log = super::kit::log();
    assert!(log.contains("everything is heard"), "there is a log to search");
    for trace in &planted {
        assert!(trace.len() > 20 && !shown.contains(trace), "a secret is on a page");
        assert!(!log.contains(trace), "a secret is in the log");
        for file in &files {
            assert!(!super::secrets::contains(file, trace.as_bytes()), "a secret is in a file");
        }
    }
}
