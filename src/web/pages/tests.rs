//! Every page with samples: rendered twice, compared, and read for what must not be there.

mod showing;

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use serde_json::json;

use super::account::{AccountPage, SessionLine};
use super::act::{ActLookPage, ActPage};
use super::approvals::{ApprovalLine, ApprovalsPage};
use super::component::samples as components;
use super::explain::{ExplainPage, Typed as Asked};
use super::frame::{Frame, Who};
use super::golden_path::{GoldenPathPage, MatrixView, SideView, trend};
use super::message::MessagePage;
use super::operators::{OperatorLine, OperatorsPage, RoleLine};
use super::overview::{HoldAllPage, OverviewPage, ToLegacyPage, samples as overviews};
use super::period::period_text;
use super::prove::ProvePage;
use super::report::report_page;
use super::reports::{Choice, ReportLine, ReportsPage, periods};
use super::saved_report::{ReportWaitingPage, SavedReportPage, ShownReport};
use super::setup::{SetupPage, SetupPasswordPage};
use super::shown::{Once, Unlock};
use super::sign_in::{Provider, SignInPage};
use super::tokens::{TokenLine, TokensPage, Typed, scope_lines};
use super::{Complaint, Moment};
use crate::access::{Approval, Name, OperatorView, Refusal, Role, Scope, Scopes};
use crate::access::{Secret, SessionView, TokenView};
use crate::domain::{
    ComponentId, FingerprintKey, Journey, JourneyStep, Provenance, Revision, SegmentId, Side,
    SignCell, SignMatrix, SignSeen, StepSeen, Timestamp, TokenType,
};
use crate::flags::{ExplainedTarget, Explanation, Flag, Issuers, Serve, Snapshot, Stage};
use crate::ledger::{KeptJourney, Ledger, WalkCounts};
use crate::report::{self, AlarmPeriod, ComponentPart, Document, testing as reports};
use crate::web::api::journeys::LastDay;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

const HOSTILE: &str = r#""><script>alert(1)</script><b onclick='x'>{{7*7}}"#;
const PLAIN: &str = "5xx on two of the three gateways since the deployment at noon";

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn frame(here: &'static str) -> Frame {
    let who = Some(Who { name: "ada".to_owned(), role: Role::Admin.as_str() });
    Frame { who, form_token: "mark-of-this-session".to_owned(), here, approvals: 2, notice: None }
}

/// Every page, at least once; `text` stands wherever people or browsers choose words.
fn samples(text: &str) -> Vec<(&'static str, String)> {
    let parts = [
        signing_in(text),
        own(text),
        people(text),
        machines(text),
        acting(text),
        reading(text),
        of_periods(text),
        overview(text),
        components::pages(&flags(text)[1], text, (|| frame("overview"), NOW)),
        showing::differing(text),
        showing::recorded(text),
    ];
    parts
        .into_iter()
        .flatten()
        .map(|(name, page)| (name, page.unwrap_or_else(|error| panic!("{name}: {error}"))))
        .collect()
}

