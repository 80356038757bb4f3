//! `crossfade guard explain` and `list`: what the guard says now, and on what evidence.

use serde_json::Value;

use crate::cli::client::Client;
use crate::cli::exit::{Exit, say};
use crate::cli::listing::{minute, table_of, text};
use crate::cli::words;
use crate::domain::{ComponentId, Share};

/// What the guard says of a component now, and on what evidence: the ruling first, then every rule.
///
/// Exit code 1 when it is held or trips, 0 when it waits or may pass.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The component, such as http-auth.
    #[arg(value_parser = words::component)]
    component: ComponentId,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What the guard says of every component, a line each.
///
/// Exit code 1 when one of them is held or trips.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Shows one component.
pub(super) async fn explain(client: &Client, wish: &ExplainArgs) -> Result<Exit, Exit> {
    let view = client.read(&format!("/v1/flags/{}/guard", wish.component)).await?;
    if wish.json {
        say(format_args!("{view:#}"));
    } else {
        say(told(&view));
    }
    Ok(exit_of(&view))
}

/// Shows all of them.
pub(super) async fn list(client: &Client, wish: &ListArgs) -> Result<Exit, Exit> {
    let list = client.read("/v1/guard").await?;
    let views = list["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    if wish.json {
        say(format_args!("{list:#}"));
    } else {
        let mut table = table_of(["component", "at", "ruling", "attempt", "certificate", "why"]);
        for view in views {
            table.add_row([
                text(&view["component"]),
                stage(&view["stage"]),
                ruling(view).to_owned(),
                text(&view["attempt"]),
                certificate(&view["certificate"]),
                why(view).join("; "),
            ]);
        }
        say(&table);
    }
    let found = views.iter().any(|view| exit_of(view) == Exit::Found);
    Ok(if found { Exit::Found } else { Exit::Fine })
}

fn exit_of(view: &Value) -> Exit {
    match ruling(view) {
        "hold" | "trip" => Exit::Found,
        _ => Exit::Fine,
    }
}

fn ruling(view: &Value) -> &str {
    view["ruling"]["ruling"].as_str().unwrap_or("unknown")
}

/// Why it is ruled so: what is missing, or what was found.
fn why(view: &Value) -> Vec<String> {
    let ruling = &view["ruling"];
    let found = ruling["found"].as_array().map(Vec::as_slice);
    let found = found.unwrap_or(std::slice::from_ref(&ruling["found"]));
    let found = found.iter().filter(|found| found.is_object());
    let found = found.map(|found| format!("{}: {}", text(&found["rule"]), text(&found["what"])));
    ruling["missing"].as_str().map(str::to_owned).into_iter().chain(found).collect()
}

/// The whole view in words, the most urgent first.
fn told(view: &Value) -> String {
    let mut lines = vec![format!(
        "{}: {} at {}, revision {}",
        text(&view["component"]),
        ruling(view).to_uppercase(),
        stage(&view["stage"]),
        text(&view["revision"])
    )];
    lines.extend(why(view).into_iter().map(|why| format!("  {why}")));
    lines.extend(mode(&view["limits"]));
    lines.push(String::new());
    lines.push(rules(&view["standings"]));
    lines.push(String::new());
    lines.push(format!("certificate: {}", certificate(&view["certificate"])));
    lines.push(format!(
        "attempt {} since {}, present step since {}",
        text(&view["attempt"]),
        minute(&view["attempt_since"]),
        minute(&view["step_since"])
    ));
    lines.push(format!(
        "{} answers, {} subjects have failed and left; {} observations ignored, {} unseen",
        text(&view["answers"]),
        text(&view["subjects_left"]),
        text(&view["ignored"]),
        text(&view["unseen"])
    ));
    if view["clients_unseen"] == true {
        lines.push(
            "clients unseen: nobody who is trusted tells a failing client's network, so none is \
             capped"
                .to_owned(),
        );
    }
    lines.extend(recent(&view["recent"]));
    lines.extend(foretold(view));
    lines.join("\n")
}

