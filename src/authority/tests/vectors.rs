//! Published examples: RFC 7515 appendix A, RFC 8037 appendix A.

use super::*;
use crate::authority::Algorithm;
use crate::domain::Jws;

/// The claims of RFC 7515 §3.1.
const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p\
c19yb290Ijp0cnVlfQ";

/// RFC 7515 §A.1.1.
const HS256_KEY: &str = r#"{"kty":"oct",
"k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;

/// RFC 7515 §A.2.1.
const RS256_PRIVATE: &str = r#"{"kty":"RSA",
"n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
"e":"AQAB",
"d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
"p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
"q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
"dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
"dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
"qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;

/// The public part of [`RS256_PRIVATE`], as OpenSSL writes it.
const RS256_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj
NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz
P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo
9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB
EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX
FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp
oQIDAQAB
-----END PUBLIC KEY-----";

/// RFC 7515 §A.3.1.
const ES256_PRIVATE: &str = r#"{"kty":"EC","crv":"P-256",
"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// The same key, as OpenSSL writes it.
const ES256_PEM: &str = "\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49
AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b
focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END EC PRIVATE KEY-----";

/// The public part of it.
const ES256_PUBLIC_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7
6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END PUBLIC KEY-----";

/// The same key as [`ED25519_PUBLIC`], as OpenSSL writes it.
const ED25519_PUBLIC_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----";

/// The same key as [`ED25519_PRIVATE`], as OpenSSL writes it.
const ED25519_PEM: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----";

/// RFC 8037 §A.2.
pub(super) const ED25519_PUBLIC: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// RFC 8037 §A.1.
pub(super) const ED25519_PRIVATE: &str = r#"{"kty":"OKP","crv":"Ed25519",
"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#;

fn with_key(jwk: &str) -> Authority {
    let keys = vec![KeySource::Jwk { text: jwk.into() }];
    Authority::in_memory(Settings { keys, ..settings() }).expect("a key")
}

/// The JWK without the members that only its owner has.
fn public(jwk: &str) -> String {
    let mut jwk: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(jwk).expect("an object");
    jwk.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
    serde_json::to_string(&jwk).expect("JSON")
}

fn verified(jwk: &str, text: &str) -> Result<(), Reason> {
    let token = Token::new(text);
    let jws = Jws::decode(&token)?;
    with_key(jwk).verify(&token, &jws).map(drop)
}

#[test]
fn the_examples_of_the_rfcs_verify_with_their_keys_and_with_no_other() {
    let hs256 = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS}.\
         dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let rs256 = format!(
        "eyJhbGciOiJSUzI1NiJ9.{CLAIMS}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5\
         RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnby\
         TyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtF\
         ZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypG\
         lUPQGe77Rw"
    );
    let es256 = format!(
        "eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8\
         ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    let eddsa = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PP\
         Ot7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let examples = [
        (HS256_KEY.to_owned(), hs256.as_str()),
        (public(RS256_PRIVATE), rs256.as_str()),
        (public(ES256_PRIVATE), es256.as_str()),
        (ED25519_PUBLIC.to_owned(), eddsa),
    ];
    for (place, (key, _)) in examples.iter().enumerate() {
        for (other, (_, token)) in examples.iter().enumerate() {
            let expected = if place == other { Ok(()) } else { Err(Reason::Algorithm) };
            assert_eq!(verified(key, token), expected, "key {place}, token {other}");
        }
    }
}

#[tokio::test]
async fn what_a_private_jwk_signs_its_public_part_verifies() {
    for private in [RS256_PRIVATE, ES256_PRIVATE, ED25519_PRIVATE] {
        let token = issued(&with_key(private)).token;
        assert_eq!(reason(&with_key(&public(private)), &token, NOW).await, None);
    }
}

fn with_pem(algorithm: Algorithm, text: &str) -> Authority {
    let keys = vec![KeySource::Pem { id: "one".into(), algorithm, text: text.into() }];
    let keys_without_kid = vec!["one".into()];
    Authority::in_memory(Settings { keys, keys_without_kid, ..settings() }).expect("a key")
}

#[tokio::test]
async fn a_pem_key_is_the_same_key_as_its_jwk() {
    let (es256, eddsa) = (Algorithm::Es256, Algorithm::EdDsa);
    let by_pem = [
        (with_pem(es256, ES256_PEM), ES256_PRIVATE),
        (with_pem(eddsa, ED25519_PEM), ED25519_PRIVATE),
    ];
    for (signs, jwk) in by_pem {
        let token = issued(&signs).token;
        assert_eq!(reason(&with_key(&public(jwk)), &token, NOW).await, None);
    }
    let publics = [
        (with_pem(Algorithm::Rs256, RS256_PEM), RS256_PRIVATE),
        (with_pem(es256, ES256_PUBLIC_PEM), ES256_PRIVATE),
        (with_pem(eddsa, ED25519_PUBLIC_PEM), ED25519_PRIVATE),
    ];
    for (verifies, jwk) in publics {
        let mut signing = settings();
        signing.keys = vec![KeySource::Jwk { text: jwk.into() }];
        let named = issued(&Authority::in_memory(signing.clone()).expect("a key"));
        assert_eq!(reason(&verifies, &named.token, NOW).await, Some(Reason::KeyUnknown));
        let id = key_id(&named.token);
        signing.keys_without_kid = vec![id];
        let nameless = issued(&Authority::in_memory(signing).expect("a key"));
        assert_eq!(reason(&verifies, &nameless.token, NOW).await, None);
    }
}

fn key_id(token: &Token) -> String {
    let header = Jws::decode(token).expect("a JWS").header.expect("a header");
    header.get("kid").and_then(serde_json::Value::as_str).expect("a key id").to_owned()
}

#[test]
fn a_jwk_without_a_name_is_named_by_its_thumbprint() {
    // RFC 8037 §A.3.
    let token = issued(&with_key(ED25519_PRIVATE)).token;
    assert_eq!(key_id(&token), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn a_jwk_set_keeps_what_it_can_use() {
    let set = format!(
        r#"{{"keys":[{{"kty":"EC","crv":"P-521"}},{{"kty":"RSA","use":"enc"}},{ED25519_PUBLIC}]}}"#
    );
    let eddsa = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PP\
         Ot7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(verified(&set, eddsa), Ok(()));
}
