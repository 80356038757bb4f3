"""Operators sign in through oidc-provider, and nobody through a provider that lies."""

import os
import pathlib
import secrets
import shutil
import time

from registry import expect, test

CLIENT = "crossfade-peers"
SESSION = "crossfade-session"

SECTION = """
[sign_in.provider]
issuer = "{issuer}"
client_id = "{client}"

[sign_in.provider.secret]
file = "provider.secret"

[sign_in.provider.roles]
"crossfade-admins" = "admin"
"crossfade-viewers" = "viewer"
"""


class Site:
    """A service with a provider of its own."""

    def __init__(self, world, name, issuer_port=None, issuer=None):
        from world import free_port

        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.callback = f"{self.url}/sign-in/provider/callback"
        self.issuer = issuer or f"http://127.0.0.1:{issuer_port}"
        secret = secrets.token_urlsafe(32)
        world.write("provider.secret", secret)
        if issuer is None:
            start_oidc_provider(world, issuer_port, self.callback, secret)
        section = SECTION.format(issuer=self.issuer, client=CLIENT)
        self.data, self.control, _ = world.start_service(name, section, self.port)

    def begin(self, next="/v1/flags"):
        return f"{self.url}/sign-in/provider?next={next}"

    def signed_in(self, browser):
        """Whether the browser is let in, by the service's own word."""
        return browser.request(f"{self.url}/v1/flags").status == 200


def start_oidc_provider(world, port, callback, secret):
    folder = pathlib.Path(os.environ["PEERS_OIDC"])
    command = [shutil.which("node"), str(folder / "provider.mjs"), str(port), CLIENT, callback]
    environment = {"CLIENT_SECRET": secret}
    world.spawn("oidc-provider", command, ("127.0.0.1", port), environment)


def real(world):
    from world import free_port

    if not hasattr(world, "oidc_site"):
        world.oidc_site = Site(world, "crossfade-oidc", issuer_port=free_port())
    return world.oidc_site


def lying(world):
    from oidc_fake import fake_provider

    if not hasattr(world, "oidc_lies"):
        issuer, lies = fake_provider(world, CLIENT)
        world.oidc_lies = (Site(world, "crossfade-lies", issuer=issuer), lies)
    return world.oidc_lies


def answer_pages(browser, page, name, until=None):
    """Fills in oidc-provider's two pages: who it is, and that we may know."""
    action, fields = page.form()
    page = browser.open(action, {**fields, "login": name, "password": "any"})
    action, fields = page.form()
    return browser.open(action, fields, until)


@test("oidc-signs-in", "an operator signs in through oidc-provider with PKCE and goes where he wanted")
def signs_in(world):
    from browsers import Browser

    site, browser = real(world), Browser()
    assert not site.signed_in(browser), "somebody is signed in without a session"
    page = browser.open(site.begin())
    assert page.url.startswith(site.issuer), page.url
    page = answer_pages(browser, page, "ada")
    expect((page.status, page.url), (200, f"{site.url}/v1/flags"), "status and place")
    assert site.signed_in(browser), "the session does not hold"
    assert "crossfade-provider" not in browser.cookies[f"127.0.0.1:{site.port}"], "the cookie stays"


@test("oidc-no-role", "whoever is in no group with a role is known to the provider and not let in")
def no_role(world):
    from browsers import Browser

    site, browser = real(world), Browser()
    page = answer_pages(browser, browser.open(site.begin()), "mallory")
    assert page.status >= 400, f"status {page.status} at {page.url}"
    assert not site.signed_in(browser), "mallory is signed in"


@test("oidc-once", "an answer of the provider is good once, and only in the browser that asked")
def once(world):
    from browsers import Browser

    site, browser, other = real(world), Browser(), Browser()
    callback = answer_pages(browser, browser.open(site.begin()), "bob", until=site.callback)
    assert callback.startswith(site.callback), callback
    other.request(site.begin())
    for who in (Browser(), other):
        expect(who.open(callback).status >= 400, True, "refused in another browser")
        assert not site.signed_in(who), "signed in with somebody else's answer"
    changed = callback.replace("state=", "state=x")
    expect(browser.request(changed).status >= 400, True, "refused with another state")
    again = Browser()
    again.cookies = {netloc: dict(jar) for netloc, jar in browser.cookies.items()}
    page = browser.open(callback)
    assert page.status == 200 and site.signed_in(browser), f"status {page.status} at {page.url}"
    expect(again.open(callback).status >= 400, True, "refused a second time")
    assert not site.signed_in(again), "signed in a second time"