type Rendered = Vec<(&'static str, askama::Result<String>)>;

fn signing_in(text: &str) -> Rendered {
    let wrong = Complaint::refused(Refusal::WrongPassword).at("sign-in");
    let sign_in = |complaint, name: &str, provider| SignInPage {
        frame: Frame::default(),
        complaint,
        name: name.to_owned(),
        next: text.to_owned(),
        signed_out: name.is_empty(),
        provider,
    };
    let provider = Provider { name: text.to_owned(), path: "/sign-in/provider".to_owned() };
    let setup = |chooses_name| SetupPasswordPage {
        frame: Frame::default(),
        complaint: Complaint::typed("password", "The password is too short."),
        secret: text.to_owned(),
        name: text.to_owned(),
        chooses_name,
    };
    let over = || Complaint::refused(Refusal::LinkOver).at("secret");
    let frame = Frame::default;
    vec![
        ("sign-in", sign_in(Complaint::none(), "", None).render()),
        ("sign-in-wrong", sign_in(wrong, text, Some(provider)).render()),
        ("setup", SetupPage { frame: frame(), complaint: Complaint::none() }.render()),
        ("setup-over", SetupPage { frame: frame(), complaint: over() }.render()),
        ("setup-password", setup(false).render()),
        ("setup-first", setup(true).render()),
    ]
}

fn own(text: &str) -> Rendered {
    let session = |current, ago_s: i64| SessionView {
        id: text.to_owned(),
        name: name("ada"),
        began_at: NOW.plus_seconds(-3600 - ago_s),
        last_seen: NOW.plus_seconds(-ago_s),
        expires_at: NOW.plus_seconds(39_600),
        address: "2001:db8:85a3::8a2e:370:7334".to_owned(),
        agent: if current { "Firefox 141 on Linux".to_owned() } else { text.to_owned() },
        current,
    };
    let account = AccountPage {
        frame: Frame { notice: Some("The session has ended."), ..frame("account") },
        complaint: Complaint::refused(Refusal::WrongPassword).for_the_known().at("old"),
        name: "ada".to_owned(),
        role: RoleLine::new(Role::Admin),
        foreign: false,
        sessions: [session(true, 1), session(false, 900)]
            .map(|session| SessionLine::new(session, NOW))
            .into(),
    };
    let prove = ProvePage {
        frame: frame(""),
        complaint: Complaint::refused(Refusal::TooMany { retry_after_s: 600 }).at("prove"),
        name: "ada".to_owned(),
        next: "/operators".to_owned(),
        provider: None,
    };
    let message = MessagePage {
        frame: Frame::default(),
        title: "Nothing was changed".to_owned(),
        text: text.to_owned(),
        back: "/operators".to_owned(),
        back_text: "Reload the page",
    };
    vec![("account", account.render()), ("prove", prove.render()), ("message", message.render())]
}

fn people(text: &str) -> Rendered {
    let view = |who: &str, role, seen: Option<i64>, foreign: bool| OperatorView {
        name: name(who),
        role,
        added_at: NOW.plus_seconds(-8_000_000),
        has_password: seen.is_some() && !foreign,
        foreign,
        last_seen: seen.map(|ago_s| NOW.plus_seconds(-ago_s)),
        sessions: usize::from(seen.is_some()),
    };
    let page = |unlock, complaint, made| OperatorsPage {
        frame: frame("operators"),
        complaint,
        unlock,
        made,
        operators: [
            view("ada", Role::Admin, Some(20), false),
            view("grace.hopper@example.com", Role::Promoter, Some(90_000), true),
            view("linus", Role::Operator, None, false),
        ]
        .map(|view| OperatorLine::new(&view, Some(&name("ada")), NOW))
        .into(),
        roles: Role::ALL.map(RoleLine::new).into(),
        typed_name: text.to_owned(),
        typed_role: "viewer".to_owned(),
    };
    let made = Once {
        what: "Setup link for linus. It works once, and ends in 60 min.".to_owned(),
        secret: Secret::new(format!("https://crossfade.example/setup#{text}")),
        hint: "Hand it over where nobody else reads it; whoever has it sets the password.",
    };
    let last = Complaint::typed("page", format!("{text} is the last admin.")).about("role", "ada");
    vec![
        ("operators", page(Unlock::Open, Complaint::none(), None).render()),
        ("operators-link", page(Unlock::Open, Complaint::none(), Some(made)).render()),
        ("operators-last", page(Unlock::Open, last, None).render()),
        ("operators-stale", page(Unlock::Stale, Complaint::none(), None).render()),
    ]
}

fn machines(text: &str) -> Rendered {
    let view = |who: &str, scopes: &[Scope], ends: Option<i64>, configured| TokenView {
        name: name(who),
        scopes: Scopes::new(scopes.to_vec()).expect("scopes"),
        made_by: if configured { "configuration".to_owned() } else { text.to_owned() },
        made_at: NOW.plus_seconds(-86_400),
        expires_at: ends.map(|days| NOW.plus_seconds(days * 86_400)),
        last_used: (!configured).then(|| NOW.plus_seconds(-125)),
        configured,
    };
    let page = |unlock, complaint, made| TokensPage {
        frame: frame("tokens"),
        complaint,
        unlock,
        made,
        tokens: [
            view("ci", &[Scope::Read, Scope::RollBack, Scope::Raise], Some(80), false),
            view("gateway-eu1", &[Scope::Decide], Some(5), false),
            view("old-one", &[Scope::Read], Some(-3), false),
            view("bootstrap", &[Scope::Admin], None, true),
        ]
        .map(|view| TokenLine::new(view, NOW))
        .into(),
        scopes: scope_lines(|scope| scope == Scope::Read),
        typed: Typed { name: text.to_owned(), days: "90".to_owned() },
    };
    let made = Once {
        what: "Token ci, for read roll_back".to_owned(),
        secret: Secret::new("cfd_Zm9yIHNhbXBsZXMgb25seSwgbm90IGEgcmVhbCB0b2tlbg"),
        hint: "Programs send it as “Authorization: Bearer …”.",
    };
    let wrong = Complaint::typed("scopes", "Choose at least one scope.");
    vec![
        ("tokens", page(Unlock::Open, wrong, None).render()),
        ("tokens-made", page(Unlock::Open, Complaint::none(), Some(made)).render()),
        ("tokens-read", page(Unlock::Never, Complaint::none(), None).render()),
    ]
}

fn acting(text: &str) -> Rendered {
    let approval = |by: &str| Approval {
        id: text.to_owned(),
        what: json!({}),
        summary: "http-auth from sealed to complete".to_owned(),
        asked_by: name(by),
        note: text.to_owned(),
        asked_at: NOW.plus_seconds(-1_500),
        expires_at: NOW.plus_seconds(84_900),
    };
    let line = |by| {
        let details = vec![text.to_owned(), "audience: looser".to_owned()];
        ApprovalLine::new(approval(by), details, Some(&name("ada")), Unlock::Open, NOW)
    };
    let approvals = |complaint, approvals| ApprovalsPage {
        frame: frame("approvals"),
        complaint,
        unlock: Unlock::Open,
        approvals,
        sealed: vec![text.to_owned()],
    };
    let look = ActLookPage {
        frame: Frame::default(),
        action: "Roll back http-auth".to_owned(),
        now: Some("http-auth is now at stage canary, with 10 % on SSOT.".to_owned()),
        effect: "From the next request on, legacy serves everybody.",
        maker: text.to_owned(),
        ends: Moment::new(NOW.plus_seconds(700), NOW),
        secret: text.to_owned(),
    };
    let act = ActPage { frame: Frame::default(), complaint: Complaint::none() };
    let same = Complaint::refused(Refusal::SamePerson);
    vec![
        ("approvals", approvals(same, vec![line("grace"), line("ada")]).render()),
        ("approvals-none", approvals(Complaint::none(), vec![]).render()),
        ("act", act.render()),
        ("act-look", look.render()),
    ]
}

fn flags(text: &str) -> Vec<Flag> {
    let flag = |component: &str, phase: u8, stage: &str, share: Option<u16>, latched: bool| {
        let cause = json!({ "by": "operator", "name": "ada", "note": text });
        let latch = json!({ "cause": cause, "at": NOW, "revision": 7, "rollbacks": 1,
                            "until": NOW.plus_seconds(1_700) });
        let mut flag = json!({
            "component": component, "kind": "auth", "phase": phase, "group": "main",
            "requires": [], "legacy": component, "stage": stage, "rescue": "ssot",
            "sample": null, "deadline_ms": 1000, "rescues_per_second_max": 50,
            "latch": if latched { latch } else { json!(null) }, "rolled_back_at": [],
            "accepted": [], "revision": 7, "changed_at": NOW.plus_seconds(-4_000), "cause": cause,
            "hold": null,
        });
        if let Some(share) = share {
            flag["share"] = json!(share);
        }
        serde_json::from_value(flag).expect("a flag")
    };
    vec![
        flag("frontend-session", 1, "live", None, false),
        flag("http-auth", 1, "canary", Some(1_000), false),
        flag("token-operations", 1, "shadow", None, true),
        flag("socket-auth", 2, "off", None, false),
    ]
}

fn explain(text: &str, answer: Option<Explanation>) -> ExplainPage {
    let complaint = match answer {
        None => Complaint::typed("headers", "Write one header a line, as name: value."),
        Some(_) => Complaint::none(),
    };
    ExplainPage {
        frame: frame("explain"),
        complaint,
        components: ["frontend-session", "http-auth"].map(str::to_owned).into(),
        typed: Asked {
            component: "http-auth".to_owned(),
            subject: text.to_owned(),
            tenant: text.to_owned(),
            scopes: text.to_owned(),
            headers: text.to_owned(),
        },
        answer,
    }
}

fn told(text: &str) -> Explanation {
    let target = |segment, serve, matched_by, decided| ExplainedTarget {
        segment: SegmentId::parse(segment).expect("a name"),
        serve,
        matched_by,
        decided,
    };
    Explanation {
        component: ComponentId::parse("http-auth").expect("an id"),
        side: "legacy",
        decided_by: "target",
        sentence: format!("http-auth is live; {text}"),
        slot: Some(4_711),
        stage: Stage::Live,
        targets: vec![
            target("staff", Serve::Ssot, None, false),
            target("big-corporations-of-the-north", Serve::Legacy, Some("tenant"), true),
            target("eu", Serve::Shadow, Some("header"), false),
        ],
        required: None,
        revision: Revision(7),
    }
}

fn reading(text: &str) -> Rendered {
    let flags = flags(text);
    let (empty_path, walked_path) = golden_paths(text);
    let ledger = Ledger::new(FingerprintKey::new([7; 32]));
    let snapshot = Snapshot::new(flags, HashMap::new(), Issuers::default());
    let report = report::build(Some(&snapshot), &ledger, NOW, AlarmPeriod::LastHour);
    vec![
        ("explain", explain(text, None).render()),
        ("explain-told", explain(text, Some(told(text))).render()),
        ("golden-path", walked_path.render()),
        ("golden-path-empty", empty_path.render()),
        ("report-file", Ok(report_page(&report))),
    ]
}

fn overview(text: &str) -> Rendered {
    let page = |parts: &_, may_lower| {
        let (frame, seen) = (frame("overview"), "7.7".to_owned());
        OverviewPage { frame, seen, may_lower, only_due: false, parts }.render()
    };
    let flags = || flags(text).into_iter().map(Arc::new).collect::<Vec<_>>();
    let all = flags();
    let all: Vec<&Arc<Flag>> = all.iter().collect();
    let wrong = || Complaint::typed("page", text);
    let hold = HoldAllPage::new(frame("overview"), wrong(), Unlock::Open, &all);
    let seen = overviews::foreseen(&flags());
    let back = ToLegacyPage::new(frame("overview"), wrong(), Unlock::Open, &seen, &all);
    let none = overviews::foreseen(&[]);
    let read = ToLegacyPage::new(frame("overview"), wrong(), Unlock::Never, &none, &[]);
    vec![
        ("overview", page(&overviews::parts(self::flags(text), text, NOW), Unlock::Open)),
        ("overview-empty", page(&overviews::parts(vec![], text, NOW), Unlock::Never)),
        ("hold-all", HoldAllPage { note: text.to_owned(), ..hold }.render()),
        ("to-legacy", ToLegacyPage { note: text.to_owned(), ..back }.render()),
        ("to-legacy-none", read.render()),
    ]
}

/// The golden path before anybody walked it, and with a walk of each kind.
fn golden_paths(text: &str) -> (GoldenPathPage, GoldenPathPage) {
    let of = |walked: bool| {
        let sides = Side::BOTH.map(|side| {
            let walks = if walked { walks(side, text) } else { Vec::new() };
            let (counts, rate) = (WalkCounts::default(), None);
            SideView::new(LastDay { side, counts, rate }, walks, NOW)
        });
        let hour = WalkCounts { passed: 9, failed: 1, ..WalkCounts::default() };
        let hours = if walked { vec![(NOW, hour)] } else { Vec::new() };
        let matrix = walked.then(|| MatrixView::new(&matrix(text), NOW));
        let trend = trend([Vec::new(), hours], NOW);
        GoldenPathPage { frame: frame("golden-path"), sides: sides.into(), trend, matrix }
    };
    (of(false), of(true))
}

fn walks(side: Side, text: &str) -> Vec<KeptJourney> {
    let provenance = Provenance {
        side: Some(side),
        path: Some(text.to_owned()),
        subject: Some(text.to_owned()),
        token: Some("0123456789abcdef".to_owned()),
        ..Provenance::default()
    };
    let fault = Some(text.to_owned());
    let took = std::time::Duration::from_micros(1_250);
    let step = JourneyStep::Login;
    let failed = StepSeen { step, fault, omitted: false, took, provenance };
    let journey =
        |steps, unplaced| Journey { side, begun_at: NOW, steps, places: Vec::new(), unplaced };
    vec![
        KeptJourney { number: 2, journey: journey(vec![failed], None) },
        KeptJourney { number: 1, journey: journey(Vec::new(), Some(text.to_owned())) },
    ]
}

fn matrix(text: &str) -> SignMatrix {
    let cell = |(signs, seen)| SignCell {
        component: ComponentId::parse("http-auth").expect("an id"),
        kind: TokenType::Access,
        signs,
        verifies: Side::Legacy,
        seen,
    };
    let refused = SignSeen::Refused { reason: text.to_owned() };
    let cells = [(Side::Ssot, refused), (Side::Legacy, SignSeen::LetIn)].map(cell);
    SignMatrix { at: NOW, cells: cells.into() }
}

fn of_periods(text: &str) -> Rendered {
    let document = reports::document(text, NOW);
    let entry = reports::entry(&document);
    let list = |reports: Vec<ReportLine>, may_make, complaint| ReportsPage {
        frame: frame("reports"),
        complaint,
        may_make,
        next: reports.last().map(|_| "20270115t080000000".to_owned()),
        schedule: reports.iter().map(|_| "daily at 06:00, all, 24h".to_owned()).collect(),
        reports,
        scopes: vec![Choice { value: "all".to_owned(), words: text.to_owned(), chosen: true }],
        periods: periods("7d"),
        from: text.to_owned(),
        to: String::new(),
        keep_days: 400,
        keep_max: 500,
    };
    let page = |document: &Document, entry, unlock, may_keep| {
        let report = &ShownReport::of(document, entry, "component-7");
        SavedReportPage { frame: frame("reports"), report, entry, unlock, may_keep }.render()
    };
    let one = |entry, unlock, may_keep| page(&document, entry, unlock, may_keep);
    let many = many_parts(&document);
    let wrong = Complaint::typed("period", "The period ends before it begins.");
    vec![
        ("reports", list(vec![ReportLine::new(&entry, NOW)], true, Complaint::none()).render()),
        ("reports-none", list(vec![], true, wrong).render()),
        ("reports-read", list(vec![], false, Complaint::none()).render()),
        ("saved-report", one(Some(&entry), Unlock::Open, true)),
        ("saved-report-read", one(Some(&entry), Unlock::Never, false)),
        ("report-now", one(None, Unlock::Open, true)),
        ("report-now-read", one(None, Unlock::Never, false)),
        ("saved-report-of-many", page(&many, Some(&entry), Unlock::Open, true)),
        ("report-of-many-now", page(&many, None, Unlock::Open, true)),
        ("report-waiting", ReportWaitingPage { frame: frame("reports") }.render()),
        ("period-file", Ok(period_text(&document, Some(&entry)))),
    ]
}

/// The same report of more components than are told in full on one page.
fn many_parts(document: &Document) -> Document {
    let mut many = document.clone();
    let part = |number: usize| {
        let component = format!("component-{number}");
        ComponentPart { component, ..document.components[0].clone() }
    };
    many.components = (0..20).map(part).collect();
    many
}

#[test]
fn of_many_components_one_is_told_in_full_and_the_table_leads_to_the_others() {
    let document = many_parts(&reports::document(PLAIN, NOW));
    let entry = reports::entry(&document);
    let shown = ShownReport::of(&document, Some(&entry), "component-7").html;
    let sections = |html: &str| html.matches("class=\"component\"").count();
    assert_eq!(sections(&shown), 1);
    assert!(shown.contains("id=\"component-7\""));
    let place = format!("href=\"/reports/{}?component=component-8#component-8\"", entry.id);
    assert!(shown.contains(&place), "{place}");
    let now = ShownReport::of(&document, None, "");
    assert_eq!(sections(&now.html), 0);
    assert!(now.html.contains("href=\"/reports/now?scope=component:component-8&#38;from="));
    let few = Document { components: document.components[..12].to_vec(), ..document.clone() };
    let few = ShownReport::of(&few, None, "").html;
    assert!(sections(&few) == 12 && few.contains("href=\"#component-8\""));
    assert_eq!(sections(&period_text(&document, Some(&entry))), 20, "a file stands alone");
}

/// Name and rest of each tag of a page, lower case.
fn tags(page: &str) -> impl Iterator<Item = String> + '_ {
    page.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default().to_lowercase())
}

