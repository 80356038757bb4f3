//! `crossfade demo`: the whole way in a minute, with nothing to set up.

mod acts;
mod control;
mod ending;
mod lines;
mod mix;
mod reading;
mod scratch;
mod screen;
mod show;
mod stand;
mod story;
mod switch;
mod traffic;
mod wire;
mod words;

use std::error::Error;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use self::control::Control;
use self::ending::Ending;
use self::mix::Mix;
use self::screen::Screen;
use self::show::Show;
use self::stand::Stand;
use self::story::Story;
use self::switch::Health;
use self::traffic::Traffic;
use self::wire::Wire;
use super::exit::{Exit, complain, say};
use super::{runtime, stop};
use crate::authority::specimens::Mint;
use crate::config::Environment;
use crate::domain::encode_base64url;
use crate::outbound::Method;

/// Watch a component move from legacy to ssot, break, and be rolled back.
///
/// Starts a legacy token service, the controller and a few thousand made-up callers on loopback,
/// moves `http-auth` through shadow, canary and live, breaks ssot on purpose, rolls back, and
/// closes with the report. Needs no set-up and no network; leaves nothing behind.
///
/// On a terminal a table of 80 by 24 is redrawn in place; otherwise, or with `TERM=dumb`, there is a line a
/// second and a step. `NO_COLOR` is honoured. Exit code 1 when the story did not go as told: an
/// answer is missing or a 5xx, the rollback was not felt by the next request, ssot let somebody
/// in whom legacy refuses, or it was broken off.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Length of the whole story, 10s to 1h.
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = length)]
    length: Duration,
    /// Requests per second.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(20..=1000))]
    rate: u32,
    /// Makes the same people, tokens and order as another run with this seed [default: random].
    #[arg(long)]
    seed: Option<u64>,
    /// JSON lines for machines: one a second and a step, the last one with the totals.
    #[arg(long)]
    headless: bool,
    /// Keep running after the story, for curl and the other commands, until Ctrl-C.
    #[arg(long)]
    stay: bool,
    /// Put data and request log there and leave them, instead of a temporary directory.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

fn length(text: &str) -> Result<Duration, String> {
    let (digits, unit) = match text.trim_end_matches(['s', 'm', 'h']) {
        digits if digits.len() + 1 >= text.len() => (digits, &text[digits.len()..]),
        _ => (text, "?"),
    };
    let seconds = match unit {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        _ => None,
    };
    let length = digits.parse::<u64>().ok().zip(seconds).and_then(|(n, s)| n.checked_mul(s));
    match length {
        Some(seconds @ 10..=3_600) => Ok(Duration::from_secs(seconds)),
        Some(_) | None => Err("a length is 10s to 1h, like 60s or 2m".to_owned()),
    }
}

/// Tells the story.
pub fn run(args: &DemoArgs) -> Exit {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return complain(Exit::Failed, error),
    };
    match runtime.block_on(demo(args)) {
        Ok(true) => Exit::Fine,
        Ok(false) => Exit::Found,
        Err(error) => complain(Exit::Failed, error),
    }
}

/// True when the story went as told.
async fn demo(args: &DemoArgs) -> Result<bool, Box<dyn Error>> {
    let mut interrupted = stop::on_signal()?;
    let mut show = show(args);
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let secret = signing_secret(seed);
    let stand = Box::pin(Stand::start(&secret, args.keep.as_deref())).await?;
    let traffic = prepare(&stand, Mix::seeded(seed, &secret), args.rate).await?;

    let (calling, hang_up) = call(&traffic);
    let control = Control(Wire::to(stand.control, Some(&stand.tokens.story))?);
    let mut story = Story::new(&stand, &traffic, control, args.length);
    let told = tokio::select! {
        told = story.tell(&mut show) => told.map_err(|error| error.to_string()),
        _ = interrupted.wait_for(|stop| *stop) => Err("the story was broken off".to_owned()),
    };
    hang_up.send_replace(true);
    calling.await?;
    stand.switch.turn(Health::Fine);
    stand.rooms.shadow.idle().await;
    story.settle();

    let (scene, noted) = story.end();
    let ending = Ending::of(&stand, &traffic, noted, told.err().as_deref(), (seed, args.stay));
    show.end(&scene, &ending);
    if args.stay && !*interrupted.borrow() {
        invite(&stand, &show);
        let (calling, hang_up) = call(&traffic);
        let walking = stand.walk(hang_up.subscribe())?;
        // Nobody left to ask for a stop is a stop, too.
        let _asked = interrupted.wait_for(|stop| *stop).await;
        hang_up.send_replace(true);
        calling.await?;
        walking.await?;
    }
    stand.stop().await?;
    Ok(ending.is_good())
}