/// Said before all else that is seen: whoever reads "HOLD" must know that nobody acts on it.
fn mode(limits: &Value) -> Option<String> {
    match limits["mode"].as_str() {
        Some("dry_run") => Some("  dry run: it keeps what it would have done, and does not act"),
        Some("off") => Some("  switched off: nobody looks"),
        Some(_) | None => None,
    }
    .map(str::to_owned)
}

fn rules(standings: &Value) -> String {
    let mut table = table_of(["rule", "state", "value", "acts at", "what is seen"]);
    for standing in standings.as_array().into_iter().flatten() {
        let (state, seen) = match (&standing["unarmed"], &standing["finds"]) {
            (Value::String(why), _) => ("-", format!("not armed: {why}")),
            (_, Value::String(finds)) => ("FINDS", finds.clone()),
            _ => ("armed", text(&standing["seen"])),
        };
        table.add_row([
            text(&standing["rule"]),
            state.to_owned(),
            number(&standing["value"]),
            number(&standing["acts_at"]),
            seen,
        ]);
    }
    table.to_string()
}

/// `12 of 380 subjects, 0 failed; 368 clean ones missing to rule out 1 % at 95 %`.
fn certificate(certificate: &Value) -> String {
    let percent = |name: &str| {
        let percent = certificate[name].as_f64().unwrap_or_default() * 100.0;
        format!("{} %", (percent * 10_000.0).round() / 10_000.0)
    };
    let seen = format!("{} subjects, {} failed", certificate["subjects"], certificate["failed"]);
    let rules_out =
        format!("that fewer than {} fail, at {}", percent("below"), percent("confidence"));
    match certificate["clean_subjects_missing"].as_u64() {
        Some(0) => format!("{seen}; certified {rules_out}"),
        Some(missing) => format!("{seen}; {missing} clean ones missing to certify {rules_out}"),
        None => "none".to_owned(),
    }
}

/// What the fixed windows would do, a line each.
fn foretold(view: &Value) -> Vec<String> {
    let told = |(at, window): (usize, &Value)| {
        if window["counts"] == false {
            return format!("window {at}: never acts, it has too few trials");
        }
        let harmed = match window["at_5_percent"]["harmed"].as_f64() {
            Some(people) => format!("{people:.0} people harmed until it acts on 5 % failures"),
            None => "it never acts on 5 % failures".to_owned(),
        };
        let alarms = window["false_alarms_per_day"].as_f64().unwrap_or_default();
        format!("window {at}: {alarms:.2} false alarms a day expected at this rate, {harmed}")
    };
    view["foretold"].as_array().into_iter().flatten().enumerate().map(told).collect()
}

/// How ssot does of late.
fn recent(recent: &Value) -> Option<String> {
    let (rate, trials) = (recent["failure_rate"].as_f64()?, recent["trials_per_minute"].as_f64()?);
    Some(format!(
        "of late {trials:.0} trials of ssot a minute, {:.2} % of them failed",
        rate * 100.0
    ))
}

/// A value of evidence; it may be very large.
pub(super) fn number(value: &Value) -> String {
    match value.as_f64() {
        None => String::new(),
        Some(number) if number.abs() < 1e6 => format!("{number:.2}"),
        Some(number) => format!("{number:.1e}"),
    }
}