#[test]
fn a_page_is_the_same_each_time_it_is_rendered() {
    for ((name, first), (_, second)) in samples(PLAIN).into_iter().zip(samples(PLAIN)) {
        assert_eq!(first, second, "{name}");
        assert!(first.contains("</html>"), "{name}");
    }
}

#[test]
fn words_of_people_and_browsers_stay_words() {
    for (name, page) in samples(HOSTILE) {
        assert!(!page.contains("<script>alert") && !page.contains("<b onclick"), "{name}");
        assert!(!page.contains(HOSTILE), "{name}");
    }
    let all: String = samples(HOSTILE).into_iter().map(|(_, page)| page).collect();
    assert!(all.matches("alert(1)").count() > 20, "the samples do hold hostile words");
}

#[test]
fn pages_have_no_script_style_or_handler_of_their_own() {
    // The file that is mailed has its style in it, and a policy that names it.
    for (name, page) in samples(PLAIN).into_iter().filter(|(name, _)| !name.ends_with("-file")) {
        for tag in tags(&page) {
            // Every other piece of a tag is the value of an attribute.
            let attributes: String = tag.split('"').step_by(2).collect();
            let is_inline = tag.starts_with("style")
                || tag == "script"
                || attributes.contains(" style=")
                || attributes.contains(" on")
                || tag.contains("javascript:");
            assert!(!is_inline, "{name}: <{tag}>");
            let from = tag.split([' ', '\n']).find_map(|part| {
                part.strip_prefix("src=\"").or_else(|| part.strip_prefix("href=\""))
            });
            assert!(from.is_none_or(|from| from.starts_with(['/', '#'])), "{name}: <{tag}>");
        }
    }
}

#[test]
fn every_form_is_posted_to_us_with_the_mark_of_the_session_or_only_asks() {
    for (name, page) in samples(PLAIN) {
        for form in page.split("<form").skip(1) {
            let form = form.split("</form").next().unwrap_or_default();
            if form.contains("method=\"get\" action=\"/") {
                // What it says stands in an address: nothing secret, and nothing that acts.
                let acts = form.contains("form_token") || form.contains("password");
                assert!(!acts && !form.contains("class=\"danger\""), "{name}: {form}");
                continue;
            }
            assert!(form.contains("method=\"post\" action=\"/"), "{name}: {form}");
            assert!(form.contains("type=\"hidden\" name=\"form_token\""), "{name}: {form}");
        }
    }
}

#[test]
#[ignore = "writes every page to target/pages, for people to look at"]
fn samples_can_be_looked_at() {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = format!("{root}/target/pages");
    std::fs::create_dir_all(&folder).expect("a folder");
    for (name, page) in samples(PLAIN) {
        let page = page.replace("\"/static/", &format!("\"{root}/templates/static/"));
        std::fs::write(format!("{folder}/{name}.html"), page).expect("written");
    }
}
