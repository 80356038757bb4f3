#!/usr/bin/env python3
"""Counts what a replay of made-up questions must come to, and compares.

    crossfade questions --count 1000000 --seed 7 --out q.ndjson --keys-out keys
    crossfade replay q.ndjson ... --format json --out report.json
    tests/recount.py q.ndjson report.json

Shares no code with Crossfade: each line's note names the kind of its token, and the tables below
say for each kind what the core validator (V01) and the strict authority answer. Exit code 0 when
every count agrees, 1 when one differs, 2 when a file cannot be used. Standard library only.
"""

import collections
import json
import sys

# Both let it in, with the same subject, scopes and token type.
AGREED_ALLOW = """
    fresh_hs256 fresh_hs256_kid typ_missing typ_lower_case typ_at_jwt typ_at_jwt_long
    token_type_only header_unknown_member jku_ignored claim_unknown email_missing env_missing
    svc_id_missing exp_float iat_float exp_in_2s iat_now lifetime_24h nbf_past nbf_now sub_unicode
    sub_escaped sub_email sub_uuid sub_digits sub_auth0 sub_255_bytes permissions_missing
    permissions_empty permissions_twice bearer bearer_lower_case bearer_upper_case
    bearer_two_spaces bearer_twice_same protocol_base64url bearer_and_protocol_same
    spoofed_user_header test_mode_good
"""

# Both let it in; V01 reads `permissions` only, the authority `scope` as well.
SCOPES_DIFFER = "scope_string scope_and_permissions"

# V01 denies, the authority allows: HS256 only, `token_type` only, no list in `aud`.
LOOSER = """
    fresh_rs256 fresh_es256 fresh_eddsa fresh_rs256_kid fresh_es256_kid fresh_eddsa_kid
    typ_at_jwt_only type_only aud_list_one aud_list_last
"""

# The same, but for a claim within two seconds of the question: V01 has no tolerance.
BOUNDARY = "iat_future_2s nbf_future_2s"

# V01 allows, the authority denies.
STRICTER = """
    exp_milliseconds exp_huge nbf_string lifetime_7d lifetime_10y
    aud_missing aud_empty aud_list_empty aud_object aud_null aud_admin aud_services aud_backend
    sub_empty sub_blank sub_nul sub_line_break sub_4k sub_8k jti_empty
    permissions_string permissions_object permissions_null permissions_numbers scope_list
    type_conflict type_null env_staging env_development env_empty env_number svc_id_other
    svc_id_number
    kid_unknown kid_empty kid_path kid_sql crit_unknown crit_empty crit_string crit_null
    crit_registered typ_jose typ_logout typ_dpop typ_empty typ_number
    typ_null cty_jwt cty_number duplicate_kid
    padding_signature alphabet_standard unused_bits junk_signature junk_claims padding_claims
    zero_width over_8k
    header_deep claims_deep duplicate_sub duplicate_exp duplicate_inner
"""

