//! What no policy matches, library by library.

/// Who is the stricter one in a case that cannot be matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The authority denies what the library lets in: such callers are locked out, unless their
    /// tokens change first.
    Stricter,
    /// The authority lets in what the library denies.
    Looser,
}

impl Direction {
    /// `stricter` or `looser`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stricter => "stricter",
            Self::Looser => "looser",
        }
    }
}

/// A case in which a library and the authority answer differently, whatever is switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// Which tokens.
    pub case: &'static str,
    /// What the library does with them.
    pub library: &'static str,
    /// What the authority does with them.
    pub authority: &'static str,
    /// Who is the stricter one.
    pub direction: Direction,
    /// Why it stays so, and what can be done about it.
    pub why: &'static str,
}

const fn stricter(
    case: &'static str,
    library: &'static str,
    authority: &'static str,
    why: &'static str,
) -> Unmatched {
    Unmatched { case, library, authority, direction: Direction::Stricter, why }
}

const fn looser(
    case: &'static str,
    library: &'static str,
    authority: &'static str,
    why: &'static str,
) -> Unmatched {
    Unmatched { case, library, authority, direction: Direction::Looser, why }
}

const NEVER_ENDS: &str = "a token without an end can only be revoked by hand, for ever; list who \
    holds one and issue it anew before the switch";
const ONE_READING: &str = "two readers must never read two things in one token";
const BACKWARDS: &str = "a token that ends before it begins was made by mistake; mend its issuer";
const NEVER: &str = "milliseconds taken for seconds, or no end at all; mend the issuer";
const NESTED: &str = "what is inside would not have been verified";
const EXHAUSTION: &str = "every limit is there against exhaustion; issue smaller tokens";
const NAMED_KEY: &str = "the key that verifies is the one that is named, or rotation means nothing";
const SPELLING: &str = "one token, one spelling: a revocation must hold for all of them";
const EXTENSION: &str = "whoever does not understand an extension must refuse (RFC 7515 §4.1.11)";
const NOBODY: &str = "there is nobody to let in, or a name that forges log lines";
const QUOTED_NBF: &str = "switching `not_before` off would also let in those that have not come";
const CONFUSION: &str = "a token of another kind is never access, or a leaked refresh token opens \
    every door";

/// Of PyJWT, python-jose and jsonwebtoken for Node alike.
pub(super) const OF_ANY_LIBRARY: &[Unmatched] = &[
    stricter("no `exp`", "lets it in", "denies: claim_missing:exp", NEVER_ENDS),
    stricter("`exp` after the year 5138", "lets it in", "denies: claim_type:exp", NEVER),
    stricter(
        "no `sub`, or one that is empty, over-long or has control characters",
        "lets it in",
        "denies: claim_missing:sub, claim_empty:sub, claim_type:sub",
        NOBODY,
    ),
    stricter(
        "`token_type` or `type` says refresh, id or any kind that is not let in here",
        "lets it in",
        "denies: token_type, claim_type:token_type",
        CONFUSION,
    ),
    stricter(
        "a member of header or claims twice",
        "takes the last one",
        "denies: duplicate_member",
        ONE_READING,
    ),
    stricter(
        "`kid` of a key that is not ours",
        "uses the key it was given",
        "denies: key_unknown",
        NAMED_KEY,
    ),
    stricter(
        "a nested token (`cty: JWT`), or `cty` that is no text",
        "lets it in",
        "denies: type_header",
        NESTED,
    ),
    stricter(
        "over 8 KiB, or JSON nested over the limit",
        "lets it in",
        "denies: token_too_long, nesting",
        EXHAUSTION,
    ),
    stricter(
        "HS384, HS512, RS384, RS512, ES384, PS384, PS512",
        "verifies it where configured",
        "denies: algorithm",
        "issue with one of the authority's algorithms before the switch",
    ),
    stricter("revoked", "lets it in", "denies: revoked", "a revocation holds for every door"),
    looser(
        "`nbf` ahead by no more than the skew tolerance",
        "denies",
        "lets it in",
        "set `skew_tolerance_s = 0` to match; it is a setting, not a rule",
    ),
];

/// Of both Python libraries.
pub(super) const OF_PYTHON: &[Unmatched] = &[
    stricter(
        "a quoted `exp`",
        "reads the number in it",
        "denies: claim_type:exp",
        "a time is a number (RFC 7519 §2); mend the issuer",
    ),
    stricter(
        "a quoted `nbf` that has come",
        "reads the number in it",
        "denies: claim_type:nbf",
        QUOTED_NBF,
    ),
    looser(
        "`exp` or `nbf` with a fraction",
        "cuts the fraction off",
        "counts it",
        "less than a second",
    ),
    looser(
        "`jti` that is no text",
        "denies",
        "lets it in, counted",
        "the rule `token_id` also wants it to be there, which the library does not",
    ),
    looser(
        "`iat` that is no number",
        "denies",
        "lets it in",
        "the rule `issued_at` also wants it to be there, which the library does not",
    ),
];

