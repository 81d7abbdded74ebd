"""Pages, pack files and who may have them: requests sent byte for byte to the real server."""

import asyncio
import json
import os

import pytest
import websockets
from hypothesis import given
from hypothesis import strategies as st
from web_peers import HOST, FakeHub, dial, get, greet, heard, serving

from daemon import web_files
from daemon.web_files import split_path


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 15))


@pytest.fixture
def site(tmp_path):
    """A built site, a pack, and secrets right beside them."""
    dist, pack, outside = tmp_path / "dist", tmp_path / "demo", tmp_path / "outside"
    for folder in (dist / "assets", pack / "fg", outside):
        folder.mkdir(parents=True)
    (dist / "index.html").write_text("<title>stage</title>")
    (dist / "control.html").write_text("<title>control</title>")
    (dist / "assets" / "stage-1a2b.js").write_text("export {}")
    (pack / "pairs-manifest.v0.json").write_text('{"pairs":[]}')
    (pack / "fg" / "01 für.json").write_text("{}")
    (pack / "evil.html").write_text("<script src=/presets/demo/evil.js></script>")
    (pack / "evil.js").write_text("alert(1)")
    (pack / "evil.svg").write_text("<svg onload=alert(1)>")
    (pack / ".hidden.json").write_text("secret")
    (outside / "secret.json").write_text("secret")
    (tmp_path / "demo-secret.json").write_text("secret")
    (pack / "link.json").symlink_to(outside / "secret.json")
    (pack / "up").symlink_to(tmp_path)
    (pack / "inner.json").symlink_to(pack / "pairs-manifest.v0.json")
    (pack / "loop").symlink_to(pack / "loop")
    os.mkfifo(pack / "pipe.json")
    return dist, pack


def ask(site, *targets, headers=(), method="GET", hub=None, **settings):
    """Answers to several targets, from one server."""

    async def body():
        dist, pack = site
        async with serving(hub or FakeHub({"demo": pack}), dist, **settings) as server:
            return [await get(server, target, headers=headers, method=method) for target in targets]

    return run(body())


def test_pages_are_served_with_a_strict_policy(site):
    stage, control, script = ask(site, "/", "/control?x=1", "/assets/stage-1a2b.js")
    assert (stage[0], stage[2]) == (200, b"<title>stage</title>")
    assert (control[0], control[2]) == (200, b"<title>control</title>")
    assert stage[1]["content-type"].startswith("text/html")
    assert script[1]["content-type"].startswith("text/javascript")
    assert "immutable" in script[1]["cache-control"]
    for _, headers, _ in (stage, control, script):
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "'unsafe-inline'" not in policy
        assert "'unsafe-eval'" not in policy
        assert "'wasm-unsafe-eval'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
        assert int(headers["content-length"]) > 0


def test_without_a_build_the_page_says_what_to_do(site, tmp_path):
    (status, headers, body), api = ask((tmp_path / "none", site[1]), "/", "/healthz")
    assert status == 503
    assert b"npm ci" in body
    assert b"make setup" in body
    assert headers["content-type"].startswith("text/html")
    assert api[0] == 200


def test_interfaces(site):
    state, picks, health, metrics = ask(site, "/api/v1/state", "/api/v1/picks", "/healthz", "/metrics")
    assert json.loads(state[2])["type"] == "state"
    assert [record["seq"] for record in json.loads(picks[2])] == list(range(6, 26))
    assert json.loads(health[2])["ok"] is True
    assert metrics[1]["content-type"].startswith("text/plain; version=0.0.4")
    assert b'aivjd_http_answers_total{status="200"} 3\n' in metrics[2]
    hub = FakeHub()
    hub.good = False
    ((status, _, body),) = ask(site, "/healthz", hub=hub)
    assert (status, json.loads(body)) == (503, {"ok": False, "reason": "no sound"})


def test_pack_files_are_data_and_nothing_a_browser_would_run(site):
    names = (
        "pairs-manifest.v0.json",
        "fg/01%20f%C3%BCr.json",
        "inner.json",
        "evil.html",
        "evil.js",
        "evil.svg",
    )
    answers = ask(site, *(f"/presets/demo/{name}" for name in names))
    assert [status for status, _, _ in answers] == [200] * 6
    types = [headers["content-type"] for _, headers, _ in answers]
    assert types[:3] == ["application/json; charset=utf-8"] * 3
    assert types[3:] == ["application/octet-stream"] * 3
    assert all(headers["x-content-type-options"] == "nosniff" for _, headers, _ in answers)
    assert all("sandbox" in headers["content-security-policy"] for _, headers, _ in answers)


