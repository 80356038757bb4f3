//! Reading a JUnit report, whichever tool wrote it.
//!
//! There is no standard; what is common to pytest, Surefire, Jest, Go's and nested reports is
//! read: suites within suites, tests, and below a test what became of it. A test without a
//! verdict passed. `failure` and `error` are failures; `flakyFailure` and the like stand below a
//! test that passed when it was run again, `rerunFailure` below one that did not. What cannot be understood is refused: a failure that is overlooked would look like a
//! success.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::counted::{Counted, Suite, Test};
use super::{EvidenceError, ReportFault, TestReport};
use crate::domain::Timestamp;

/// Largest accepted report, in bytes.
pub const REPORT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Tests that can be required, at most.
pub const REQUIRED_MAX: usize = 200;

/// Elements within each other, at most.
const DEPTH_MAX: usize = 32;

/// Tests in a report, at most.
const TESTS_MAX: u32 = 100_000;

/// Attributes of one element, at most: telling repeated ones apart is quadratic.
const ATTRIBUTES_MAX: usize = 64;

/// Longest attribute that is looked at, in bytes.
const ATTRIBUTE_BYTES_MAX: usize = 4096;

/// Reads a report. `required` names tests that must be in it and have passed, as
/// `classname.name`.
pub fn read_junit(
    xml: &[u8],
    required: &[String],
    now: Timestamp,
) -> Result<TestReport, EvidenceError> {
    let fits = |name: &String| (1..=ATTRIBUTE_BYTES_MAX).contains(&name.len());
    if required.len() > REQUIRED_MAX || !required.iter().all(fits) {
        return Err(EvidenceError::Required { max: REQUIRED_MAX, length_max: ATTRIBUTE_BYTES_MAX });
    }
    let counted = Counted::requiring(required);
    let mut walk = Walk { open: Vec::new(), has_root: false, counted };
    walk.read(xml)?;
    Ok(walk.counted.report(now))
}

/// An element that is open.
enum Open {
    Suite(Suite),
    Test(Test),
    /// Nothing that is looked at, and so must hold no test.
    Other,
}

/// A walk through a report.
struct Walk<'r> {
    open: Vec<Open>,
    has_root: bool,
    counted: Counted<'r>,
}

