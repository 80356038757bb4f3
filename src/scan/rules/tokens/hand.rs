//! Tokens that are cut and decoded by hand.

use std::collections::HashSet;

use super::browser::is_browser;
use super::segments::{Segments, decodes_base64, is_cut};
use crate::scan::category::Category;
use crate::scan::frame::FrameId;
use crate::scan::kind::Kind;
use crate::scan::language::Language;
use crate::scan::origin::Root;
use crate::scan::rules::Anchor;
use crate::scan::seen::{Seen, Spot};

/// A cut at a dot, and something that decodes.
pub(super) fn anchors(language: Language) -> Vec<Anchor> {
    let dots = ["\".\"", "'.'", "`.`", "\\.", "[.]"];
    let decodes: &[&str] = if language.is_python() {
        &["base64", "b64", "a2b_"]
    } else {
        &["atob", "base64", "Base64", "B64", "b64"]
    };
    decodes.iter().flat_map(|decode| dots.iter().map(|dot| Anchor::all(&[decode, dot]))).collect()
}

/// Looks at all cuts and decodes of a file together.
pub(super) fn in_file(seen: &Seen<'_>) {
    let calls = || seen.spots.iter().copied().filter(|spot| spot.code.kind() == Kind::Call);
    let cuts: Vec<Spot<'_>> = calls().filter(|call| is_cut(seen, *call)).collect();
    if cuts.is_empty() {
        return;
    }
    let decodes = calls().filter(|call| decodes_base64(seen, *call, &seen.callee(*call))).collect();
    let segments = Segments { seen, cuts, decodes };
    let helpers = helpers_of(&segments);
    for call in calls() {
        for piece in decoded_by(&segments, &helpers, call) {
            for cut in segments.cuts_behind(piece) {
                if !seen.has_at(cut.code, Category::HandParse) {
                    seen.report(Category::HandParse, cut, "cut at its dots, a piece decoded");
                    if is_browser(seen) {
                        seen.report(Category::FrontendDecode, cut, "a token taken apart by hand");
                    }
                }
            }
        }
    }
}

/// Functions of the file that decode what they are handed, possibly through one another.
fn helpers_of(segments: &Segments<'_, '_>) -> HashSet<FrameId> {
    let seen = segments.seen;
    let mut helpers: HashSet<FrameId> = HashSet::new();
    for decode in &segments.decodes {
        // A function around both the cut and the decoding is no helper.
        let cuts_too = |frame: &FrameId| {
            let span = seen.frame(*frame).code.span();
            segments.cuts.iter().any(|cut| span.contains(&cut.code.start()))
        };
        helpers.extend(seen.named_function_of(decode.frame).filter(|frame| !cuts_too(frame)));
    }
    for _ in 0..3 {
        let calls = seen.spots.iter().filter(|spot| spot.code.kind() == Kind::Call);
        let more: Vec<FrameId> = calls
            .filter(|call| segments.own_function(**call).is_some_and(|own| helpers.contains(&own)))
            .filter_map(|call| seen.named_function_of(call.frame))
            .filter(|frame| {
                let span = seen.frame(*frame).code.span();
                !segments.cuts.iter().any(|cut| span.contains(&cut.code.start()))
            })
            .collect();
        let known = helpers.len();
        helpers.extend(more);
        if helpers.len() == known {
            break;
        }
    }
    helpers
}

/// What a call decodes: its arguments, or what a function that decodes is mapped over.
fn decoded_by<'t>(
    segments: &Segments<'_, 't>,
    helpers: &HashSet<FrameId>,
    call: Spot<'t>,
) -> Vec<Spot<'t>> {
    let seen = segments.seen;
    let arguments = call.code.arguments();
    let decodes = segments.decodes.iter().any(|decode| decode.code.id() == call.code.id())
        || segments.own_function(call).is_some_and(|own| helpers.contains(&own));
    if decodes {
        return arguments.iter().map(|argument| call.with(argument.value)).collect();
    }
    let is_decoder = |spot: Spot<'t>| {
        if !matches!(spot.code.kind(), Kind::Name | Kind::Attribute) {
            return false;
        }
        let origin = seen.origin(spot);
        match origin.root {
            Root::Own(frame) => origin.path.is_empty() && helpers.contains(&frame),
            _ => decodes_base64(seen, call, &origin),
        }
    };
    let Some(callee) = call.code.callee() else { return Vec::new() };
    match (callee.member(), arguments.as_slice()) {
        (Some("map"), [first, ..]) if is_decoder(call.with(first.value)) => {
            callee.object().map(|object| call.with(object)).into_iter().collect()
        }
        (None, [first, rest @ ..])
            if callee.text() == "map" && is_decoder(call.with(first.value)) =>
        {
            rest.iter().map(|argument| call.with(argument.value)).collect()
        }
        _ => Vec::new(),
    }
}