ESCAPES = [
    "/presets/demo/../demo-secret.json",
    "/presets/demo/../outside/secret.json",
    "/presets/demo/..",
    "/presets/demo/../../../../../../etc/passwd",
    "/presets/../presets/demo/pairs-manifest.v0.json",
    "/presets/demo/%2e%2e/demo-secret.json",
    "/presets/demo/%2E%2e/outside/secret.json",
    "/presets/demo/.%2e/outside/secret.json",
    "/presets/demo/%2e%2e%2foutside%2fsecret.json",
    "/presets/demo/..%2foutside/secret.json",
    "/presets/demo/..%5coutside%5csecret.json",
    "/presets/demo/..\\outside\\secret.json",
    "/presets/demo/%252e%252e/outside/secret.json",
    "/presets/demo/%c0%ae%c0%ae/outside/secret.json",
    "/presets/demo/%ff%fe/secret.json",
    "/presets/demo/pairs-manifest.v0.json%00.png",
    "/presets/demo/%00",
    "/presets/demo//etc/passwd",
    "/presets/demo/%2fetc%2fpasswd",
    "/presets//demo/pairs-manifest.v0.json",
    "//presets/demo/pairs-manifest.v0.json",
    "/presets/demo/C:/windows/win.ini",
    "/presets/demo/pairs-manifest.v0.json::$DATA",
    "/presets/demo/.hidden.json",
    "/presets/demo/link.json",
    "/presets/demo/up/outside/secret.json",
    "/presets/demo/up/demo/pairs-manifest.v0.json/../../../outside/secret.json",
    "/presets/demo/loop",
    "/presets/demo/pipe.json",
    "/presets/demo/fg",
    "/presets/demo/fg/",
    "/presets/demo/",
    "/presets/demo",
    "/presets/",
    "/presets/outside/secret.json",
    "/presets/./demo/pairs-manifest.v0.json",
    "/presets/demo/" + "a" * 5000,
    "/assets/../../outside/secret.json",
    "/assets/%2e%2e/%2e%2e/outside/secret.json",
    "/../outside/secret.json",
    "/..",
    "/assets/",
    "/nothing",
    "/control/",
    "/index.html/",
    "/api/v1/state/",
    "/api",
    "http://127.0.0.1/",
    "*",
    "",
]


def test_no_path_leads_out_and_what_is_absent_is_a_true_404(site):
    answers = ask(site, *ESCAPES)
    for target, (status, headers, body) in zip(ESCAPES, answers, strict=True):
        if target == "":  # not a request line at all
            assert status in (0, 404)
            continue
        assert status == 404, target
        assert b"secret" not in body, target
        assert "content-security-policy" in headers


@given(
    st.text(st.characters(codec="utf-8"), max_size=40)
    | st.from_regex(r"/(\.|%2e|%5c|%2f|/|\\|a|%00|%25)*", fullmatch=True)
)
def test_segments_are_plain_names(path):
    for segment in split_path(path) or []:
        assert segment not in ("", ".", "..")
        assert not set(segment) & set("/\\:\0")


def test_a_path_a_link_was_swapped_into_is_not_followed(site, monkeypatch):
    _, pack = site
    target = pack / "pairs-manifest.v0.json"
    opened = os.open

    def swapped(path, flags):
        target.unlink()
        target.symlink_to(pack.parent / "outside" / "secret.json")
        return opened(path, flags)

    monkeypatch.setattr(web_files.os, "open", swapped)
    assert web_files.read_file(pack, ["pairs-manifest.v0.json"], trusted=False) is None


def test_too_large_a_file_is_refused(site, monkeypatch):
    monkeypatch.setattr(web_files, "MAX_FILE_BYTES", 8)
    ((status, _, _),) = ask(site, "/presets/demo/pairs-manifest.v0.json")
    assert status == 413


def test_a_large_file_arrives_whole(site):
    content = os.urandom(3_000_000)
    (site[1] / "big.bin").write_bytes(content)
    ((status, _, body),) = ask(site, "/presets/demo/big.bin")
    assert (status, body) == (200, content)


def test_an_unchanged_file_is_not_sent_again(site):
    ((_, headers, _),) = ask(site, "/presets/demo/inner.json")
    ((status, _, body),) = ask(
        site, "/presets/demo/inner.json", headers=[f"If-None-Match: {headers['etag']}"]
    )
    assert (status, body) == (304, b"")


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS", "get"])
def test_only_get(site, method):
    status, headers, _ = ask(site, "/", method=method)[0]
    assert (status, headers["allow"]) == (405, "GET")


# Host: DNS rebinding


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LOCALHOST", 200),
        ("[::1]:{port}", 200),
        ("localhost:9000", 200),  # through a tunnel
        ("desk.example:443", 200),  # named in origins
        ("evil.example:{port}", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:{port}", 403),
        ("192.168.1.20:{port}", 403),
        ("", 400),
        ("localhost:{port}/x", 400),
        ("evil.example@localhost", 400),
        ("localhost:port", 400),
        ("localhost, evil.example", 400),
        ("[::1", 400),
    ],
)
def test_the_host_must_be_ours(site, host, status):
    async def body():
        async with serving(FakeHub(), site[0], origins=("https://desk.example",)) as server:
            header = f"Host: {host.format(port=server.port)}"
            assert (await get(server, "/healthz", headers=[header]))[0] == status

    run(body())


def test_two_hosts_are_none(site):
    assert ask(site, "/", headers=["Host: localhost", "Host: localhost"])[0][0] == 400


# Origin: pages of other sites


