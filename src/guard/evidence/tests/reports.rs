//! Reports as tools write them.

use super::{NOW, report, requiring};
use crate::domain::Timestamp;
use crate::guard::EvidenceError;
use crate::guard::evidence::{REQUIRED_MAX, read_junit};

const PYTEST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="4" time="1.204" timestamp="2026-11-29T09:58:03.519827+00:00" hostname="ci-7">
<testcase classname="tests.test_login.TestLogin" name="test_password" time="0.101" />
<testcase classname="tests.test_login.TestLogin" name="test_password[a&amp;b &lt;1&gt;]" time="0.087" />
<testcase classname="tests.test_session" name="test_refresh" time="0.311"><failure message="AssertionError: assert 401 == 200&#10; +  where 401 = &lt;Response [401]&gt;.status_code">def test_refresh(client):
&gt;       assert client.post("/auth/refresh").status_code == 200
E       AssertionError: assert 401 == 200</failure></testcase>
<testcase classname="tests.test_session" name="test_remember_me" time="0.000"><skipped type="pytest.skip" message="not on this platform">tests/test_session.py:41: not on this platform</skipped></testcase>
</testsuite></testsuites>"#;

const SUREFIRE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report.xsd" version="3.0.2" name="com.example.auth.TokenIT" time="4.71" tests="3" errors="0" skipped="0" failures="1" flakes="1">
  <properties><property name="java.version" value="21.0.4"/></properties>
  <testcase name="issues" classname="com.example.auth.TokenIT" time="0.21"/>
  <testcase name="refreshes" classname="com.example.auth.TokenIT" time="1.02">
    <flakyFailure message="expected: &lt;200&gt; but was: &lt;503&gt;" type="org.opentest4j.AssertionFailedError">
      <stackTrace><![CDATA[org.opentest4j.AssertionFailedError: expected: <200> but was: <503>]]></stackTrace>
      <system-out><![CDATA[retrying]]></system-out>
    </flakyFailure>
  </testcase>
  <testcase name="revokes" classname="com.example.auth.TokenIT" time="2.4">
    <failure message="still valid" type="java.lang.AssertionError"><![CDATA[java.lang.AssertionError: still valid]]></failure>
    <rerunFailure message="still valid" type="java.lang.AssertionError"><stackTrace><![CDATA[again]]></stackTrace></rerunFailure>
    <system-out><![CDATA[<testcase> in a log is no test]]></system-out>
  </testcase>
</testsuite>"#;

const JEST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="jest tests" tests="2" failures="0" errors="0" time="2.19">
  <testsuite name="session" errors="0" failures="0" skipped="0" timestamp="2026-11-29T09:41:12" time="1.6" tests="1">
    <testcase classname="session keeps a user signed in" name="session keeps a user signed in" time="0.02"/>
  </testsuite>
  <testsuite name="socket" errors="0" failures="0" skipped="0" timestamp="2026-11-29T09:41:10" time="1.1" tests="1">
    <testcase classname="socket reconnects" name="socket reconnects" time="0.3"/>
  </testsuite>
</testsuites>"#;

const GO: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="0" errors="0" skipped="1">
	<testsuite name="example.com/auth/token" tests="3" failures="0" errors="0" skipped="1" id="0" hostname="ci" time="0.004" timestamp="2026-11-29T10:41:10+02:00">
		<properties><property name="go.version" value="go1.25.1"></property></properties>
		<testcase name="TestVerify" classname="example.com/auth/token" time="0.000"></testcase>
		<testcase name="TestVerify/expired" classname="example.com/auth/token" time="0.000"></testcase>
		<testcase name="TestHSM" classname="example.com/auth/token" time="0.000">
			<skipped message="token_test.go:12: needs a device"></skipped>
		</testcase>
		<system-out><![CDATA[=== RUN TestVerify]]></system-out>
	</testsuite>
</testsuites>"#;

