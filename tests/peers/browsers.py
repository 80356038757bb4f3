"""Two browsers: a small one that follows redirects and keeps cookies, and Chromium."""

import http.client
import json
import re
import shutil
import time
import urllib.parse
from http.cookies import SimpleCookie

REDIRECTS_MAX = 20


class Page:
    """Where a browser arrived: URL, status, headers, text."""

    def __init__(self, url, status, headers, body):
        self.url = url
        self.status = status
        self.headers = headers
        self.text = body.decode(errors="replace")

    def form(self):
        """Address and hidden fields of the page's first form."""
        action = re.search(r'<form[^>]*\baction="([^"]*)"', self.text)
        assert action, f"no form at {self.url} ({self.status}): {self.text[:500]}"
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', self.text)
        return urllib.parse.urljoin(self.url, action[1]), dict(hidden)


class Browser:
    """Cookies are kept by host and port, whatever their path."""

    def __init__(self):
        self.cookies = {}
        # Every address that was asked, the last one last.
        self.visited = []

    def request(self, url, form=None):
        """One request, no redirect."""
        parts = urllib.parse.urlsplit(url)
        jar = self.cookies.setdefault(parts.netloc, {})
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"{parts.scheme}://{parts.netloc}"
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        try:
            connection.request("GET" if form is None else "POST", target, body, headers)
            answer = connection.getresponse()
            page = Page(url, answer.status, answer.headers, answer.read())
        finally:
            connection.close()
        self.visited.append(url)
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                expired = morsel["max-age"] == "0" or "1970" in morsel["expires"]
                if expired or not morsel.value:
                    jar.pop(name, None)
                else:
                    jar[name] = morsel.value
        return page

    def open(self, url, form=None, until=None):
        """Follows redirects to the end, or to the first that leads where `until` says; that one
        is not followed and its address returned."""
        for _ in range(REDIRECTS_MAX):
            page = self.request(url, form)
            if page.status not in (301, 302, 303, 307, 308):
                return page
            url, form = urllib.parse.urljoin(url, page.headers["Location"]), None
            if until is not None and url.startswith(until):
                return url
        raise AssertionError(f"more than {REDIRECTS_MAX} redirects, the last to {url}")


class Chromium:
    """Real Chromium, driven by WebDriver."""

    ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

    def __init__(self, world):
        from world import free_port

        self.port = free_port()
        driver = shutil.which("chromedriver")
        world.spawn("chromium", [driver, f"--port={self.port}"], ("127.0.0.1", self.port))
        self.profile = world.folder / "chromium-profile"
        self.session = None

    def __enter__(self):
        arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={self.profile}",
        ]
        options = {"goog:chromeOptions": {"args": arguments, "binary": shutil.which("chromium")}}
        wanted = {"capabilities": {"alwaysMatch": options}}
        self.session = self.ask("POST", "/session", wanted)["sessionId"]
        return self

    def __exit__(self, *_):
        self.ask("DELETE", f"/session/{self.session}")

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"chromium: {value['error']}: {value['message'][:500]}")
        return value

    def do(self, method, path, body=None):
        return self.ask(method, f"/session/{self.session}{path}", body)

    def open(self, url):
        self.do("POST", "/url", {"url": url})

    def url(self):
        return self.do("GET", "/url")

    def text(self):
        return self.do("POST", "/execute/sync", {"script": "return document.body.innerText", "args": []})

    def cookies(self):
        return {cookie["name"]: cookie for cookie in self.do("GET", "/cookie")}

    def until(self, about, done):
        """Waits for what happens in the page."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = done()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"chromium waits in vain for {about}, at {self.url()}: {self.text()[:500]}")

    def find(self, selector):
        found = self.until(
            selector,
            lambda: self.do("POST", "/elements", {"using": "css selector", "value": selector}),
        )
        return found[0][self.ELEMENT]

    def type(self, selector, text):
        self.do("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector):
        self.do("POST", f"/element/{self.find(selector)}/click", {})