@test("oidc-next", "a sign-in never ends on another site")
def next_stays(world):
    from browsers import Browser

    site = real(world)
    for odd in ["//evil.example", "https://evil.example/", "/%5Cevil.example", "%09//evil.example"]:
        browser = Browser()
        page = answer_pages(browser, browser.open(site.begin(odd)), "ada")
        expect((page.status, page.url), (200, f"{site.url}/"), odd)


def attempt(world, about, **lie):
    """One sign-in through the provider that lies; whether it came to a session."""
    from browsers import Browser
    from oidc_fake import Lies

    site, lies = lying(world)
    vars(lies).update(vars(Lies()) | {"token_answers": lies.token_answers} | lie)
    asked = lies.token_answers
    browser = Browser()
    page = browser.open(site.begin())
    signed_in = site.signed_in(browser)
    assert signed_in == (page.status < 400), f"{about}: status {page.status}, session {signed_in}"
    return signed_in, lies.token_answers - asked


@test("oidc-lies", "ID tokens with a wrong audience, nonce, issuer, time or signature let nobody in")
def lies(world):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    now = int(time.time())
    expect(attempt(world, "honest"), (True, 1), "an honest token")
    public = world.keys["rs"].public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for about, lie in {
        "audience": {"claims": {"aud": "somebody-else"}},
        "several audiences": {"claims": {"aud": [CLIENT, "somebody-else"]}},
        "authorized party": {"claims": {"azp": "somebody-else"}},
        "nonce": {"claims": {"nonce": "of-another-sign-in"}},
        "no nonce": {"claims": {"nonce": None}},
        "issuer": {"claims": {"iss": "http://127.0.0.1/"}},
        "expired": {"claims": {"iat": now - 600, "exp": now - 1}},
        "no expiry": {"claims": {"exp": None}},
        "from the future": {"claims": {"iat": now + 120, "exp": now + 300}},
        "no subject": {"claims": {"sub": None}},
        "no role": {"claims": {"groups": ["everybody"]}},
        "another key": {"key": stranger},
        "an unknown key": {"key": stranger, "header": {"kid": "unknown"}},
        "its own key": {"key": stranger, "header": {"jku": "http://127.0.0.1:1/keys"}},
        "no signature": {"algorithm": "none"},
        "the public key as a secret": {"algorithm": "HS256", "key": public},
        "an access token": {"header": {"typ": "at+jwt"}},
    }.items():
        expect(attempt(world, about, **lie), (False, 1), about)
    mixed_up = attempt(world, "mix-up", iss="http://127.0.0.1:1")
    expect(mixed_up, (False, 0), "an answer of another issuer; its code is not exchanged")


@test("oidc-chromium", "the same sign-in in Chromium, whose cookies then hold the session")
def chromium(world):
    from browsers import Chromium

    site = real(world)
    with Chromium(world) as browser:
        browser.open(site.begin())
        assert browser.url().startswith(site.issuer), browser.url()
        browser.type("input[name=login]", "ada")
        browser.type("input[name=password]", "any")
        browser.click("button[type=submit]")
        browser.find("input[value=consent]")
        browser.click("button[type=submit]")
        wanted = f"{site.url}/v1/flags"
        browser.until("the page behind the sign-in", lambda: browser.url() == wanted)
        assert "http-auth" in browser.text(), browser.text()[:500]
        cookies = browser.cookies()
        assert "crossfade-provider" not in cookies, "the cookie of the sign-in stays"
        session = cookies[SESSION]
        expect((session["httpOnly"], session["sameSite"]), (True, "Lax"), "HttpOnly and SameSite")