/// `canary 5 %`, from a stage in JSON.
pub(super) fn stage(value: &Value) -> String {
    let points = value["share"].as_u64().and_then(|points| u16::try_from(points).ok());
    match (value["stage"].as_str(), points.and_then(Share::from_basis_points)) {
        (Some(name), Some(share)) => format!("{name} {share}"),
        (Some(name), None) => name.to_owned(),
        (None, _) => text(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Revision, Timestamp};
    use crate::flags::{Limits, Stage};
    use crate::guard::{CertificateView, Found, GuardRule, GuardView, Ruling, Standing};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn standing(rule: GuardRule) -> Standing {
        let seen = "3 of 250 trials".to_owned();
        Standing { rule, unarmed: None, value: Some(1.5), acts_at: Some(3333.3), seen, finds: None }
    }

    fn view(ruling: Ruling) -> Value {
        let certificate = CertificateView {
            below: 0.01,
            confidence: 0.95,
            subjects: 12,
            failed: 0,
            value: 1.2,
            certified_at: 20.0,
            clean_subjects_missing: 356,
        };
        let view = GuardView {
            component: ComponentId::parse("http-auth").expect("an id"),
            at: NOW,
            stage: Stage::Canary(Share::from_basis_points(500).expect("a share")),
            revision: Revision(17),
            ruling,
            standings: vec![
                standing(GuardRule::ErrorRate),
                Standing {
                    unarmed: Some("no data source".to_owned()),
                    ..standing(GuardRule::Sockets)
                },
                Standing { finds: Some("too slow".to_owned()), ..standing(GuardRule::Latency) },
            ],
            attempt: 2,
            attempt_since: NOW,
            step_since: NOW,
            certificate,
            answers: 250,
            late_answers: 0,
            subjects_left: 3,
            ignored: 1,
            unseen: 0,
            clients_unseen: true,
            memory_bytes: 1,
            limits: Limits::default(),
            recent: None,
            foretold: Vec::new(),
        };
        serde_json::to_value(view).expect("json")
    }

    fn found(what: &str) -> Found {
        Found { rule: GuardRule::ErrorRate, what: what.to_owned() }
    }

    #[test]
    fn the_ruling_comes_first_with_its_reasons_and_then_every_rule() {
        let told = told(&view(Ruling::Hold { found: vec![found("the cause is common")] }));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "http-auth: HOLD at canary 5 %, revision 17");
        assert_eq!(lines[1], "  error_rate: the cause is common");
        for part in [
            "not armed: no data source",
            "FINDS",
            "too slow",
            "3333.30",
            "12 subjects, 0 failed; 356 clean ones missing to certify that fewer than 1 % fail, at 95 %",
            "attempt 2 since 2027-01-15 08:00Z",
            "clients unseen",
        ] {
            assert!(told.contains(part), "{part:?} in {told}");
        }
    }

    #[test]
    fn what_is_held_or_trips_ends_with_an_exit_code_of_its_own() {
        let missing = "12 distinct subjects so far".to_owned();
        let rulings = [
            (Ruling::Wait { missing }, Exit::Fine, "12 distinct subjects so far"),
            (Ruling::Pass, Exit::Fine, ""),
            (Ruling::Hold { found: vec![found("x")] }, Exit::Found, "error_rate: x"),
            (Ruling::Trip { found: found("y") }, Exit::Found, "error_rate: y"),
        ];
        for (ruling, exit, reason) in rulings {
            let view = view(ruling);
            assert_eq!((exit_of(&view), why(&view).join("; ")), (exit, reason.to_owned()));
        }
    }

    #[test]
    fn a_guard_that_does_not_act_says_so_before_all_else() {
        let mut view = view(Ruling::Hold { found: vec![found("x")] });
        view["limits"]["mode"] = json!("dry_run");
        assert!(told(&view).lines().nth(2).is_some_and(|line| line.contains("does not act")));
    }

    #[test]
    fn values_of_any_size_fit_into_a_column() {
        let shown = [json!(0.25), json!(1e300), Value::Null].map(|value| number(&value));
        assert_eq!(shown, ["0.25", "1.0e300", ""]);
    }

    #[test]
    fn a_fixed_window_is_told_with_what_it_costs() {
        let view = json!({ "foretold": [
            { "counts": true, "false_alarms_per_day": 57.2, "at_5_percent": { "harmed": 30.0 } },
            { "counts": true, "false_alarms_per_day": 0.0, "at_5_percent": null },
            { "counts": false, "false_alarms_per_day": 0.0, "at_5_percent": null },
        ]});
        let told = foretold(&view);
        assert!(told[0].contains("57.20 false alarms a day expected"), "{told:?}");
        assert!(told[0].contains("30 people harmed"), "{told:?}");
        assert!(told[1].contains("never acts on 5 %"), "{told:?}");
        assert!(told[2].contains("too few trials"), "{told:?}");
        let late = recent(&json!({ "failure_rate": 0.005, "trials_per_minute": 600.2 }));
        assert!(late.is_some_and(|told| told.contains("600 trials of ssot a minute, 0.50 %")));
    }
}
