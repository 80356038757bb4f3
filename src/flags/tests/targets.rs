//! Targets by what only a verified token can tell.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::super::samples::{NOW, canary, flag, operator};
use super::super::{By, Facts, Flag, Issuers, Segment, Serve, Snapshot, Target};
use crate::domain::{
    Credentials, Proof, Question, Reason, RequestId, RequestParts, Revision, SegmentId, Share,
    encode_base64url,
};

fn segment(name: &str) -> Segment {
    Segment {
        name: SegmentId::parse(name).expect("a name"),
        description: String::new(),
        subjects: BTreeSet::new(),
        tenants: BTreeSet::new(),
        scopes: BTreeSet::new(),
        headers: BTreeMap::new(),
        revision: Revision(1),
        changed_at: NOW,
        cause: operator("why"),
    }
}

/// Somebody with a token that claims a scope and a tenant, and with a header.
fn asking() -> Question {
    let claims = encode_base64url(
        br#"{"sub":"alice","scope":"read beta","tenant":"acme","exp":9000000000}"#,
    );
    let headers = vec![
        ("authorization".into(), format!("Bearer e30.{claims}.AQ").into()),
        ("x-cohort".into(), "early".into()),
    ];
    let parts = RequestParts { headers, ..RequestParts::default() };
    let component = flag("http-auth").component;
    Question::new(RequestId::new(1, 1), component, NOW, Credentials::Request(parts))
}

#[test]
fn a_signed_token_chooses_its_side_by_scope_tenant_and_header_and_a_forged_one_does_not() {
    let names = |name: &str| BTreeSet::from([name.to_owned()]);
    let by_scope = Segment { scopes: names("beta"), ..segment("beta") };
    let by_tenant = Segment { tenants: names("acme"), ..segment("acme") };
    let headers = BTreeMap::from([("x-cohort".to_owned(), names("early"))]);
    let by_header = Segment { headers, ..segment("early") };
    for segment in [by_scope, by_tenant, by_header] {
        let targets = vec![Target { segment: segment.name.clone(), serve: Serve::Ssot }];
        let flag = Flag { stage: canary(0), targets, ..flag("http-auth") };
        let mut table = Snapshot::new([flag.clone()], HashMap::new(), Issuers::default());
        table.put_segment(Arc::new(segment));
        assert!(table.asks_for_proof(&flag));
        let question = asking();
        let evaluated = |proof| table.evaluate(&flag, &Facts::asked(&question, &proof));
        let signed = evaluated(Proof::Sound);
        assert_eq!((signed.serve, signed.by), (Serve::Ssot, By::Target(0)));
        for proof in [Proof::Refuted(Reason::Signature), Proof::Undecided] {
            assert_eq!(evaluated(proof).serve, Serve::Shadow);
        }
    }
    assert_eq!(canary(0).share(), Share::NONE);
}
