//! Reports that are none.

use super::NOW;
use crate::guard::EvidenceError;
use crate::guard::evidence::{REPORT_BYTES_MAX, ReportFault, read_junit};

fn fault(xml: impl AsRef<[u8]>) -> ReportFault {
    match read_junit(xml.as_ref(), &[], NOW) {
        Err(EvidenceError::Report(fault)) => fault,
        other => panic!("{other:?} of {:?}", String::from_utf8_lossy(xml.as_ref())),
    }
}

const TEST: &str = r#"<testcase name="a"/>"#;

#[test]
fn document_types_are_refused_before_an_entity_can_be_defined() {
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
        <!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>
        <testsuite><testcase name="&lol2;"/></testsuite>"#;
    let outside =
        r#"<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite>&x;</testsuite>"#;
    let remote = r#"<!DOCTYPE testsuite SYSTEM "http://203.0.113.1/x.dtd"><testsuite/>"#;
    let late = "<testsuite><!DOCTYPE x></testsuite>";
    for xml in [bomb, outside, remote, late, "<!DOCTYPE html><html/>"] {
        let fault = fault(xml);
        let refused = matches!(fault, ReportFault::Doctype | ReportFault::Malformed(_));
        assert!(refused, "{fault:?} of {xml}");
    }
    assert_eq!(fault(bomb), ReportFault::Doctype);
}

