"""Redirects to https://app/?token=... after the login."""

import logging
from urllib.parse import parse_qs, urlencode, urljoin
from urllib.request import Request, urlopen

import httpx
import requests
from fastapi.responses import RedirectResponse

logger = logging.getLogger(__name__)
BASE = "https://app.example"
EXAMPLE = "https://app.example/?token=YOUR_TOKEN"


def redirects(token, refresh, url):
    yield RedirectResponse(f"{BASE}/callback?token={token}")  # finds: url-token
    yield RedirectResponse(f"{BASE}/callback#access_token={token}&state=1")  # finds: url-token
    yield BASE + "?access_token=" + token  # finds: url-token
    yield "{}?token={}".format(BASE, token)  # finds: url-token
    yield "%s/ws?jwt=%s" % (BASE, token)  # finds: url-token
    yield f"wss://app.example/ws?user=1&auth_token={token}"  # finds: url-token
    yield f"{url}&refresh_token={refresh}"  # finds: url-token
    yield url + f"?id_token={token}"  # finds: url-token
    yield BASE + "?" + urlencode({"token": token})  # finds: url-token
    yield f"{BASE}?{urlencode(dict(access_token=token, state=1))}"  # finds: url-token


async def calls(token, session):
    requests.get(BASE, params={"token": token})  # finds: url-token
    httpx.get(BASE, params={"q": "x", "access_token": token})  # finds: url-token
    await session.get(BASE, params=dict(jwt=token))  # finds: url-token
    query = {"token": token}
    requests.get(BASE, params=query)  # finds: url-token
    (requests.get(f"{BASE}/me?token={t}") for t in [token])  # finds: url-token


def not_in_a_url(token, url, count, request):
    requests.post(BASE, json={"token": token})
    requests.post(BASE, data={"refresh_token": token})
    requests.get(BASE, headers={"Authorization": f"Bearer {token}"})
    requests.get(f"{BASE}?token_count={count}&max_tokens={count}")
    requests.get(BASE, params={"max_tokens": count, "page": 1})
    logger.info(f"token={token[:4]}")
    logger.info("no ?token= in %s", url)
    if "?token=" in url or url.startswith("https://app.example/?token="):
        return parse_qs(url)["token"]
    return request.query_params.get("token"), f"{BASE}?state={token}"


def in_a_body(token, client):
    urlopen(BASE, urlencode({"token": token}).encode("utf-8"))
    client.post(BASE, str(urlencode({"refresh_token": token})))
    parameters = urlencode({"token": token})
    return urlopen(Request(BASE, parameters.encode(), {"Content-Length": len(parameters)}))


def in_a_url_after_all(token, client):
    client.get(BASE, urlencode({"token": token}))  # finds: url-token
    client.request("GET", urlencode({"token": token}))  # finds: url-token
    client.post(urljoin(BASE, urlencode({"token": token})))  # finds: url-token
    client.post(BASE, params=urlencode({"token": token}))  # finds: url-token
    client.post("{}?{}".format(BASE, urlencode({"token": token})))  # finds: url-token
    parameters = urlencode({"token": token})  # finds: url-token
    client.post(BASE, parameters)
    return f"{BASE}?{parameters}"