const NESTED: &str = r#"<testsuites>
  <testsuite name="all" tests="3" failures="1" errors="1">
    <testsuite name="unit" tests="1" failures="0"><testcase name="adds"/></testsuite>
    <testsuite name="end to end" tests="2" failures="1" errors="1">
      <testsuite name="browser">
        <testcase classname="login" name="signs in"><failure/><error message="screenshot failed"/></testcase>
        <testcase classname="login" name="signs out"><error type="Timeout"/></testcase>
      </testsuite>
    </testsuite>
  </testsuite>
</testsuites>"#;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

#[test]
fn pytest_tells_what_failed_and_when_it_ran() {
    let report = report(PYTEST);
    let counts = (report.tests, report.passed, report.failed, report.errors, report.skipped);
    assert_eq!(counts, (4, 2, 1, 0, 1));
    assert_eq!(report.at, at("2026-11-29T09:58:03.519827Z"));
    assert!(!report.good);
    assert_eq!(report.faults, ["1 failed: tests.test_session.test_refresh"]);
    assert_eq!(report.remarks, Vec::<String>::new());
}

#[test]
fn surefire_reruns_are_flaky_when_they_pass_and_failures_when_they_do_not() {
    let report = report(SUREFIRE);
    assert_eq!((report.tests, report.passed, report.failed, report.flaky), (3, 2, 1, 1));
    assert_eq!(report.faults, ["1 failed: com.example.auth.TokenIT.revokes"]);
    // Nothing in it says when it was.
    assert_eq!(report.at, NOW);
}

#[test]
fn jest_is_as_old_as_its_oldest_suite_and_its_times_are_taken_as_utc() {
    let report = report(JEST);
    assert!(report.good, "{report:?}");
    assert_eq!((report.passed, report.at), (2, at("2026-11-29T09:41:10Z")));
}

#[test]
fn go_subtests_count_and_a_zone_is_believed() {
    let report = report(GO);
    assert!(report.good, "{report:?}");
    assert_eq!((report.passed, report.skipped), (2, 1));
    assert_eq!(report.at, at("2026-11-29T08:41:10Z"));
    assert_eq!(report.finding().what, "2 of 3 tests passed, 1 skipped");
}

#[test]
fn nested_suites_are_counted_once_and_a_test_with_two_verdicts_once() {
    let report = report(NESTED);
    assert_eq!((report.tests, report.passed, report.failed, report.errors), (3, 1, 1, 1));
    assert_eq!(report.remarks, Vec::<String>::new());
    let faults = ["1 failed: login.signs in", "1 ended in an error: login.signs out"];
    assert_eq!(report.faults, faults);
}

#[test]
fn the_summary_is_not_believed_and_told_when_it_does_not_add_up() {
    let rosy = r#"<testsuite name="s" tests="9" failures="0" errors="0">
        <testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>"#;
    let report = report(rosy);
    assert_eq!((report.tests, report.failed, report.good), (2, 1, false));
    assert_eq!(report.remarks.len(), 2, "{report:?}");
    assert!(report.remarks[0].contains("tells of 9 tests, it has 2"), "{report:?}");
}

#[test]
fn a_summary_that_tells_of_failures_which_are_not_in_it_makes_it_bad() {
    let cut =
        r#"<testsuite name="s" tests="1" failures="2" errors="1"><testcase name="a"/></testsuite>"#;
    let report = report(cut);
    assert!(!report.good && report.failed == 0);
    assert!(report.faults[0].contains("tells of 3 failures and errors, it has 0"), "{report:?}");
}

#[test]
fn a_suite_that_could_not_begin_is_an_error() {
    let broken =
        r#"<testsuite name="db"><error message="no database"/><testcase name="a"/></testsuite>"#;
    let report = report(broken);
    assert_eq!((report.passed, report.errors, report.good), (1, 1, false));
    assert_eq!(report.faults, ["1 ended in an error: suite db"]);
}