#[test]
fn only_the_entities_of_xml_itself_are_known() {
    assert_eq!(fault("<testsuite>&lol;</testsuite>"), ReportFault::Entity);
    assert_eq!(fault(r#"<testsuite><testcase name="&lol;"/></testsuite>"#), ReportFault::Entity);
    assert!(matches!(fault("<testsuite>&#0;</testsuite>"), ReportFault::Malformed(_)));
    let fine = "<testsuite>&lt;&#65;&#x42;<testcase name=\"&quot;&apos;\"/></testsuite>";
    assert!(read_junit(fine.as_bytes(), &[], NOW).is_ok());
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| {
        format!("{}{TEST}{}", "<testsuite>".repeat(depth), "</testsuite>".repeat(depth))
    };
    assert!(read_junit(nested(31).as_bytes(), &[], NOW).is_ok());
    assert_eq!(fault(nested(32)), ReportFault::TooDeep(32));
    assert_eq!(fault("<testsuite>".repeat(100_000)), ReportFault::TooDeep(32));
}

#[test]
fn size_and_counts_are_bounded() {
    let large = format!("<testsuite>{}</testsuite>", " ".repeat(REPORT_BYTES_MAX));
    assert_eq!(fault(large), ReportFault::TooLarge(REPORT_BYTES_MAX));
    let many = r#"<testcase name="a"/>"#.repeat(100_001);
    let many = fault(format!("<testsuite>{many}</testsuite>"));
    assert_eq!(many, ReportFault::TooMany { what: "tests", max: 100_000 });
    let huge = format!(r#"<testsuite><testcase name="{}"/></testsuite>"#, "x".repeat(4097));
    assert_eq!(fault(huge), ReportFault::AttributeTooLong { name: "name", max: 4096 });
    let attributes: Vec<String> = (0..65).map(|number| format!("a{number}=\"\"")).collect();
    let crowded = fault(format!("<testsuite {}/>", attributes.join(" ")));
    assert_eq!(crowded, ReportFault::TooMany { what: "attributes", max: 64 });
}

#[test]
fn a_huge_attribute_that_nobody_looks_at_does_no_harm() {
    let message = "x".repeat(1_000_000);
    let xml = format!(
        r#"<testsuite><testcase name="a"><failure message="{message}"/></testcase></testsuite>"#
    );
    let report = read_junit(xml.as_bytes(), &[], NOW).expect("a report");
    assert_eq!((report.failed, report.good), (1, false));
}

#[test]
fn a_report_cut_off_anywhere_is_refused() {
    let whole = r#"<?xml version="1.0"?><testsuites><testsuite name="s"><testcase name="a"><skipped/></testcase><testcase name="b"/></testsuite></testsuites>"#;
    assert!(read_junit(whole.as_bytes(), &[], NOW).is_ok());
    for length in 0..whole.len() {
        assert!(read_junit(&whole.as_bytes()[..length], &[], NOW).is_err(), "{length}");
    }
    assert_eq!(fault("<testsuite><testcase name=\"a\">"), ReportFault::CutOff);
}

#[test]
fn only_utf_8_is_read() {
    let utf_16: Vec<u8> =
        "\u{feff}<testsuite/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(fault(utf_16), ReportFault::NotUtf8);
    let nulls: Vec<u8> = "<testsuite/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(read_junit(&nulls, &[], NOW).is_err());
    assert_eq!(fault(b"<testsuite name=\"caf\xe9\"/>"), ReportFault::NotUtf8);
    for name in ["ISO-8859-1", "UTF-16", "UTF-7"] {
        let xml = format!("<?xml version=\"1.0\" encoding=\"{name}\"?><testsuite/>");
        assert_eq!(fault(xml), ReportFault::Encoding, "{name}");
    }
    let marked =
        format!("\u{feff}<?xml version=\"1.0\" encoding='Utf-8'?><testsuite>{TEST}</testsuite>");
    assert!(read_junit(marked.as_bytes(), &[], NOW).is_ok_and(|report| report.good));
}

#[test]
fn what_is_no_junit_report_is_refused() {
    for xml in ["", " ", "<!-- -->", "<html/>", "<assemblies/>", "<testcase name=\"a\"/>"] {
        assert_eq!(fault(xml), ReportFault::Root, "{xml}");
    }
    for xml in [
        "<testsuite/><testsuite/>",
        "<testsuite/>x",
        "x<testsuite/>",
        "<![CDATA[x]]><testsuite/>",
        "<testsuite/>&lt;",
    ] {
        assert_eq!(fault(xml), ReportFault::BesideRoot, "{xml}");
    }
    for xml in ["{}", "passed"] {
        assert_eq!(fault(xml), ReportFault::BesideRoot, "{xml}");
    }
}

#[test]
fn a_failure_cannot_be_hidden_where_nobody_looks() {
    let hidden = r#"<testcase name="b"><failure/></testcase>"#;
    for outer in ["properties", "system-out", "x"] {
        let xml = format!("<testsuite>{TEST}<{outer}>{hidden}</{outer}></testsuite>");
        assert_eq!(fault(xml), ReportFault::Misplaced("testcase"), "{outer}");
    }
    let inside = format!("<testsuite><testcase name=\"a\">{hidden}</testcase></testsuite>");
    assert_eq!(fault(inside), ReportFault::Misplaced("testcase"));
    let suite = format!("<testsuite><x><testsuite>{hidden}</testsuite></x></testsuite>");
    assert_eq!(fault(suite), ReportFault::Misplaced("testsuite"));
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for xml in [
        "<testsuite></testsuites>",
        "<testsuite><testcase name=\"a\"></testsuite></testcase>",
        "<testsuite name=\"a\" name=\"b\"/>",
        "<testsuite name=a/>",
        "<testsuite><testcase name=\"a/></testsuite>",
        "<testsuite></testsuite></testsuite>",
    ] {
        assert!(matches!(fault(xml), ReportFault::Malformed(_)), "{xml}: {:?}", fault(xml));
    }
    assert_eq!(fault("<testsuite><testcase/></testsuite>"), ReportFault::Nameless);
    assert_eq!(fault("<testsuite><testcase name=\"\"/></testsuite>"), ReportFault::Nameless);
}

#[test]
fn a_prefix_does_not_hide_a_verdict() {
    let xml =
        r#"<j:testsuite xmlns:j="x"><j:testcase name="a"><j:failure/></j:testcase></j:testsuite>"#;
    let report = read_junit(xml.as_bytes(), &[], NOW).expect("a report");
    assert_eq!((report.failed, report.good), (1, false));
}

#[test]
fn a_test_that_ended_in_a_way_nobody_knows_has_not_passed() {
    for test in [
        r#"<testcase name="a" status="timedout"/>"#,
        r#"<testcase name="a" result="aborted"/>"#,
        r#"<testcase name="a"><timeout/></testcase>"#,
    ] {
        let report = read_junit(format!("<testsuite>{test}</testsuite>").as_bytes(), &[], NOW);
        assert!(report.is_ok_and(|report| !report.good), "{test}");
    }
}
