//! `crossfade scan --report-to` against the running service.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use crossfade::access::Scope;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use super::kit::{Ahead, CONTROL, World};
use super::people::token;

const MAKE: &str = "\
import jwt


class Maker:
    def make(self, claims, key):
        return jwt.encode(claims, key)
";

fn tree() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for folder in ["netra_backend/app", "shared", "auth_service/auth_core"] {
        fs::create_dir_all(dir.path().join(folder)).expect("made");
    }
    fs::write(dir.path().join("netra_backend/app/tokens.py"), MAKE).expect("written");
    fs::write(dir.path().join("auth_service/auth_core/tokens.py"), MAKE).expect("written");
    dir
}

async fn scan(world: &World, tree: &Path, token: &str, more: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .arg("scan")
        .arg(tree)
        .args(["--report-to", &world.control_url()])
        .args(more)
        .env("CROSSFADE_TOKEN", token)
        .env_remove("CROSSFADE_URL")
        .stdin(Stdio::null())
        .output();
    let output = output.await.expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

async fn judged(world: &World, name: &str) -> String {
    let checks = world.control("GET", "/v1/checks", "", "").await.json();
    let mut all = checks["checks"].as_array().expect("checks").iter();
    let check = all.find(|check| check["name"] == name).expect("known");
    check["judged"].as_str().expect("a word").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checks_are_judged_by_what_was_posted() {
    let world = World::start().await;
    let tree = tree();
    let (code, out, err) = scan(&world, tree.path(), CONTROL, &["--tree", "shop"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("encode") && err.contains("the places of 1 copies"), "{out}{err}");
    assert!(err.contains("not known yet"), "{err}");
    assert_eq!(judged(&world, "backend_delegates").await, "failed");
    assert_eq!(judged(&world, "architectural_compliance").await, "failed");
    let kept = world.control("GET", "/v1/scans", "", "").await.json();
    assert_eq!(
        (&kept["scans"][0]["tree"], &kept["scans"][0]["files"]),
        (&"shop".into(), &2.into())
    );
    assert_eq!(kept["unused"]["sites"][0]["name"], "netra_backend/app/tokens.py:Maker.make");

    // A tree without a copy passes: its services are counted with nothing in them.
    fs::remove_file(tree.path().join("netra_backend/app/tokens.py")).expect("removed");
    fs::write(tree.path().join("netra_backend/app/a.py"), "x = 1\n").expect("written");
    let (code, _, err) = scan(&world, tree.path(), CONTROL, &[]).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(judged(&world, "backend_delegates").await, "passed");
    assert_eq!(judged(&world, "architectural_compliance").await, "passed");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_nobody_calls_is_named_for_deletion() {
    let clock = Arc::new(Ahead::default());
    let world = World::start_by(clock.clone()).await;
    let tree = tree();
    let calls = async || {
        let body = json!({ "token": world.token("fresh_hs256", "alice") }).to_string();
        let head = "content-type: application/json\r\ncrossfade-call-site: app/b.py:other\r\n";
        assert_eq!(world.data("POST", "/v1/decide/modelled", head, &body).await.status, 200);
    };
    calls().await;
    clock.seconds(15 * 24 * 3600);
    calls().await;
    let (code, out, err) = scan(&world, tree.path(), CONTROL, &[]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("delete these 1: no calls in 14 days\n"), "{out}{err}");
    assert!(out.contains("  netra_backend/app/tokens.py:Maker.make  encode"), "{out}");
    let (_, out, _) = scan(&world, tree.path(), CONTROL, &["--json"]).await;
    let out: serde_json::Value = serde_json::from_str(&out).expect("JSON alone");
    assert_eq!(out["unused"]["is_known"], true);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_only_post_posts_and_one_that_may_only_read_is_refused() {
    let world = World::start().await;
    let tree = tree();
    let raise = token(&world, "poster", Scope::Raise).await;
    let read = token(&world, "reader", Scope::Read).await;
    let bearer = |headers: &str| {
        headers.trim().strip_prefix("authorization: Bearer ").expect("a token").to_owned()
    };
    let (code, _, err) = scan(&world, tree.path(), &bearer(&raise.headers), &[]).await;
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("told to a token that may read as well"), "{err}");
    let (code, out, err) = scan(&world, tree.path(), &bearer(&read.headers), &[]).await;
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("the scan was not kept: ") && out.contains("encode"), "{err}");
    let kept = world.control("GET", "/v1/scans", "", "").await.json();
    assert_eq!(kept["scans"].as_array().map(Vec::len), Some(1), "{kept}");
    world.stop().await;
}
