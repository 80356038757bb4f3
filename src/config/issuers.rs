//! `[authority.issuers.NAME]`: trusted issuers that are not ours.

use super::reader::{Faults, Section};
use crate::authority::{Algorithm, IssuerSettings, PERMISSIONS_CLAIMS, SUBJECT_CLAIMS};
use crate::domain::TokenType;
use crate::flags::ForeignIssuer;
use crate::outbound::Url;

/// Most seconds that a setting here may span: a year.
const SECONDS_MAX: u32 = 31_622_400;

/// `[authority.issuers]`, one section an issuer.
pub fn issuers(mut section: Section, faults: &mut Faults) -> Vec<IssuerSettings> {
    let sections = section.sections(faults);
    sections.into_iter().filter_map(|(name, issuer)| one(&name, issuer, faults)).collect()
}

/// The same issuers as slots know them: whoever computes a slot takes the subject from where the
/// authority takes it.
pub fn for_slots<'a>(
    issuers: impl IntoIterator<Item = &'a IssuerSettings>,
) -> impl Iterator<Item = (String, ForeignIssuer)> {
    issuers.into_iter().map(|issuer| {
        let IssuerSettings { name, subject_claim, same_subjects, .. } = issuer;
        let (name, subject_claim, same_subjects) = (name.clone(), *subject_claim, *same_subjects);
        (issuer.issuer.clone(), ForeignIssuer { name, subject_claim, same_subjects })
    })
}

fn one(name: &str, mut section: Section, faults: &mut Faults) -> Option<IssuerSettings> {
    let issuer: Option<String> = section.required("issuer", faults);
    let jwks_url = jwks_url(&mut section, faults);
    let audiences: Option<Vec<String>> = section.required("audiences", faults);
    let algorithms = algorithms(&mut section, faults);
    let mut claims = section.section("claims", faults);
    let subject_claim = claim(&mut claims, "subject", &SUBJECT_CLAIMS, faults);
    let permissions_claim = claim(&mut claims, "permissions", &PERMISSIONS_CLAIMS, faults);
    claims.end(faults);
    let accepted_types = accepted_types(&mut section, faults);
    let default_type = default_type(&mut section, faults);
    let lifetime_max_s = section.within("lifetime_max_s", 86_400, 1..=SECONDS_MAX, faults);
    let stale_max_s = section.within("stale_max_s", 86_400, 60..=SECONDS_MAX, faults);
    let same_subjects = section.optional("same_subjects", faults).unwrap_or(false);
    section.end(faults);
    let default = IssuerSettings::new(name, &issuer?, jwks_url?, "");
    Some(IssuerSettings {
        audiences: audiences?,
        algorithms: algorithms.unwrap_or(default.algorithms),
        subject_claim: subject_claim.unwrap_or(default.subject_claim),
        permissions_claim: permissions_claim.unwrap_or(default.permissions_claim),
        accepted_types: accepted_types.unwrap_or(default.accepted_types),
        default_type,
        lifetime_max_s,
        same_subjects,
        stale_max_s,
        ..default
    })
}

fn jwks_url(section: &mut Section, faults: &mut Faults) -> Option<Url> {
    let text: String = section.required("jwks_url", faults)?;
    let problem = |error| faults.add(section.place("jwks_url"), format!("{error}"));
    Url::configured(&text).map_err(problem).ok()
}

fn algorithms(section: &mut Section, faults: &mut Faults) -> Option<Vec<Algorithm>> {
    let names: Vec<String> = section.optional("algorithms", faults)?;
    let asymmetric =
        |name: &String| Algorithm::parse(name).filter(|algorithm| *algorithm != Algorithm::Hs256);
    let read: Option<Vec<Algorithm>> = names.iter().map(asymmetric).collect();
    if read.is_none() {
        let usable = Algorithm::ALL.into_iter().filter(|algorithm| *algorithm != Algorithm::Hs256);
        let usable: Vec<&str> = usable.map(Algorithm::as_str).collect();
        let problem = format!("is a list of {}: there is no shared secret", usable.join(", "));
        faults.add(section.place("algorithms"), problem);
    }
    read
}

/// The name of a claim, one of a closed list.
fn claim(
    section: &mut Section,
    name: &str,
    known: &[&'static str],
    faults: &mut Faults,
) -> Option<&'static str> {
    let text: String = section.optional(name, faults)?;
    let found = known.iter().find(|each| **each == text);
    if found.is_none() {
        faults.add(section.place(name), format!("is one of {}", known.join(", ")));
    }
    found.copied()
}

fn accepted_types(section: &mut Section, faults: &mut Faults) -> Option<Vec<TokenType>> {
    let names: Vec<String> = section.optional("accepted_types", faults)?;
    let read: Option<Vec<TokenType>> = names.iter().map(|name| TokenType::parse(name)).collect();
    if read.is_none() {
        let kinds = TokenType::ALL.map(TokenType::as_str).join(", ");
        faults.add(section.place("accepted_types"), format!("is a list of {kinds}"));
    }
    read
}

/// The kind of a token that does not say which it is; `none`: it must say.
fn default_type(section: &mut Section, faults: &mut Faults) -> Option<TokenType> {
    let Some(text) = section.optional::<String>("default_type", faults) else {
        return Some(TokenType::Access);
    };
    let read = TokenType::parse(&text);
    if read.is_none() && text != "none" {
        let kinds = TokenType::ALL.map(TokenType::as_str).join(", ");
        faults.add(section.place("default_type"), format!("is none, {kinds}"));
    }
    read
}

#[cfg(test)]
mod tests;