#[test]
fn nothing_that_ran_is_not_good() {
    let skipped = r#"<testsuite><testcase name="a"><skipped/></testcase></testsuite>"#;
    for xml in ["<testsuites/>", "<testsuite></testsuite>", skipped] {
        let report = report(xml);
        assert_eq!((report.good, &*report.faults), (false, &["no test ran".to_owned()][..]));
    }
}

#[test]
fn a_verdict_in_an_attribute_counts() {
    let report = report(
        r#"<testsuite><testcase name="a" status="run" result="completed"/>
        <testcase name="b" status="notrun" result="suppressed"/>
        <testcase name="c" status="failed"/><testcase name="d" status="passed"/></testsuite>"#,
    );
    assert_eq!((report.passed, report.skipped, report.failed), (2, 1, 1));
}

#[test]
fn a_test_that_failed_again_failed_whatever_else_is_left_out() {
    let only = r#"<testsuite><testcase name="a"><rerunFailure/></testcase></testsuite>"#;
    assert_eq!((report(only).failed, report(only).good), (1, false));
}

#[test]
fn required_tests_must_be_there_and_pass_every_time() {
    let name = "tests.test_login.TestLogin.test_password[a&b <1>]";
    let mended = PYTEST.replace("<failure", "<system-out").replace("</failure", "</system-out");
    let mended = mended.replace("failures=\"1\"", "failures=\"0\"");
    let pytest = |required: &[&str]| requiring(&mended, required);
    assert!(pytest(&["tests.test_login.TestLogin.test_password", name]).good);
    let skipped = pytest(&["tests.test_session.test_remember_me", name]);
    let fault = "1 required and not passed: tests.test_session.test_remember_me";
    assert_eq!(skipped.faults.last().map(String::as_str), Some(fault));
    let missing = pytest(&["tests.test_login.TestLogin.test_pass", "test_password"]);
    assert!(missing.faults.last().is_some_and(|fault| fault.starts_with("2 required and not in")));
    // Once passed and once not is not passed, in whatever order.
    let [pass, fail] = [r#"<testcase name="a"/>"#, r#"<testcase name="a"><skipped/></testcase>"#];
    for both in [format!("{pass}{fail}"), format!("{fail}{pass}")] {
        assert!(!requiring(&format!("<testsuite>{both}</testsuite>"), &["a"]).good);
    }
}

#[test]
fn what_is_required_is_bounded() {
    for required in [vec!["a".to_owned(); REQUIRED_MAX + 1], vec![String::new()]] {
        let refused = read_junit(GO.as_bytes(), &required, NOW);
        assert!(matches!(refused, Err(EvidenceError::Required { .. })), "{refused:?}");
    }
}

#[test]
fn a_report_is_never_from_the_future() {
    let ahead = r#"<testsuite timestamp="2027-01-01T00:00:00Z"><testcase name="a"/></testsuite>"#;
    let report = report(ahead);
    assert_eq!(report.at, NOW);
    assert!(report.remarks[0].contains("future"), "{report:?}");
    let odd = r#"<testsuite timestamp="yesterday"><testcase name="a"/></testsuite>"#;
    let report = super::report(odd);
    assert_eq!((report.at, report.remarks.len()), (NOW, 1));
}

#[test]
fn a_thousand_failures_are_told_in_a_few_words() {
    let name = "x".repeat(1000);
    let tests: Vec<String> = (0..1000)
        .map(|number| {
            format!(r#"<testcase classname="{name}" name="{number}"><failure/></testcase>"#)
        })
        .collect();
    let report = report(&format!("<testsuite>{}</testsuite>", tests.concat()));
    assert_eq!(report.failed, 1000);
    assert!(
        report.faults[0].starts_with("1000 failed: ") && report.faults[0].ends_with(" and more")
    );
    let row = serde_json::to_string(&report).expect("writable");
    assert!(row.len() < 8 * 1024, "{}", row.len());
}
