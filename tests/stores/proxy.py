"""A proxy before a store: it notes what is asked for, and can make a share of the requests fail, or refuse some.

It also lets only one request at a time through that is to create an object and not to replace one: stores promise that
this is atomic, moto only looks and then writes.
"""

import http.client
import random
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "proxy-connection", "te", "upgrade", "content-length"}

# What can go wrong. `lost` is a lost acknowledgement: the store does what it is asked to, and nobody hears of it. `cut`
# ends an answer in the middle.
KINDS = ["slow_down", "internal_error", "refused", "lost", "cut"]


@dataclass(frozen=True)
class Request:
    """A request that came in: what bucket it is about, and which of its keys."""

    method: str
    bucket: str
    key: str
    query: dict[str, list[str]]

    @property
    def writes_data(self) -> bool:
        """Whether it writes a data file of a dataset called `trail`."""
        return self.method == "PUT" and self.key.startswith("trail/date=")

    @property
    def listed(self) -> str | None:
        """The prefix, if the store is asked to list."""
        if self.method == "GET" and ("list-type" in self.query or self.query.get("comp") == ["list"]):
            return self.query.get("prefix", [""])[0]
        return None


@dataclass(frozen=True)
class Answer:
    """An answer that says no, in the words of a store."""

    status: int
    code: str
    message: str

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Azure has the code here, too."""
        return [("Content-Type", "application/xml"), ("x-ms-error-code", self.code)]

    @property
    def content(self) -> bytes:
        """The code and the message in XML."""
        said = f"<Error><Code>{escape(self.code)}</Code><Message>{escape(self.message)}</Message></Error>"
        return f'<?xml version="1.0" encoding="UTF-8"?>{said}'.encode()


class Refusal:
    """Refuses the requests that it concerns: all of them, or all that come behind some that are spared. Which of them are
    `counted` can be said, too."""

    def __init__(
        self,
        answer: Answer,
        concerns: Callable[[Request], bool],
        spared: int = 0,
        counted: Callable[[Request], bool] | None = None,
    ) -> None:
        self.answer = answer
        self.concerns = concerns
        self.spared = spared
        self.counted = counted or concerns

    def next(self, request: Request) -> Answer | None:
        """How the next request is refused."""
        if not self.spared:
            return self.answer if self.concerns(request) else None
        self.spared -= self.counted(request)
        return None


ANSWERS = {
    "slow_down": Answer(503, "SlowDown", "Please reduce your request rate."),
    "internal_error": Answer(500, "InternalError", "We encountered an internal error. Please try again."),
}


class Faults:
    """Decides which requests fail. The same seed gives the same decisions, in the order of the requests."""

    def __init__(self, seed: int, share: float, kinds: list[str] = KINDS) -> None:
        self.random = random.Random(seed)
        self.share = share
        self.kinds = kinds
        self.done: Counter[str] = Counter()

    def next(self) -> str | None:
        """What is to happen to the next request."""
        if self.random.random() >= self.share:
            return None
        kind = self.random.choice(self.kinds)
        self.done[kind] += 1
        return kind


class Accidents:
    """The same fault for a request of each of some sorts: the first that comes."""

    def __init__(self, kind: str, sorts: list[Callable[[Request], bool]]) -> None:
        self.kind = kind
        self.left = list(sorts)

    def next(self, request: Request) -> str | None:
        """What is to happen to the next request."""
        for sort in self.left:
            if sort(request):
                self.left.remove(sort)
                return self.kind
        return None


class Script:
    """What happens to the requests that it concerns, one after another; nothing to those behind."""

    def __init__(self, concerns: Callable[[Request], bool], kinds: list[str]) -> None:
        self.concerns = concerns
        self.left = list(kinds)

    def next(self, request: Request) -> str | None:
        """What is to happen to the next request."""
        return self.left.pop(0) if self.left and self.concerns(request) else None


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Says nothing: who is killed, hangs up."""