impl Walk<'_> {
    fn read(&mut self, xml: &[u8]) -> Result<(), ReportFault> {
        if xml.len() > REPORT_BYTES_MAX {
            return Err(ReportFault::TooLarge(REPORT_BYTES_MAX));
        }
        let text = std::str::from_utf8(xml).map_err(|_| ReportFault::NotUtf8)?;
        let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        loop {
            let event = reader.read_event();
            let event = event.map_err(|_| ReportFault::Malformed(reader.error_position()))?;
            let done = matches!(event, Event::Eof);
            self.take(&event, reader.buffer_position())?;
            if done {
                return Ok(());
            }
        }
    }

    fn take(&mut self, event: &Event<'_>, at: u64) -> Result<(), ReportFault> {
        match event {
            Event::Start(element) => self.begin(element, at),
            Event::Empty(element) => {
                self.begin(element, at)?;
                self.end();
                Ok(())
            }
            Event::End(_) => {
                self.end();
                Ok(())
            }
            Event::Text(text) if self.open.is_empty() && !text.trim().is_empty() => {
                Err(ReportFault::BesideRoot)
            }
            Event::CData(_) | Event::GeneralRef(_) if self.open.is_empty() => {
                Err(ReportFault::BesideRoot)
            }
            Event::Decl(declaration) => check_encoding(declaration, at),
            Event::DocType(_) => Err(ReportFault::Doctype),
            Event::GeneralRef(reference) => check_reference(reference, at),
            Event::Eof if !self.open.is_empty() => Err(ReportFault::CutOff),
            Event::Eof if !self.has_root => Err(ReportFault::Root),
            Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => {
                Ok(())
            }
        }
    }

    fn begin(&mut self, element: &BytesStart<'_>, at: u64) -> Result<(), ReportFault> {
        if self.open.len() == DEPTH_MAX {
            return Err(ReportFault::TooDeep(DEPTH_MAX));
        }
        let opened = match (self.open.last_mut(), element.local_name().into_inner()) {
            (None, _) if self.has_root => return Err(ReportFault::BesideRoot),
            (None | Some(Open::Suite(_)), "testsuites" | "testsuite") => {
                self.has_root = true;
                Open::Suite(self.suite(element, at)?)
            }
            (None, _) => return Err(ReportFault::Root),
            (Some(Open::Suite(_)), "testcase") => Open::Test(self.test(element, at)?),
            (Some(Open::Test(_) | Open::Other), "testcase") => {
                return Err(ReportFault::Misplaced("testcase"));
            }
            (Some(Open::Test(_) | Open::Other), "testsuite" | "testsuites") => {
                return Err(ReportFault::Misplaced("testsuite"));
            }
            (Some(Open::Suite(suite)), "failure" | "error") => {
                self.counted.broken(suite);
                Open::Other
            }
            (Some(Open::Test(test)), name) => {
                test.judge(name);
                Open::Other
            }
            (Some(Open::Suite(_) | Open::Other), _) => Open::Other,
        };
        self.open.push(opened);
        Ok(())
    }

    /// The reader has checked that names match.
    fn end(&mut self) {
        let ended = self.open.pop();
        let outer = match self.open.last_mut() {
            Some(Open::Suite(suite)) => Some(suite),
            Some(Open::Test(_) | Open::Other) | None => None,
        };
        match ended {
            Some(Open::Suite(suite)) => self.counted.end_suite(&suite, outer),
            Some(Open::Test(test)) => self.counted.end_test(&test, outer),
            Some(Open::Other) | None => {}
        }
    }

    fn suite(&mut self, element: &BytesStart<'_>, at: u64) -> Result<Suite, ReportFault> {
        let names = ["name", "tests", "failures", "errors", "skipped", "disabled", "timestamp"];
        let [name, tests, failures, errors, skipped, disabled, timestamp] =
            attributes(element, names, at)?;
        if let Some(text) = timestamp.filter(|text| !text.trim().is_empty()) {
            self.counted.dated(moment(text.trim()));
        }
        let number = |text: Option<String>| text.and_then(|text| text.trim().parse::<u64>().ok());
        let (failures, errors) = (number(failures), number(errors));
        let bad = failures.unwrap_or(0).saturating_add(errors.unwrap_or(0));
        let told_bad = failures.or(errors).map(|_| bad);
        // Where both are told, tools disagree about which of them holds what.
        let told_skipped = number(skipped).filter(|_| disabled.is_none());
        let told = [number(tests), told_bad, told_skipped];
        Ok(Suite::new(&name.unwrap_or_default(), told))
    }

    fn test(&mut self, element: &BytesStart<'_>, at: u64) -> Result<Test, ReportFault> {
        if self.counted.tests == TESTS_MAX {
            let max = usize::try_from(TESTS_MAX).unwrap_or(usize::MAX);
            return Err(ReportFault::TooMany { what: "tests", max });
        }
        self.counted.tests += 1;
        let names = ["classname", "name", "status", "result"];
        let [class, name, status, result] = attributes(element, names, at)?;
        let name = name.filter(|name| !name.is_empty()).ok_or(ReportFault::Nameless)?;
        let class = class.filter(|class| !class.is_empty());
        let mut test = Test::new(class.map_or(name.clone(), |class| format!("{class}.{name}")));
        for word in [status, result].into_iter().flatten() {
            test.mark(&word);
        }
        Ok(test)
    }
}

/// The attributes of these names, unescaped.
fn attributes<const N: usize>(
    element: &BytesStart<'_>,
    names: [&'static str; N],
    at: u64,
) -> Result<[Option<String>; N], ReportFault> {
    let mut found = [const { None }; N];
    for (count, attribute) in element.attributes().enumerate() {
        if count == ATTRIBUTES_MAX {
            return Err(ReportFault::TooMany { what: "attributes", max: ATTRIBUTES_MAX });
        }
        let attribute = attribute.map_err(|_| ReportFault::Malformed(at))?;
        let key = attribute.key.into_inner();
        let Some(place) = names.iter().position(|name| *name == key) else { continue };
        if attribute.value.len() > ATTRIBUTE_BYTES_MAX {
            let max = ATTRIBUTE_BYTES_MAX;
            return Err(ReportFault::AttributeTooLong { name: names[place], max });
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        found[place] = Some(value.map_err(|_| ReportFault::Entity)?.into_owned());
    }
    Ok(found)
}

fn check_encoding(declaration: &BytesDecl<'_>, at: u64) -> Result<(), ReportFault> {
    let Some(encoding) = declaration.encoding() else { return Ok(()) };
    let encoding = encoding.map_err(|_| ReportFault::Malformed(at))?;
    let known = ["utf-8", "utf8", "us-ascii", "ascii"];
    let ours = known.iter().any(|name| encoding.eq_ignore_ascii_case(name));
    if ours { Ok(()) } else { Err(ReportFault::Encoding) }
}

fn check_reference(reference: &BytesRef<'_>, at: u64) -> Result<(), ReportFault> {
    let character = reference.resolve_char_ref().map_err(|_| ReportFault::Malformed(at))?;
    let known = character.is_some() || resolve_xml_entity(reference).is_some();
    if known { Ok(()) } else { Err(ReportFault::Entity) }
}

/// ISO 8601; without a zone, as most tools write it, taken as UTC.
fn moment(text: &str) -> Option<Timestamp> {
    if !text.contains('T') {
        return None;
    }
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}Z")))
}