/// Of PyJWT.
pub(super) const OF_PYJWT: &[Unmatched] = &[
    stricter("segments padded with `=`", "lets it in", "denies: encoding", SPELLING),
    looser(
        "`iat` ahead",
        "denies",
        "lets it in, counted",
        "the rule `issued_at` also wants it to be there, which PyJWT does not: enforce it once \
         nothing is counted",
    ),
];

/// Of python-jose.
pub(super) const OF_JOSE: &[Unmatched] = &[
    stricter(
        "`kid` that is no text",
        "uses the key it was given",
        "denies: key_id_type",
        NAMED_KEY,
    ),
    stricter("`exp` before `iat`, not yet past", "lets it in", "denies: claim_type:exp", BACKWARDS),
    stricter(
        "base64url with padding, foreign characters or unused bits set",
        "skips what it does not know",
        "denies: encoding, segments",
        SPELLING,
    ),
    stricter(
        "`crit` or `b64` in the header",
        "does not look at it",
        "denies: critical_header",
        EXTENSION,
    ),
    stricter(
        "the second in which `exp` is reached",
        "lets it in",
        "denies: expired",
        "set `expiry_tolerance_s = 1` to match; it is a setting, not a rule",
    ),
    looser(
        "`aud` that names somebody else, or is no text",
        "denies",
        "lets it in, counted",
        "the rule `audience` also wants it to be there, which python-jose does not: enforce it \
         once only foreign audiences are counted",
    ),
];

/// Of jsonwebtoken for Node.
pub(super) const OF_NODE: &[Unmatched] = &[
    stricter(
        "`kid` that is no text",
        "uses the key it was given",
        "denies: key_id_type",
        NAMED_KEY,
    ),
    stricter("`exp` before `iat`, not yet past", "lets it in", "denies: claim_type:exp", BACKWARDS),
    stricter(
        "`crit` or `b64` in the header",
        "does not look at it",
        "denies: critical_header",
        EXTENSION,
    ),
    stricter(
        "`sub` that is no text",
        "lets it in",
        "denies: claim_type:sub",
        "a subject is text (RFC 7519 §4.1.2); 7 and \"7\" would be two people",
    ),
    stricter(
        "a list in `aud` that names us beside what is no text",
        "lets it in",
        "denies: claim_type:aud",
        "switching `audience` off would also let in those for others",
    ),
];

/// Of the core validator.
pub(super) const OF_CORE: &[Unmatched] = &[
    stricter("`exp` after the year 5138", "lets it in", "denies: claim_type:exp", NEVER),
    stricter(
        "a member of header or claims twice",
        "takes the last one",
        "denies: duplicate_member",
        ONE_READING,
    ),
    stricter(
        "base64url with padding, foreign characters or unused bits set",
        "skips what it does not know",
        "denies: encoding, segments",
        "a revoked token came back to life by such a respelling",
    ),
    stricter("`crit` in the header", "does not look at it", "denies: critical_header", EXTENSION),
    stricter(
        "`type` says another kind than `token_type`",
        "looks at `token_type` alone",
        "denies: token_type",
        CONFUSION,
    ),
    stricter(
        "`sub` that is empty, over-long or has control characters",
        "lets it in",
        "denies: claim_empty:sub, claim_type:sub",
        NOBODY,
    ),
    stricter(
        "`kid` of a key that is not ours",
        "does not look at it",
        "denies: key_unknown",
        NAMED_KEY,
    ),
    stricter(
        "a nested token (`cty: JWT`), or `cty` that is no text",
        "lets it in",
        "denies: type_header",
        NESTED,
    ),
    stricter(
        "over 8 KiB, or JSON nested over the limit",
        "lets it in",
        "denies: token_too_long, nesting",
        EXHAUSTION,
    ),
    stricter(
        "a quoted `nbf` that has come",
        "reads the number in it",
        "denies: claim_type:nbf",
        QUOTED_NBF,
    ),
    looser(
        "`aud` that names somebody else, or is a list",
        "denies",
        "lets it in, counted",
        "the rule `audience` also wants it to be there, which the core validator does not",
    ),
    looser(
        "no `jti`, or one that is no text",
        "denies",
        "lets it in, counted",
        "the rule `token_id` also wants it not to be empty, which the core validator does not",
    ),
    looser(
        "`type` or `typ` says access, no `token_type`",
        "denies",
        "lets it in",
        "both say what the token is; nobody is let in who holds none",
    ),
    looser(
        "issued more than a day ago",
        "denies",
        "lets it in",
        "age is bounded by the lifetime: enforce `lifetime` once no longer-lived token is about",
    ),
    looser(
        "`iat` or `nbf` ahead by no more than the skew tolerance",
        "denies, and remembers that for a minute",
        "lets it in",
        "set `skew_tolerance_s = 0` to match; it is a setting, not a rule",
    ),
];
