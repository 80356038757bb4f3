//! What the rules of tokens find in a few lines.

use crate::scan::category::Category;
use crate::scan::trial::holds;

#[test]
fn a_delegate_asks_somebody_about_a_token() {
    holds(
        &[(
            "a.py",
            r#"
from service import client, helper

class Claims:
    def __init__(self, text):
        self.text = text

def verify_token(token):
    return Claims(token)

def validate_jwt(token):
    return token.encode("ascii")

def check_token(token, cache):
    cache.set("last", 1)
    return cache.last

def decode_token(token):
    raise helper.TokenError(token)

def require_auth(request):
    return str(request).strip()

class Client:
    def _authenticate(self):
        return self.connection.login()

    def authenticate(self, request):  # finds: delegate
        return self.connection.login(request)

async def get_current_user_from_cookie(request):  # finds: delegate
    return await helper.user(request)

def get_current_user_id(request):
    return helper.user(request).id

verify_bearer = lambda token: client.ask(token)  # finds: delegate
"#,
        )],
        &[Category::Delegate],
    );
}

#[test]
fn what_stands_beside_a_key_is_no_key() {
    holds(
        &[(
            "a.ts",
            r"
process.env.JWT_SECRET_KEY; // finds: key-read
process.env.JWT_KEY_PATH;
process.env.JWT_KEY_IDS;
process.env.JWT_SECRET_EXPIRES_IN;
process.env['JWT_KEY_' + 'ALGORITHMS'];
process.env['JWT_' + 'SECRET']; // finds: key-read
process.env[prefix + '_JWT_SECRET'];
",
        )],
        &[Category::KeyRead],
    );
}

#[test]
fn a_helper_of_another_file_is_taken_at_its_word() {
    holds(
        &[
            ("lib/text.ts", "export const fromBase64 = (t) => t;\nexport const toBase64 = 1;\n"),
            (
                "a.ts",
                r"
import { fromBase64 as open, toBase64 } from './lib/text';

function decodeToken(token: string) { // finds: validator
  return JSON.parse(open(token.split('.')[1])); // finds: hand-parse
}

const packed = toBase64(name.split('.')[1]);
",
            ),
        ],
        &[Category::HandParse, Category::Validator, Category::Delegate],
    );
    holds(
        &[
            ("text.py", "def b64_decode(t): ...\n"),
            (
                "a.py",
                r"
from text import b64_decode

def claims(token):  # finds: validator
    head, body, _ = token.split('.')  # finds: hand-parse
    return b64_decode(body)
",
            ),
        ],
        &[Category::HandParse, Category::Validator],
    );
}

#[test]
fn a_client_of_an_identity_provider_reads_no_tokens() {
    holds(
        &[(
            "a.ts",
            r"
import { AuthClient } from '@auth0/auth0-auth-js';
import { JwtHelperService } from '@auth0/angular-jwt'; // finds: jwt-import
import type { JWTPayload } from 'jose'; // finds: jwt-import
",
        )],
        &[Category::JwtImport],
    );
}
