//! The overview and a component's page, as somebody at a browser uses them.

use std::sync::Arc;
use std::time::Duration;

use crossfade::access::Role;
use crossfade::domain::Clock;
use serde_json::{Value, json};

use super::kit::{Ahead, Behaviour, Reply, World};
use super::live::{control, told};
use super::people::{Person, operator};
use super::streams::Listening;
use super::weight::a_hundred;

/// A page, as a person opens it.
pub async fn get(world: &World, person: &Person, path: &str) -> Reply {
    world.control_as_sent("GET", path, &person.headers, "").await
}

/// What comes of a form that a person sends.
pub async fn post(world: &World, person: &Person, path: &str, fields: &str) -> Reply {
    let (headers, body) = (person.form_headers(), person.form(fields));
    world.control_as_sent("POST", path, &headers, &body).await
}

async fn revision(world: &World, component: &str) -> u64 {
    world.flag(component).await.json()["revision"].as_u64().expect("a revision")
}

async fn stage(world: &World, component: &str) -> Value {
    let flag = world.flag(component).await.json();
    json!([flag["stage"], flag["share"]])
}

/// What stands on a page for people: without tags, each of which parts words.
fn words(page: &str) -> String {
    let mut text = String::new();
    let mut within = false;
    for character in page.chars() {
        match character {
            '<' => within = true,
            '>' => {
                within = false;
                text.push(' ');
            }
            other if !within => text.push(other),
            _ => {}
        }
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace(" ,", ",").replace(" .", ".")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_is_raised_by_form_and_shows_with_who_and_why() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Promoter).await;
    let page = get(&world, &ada, "/components/modelled").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("/components/modelled/move?to=canary&amp;share=10"));
    let look = get(&world, &ada, "/components/modelled/move?to=canary&share=10").await;
    assert_eq!(look.status, 200);
    assert!(words(&look.body).contains("10 % of the people go from legacy to SSOT"));
    assert_eq!(stage(&world, "modelled").await, json!(["shadow", null]), "looking changes nothing");
    let seen = revision(&world, "modelled").await;
    let fields = format!("to=canary&share=10&revision={seen}&note=as+planned");
    let done = post(&world, &ada, "/components/modelled/move", &fields).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert_eq!(done.header("location"), Some("/components/modelled?done=moved"));
    assert_eq!(stage(&world, "modelled").await, json!(["canary", 1000]));
    let after = words(&get(&world, &ada, "/components/modelled?done=moved").await.body);
    assert!(
        after.contains("Done, and on disk.") && after.contains("by ada: as planned"),
        "{after}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_open_says_why_beside_it_and_when_it_is_tried() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Promoter).await;
    let page = words(&get(&world, &ada, "/components/child").await.body);
    assert!(page.contains("shadow Legacy serves; SSOT is asked afterwards"), "{page}");
    assert!(page.contains("off cannot go to live in one step, one stage at a time"), "{page}");
    let look = get(&world, &ada, "/components/child/move?to=live").await;
    assert!(look.body.contains("Off cannot go to live in one step"), "{}", look.body);
    assert!(!look.body.contains("name=\"revision\""), "there is nothing to send");
    let seen = revision(&world, "child").await;
    let wish = format!("to=live&revision={seen}");
    let tried = post(&world, &ada, "/components/child/move", &wish).await;
    assert_eq!(tried.status, 409);
    assert!(tried.body.contains("Off cannot go to live in one step"), "{}", tried.body);
    let nonsense = post(&world, &ada, "/components/child/move", "to=canary&share=lots").await;
    assert_eq!(nonsense.status, 422);
    assert_eq!(stage(&world, "child").await, json!(["off", null]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_does_not_reach_is_told_which_one_would() {
    let world = World::start().await;
    let viewer = operator(&world, "vera", Role::Viewer).await;
    let lower = operator(&world, "oscar", Role::Operator).await;
    let page = words(&get(&world, &viewer, "/components/modelled").await.body);
    assert!(page.contains("takes the role operator") && page.contains("takes the role promoter"));
    let overview = words(&get(&world, &viewer, "/").await.body);
    assert!(overview.contains("takes the role operator"), "{overview}");
    let seen = revision(&world, "modelled").await;
    let raise = format!("to=canary&share=1&revision={seen}");
    let refused = post(&world, &lower, "/components/modelled/move", &raise).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("Not permitted"), "{}", refused.body);
    let held = post(&world, &lower, "/components/modelled/hold", "note=an+incident").await;
    assert_eq!(held.header("location"), Some("/components/modelled?done=held"), "{}", held.body);
    assert_eq!(stage(&world, "modelled").await, json!(["shadow", null]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_the_same_the_second_sees_both_versions_and_chooses_anew() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Promoter).await;
    let grace = operator(&world, "grace", Role::Promoter).await;
    let seen = revision(&world, "modelled").await;
    let mine = |share: &str| format!("to=canary&share={share}&revision={seen}&note=my+turn");
    let first = post(&world, &ada, "/components/modelled/move", &mine("5")).await;
    assert_eq!(first.status, 303, "{}", first.body);
    let second = post(&world, &grace, "/components/modelled/move", &mine("25")).await;
    assert_eq!(second.status, 409);
    let told = words(&second.body);
    for expected in [
        "Somebody was faster",
        "nothing of yours was done",
        "you had before you shadow",
        "you wanted canary at 25 %",
        "it is now canary at 5 %",
        "by ada: my turn",
        "stage: shadow, 0 % on ssot to canary, 5 % on ssot",
    ] {
        assert!(told.contains(expected), "{expected:?} is not in {told}");
    }
    assert_eq!(stage(&world, "modelled").await, json!(["canary", 500]));
    let now = revision(&world, "modelled").await;
    assert!(second.body.contains(&format!("name=\"revision\" value=\"{now}\"")));
    let again = format!("to=canary&share=25&revision={now}");
    assert_eq!(post(&world, &grace, "/components/modelled/move", &again).await.status, 303);
    assert_eq!(stage(&world, "modelled").await, json!(["canary", 2500]));
    // Settings are no different.
    let settings = format!("what=limits&limit.slow_ms=400&revision={now}");
    let settings = post(&world, &grace, "/components/modelled/settings", &settings).await;
    assert_eq!(settings.status, 409);
    assert!(words(&settings.body).contains("you wanted other limits"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_the_rest_are_set_by_form_and_a_slip_is_kept_with_its_reason() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Promoter).await;
    let path = "/components/modelled/settings";
    let seen = revision(&world, "modelled").await;
    let slip = format!("what=limits&limit.slow_ms=quick&revision={seen}");
    let slip = post(&world, &ada, path, &slip).await;
    assert_eq!(slip.status, 422);
    assert!(
        slip.body.contains("value=\"quick\"") && slip.body.contains("slow_ms"),
        "{}",
        slip.body
    );
    let fields = format!("what=limits&limit.slow_ms=400&revision={seen}");
    let done = post(&world, &ada, path, &fields).await;
    assert_eq!(
        done.header("location"),
        Some("/components/modelled?done=settings"),
        "{}",
        done.body
    );
    let flag = world.flag("modelled").await.json();
    assert_eq!(flag["limits"]["slow_ms"], 400);
    assert_eq!(flag["limits"]["error_rate_ppm"], 10_000, "what is not typed stays");
    let seen = revision(&world, "modelled").await;
    let basics = format!(
        "what=basics&sample=50&deadline_ms=700&rescues=5&rescue=both&invariants=report&revision={seen}"
    );
    assert_eq!(post(&world, &ada, path, &basics).await.status, 303);
    let flag = world.flag("modelled").await.json();
    assert_eq!((&flag["sample"], &flag["deadline_ms"]), (&json!(5000), &json!(700)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_and_a_release_and_a_plan_are_made_by_form() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Promoter).await;
    world.move_to("modelled", &[json!({"stage": "canary", "share": 1000})]).await;
    let page = words(&get(&world, &ada, "/components/modelled").await.body);
    assert!(page.contains("modelled from canary at 10 %"), "what falls is named: {page}");
    let back = post(&world, &ada, "/components/modelled/roll-back", "note=5xx").await;
    assert_eq!(back.header("location"), Some("/components/modelled?done=rolled-back"));
    assert_eq!(stage(&world, "modelled").await, json!(["shadow", null]));
    let page = words(&get(&world, &ada, "/components/modelled").await.body);
    assert!(page.contains("rolled back by ada: 5xx"), "{page}");
    assert!(page.contains("cooling down until"), "the release says why not: {page}");
    let seen = revision(&world, "modelled").await;
    let wish = format!("note=x&revision={seen}");
    let early = post(&world, &ada, "/components/modelled/release", &wish);
    let early = early.await;
    assert_eq!(early.status, 409);
    assert!(early.body.contains("Cooling down until"), "{}", early.body);
    let plan = "verb=start&template=fast&note=go";
    let started = post(&world, &ada, "/components/child/plan", plan).await;
    assert_eq!(started.header("location"), Some("/components/child?done=plan"), "{}", started.body);
    let page = words(&get(&world, &ada, "/components/child").await.body);
    assert!(page.contains("running fast started just now by ada"), "{page}");
    let stale = post(&world, &ada, "/components/child/plan", plan).await;
    assert!(stale.status >= 400, "another one takes its place only for who has seen it");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_steer_a_plan_the_second_sees_both_versions_and_chooses_anew() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Promoter).await;
    let grace = operator(&world, "grace", Role::Promoter).await;
    let path = "/components/child/plan";
    let started = post(&world, &ada, path, "verb=start&template=normal&note=go").await;
    assert_eq!(started.status, 303, "{}", started.body);
    // Grace believes that there is none.
    let second = post(&world, &grace, path, "verb=start&template=fast&note=hurry").await;
    assert_eq!(second.status, 409, "{}", second.body);
    let told = words(&second.body);
    for expected in [
        "The plan of child has changed",
        "you had before you no plan",
        "you wanted to start the plan fast",
        "it is now the plan normal, running",
        "by ada: go",
        "there was no plan, now the plan normal",
        "It takes the place of the present one.",
    ] {
        assert!(told.contains(expected), "{expected:?} is not in {told}");
    }
    let plan = || async { world.control("GET", "/v1/rollouts/child", "", "").await.json() };
    // The plan goes on by itself, and may be faster than she is.
    let mut seen = 0;
    for _ in 0..20 {
        seen = plan().await["revision"].as_u64().expect("a revision");
        let wish = format!("verb=pause&revision={seen}&note=lunch");
        if post(&world, &ada, path, &wish).await.status == 303 {
            break;
        }
    }
    assert_eq!(plan().await["state"], "paused");
    let skip = format!("verb=skip&revision={seen}&note=why+wait");
    let late = post(&world, &grace, path, &skip).await;
    assert_eq!(late.status, 409);
    let told = words(&late.body);
    assert!(told.contains("state: running to paused: ada paused it"), "{told}");
    assert!(told.contains("you wanted to skip what its step waits for"), "{told}");
    assert!(!late.body.contains("name=\"verb\""), "nothing of a paused plan can be skipped");
    assert_eq!(plan().await["state"], "paused", "nothing of hers was done");
    // And once more, on what she has seen now.
    let now = plan().await["revision"].as_u64().expect("a revision");
    let again = format!("verb=start&template=fast&revision={now}&note=hurry");
    assert_eq!(post(&world, &grace, path, &again).await.status, 303);
    assert_eq!(plan().await["template"], "fast");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holding_everything_says_first_what_it_would_hold() {
    let world = World::start().await;
    let oscar = operator(&world, "oscar", Role::Operator).await;
    let page = words(&get(&world, &oscar, "/hold-all").await.body);
    assert!(page.contains("Would be held now: 5"), "{page}");
    assert!(page.contains("modelled stays at shadow"), "{page}");
    let silent = post(&world, &oscar, "/hold-all", "note=+").await;
    assert_eq!(silent.status, 422, "a hold says why");
    let done = post(&world, &oscar, "/hold-all", "note=an+incident").await;
    assert_eq!(done.header("location"), Some("/?done=held-all"), "{}", done.body);
    for component in ["http-auth", "modelled", "child", "frontend-session", "token-operations"] {
        let flag = world.flag(component).await.json();
        assert_eq!(flag["hold"]["cause"]["note"], "an incident", "{component}");
    }
    let page = words(&get(&world, &oscar, "/hold-all").await.body);
    assert!(page.contains("Everything is held already"), "{page}");
    let overview = words(&get(&world, &oscar, "/").await.body);
    assert!(overview.contains("held modelled by oscar: an incident"), "{overview}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_to_legacy_says_what_moves_and_what_stays_and_why() {
    let clock = Arc::new(Ahead::default());
    let world = World::start_by(Arc::clone(&clock) as Arc<dyn Clock>).await;
    let stages = [json!({"stage": "shadow"}), json!({"stage": "canary", "share": 10000})];
    world.move_to("http-auth", &stages).await;
    // The legacy of the one falls silent; that of the other is heard after that.
    world.legacy.behave(Behaviour::Crash);
    clock.seconds(61);
    let oscar = operator(&world, "oscar", Role::Operator).await;
    world.move_to("modelled", &[json!({"stage": "canary", "share": 10000})]).await;
    world.decide("modelled", &world.token("fresh_hs256", "alice")).await;
    world.rooms.shadow.idle().await;
    let page = words(&get(&world, &oscar, "/to-legacy").await.body);
    assert!(
        page.contains("Would go back now: 1 modelled from canary at 100 % to shadow"),
        "{page}"
    );
    let stays =
        "http-auth stays at canary at 100 %: its legacy has not answered within the last minute";
    assert!(page.contains(stays), "{page}");
    assert_eq!(
        stage(&world, "modelled").await,
        json!(["canary", 10000]),
        "looking changes nothing"
    );
    let done = post(&world, &oscar, "/to-legacy", "note=").await;
    assert_eq!(done.header("location"), Some("/to-legacy?done=to-legacy-but"), "{}", done.body);
    assert_eq!(stage(&world, "modelled").await, json!(["shadow", null]));
    assert_eq!(stage(&world, "http-auth").await, json!(["canary", 10000]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_components_those_that_ask_for_somebody_are_shown_alone() {
    let world = World::start_with(a_hundred).await;
    let oscar = operator(&world, "oscar", Role::Operator).await;
    let calm = get(&world, &oscar, "/?show=due").await.body;
    assert_eq!(calm.matches("<article").count(), 0);
    assert!(words(&calm).contains("None of these 34 asks for somebody"), "{}", words(&calm));
    for number in 0..7 {
        let path = format!("/components/part-{number}/hold");
        assert_eq!(post(&world, &oscar, &path, "note=an+incident").await.status, 303);
    }
    until(&world, &oscar, "/", "7 components held").await;
    let due = get(&world, &oscar, "/?show=due").await.body;
    assert_eq!(due.matches("<article").count(), 7);
    assert!(due.contains("<article class=\"unit\" id=\"c-part-6\">"));
    let all = get(&world, &oscar, "/").await.body;
    assert_eq!(all.matches("<article").count(), 100);
    let told = words(&all);
    assert!(
        told.contains("held: part-0, part-3, part-6, part-1, part-4 and 2 more"),
        "{}",
        &told[..900]
    );
    assert!(all.contains("<a href=\"/?show=due\">2 more</a>"));
    let few = World::start().await;
    let vera = operator(&few, "vera", Role::Viewer).await;
    let page = get(&few, &vera, "/").await.body;
    assert!(!page.contains("?show=due"), "five are few enough");
    few.stop().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_shows_what_was_counted_and_whose_page_tells_more() {
    let world = World::start().await;
    let vera = operator(&world, "vera", Role::Viewer).await;
    for _ in 0..3 {
        world.decide("modelled", &world.token("fresh_hs256", "alice")).await;
    }
    assert_eq!(world.tally("modelled").await.requests(), 3);
    let page = until(&world, &vera, "/", "3 answers in 24 h").await;
    assert!(page.contains("href=\"/mismatches?component=modelled\""));
    assert!(words(&page).contains("requires modelled"));
    let one = get(&world, &vera, "/components/modelled?span=15m").await.body;
    assert!(
        one.contains("id=\"requests\"") || one.contains("being drawn"),
        "charts, or word of them"
    );
    assert!(words(&one).contains("Not yet certified: error rate below"), "{}", words(&one));
    let missing = get(&world, &vera, "/components/none").await;
    assert_eq!(missing.status, 404);
    assert!(missing.body.contains("No such component"));
    world.stop().await;
}

/// Asks for a page until something stands in it.
pub async fn until(world: &World, person: &Person, path: &str, text: &str) -> String {
    for _ in 0..200 {
        let page = get(world, person, path).await.body;
        if page.contains(text) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{text:?} never comes to {path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_others_stay_words_on_every_page() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Promoter).await;
    let note = "note=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E";
    post(&world, &ada, "/components/modelled/hold", note).await;
    for path in ["/", "/components/modelled", "/hold-all", "/to-legacy", "/components/%3Cscript%3E"]
    {
        let page = get(&world, &ada, path).await.body;
        assert!(!page.contains("<script>alert") && !page.contains("<img"), "{path}");
    }
    let mut stream = Listening::to(control(&world), "/live/overview", &ada.headers).await;
    let (_, event) = told(&mut stream, "alert(1)").await;
    assert!(!event.data.to_string().contains("<img"), "{}", event.data);
    world.stop().await;
}
