"""Downloads over real TLS on loopback, from servers that misbehave in every known way."""

import hashlib
import http.server
import os
import signal
import ssl
import subprocess
import sys
import threading
import time

import pytest
import trustme
from conftest import ROOT

from adda.common.errors import AddaError
from adda.datasets import downloads as fetching
from adda.datasets.downloads import fetch

BODY = os.urandom(3_000_000)
DIGEST = "sha256:" + hashlib.sha256(BODY).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """The path says how to misbehave; every request is remembered."""

    def do_GET(self):
        self.server.seen.append(self.path)
        kind = self.path.split("/")[1]
        if kind == "missing":
            self.send_error(404)
            return
        if kind == "plain":
            self.send_response(302)
            self.send_header("Location", self.server.plain_address + "/good")
            self.end_headers()
            return
        if kind == "stalled":
            self.server.release.wait(30)
        body = b"<html>moved</html>" if kind == "wrong" else BODY
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind == "truncated":
            body = body[:2_000_000]
        if kind == "slow":  # stops half-way until the test lets it go on
            self.wfile.write(body[:2_000_000])
            self.server.release.wait(30)
            body = body[2_000_000:]
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(tls):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.release = [], threading.Event()
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def server(tmp_path, monkeypatch):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setattr(fetching, "PAUSE", 0.01)
    monkeypatch.setattr(fetching, "TIMEOUT", (1, 1))
    server, plain = serve(context), serve(None)
    server.address = f"https://127.0.0.1:{server.server_port}"
    server.plain, server.plain_address = plain, f"http://127.0.0.1:{plain.server_port}"
    yield server
    for each in (server, plain):
        each.release.set()
        each.shutdown()


@pytest.fixture
def get(server, tmp_path):
    def get(*kinds, digest=DIGEST, directory=None):
        urls = [f"{server.address}/{kind}/file.bin" for kind in kinds]
        return fetch("file.bin", urls, digest, directory, tmp_path / "cache")

    get.cache = tmp_path / "cache"
    return get


def test_a_download_is_kept_and_not_repeated(get, server):
    assert get("good").read_bytes() == BODY
    assert get("good").read_bytes() == BODY
    assert server.seen == ["/good/file.bin"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "HTTP 404"),
        ("wrong", "a web page in place of the file"),
        ("truncated", "no connection, or it broke"),
        ("stalled", "no answer in time"),
        ("slow", "no answer in time|it broke"),
        ("plain", "redirected to http://.* which is not https"),
    ],
)
def test_a_bad_mirror_is_named_and_leaves_nothing(get, server, kind, reason):
    with pytest.raises(AddaError, match=f"file.bin could not be downloaded.*{kind}.*({reason})"):
        get(kind)
    assert len(server.seen) == fetching.ROUNDS
    assert server.plain.seen == []  # the redirect was not followed
    assert os.listdir(get.cache) == []


@pytest.mark.parametrize("kind", ["missing", "wrong", "truncated", "stalled", "plain"])
def test_the_next_mirror_helps(get, kind):
    assert get(kind, "good").read_bytes() == BODY


def test_a_mirror_that_recovers_helps(get, server, monkeypatch):
    monkeypatch.setattr(
        fetching.time, "sleep", lambda _: monkeypatch.setattr(Handler, "do_GET", do_get)
    )
    do_get = Handler.do_GET
    monkeypatch.setattr(Handler, "do_GET", lambda self: self.send_error(503))
    assert get("good").read_bytes() == BODY


def test_a_damaged_cache_is_downloaded_again(get):
    get("good").write_bytes(b"damaged")
    assert get("good").read_bytes() == BODY


def test_the_directory_comes_first_and_needs_no_network(get, server, tmp_path):
    (tmp_path / "file.bin").write_bytes(b"the user's own")
    found = get("good", directory=str(tmp_path))
    assert found.read_bytes() == b"the user's own"
    assert server.seen == []


def test_another_address_is_another_file_where_there_is_no_digest(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        url = (tmp_path / name).as_uri()
        assert fetch("file", [url], None, None, tmp_path / "cache").read_text() == name


@pytest.mark.parametrize("page", ["<!DOCTYPE html><p>log in", "\n <HTML>"])
def test_a_web_page_is_not_kept_for_a_file_without_a_digest(tmp_path, monkeypatch, page):
    """And mended, the same address gives the file."""
    monkeypatch.setattr(fetching, "PAUSE", 0)
    place = tmp_path / "place"
    place.write_text(page)
    with pytest.raises(AddaError, match="a web page in place of the file"):
        fetch("file", [place.as_uri()], None, None, tmp_path / "cache")
    place.write_text("the file")
    found = fetch("file", [place.as_uri()], None, None, tmp_path / "cache")
    assert found.read_text() == "the file"


def test_a_directory_that_is_none_is_named(server, get):
    with pytest.raises(AddaError, match=r"data\.directory is /no/such, which is not a folder"):
        get("good", directory="/no/such")
    assert server.seen == []


def test_a_file_address(tmp_path):
    (tmp_path / "a file").write_bytes(BODY)
    url = (tmp_path / "a file").as_uri()
    assert fetch("copy", [url], DIGEST, None, tmp_path / "cache").read_bytes() == BODY


@pytest.mark.parametrize("scheme", ["http", "ftp", "sftp", "data"])
def test_other_schemes_are_refused_before_anything_is_asked(server, tmp_path, scheme):
    url = f"{scheme}://127.0.0.1:{server.plain.server_port}/good"
    with pytest.raises(AddaError, match="neither an https nor a file address"):
        fetch("file", [url], None, None, tmp_path)
    assert server.plain.seen == []


def test_nobody_there_fails_fast(tmp_path, monkeypatch):
    started = time.monotonic()
    with pytest.raises(AddaError, match=r"check the network, or .* data\.directory"):
        fetch("file", ["https://127.0.0.1:9/file"], None, None, tmp_path)
    assert time.monotonic() - started < 60


def test_kill_9_in_mid_download_leaves_no_file_of_that_name(server, tmp_path):
    code = f"""
from pathlib import Path
from adda.datasets.downloads import fetch
fetch("file.bin", ["{server.address}/slow/file.bin"], "{DIGEST}", None, Path(r"{tmp_path}/cache"))
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    cache = tmp_path / "cache"
    for _ in range(300):
        if cache.exists() and any(path.stat().st_size for path in cache.iterdir()):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert any(path.stat().st_size for path in cache.iterdir())  # it was in the middle
    assert not (cache / "file.bin").exists()
    urls = [f"{server.address}/good/file.bin"]
    assert fetch("file.bin", urls, DIGEST, None, cache).read_bytes() == BODY
