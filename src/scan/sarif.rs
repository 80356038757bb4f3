//! Findings as SARIF 2.1.0, for editors and code scanning.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::category::Category;
use super::class::Class;
use super::count::Group;
use super::finding::Finding;
use super::run::Scan;
use super::tree::Unread;

/// Where the schema of the format is.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Paths are from here.
const ROOT: &str = "%SRCROOT%";

/// A scan as one run of SARIF.
pub fn sarif(scan: &Scan) -> Value {
    let results: Vec<Value> = scan.findings.iter().map(result).collect();
    let unread = scan.unread.iter().map(|(path, why)| not_understood(path, *why));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "crossfade",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "shortDescription": { "text": "Finds what must exist once in a code base." },
                "rules": Category::ALL.map(rule),
            } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {
                ROOT: { "description": { "text": "The root of the scanned tree." } },
            },
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": unread.collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    })
}

fn rule(category: Category) -> Value {
    let (says, advice) = (category.says(), category.advice());
    let level = if category.is_rival() { "error" } else { "note" };
    json!({
        "id": category.as_str(),
        "name": format!("{category:?}"),
        "shortDescription": { "text": says },
        "fullDescription": { "text": format!("{says} {advice}") },
        "help": {
            "text": advice,
            "markdown": format!("**{says}** {advice}"),
        },
        "defaultConfiguration": { "level": level },
        "properties": { "tags": [group(category)] },
    })
}

const fn group(category: Category) -> &'static str {
    match Group::of(category) {
        Group::Apart => "no copy",
        other => other.as_str(),
    }
}

/// How bad it is: rivals in production are errors, those in tests and tooling warnings.
const fn level(finding: &Finding) -> &'static str {
    if !finding.category.is_rival() || finding.canonical {
        return "note";
    }
    match finding.class {
        Class::Production => "error",
        Class::Test | Class::Tooling => "warning",
        Class::Generated => "note",
    }
}

fn result(finding: &Finding) -> Value {
    let rule = Category::ALL.iter().position(|category| *category == finding.category);
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&finding.path), "uriBaseId": ROOT },
        "region": {
            "startLine": finding.line,
            "startColumn": finding.column,
            "endLine": finding.end_line,
            "endColumn": finding.end_column,
        },
    } });
    if !finding.owner.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": finding.owner }]);
    }
    let (says, what) = (finding.category.says(), &finding.what);
    let text = if what.is_empty() { says.to_owned() } else { format!("{says} {what}") };
    json!({
        "ruleId": finding.category.as_str(),
        "ruleIndex": rule,
        "level": level(finding),
        "message": { "text": text },
        "locations": [location],
        "partialFingerprints": { "crossfade/v1": finding.fingerprint },
        "properties": {
            "class": finding.class,
            "service": finding.service,
            "canonical": finding.canonical,
            "code": finding.code,
        },
    })
}

fn not_understood(path: &str, why: Unread) -> Value {
    let artifact = json!({ "uri": uri(path), "uriBaseId": ROOT });
    json!({
        "level": "warning",
        "message": { "text": format!("Not wholly understood: {}.", why.as_str()) },
        "locations": [{ "physicalLocation": { "artifactLocation": artifact } }],
    })
}

/// A path from the root as a relative URI. A colon would make a scheme of the first word.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => {
                // A string takes every write.
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::made_up::finding;

    fn scan() -> Scan {
        let rival = finding(Category::Encode, "app/[id]/mä n.ts", "make", "sign(x)");
        let mut test = finding(Category::Encode, "tests/a.py", "", "jwt.encode(x)");
        test.class = Class::Test;
        let mut canonical = finding(Category::Encode, "auth/a.py", "issue", "jwt.encode(x)");
        canonical.canonical = true;
        let delegate = finding(Category::Delegate, "app/b.py", "check", "def check():");
        let unread = vec![("app/c.py".into(), Unread::SyntaxError)];
        Scan { findings: vec![rival, test, canonical, delegate], unread, ..Scan::default() }
    }

    #[test]
    fn rivals_are_errors_in_production_and_warnings_in_tests() {
        let run = &sarif(&scan())["runs"][0];
        let levels: Vec<&Value> =
            run["results"].as_array().expect("results").iter().map(|each| &each["level"]).collect();
        assert_eq!(levels, ["error", "warning", "note", "note"]);
    }

    #[test]
    fn a_result_leads_to_its_rule_its_place_and_itself() {
        let run = &sarif(&scan())["runs"][0];
        let result = &run["results"][0];
        let index =
            usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small");
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "app/%5Bid%5D/m%C3%A4%20n.ts");
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let base = &run["originalUriBaseIds"]["%SRCROOT%"];
        assert!(base.is_object() && base.get("uri").is_none(), "it holds nobody's folder");
        assert_eq!(place["region"]["startLine"], 3);
        assert_eq!(result["partialFingerprints"]["crossfade/v1"].as_str().map(str::len), Some(32));
        assert!(run["results"][1]["locations"][0].get("logicalLocations").is_none());
    }

    #[test]
    fn the_document_has_what_code_scanning_asks_for() {
        let document = sarif(&scan());
        assert_eq!((&document["version"], &document["$schema"]), (&"2.1.0".into(), &SCHEMA.into()));
        let run = &document["runs"][0];
        for rule in run["tool"]["driver"]["rules"].as_array().expect("rules") {
            for text in ["shortDescription", "fullDescription", "help"] {
                assert!(rule[text]["text"].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
            }
        }
        for result in run["results"].as_array().expect("results") {
            assert!(result["message"]["text"].is_string() && result["ruleId"].is_string());
            let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            let uri = uri.as_str().expect("a uri");
            assert!(!uri.starts_with('/') && uri.is_ascii() && !uri.contains([':', ' ']), "{uri}");
        }
        let notes = &run["invocations"][0]["toolExecutionNotifications"];
        assert_eq!(notes[0]["level"], "warning");
    }
}