@pytest.mark.parametrize(
    ("origin", "good"),
    [
        (None, True),
        ("http://127.0.0.1:{port}", True),
        ("http://localhost:{port}", True),
        ("http://[::1]:{port}", True),
        ("http://localhost:5174", True),  # named in origins
        ("http://LOCALHOST:5174", True),
        ("http://localhost:5175", False),
        ("http://localhost", False),
        ("https://evil.example", False),
        ("http://evil.example:{port}", False),
        ("http://127.0.0.1.evil.example:{port}", False),
        ("http://localhost:{port}.evil.example", False),
        ("file://", False),
        ("chrome-extension://abc", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_our_pages_may_connect(site, origin, good):
    async def body():
        async with serving(FakeHub(), site[0], origins=("http://localhost:5174/",)) as server:
            shown = origin if origin is None else origin.format(port=server.port)
            headers = None if shown is None else {"Origin": shown}
            if good:
                async with dial(server, headers=headers) as ws:
                    await greet(ws)
            else:
                with pytest.raises(websockets.InvalidStatus) as caught:
                    await dial(server, headers=headers)
                assert caught.value.response.status_code == 403

    run(body())


def test_a_configured_origin_may_read_and_another_may_not(site):
    origins = ("http://localhost:5174",)
    ours = ask(site, "/presets/demo/inner.json", headers=["Origin: http://localhost:5174"], origins=origins)[
        0
    ]
    other = ask(site, "/presets/demo/inner.json", headers=["Origin: http://evil.example"], origins=origins)[0]
    assert ours[1]["access-control-allow-origin"] == "http://localhost:5174"
    assert "access-control-allow-origin" not in other[1]


# Token

TOKEN = "open sésame"
QUOTED = "open%20s%C3%A9same"


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/healthz", [], 401),
        (f"/healthz?token={QUOTED}", [], 200),
        ("/healthz?token=open", [], 401),
        ("/healthz?token=", [], 401),
        (f"/healthz?token={QUOTED}&token=x", [], 401),
        ("/healthz?token=" + "&a" * 40, [], 401),
        ("/healthz?" + "&".join("a=1" for _ in range(1000)), [], 401),
        ("/healthz", ["Authorization: Bearer wrong"], 401),
        ("/healthz", ["Authorization: Basic b3Blbg=="], 401),
        ("/healthz", ["Cookie: aivj-1=x; =; ;;"], 401),
        ("/presets/demo/inner.json", [], 401),
        ("/nothing", [], 401),
    ],
)
def test_with_a_token_every_request_needs_it(site, target, headers, status):
    assert ask(site, target, headers=headers, token=TOKEN)[0][0] == status


def test_bearer(site):
    assert ask(site, "/healthz", headers=["Authorization: Bearer abc"], token="abc")[0][0] == 200


def test_a_page_opened_with_the_token_may_load_its_parts(site):
    async def body():
        async with serving(FakeHub({"demo": site[1]}), site[0], token=TOKEN) as server:
            _, headers, _ = await get(server, f"/?token={QUOTED}")
            cookie = headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert "sesame" not in cookie
            pair = cookie.partition(";")[0]
            assert (await get(server, "/assets/stage-1a2b.js", headers=[f"Cookie: a=b; {pair}"]))[0] == 200
            assert (await get(server, "/assets/stage-1a2b.js", headers=[f"Cookie: {pair}x"]))[0] == 401
            async with dial(server, headers={"Cookie": pair}) as ws:
                await greet(ws)
            # The cookie alone does not excuse a foreign page.
            with pytest.raises(websockets.InvalidStatus):
                await dial(server, headers={"Cookie": pair, "Origin": "http://evil.example"})

    run(body())


def test_a_websocket_shows_the_token_in_the_address_or_in_hello(site):
    async def body():
        async with serving(FakeHub(), site[0], token=TOKEN) as server:
            async with dial(server, path=f"/ws?token={QUOTED}") as ws:
                await greet(ws)
            async with dial(server) as ws:
                await greet(ws, token=TOKEN)
            with pytest.raises(websockets.InvalidStatus) as caught:
                await dial(server, path="/ws?token=wrong")
            assert caught.value.response.status_code == 401
            async with dial(server) as ws:
                await ws.send(json.dumps({"type": "hello", "role": "control", "token": "wrong"}))
                with pytest.raises(websockets.ConnectionClosed):
                    await heard(ws, "hello")
                assert ws.close_code == 1008
            assert server.client_counts()["control"] == 0

    run(body())


def test_on_every_interface_an_address_is_a_good_host_and_a_foreign_name_is_not(site):
    async def body():
        async with serving(FakeHub(), site[0], host="0.0.0.0", token="t") as server:
            for host, status in (("192.168.1.20", 200), ("localhost", 200), ("evil.example", 403)):
                target, header = "/healthz?token=t", f"Host: {host}:{server.port}"
                assert (await get(server, target, headers=[header]))[0] == status
            async with dial(server, path="/ws?token=t", origin=f"http://{HOST}:{server.port}") as ws:
                await greet(ws)

    run(body())