fn show(args: &DemoArgs) -> Show {
    let environment = Environment::of_process();
    let set = |name| environment.value(name).is_some_and(|value| !value.is_empty());
    if args.headless {
        Show::Json(0)
    } else if std::io::stdout().is_terminal() && environment.value("TERM") != Some("dumb") {
        Show::Screen(Screen::new(!set("NO_COLOR")))
    } else {
        Show::Lines(0)
    }
}

/// A secret that belongs to the seed: it signs made-up tokens on loopback, and nothing else.
fn signing_secret(seed: u64) -> String {
    encode_base64url(Mint::seeded(seed).secret())
}

/// Callers of the stand. Some of their tokens are revoked, on both sides.
async fn prepare(
    stand: &Stand,
    mut mix: Mix,
    per_second: u32,
) -> Result<Arc<Traffic>, Box<dyn Error>> {
    let legacy = Wire::to(stand.legacy, None)?;
    let now = stand.clock.now();
    for token in mix.make_revoked(now) {
        stand.authority.revoke(&token, now).await?;
        let body = serde_json::json!({ "token": token.reveal() }).to_string().into_bytes();
        legacy.send(Method::Post, "/api/v1/jwt/blacklist-token", None, body).await?;
    }
    let data = Wire::to(stand.data, None)?;
    Ok(Traffic::new(data, mix, Arc::clone(&stand.clock), per_second))
}

fn call(traffic: &Arc<Traffic>) -> (tokio::task::JoinHandle<()>, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    (tokio::spawn(Arc::clone(traffic).run(stopped)), stop)
}

/// Tells a visitor where everything is.
fn invite(stand: &Stand, show: &Show) {
    let Stand { data, control, metrics, link, .. } = stand;
    let token = &stand.tokens.visitor;
    if !show.is_for_people() {
        let line = serde_json::json!({
            "event": "stay",
            "data": format!("http://{data}"),
            "control": format!("http://{control}"),
            "metrics": format!("http://{metrics}"),
            "sign_in": link,
            "legacy": format!("http://{}", stand.legacy),
            "control_token": token,
            "probe_client": "probe",
            "probe_secret_file": stand.probe_secret,
        });
        say(line);
        return;
    }
    let (program, secret) = (ending::program(), stand.probe_secret.display());
    say(format_args!(
        "\
Traffic goes on, and everything still runs, until Ctrl-C. In a browser, once:

  {link}

In another terminal:

  export CROSSFADE_URL=http://{control}
  export CROSSFADE_TOKEN={token}

  {program} flags list
  {program} report
  {program} flags release http-auth --note 'ssot is mended'
  {program} flags set http-auth canary --share 10% --note again
  {program} flags rollback http-auth --note 'just to see'
  {program} flags history http-auth
  {program} checks
  {program} probe --data http://{data} --client probe --client-secret-file {secret}

  curl -s http://{data}/v1/decide/http-auth \\
    -H 'content-type: application/json' -d '{{\"token\":\"not.a.token\"}}'
  curl -s http://{metrics}/metrics | grep http-auth
  curl -s http://{control}/v1/report -H 'accept: text/html' \\
    -H \"authorization: Bearer $CROSSFADE_TOKEN\" > report.html"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_a_unit_or_is_in_seconds() {
        let seconds = |text| length(text).ok().map(|length| length.as_secs());
        assert_eq!(
            ["10s", "90", "2m", "1h"].map(seconds),
            [Some(10), Some(90), Some(120), Some(3600)]
        );
        for odd in ["9s", "2h", "", "s", "1ms", "-10s", "10ss", "1e2"] {
            assert_eq!(seconds(odd), None, "{odd:?}");
        }
    }
}
