//! What of a scan is sent to the service.

use std::collections::BTreeMap;

use serde::Serialize;

use super::count::{COPIES, Count, counts};
use super::run::Scan;

/// Counts of one scan that the service takes, at most.
pub const POSTED_COUNTS_MAX: usize = 2_000;

/// Call sites of one scan that the service takes, at most.
pub const POSTED_SITES_MAX: usize = 10_000;

/// Bytes of call sites, at most: the service reads 2 MiB of a scan.
const SITES_BYTES_MAX: usize = 3 * 512 * 1024;

/// Longest name by which a place can call, in bytes.
const NAME_MAX: usize = 200;

/// The service of files that belong to none.
const OTHER: &str = "other";

/// A scan as `POST /v1/scans` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Posted {
    /// What was scanned, in a word for people.
    pub tree: String,
    /// Files that were read.
    pub files: u64,
    /// Files that were not wholly understood.
    pub unread: u64,
    /// How much of what was found.
    pub counts: Vec<Count>,
    /// The places of copies, as they call.
    pub sites: Vec<PostedSite>,
    /// Places that find no room, or whose names cannot stand in a header.
    #[serde(skip)]
    pub left_out: usize,
}

/// The place of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostedSite {
    /// As it calls: `path:qualified.name`.
    pub name: String,
    /// What was found there.
    pub category: &'static str,
}

/// What is sent of a scan. Each of `services` is counted, whether something was found in it or not:
/// a service without a finding is a service without a copy.
pub fn posted(scan: &Scan, tree: &str, services: &[&str]) -> Posted {
    let mut all = counts(&scan.findings);
    for count in all.iter_mut().filter(|count| count.service.is_empty()) {
        OTHER.clone_into(&mut count.service);
    }
    for service in services {
        if !all.iter().any(|count| count.service == *service) {
            all.push(nothing_in(service));
        }
    }
    if all.len() > POSTED_COUNTS_MAX {
        all = without_services(all);
    }
    let (sites, left_out) = sites(scan);
    let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let (files, unread) = (number(scan.files), number(scan.unread.len()));
    Posted { tree: tree.to_owned(), files, unread, counts: all, sites, left_out }
}

fn nothing_in(service: &str) -> Count {
    Count {
        category: COPIES[0],
        class: super::Class::Production,
        service: service.to_owned(),
        canonical: false,
        count: 0,
    }
}

/// The services of rivals are what the checks ask for; of the rest the sums are enough.
fn without_services(all: Vec<Count>) -> Vec<Count> {
    let mut sums: BTreeMap<_, Count> = BTreeMap::new();
    for mut count in all {
        let counts_nothing = count.count == 0;
        if !count.is_rival() && !counts_nothing {
            OTHER.clone_into(&mut count.service);
        }
        let key = (count.category, count.class, count.service.clone(), count.canonical);
        let alike = sums.entry(key).or_insert_with(|| Count { count: 0, ..count.clone() });
        alike.count += count.count;
    }
    sums.into_values().collect()
}

/// Places of copies in production, each once and under the first of what was found there, and how
/// many are left out. What stands outside any function cannot call by a name.
fn sites(scan: &Scan) -> (Vec<PostedSite>, usize) {
    let rank = |finding: &super::Finding| COPIES.iter().position(|copy| *copy == finding.category);
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for finding in scan.rivals().filter(|finding| !finding.owner.is_empty()) {
        if let Some(rank) = rank(finding) {
            let first = places.entry(finding.site()).or_insert(rank);
            *first = rank.min(*first);
        }
    }
    let all = places.len();
    let (mut sites, mut bytes) = (Vec::new(), 0);
    for (name, rank) in places {
        let category = COPIES[rank].as_str();
        let fits = name.len() <= NAME_MAX && name.bytes().all(|byte| byte.is_ascii_graphic());
        let more = name.len() + category.len() + 32;
        if fits && sites.len() < POSTED_SITES_MAX && bytes + more <= SITES_BYTES_MAX {
            bytes += more;
            sites.push(PostedSite { name, category });
        }
    }
    let left_out = all - sites.len();
    (sites, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::made_up::finding;
    use crate::scan::{Category, Class, Finding};

    fn posted_of(findings: Vec<Finding>) -> Posted {
        posted(&Scan { findings, files: 7, ..Scan::default() }, "shop", &["backend", "auth"])
    }

    #[test]
    fn each_place_of_a_copy_is_named_once_by_what_it_is_most() {
        let decode = finding(Category::VerifiedDecode, "a.py", "check", "jwt.decode(t, k)");
        let check = finding(Category::Validator, "a.py", "check", "def check(t):");
        let key = finding(Category::KeyRead, "a.py", "key", "os.environ[\"JWT_SECRET\"]");
        let top = finding(Category::Encode, "b.py", "", "jwt.encode(x)");
        let mut test = finding(Category::Encode, "tests/b.py", "make", "jwt.encode(x)");
        test.class = Class::Test;
        let odd = finding(Category::Encode, "a b.py", "make", "jwt.encode(x)");
        let posted = posted_of(vec![decode, check, key, top, test, odd]);
        let site = PostedSite { name: "a.py:check".to_owned(), category: "validator" };
        assert_eq!((posted.sites, posted.left_out), (vec![site], 1));
    }

    #[test]
    fn a_service_without_a_finding_is_counted_and_no_service_is_called_other() {
        let mut lonely = finding(Category::Encode, "x.py", "make", "jwt.encode(x)");
        lonely.service = String::new();
        let backend = finding(Category::Encode, "a.py", "make", "jwt.encode(x)");
        let json = serde_json::to_value(posted_of(vec![lonely, backend])).expect("JSON");
        let told =
            |at: usize| (json["counts"][at]["service"].clone(), &json["counts"][at]["count"]);
        assert_eq!(json["counts"].as_array().map(Vec::len), Some(3));
        assert_eq!(told(0), ("other".into(), &1.into()));
        assert_eq!(told(1), ("backend".into(), &1.into()));
        assert_eq!(told(2), ("auth".into(), &0.into()));
        assert_eq!(json["counts"][0]["class"], "production");
        assert_eq!((&json["files"], &json["tree"]), (&7.into(), &"shop".into()));
        assert!(json.get("left_out").is_none());
    }

    #[test]
    fn too_many_places_are_cut_and_too_many_counts_lose_the_services_of_tests() {
        let made = |number: usize| {
            let mut made = finding(Category::Encode, "a.py", &format!("make_{number}"), "x");
            made.service = format!("service-{}", number % 1_500);
            made.class = if number.is_multiple_of(2) { Class::Test } else { Class::Production };
            made
        };
        let mut findings: Vec<Finding> = (0..24_000).map(made).collect();
        for number in 0..1_500 {
            let mut key = made(number * 2);
            key.category = Category::KeyRead;
            findings.push(key);
        }
        let posted = posted_of(findings);
        assert_eq!((posted.sites.len(), posted.left_out), (POSTED_SITES_MAX, 2_000));
        assert!(posted.counts.len() <= POSTED_COUNTS_MAX, "{}", posted.counts.len());
        let sum: u64 = posted.counts.iter().map(|count| count.count).sum();
        assert_eq!(sum, 25_500);
        let rivals = posted.counts.iter().filter(|count| count.is_rival());
        assert_eq!(rivals.map(|count| count.count).sum::<u64>(), 12_000);
    }
}