# Both deny. V01 merges its reasons into one, so that they are not compared.
AGREED_DENY = """
    expired_now expired_1s expired_30s expired_1m expired_90s expired_5h exp_zero exp_missing
    exp_string exp_date_string exp_null exp_true exp_negative exp_list exp_before_iat iat_missing
    iat_string iat_null iat_negative iat_future_30s iat_future_1h nbf_future_30s nbf_future_1h
    nbf_null age_25h
    iss_missing iss_other iss_empty iss_trailing_slash iss_upper_case iss_list iss_null
    aud_list_other aud_list_number aud_other aud_auth aud_test aud_localhost aud_number
    b64_false b64_uncritical
    sub_missing sub_number sub_null sub_list jti_missing jti_number jti_null
    type_refresh type_service type_admin type_id type_unknown type_upper_case type_empty
    type_conflict_reversed type_missing token_type_number
    alg_none alg_none_capital alg_none_capitals alg_none_mixed alg_empty alg_none_signed
    alg_missing alg_null alg_number alg_list alg_lower_case alg_hs384 alg_hs512 alg_ps256
    alg_swapped key_confusion key_confusion_der key_confusion_rs256 key_confusion_kid
    key_confusion_eddsa wrong_secret known_secret known_secret_short empty_secret wrong_key_rs256
    wrong_key_es256 wrong_key_eddsa es256_zeros es256_short es256_der eddsa_zeros payload_swapped
    header_swapped signature_flipped signature_truncated signature_empty signature_doubled
    kid_dev_null
    kid_integer kid_null kid_list jwk_embedded jku_embedded jku_inside x5u_embedded x5c_embedded
    duplicate_alg
    padding_all space_inside line_break_inside line_break_end space_before quoted non_ascii
    nul_byte percent_encoded bearer_inside mock_prefix
    text_empty text_null text_undefined text_object text_test_token text_mock_token
    text_admin_token text_opaque text_dots text_only_dots segments_1 segments_2 segments_4
    segments_5 header_list header_not_json header_bom header_empty claims_list claims_string
    claims_null claims_number claims_none claims_empty claims_utf8 claims_surrogate claims_bom
    claims_garbage claims_two claims_comment claims_nan claims_infinity
    bearer_twice_different bearer_alice_protocol_bob bearer_bad_protocol_good
    bearer_good_protocol_bad bearer_forged bearer_expired bearer_null bearer_undefined
    bearer_empty bearer_comma scheme_missing scheme_basic scheme_token protocol_raw
    protocol_padded protocol_bearer_raw protocol_bearer protocol_staging protocol_jwt_auth_prefix
    protocol_second_item protocol_bare protocol_none query_token query_jwt query_access_token
    cookie api_key_header test_mode_garbage test_mode_forged latest_version_forged
    test_mode_alone identity_header user_cookie no_credentials
"""

# What a kind adds to the report's counts: legacy's answer, which is what callers got, and the
# verdict.
TABLES = [
    (AGREED_ALLOW, "allowed", "matched"),
    (AGREED_DENY, "denied", "matched"),
    (SCOPES_DIFFER, "allowed", "mismatched:scopes_differ"),
    (LOOSER, "denied", "mismatched:looser"),
    (STRICTER, "allowed", "mismatched:stricter"),
    (BOUNDARY, "denied", "inconclusive:boundary"),
]


def kinds():
    """Each kind with its two codes; a kind that stands in two tables is a mistake here."""
    known = {}
    for names, legacy, verdict in TABLES:
        for name in names.split():
            if name in known:
                sys.exit(f"{name} stands in two tables")
            known[name] = (legacy, verdict)
    return known


def expected(path):
    """What the questions must be counted as; None when a kind is not in the tables."""
    known, counts, unknown = kinds(), collections.Counter(), collections.Counter()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            kind = json.loads(line)["note"]
            if kind not in known:
                unknown[kind] += 1
                continue
            counts["served:legacy"] += 1
            counts.update(known[kind])
    for kind, count in sorted(unknown.items()):
        print(f"kind {kind} ({count} lines) is in no table")
    return None if unknown else counts


def reported(path):
    """The report's counts, and how many differences of each class its groups hold."""
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    counts, grouped = collections.Counter(), collections.Counter()
    for component in report["components"]:
        counts.update(component["total"]["counts"])
        for group in component["differences"]:
            grouped["mismatched:" + group["class"]] += group["count"]
    return counts, grouped


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        wanted, (found, grouped) = expected(sys.argv[1]), reported(sys.argv[2])
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"cannot be used: {error!r}", file=sys.stderr)
        return 2
    if wanted is None:
        return 1
    ungrouped = found.pop("sample_dropped", 0)
    differing = 0
    for code in sorted(wanted.keys() | found.keys()):
        same = wanted[code] == found[code]
        differing += not same
        mark = "ok" if same else "DIFFERS"
        print(f"{code:28} recounted {wanted[code]:>10,}  reported {found[code]:>10,}  {mark}")
    if sum(grouped.values()) + ungrouped != sum(
        count for code, count in found.items() if code.startswith("mismatched:")
    ):
        differing += 1
        print("the groups of differences do not add up to the differences")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
