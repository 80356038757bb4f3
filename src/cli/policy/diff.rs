//! What a profile changes, and what it cannot.

use serde_json::{Value, json};

use super::super::exit::{Exit, complain, say};
use super::super::listing::table_of;
use crate::authority::{Profile, Unmatched, profile, profiles as all};
use crate::domain::{Policy, Rule};

/// Shows a profile beside the policy in force, or beside the strict one.
pub fn run(name: &str, running: Option<Policy>, as_json: bool) -> Result<Exit, Exit> {
    let profile = profile(name).ok_or_else(|| complain(Exit::Usage, "no such profile"))?;
    let beside = running.unwrap_or(Policy::STRICT);
    let called = if running.is_some() { "running" } else { "strict" };
    if as_json {
        say(format_args!("{:#}", as_value(profile, &beside, called)));
        return Ok(Exit::Fine);
    }
    let mut rules = table_of(["rule", called, profile.name, ""]);
    for rule in Rule::ALL {
        let (here, there) = (beside.mode(rule), profile.policy.mode(rule));
        let mark = match there.cmp(&here) {
            std::cmp::Ordering::Less => "looser",
            std::cmp::Ordering::Equal => "",
            std::cmp::Ordering::Greater => "tighter",
        };
        rules.add_row([rule.as_str(), here.as_str(), there.as_str(), mark]);
    }
    say(format_args!("{}: {}\n\n{rules}", profile.name, profile.about));
    tell_unmatched(profile);
    Ok(Exit::Fine)
}

/// Shows every profile.
pub fn profiles(as_json: bool) -> Exit {
    if as_json {
        let list: Vec<Value> =
            all().iter().map(|each| as_value(each, &Policy::STRICT, "strict")).collect();
        say(format_args!("{:#}", json!({ "profiles": list })));
        return Exit::Fine;
    }
    let mut table = table_of(["profile", "looser than strict", "unmatched", "about"]);
    for profile in all() {
        let looser = profile.policy.looser_than(&Policy::STRICT).count().to_string();
        let unmatched = profile.unmatched().count().to_string();
        table.add_row([profile.name, &looser, &unmatched, profile.about]);
    }
    say(table);
    Exit::Fine
}

fn tell_unmatched(profile: &Profile) {
    if profile.unmatched().next().is_none() {
        return;
    }
    say("\nWhat cannot be matched, whatever is switched:");
    for case in profile.unmatched() {
        say(format_args!(
            "\n  {}\n    {}: {}; the authority ({}): {}\n    {}",
            case.case,
            profile.name,
            case.library,
            case.direction.as_str(),
            case.authority,
            case.why
        ));
    }
}

fn as_value(profile: &Profile, beside: &Policy, called: &str) -> Value {
    let rule = |rule: Rule| {
        json!({
            "rule": rule,
            called: beside.mode(rule),
            "profile": profile.policy.mode(rule),
        })
    };
    json!({
        "name": profile.name,
        "about": profile.about,
        "rules": Rule::ALL.map(rule),
        "unmatched": profile.unmatched().map(unmatched).collect::<Vec<_>>(),
    })
}

fn unmatched(case: &Unmatched) -> Value {
    json!({
        "case": case.case,
        "library": case.library,
        "authority": case.authority,
        "direction": case.direction.as_str(),
        "why": case.why,
    })
}