class Proxy:
    """The proxy, from `start` to `stop`."""

    def __init__(self, port: int, root: str = "") -> None:
        self.upstream = port
        # What comes before the bucket in every path.
        self.root = root
        self.requests: list[Request] = []
        self.faults: Faults | None = None
        self.refusal: Refusal | Accidents | Script | None = None
        # Of listings, but of Azure's: how much a page has at most.
        self.page: int | None = None
        self.lock = threading.Lock()
        self.creating = threading.Lock()
        self.active = 0
        proxy = self

        class Handler(_Handler):
            """A connection of this proxy."""

            owner = proxy

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"

    def start(self) -> "Proxy":
        """Takes connections from now on."""
        # Threads here wait for sockets most of the time, and are many.
        sys.setswitchinterval(0.0002)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        """Takes no more connections."""
        self.server.shutdown()
        self.server.server_close()

    def reset(self) -> None:
        """Nothing fails from now on, and nothing was asked for."""
        self.settle()
        with self.lock:
            self.faults = self.refusal = self.page = None
            self.requests.clear()

    def request(self, method: str, path: str, query: str) -> Request:
        """What a request is about."""
        bucket, _, key = unquote(path).removeprefix(self.root).lstrip("/").partition("/")
        return Request(method, bucket, key, parse_qs(query, keep_blank_values=True))

    def begin(self, request: Request) -> str | Answer | None:
        """Notes a request. Returns the fault it is to meet."""
        with self.lock:
            self.active += 1
            self.requests.append(request)
            refused = self.refusal.next(request) if self.refusal else None
            return refused or (self.faults.next() if self.faults else None)

    def end(self) -> None:
        """The request is answered, or will not be."""
        with self.lock:
            self.active -= 1

    def settle(self) -> None:
        """Waits until the store has done what it was asked to, even if who asked is gone."""
        while self.active:
            time.sleep(0.005)

    def lists_of(self, bucket: str) -> list[str]:
        """The prefixes that were listed in a bucket since `requests` was cleared."""
        with self.lock:
            return [r.listed for r in self.requests if r.bucket == bucket and r.listed is not None]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    owner: Proxy
    upstream: http.client.HTTPConnection | None = None

    def handle_any(self) -> None:
        """Takes a request, whatever it is."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        request = self.owner.request(self.command, parts.path, parts.query)
        if self.owner.page and request.listed is not None:
            self.path += f"&max-keys={self.owner.page}"
        fault = self.owner.begin(request)
        try:
            self.serve(body, fault)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
        finally:
            self.owner.end()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = handle_any  # noqa: N815

    def serve(self, body: bytes, fault: str | Answer | None) -> None:
        """Forwards the request and the answer, as far as the fault lets them."""
        said = fault if isinstance(fault, Answer) else ANSWERS.get(fault or "")
        if said:
            self.answer(said.status, http.client.responses[said.status], said.headers, said.content)
        elif fault == "refused":
            self.hang_up()
        else:
            status, reason, headers, content = self.forward(body)
            if fault == "lost":
                self.hang_up()
            else:
                self.answer(status, reason, headers, content, cut=fault == "cut")

    def forward(self, body: bytes) -> tuple[int, str, list[tuple[str, str]], bytes]:
        """Asks the store."""
        if self.headers.get("If-None-Match") and self.command == "PUT":
            with self.owner.creating:
                return self.ask(body)
        return self.ask(body)

    def ask(self, body: bytes) -> tuple[int, str, list[tuple[str, str]], bytes]:
        """Asks the store, on a connection of its own: one that was kept might just be closing."""
        upstream = http.client.HTTPConnection("127.0.0.1", self.owner.upstream, timeout=120)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    upstream.putheader(name, value)
            if body or self.command in ("PUT", "POST"):
                upstream.putheader("Content-Length", str(len(body)))
            upstream.putheader("Connection", "close")
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            content = answer.read()
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
            if self.command == "HEAD":
                headers.append(("Content-Length", answer.getheader("Content-Length") or "0"))
            return answer.status, answer.reason, headers, content
        finally:
            upstream.close()

    def answer(
        self, status: int, reason: str, headers: list[tuple[str, str]], content: bytes, cut: bool = False
    ) -> None:
        """Answers, or begins to."""
        self.send_response_only(status, reason)
        for name, value in headers:
            self.send_header(name, value)
        is_head = self.command == "HEAD"
        if not any(name.lower() == "content-length" for name, _ in headers) and status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not is_head:
            self.wfile.write(content[: len(content) // 2] if cut else content)
        self.wfile.flush()
        if cut and content:
            self.hang_up()

    def hang_up(self) -> None:
        """Ends the connection without a word."""
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        """Says nothing."""
