//! No token ever lands in a log, a page or the disk.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::kit::{Behaviour, World};

/// Texts of a token that must be nowhere: the whole, and each long segment.
fn traces(token: &str) -> Vec<String> {
    let segments = token.split('.').filter(|segment| segment.len() > 20);
    segments.map(str::to_owned).chain([token.to_owned()]).collect()
}

pub fn files_below(folder: &Path) -> Vec<Vec<u8>> {
    let mut contents = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            contents.extend(files_below(&path));
        } else {
            contents.push(fs::read(&path).expect("readable"));
        }
    }
    contents
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_lands_in_an_answer_a_page_a_log_or_a_file() {
    let world = World::start().await;
    world.move_to("http-auth", &[json!({ "stage": "shadow" })]).await;
    let mut planted = Vec::new();
    let mut shown = String::new();
    for kind in ["fresh_hs256", "aud_missing", "expired_5h", "env_staging", "sig_swapped_payload"] {
        let Some(token) = kind_or_none(&world, kind) else { continue };
        for component in ["modelled", "http-auth"] {
            shown += &world.decide(component, &token).await.body;
            let bearer = format!("authorization: Bearer {token}\r\n");
            let target = format!("/v1/forward-auth/{component}/x?token={token}");
            shown += &world.data("GET", &target, &bearer, "").await.body;
        }
        planted.extend(traces(&token));
    }
    world.legacy.behave(Behaviour::Crash);
    let token = world.token("fresh_hs256", "mallory");
    shown += &world.decide("http-auth", &token).await.body;
    planted.extend(traces(&token));
    world.tally("http-auth").await;
    for (target, accept) in [
        ("/v1/report", "application/json"),
        ("/v1/report", "text/html"),
        ("/v1/report", "text/markdown"),
        ("/v1/flags", "*/*"),
    ] {
        shown += &world.control("GET", target, &format!("accept: {accept}\r\n"), "").await.body;
    }
    shown += &world.metrics("GET", "/metrics").await.body;
    let secret = world.mint.secret().to_vec();
    let (dir, _) = world.stop().await;
    let files = files_below(dir.path());
    assert!(files.iter().any(|file| file.len() > 1000), "there is something to search");
    for trace in &planted {
        assert!(!shown.contains(trace), "a token is in an answer");
        for file in &files {
            assert!(!contains(file, trace.as_bytes()), "a token is in a file");
        }
    }
    for file in &files {
        assert!(!contains(file, &secret), "the secret is in a file");
    }
}

fn kind_or_none(world: &World, kind: &str) -> Option<String> {
    crossfade::authority::specimens::kinds()
        .any(|known| known == kind)
        .then(|| world.token(kind, "alice"))
}

pub fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
