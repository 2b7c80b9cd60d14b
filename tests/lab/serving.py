"""Local hosts on 127.0.0.1 for the tests of downloads: good, breaking off, lying, and down."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.data.registry import Dataset, File

CONTENT = bytes(range(256)) * 4000


class Host:
    """What a host serves, how many bytes a connection lives, and what was asked of it."""

    def __init__(self, content: bytes, lives: int | None, ranges: bool):
        self.content, self.lives, self.ranges = content, lives, ranges
        self.asked: list[str] = []
        self.address = ""


@contextmanager
def host(
    content: bytes = CONTENT, lives: int | None = None, ranges: bool = True
) -> Iterator[Host]:
    """Serve `content` at any path; a connection breaks off after `lives` bytes."""
    it = Host(content, lives, ranges)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range", "")
            it.asked.append(asked)
            start = int(asked[6:-1]) if asked and it.ranges else 0
            body = it.content[start:]
            self.send_response(206 if start else 200)
            if start:
                last = len(it.content) - 1
                self.send_header("Content-Range", f"bytes {start}-{last}/{len(it.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if it.lives is None else body[: it.lives])

        def log_message(self, *args):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    it.address = f"http://127.0.0.1:{server.server_port}/file"
    try:
        yield it
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def down() -> str:
    """Return an address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/file"


def a_file(*origins: str, content: bytes = CONTENT, name: str = "a.bin") -> File:
    md5, sha256 = hashlib.md5(content).hexdigest(), hashlib.sha256(content).hexdigest()
    return File(name, len(content), md5, sha256, origins)


def a_dataset(*files: File, name: str = "toy") -> Dataset:
    return Dataset(name, f"data/{name}", files, "none", "none", "made by a test")


@contextmanager
def answering(status: int, body: bytes, pause: float = 0.0) -> Iterator[str]:
    """Answer all that is asked in one way, with a pause after each byte; yield the address."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            step = 1 if pause else len(body)
            for begin in range(0, len(body), step or 1):
                self.wfile.write(body[begin : begin + step])
                if over.wait(pause):
                    break

        do_POST = do_GET

        def log_message(self, *args):
            return

    class Server(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            return  # who asked has left

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
