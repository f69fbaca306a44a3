"""Downloads from servers that misbehave in known ways; TLS is that of requests."""

import hashlib
import http.server
import os
import threading

import pytest

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
        if kind == "stalled":
            self.server.release.wait(30)
        body = b"<html>moved</html>" if kind == "wrong" else BODY
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind == "truncated":
            body = body[:2_000_000]
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(fetching, "TIMEOUT", (1, 1))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.release = [], threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.address = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.release.set()
    server.shutdown()


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
        ("wrong", "hash"),
        ("truncated", "no connection, or it broke"),
        ("stalled", "no answer in time"),
    ],
)
def test_a_bad_mirror_is_named_leaves_nothing_and_the_next_one_helps(get, kind, reason):
    with pytest.raises(AddaError, match=f"file.bin could not be downloaded.*{kind}.*({reason})"):
        get(kind)
    assert os.listdir(get.cache) == []
    assert get(kind, "good").read_bytes() == BODY


def test_a_damaged_cache_is_downloaded_again(get):
    get("good").write_bytes(b"damaged")
    assert get("good").read_bytes() == BODY


def test_the_directory_comes_first_and_needs_no_network(get, server, tmp_path):
    (tmp_path / "file.bin").write_bytes(b"the user's own")
    assert get("good", directory=str(tmp_path)).read_bytes() == b"the user's own"
    with pytest.raises(AddaError, match=r"data\.directory is /no/such, which is not a folder"):
        get("good", directory="/no/such")
    assert server.seen == []


def test_another_address_is_another_file_where_there_is_no_digest(get):
    assert get("good", digest=None) != get("wrong", digest=None)
