//! `[[webhook]]`: who is told by HTTP what the guard did.

use std::collections::BTreeSet;
use std::path::Path;

use super::Environment;
use super::reader::{Faults, Section};
use super::sections::read_secret_in;
use crate::domain::ComponentId;
use crate::guard::{NoticeKind, WEBHOOKS_MAX, Webhook};
use crate::outbound::{self, Url, WebhookKey};

/// Reads the list. The hosts must be among those that `outbound` may call.
pub fn webhooks(
    list: Vec<Section>,
    folder: &Path,
    environment: &Environment,
    outbound: &outbound::Settings,
    faults: &mut Faults,
) -> Vec<Webhook> {
    if list.len() > WEBHOOKS_MAX {
        faults.add("webhook", format!("has {} entries; at most {WEBHOOKS_MAX}", list.len()));
    }
    let mut webhooks: Vec<Webhook> = Vec::new();
    for mut section in list.into_iter().take(WEBHOOKS_MAX) {
        let place = section.place("name");
        let read = webhook(&mut section, folder, environment, outbound, faults);
        section.end(faults);
        let Some(webhook) = read else { continue };
        if webhooks.iter().any(|other| other.name == webhook.name) {
            faults.add(place, format!("{} is another one's, too", webhook.name));
        }
        webhooks.push(webhook);
    }
    webhooks
}

fn webhook(
    section: &mut Section,
    folder: &Path,
    environment: &Environment,
    outbound: &outbound::Settings,
    faults: &mut Faults,
) -> Option<Webhook> {
    let name = name(section, faults);
    let url = url(section, outbound, faults);
    let key = key(section, folder, environment, faults);
    let events = events(section, faults);
    let components = section.optional::<BTreeSet<ComponentId>>("components", faults);
    Some(Webhook {
        name: name?,
        url: url?,
        key: key?,
        events: events?,
        components: components.unwrap_or_default(),
    })
}

fn name(section: &mut Section, faults: &mut Faults) -> Option<String> {
    let name: String = section.required("name", faults)?;
    if !Webhook::is_name(&name) {
        faults.add(section.place("name"), "is 1 to 32 of a-z, 0-9, `-` and `_`");
        return None;
    }
    Some(name)
}

/// `url`, whose host must be among those that may be called.
pub(super) fn url(
    section: &mut Section,
    outbound: &outbound::Settings,
    faults: &mut Faults,
) -> Option<Url> {
    let text: String = section.required("url", faults)?;
    let url = match Url::configured(&text) {
        Ok(url) => url,
        Err(error) => {
            faults.add(section.place("url"), error.to_string());
            return None;
        }
    };
    if !outbound.allowed_hosts.iter().any(|rule| rule.allows(&url)) {
        let host = format!("{}://{}:{}", url.scheme(), url.host(), url.port());
        let problem = format!("{host} is not in outbound.allowed_hosts");
        faults.add(section.place("url"), problem);
    }
    Some(url)
}

/// The key that what leaves is signed with.
pub(super) fn key(
    section: &mut Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<WebhookKey> {
    let place = section.place(if section.has("env") { "env" } else { "file" });
    let text = read_secret_in(section, folder, environment, faults)?;
    WebhookKey::parse(&text).map_err(|error| faults.add(place, error.to_string())).ok()
}

/// All of them, unless some are named.
fn events(section: &mut Section, faults: &mut Faults) -> Option<BTreeSet<NoticeKind>> {
    if !section.has("events") {
        return Some(NoticeKind::ALL.into());
    }
    let names: Vec<String> = section.optional("events", faults)?;
    let read: Option<BTreeSet<NoticeKind>> =
        names.iter().map(|name| NoticeKind::parse(name)).collect();
    let read = read.filter(|kinds| !kinds.is_empty());
    if read.is_none() {
        let known = NoticeKind::ALL.map(NoticeKind::as_str).join(", ");
        faults.add(section.place("events"), format!("is a list of {known}"));
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::HostRule;

    const KEY: &str = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

    fn parsed(text: &str) -> (Vec<Webhook>, Vec<String>) {
        let mut faults = Faults::default();
        let mut root = Section::root(toml::from_str(text).expect("TOML"));
        let list = root.list("webhook", &mut faults);
        let environment = Environment::from([("KEY", KEY), ("SHORT", "whsec_AQEB")]);
        let allowed_hosts = vec![HostRule::parse("hooks.example").expect("a rule")];
        let outbound = outbound::Settings { allowed_hosts, ..outbound::Settings::default() };
        let read = webhooks(list, Path::new("."), &environment, &outbound, &mut faults);
        (read, faults.into_list().iter().map(ToString::to_string).collect())
    }

    const GOOD: &str =
        "[[webhook]]\nname = \"pager\"\nurl = \"https://hooks.example/x\"\nenv = \"KEY\"\n";

    #[test]
    fn a_webhook_is_told_everything_of_all_components_unless_it_says_otherwise() {
        let (read, faults) = parsed(GOOD);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!((read[0].events.len(), read[0].components.len()), (5, 0));
        let (read, faults) =
            parsed(&format!("{GOOD}events = [\"alarm\"]\ncomponents = [\"http-auth\"]"));
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(read[0].events, BTreeSet::from([NoticeKind::Alarm]));
        assert_eq!(read[0].components.len(), 1);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place_and_without_the_secret() {
        let with = |old: &str, new: &str| GOOD.replace(old, new);
        for (text, about) in [
            (with("\"pager\"", "\"Pager 1\""), "webhook[0].name: is 1 to 32"),
            (with("hooks.example", "other.example"), "webhook[0].url: https://other.example:443"),
            (with("https:", "http:"), "webhook[0].url: http://hooks.example:80 is not"),
            (with("https:", "ftp:"), "webhook[0].url: not a usable url"),
            (with("\"KEY\"", "\"SHORT\""), "webhook[0].env: is whsec_"),
            (with("\"KEY\"", "\"NONE\""), "webhook[0].env: NONE is not set"),
            (with("env = \"KEY\"", ""), "webhook[0].file: is missing"),
            (format!("{GOOD}events = [\"trip\"]"), "webhook[0].events: is a list of rolled_back,"),
            (format!("{GOOD}events = []"), "webhook[0].events: is a list of"),
            (format!("{GOOD}components = [\"no id\"]"), "webhook[0].components: "),
            (format!("{GOOD}colour = 1"), "webhook[0].colour: is not a setting"),
            (format!("{GOOD}{GOOD}"), "webhook[1].name: pager is another one's"),
            (GOOD.repeat(9), "webhook: has 9 entries; at most 8"),
        ] {
            let (_, faults) = parsed(&text);
            assert!(faults.iter().any(|fault| fault.starts_with(about)), "{about}: {faults:?}");
            assert!(!faults.concat().contains("AQEB"), "{faults:?}");
        }
    }
}
