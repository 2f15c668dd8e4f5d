"""A double of S3 that holds log objects in memory and answers each call after a while: ListObjectsV2, GetObject
and HeadObject.

    store.py DIRECTORY DELAY_MS

What is below DIRECTORY are the keys of the one bucket there is, BUCKET. Prints its port, then answers until its
standard input ends. It looks at no signature. It is made to be fast, not complete: one loop, no work for a request but
to find its answer, and one timer for all that wait. Requests for a range or with a condition it refuses.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

import asyncio
import hashlib
import sys
from bisect import bisect_left, bisect_right
from collections import deque
from pathlib import Path
from typing import Deque
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "logs"
PAGE = 1000
LAST_MODIFIED = ("Sat, 01 Mar 2025 00:00:00 GMT", "2025-03-01T00:00:00.000Z")
END_OF_HEAD = b"\r\n\r\n"
UNSUPPORTED = (b"range:", b"if-match:", b"if-none-match:", b"if-modified-since:")


class Bucket:
    """The objects: an answer for each, made beforehand, and pages of listings."""

    def __init__(self, directory: Path) -> None:
        self.sizes: "dict[str, tuple[int, str]]" = {}
        self.answers: "dict[bytes, bytes]" = {}
        for path in directory.rglob("*"):
            if path.is_file():
                self.add(path.relative_to(directory).as_posix(), path.read_bytes())
        self.keys = sorted(self.sizes)

    def add(self, key: str, content: bytes) -> None:
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        self.sizes[key] = len(content), etag
        headers = {"ETag": etag, "Last-Modified": LAST_MODIFIED[0], "Content-Type": "application/octet-stream"}
        self.answers[f"/{BUCKET}/{key}".encode()] = answer("200 OK", content, headers)

    def answer(self, head: bytes) -> bytes:
        """What is said to a request, by its head."""
        method, target, _ = head.split(b" ", 2)
        if method not in (b"GET", b"HEAD") or any(header in head.lower() for header in UNSUPPORTED):
            return refusal("501 Not Implemented", "NotImplemented")
        found = self.answers.get(target) or self.look_up(target.decode())
        return found if method == b"GET" else found.partition(END_OF_HEAD)[0] + END_OF_HEAD

    def look_up(self, target: str) -> bytes:
        """What is no object by its plain name: a listing, a name that is escaped, or nothing."""
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if "list-type" in query:
            return answer("200 OK", self.page(query).encode(), {"Content-Type": "application/xml"})
        return self.answers.get(unquote(url.path).encode()) or refusal("404 Not Found", "NoSuchKey")

    def page(self, query: "dict[str, str]") -> str:
        """A page of a listing. The token of the next is the last key, or directory, of this one."""
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token") or query.get("start-after", "")
        place = max(bisect_left(self.keys, prefix), bisect_right(self.keys, after))
        entries: "list[str]" = []
        last = ""
        while place < len(self.keys) and self.keys[place].startswith(prefix) and len(entries) < PAGE:
            key = self.keys[place]
            directory, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if found:
                # Behind all that lies in the directory.
                last = f"{prefix}{directory}{delimiter}\U0010ffff"
                place = bisect_right(self.keys, last)
                name = escape(prefix + directory + delimiter)
                entries.append(f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>")
            else:
                last, (size, etag) = key, self.sizes[key]
                place += 1
                entries.append(
                    f"<Contents><Key>{escape(key)}</Key><LastModified>{LAST_MODIFIED[1]}</LastModified>"
                    f"<ETag>{escape(etag)}</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
                )
        more = place < len(self.keys) and self.keys[place].startswith(prefix)
        token = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if more else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{BUCKET}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(entries)}</KeyCount>"
            f"<MaxKeys>{PAGE}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>{token}{''.join(entries)}"
            "</ListBucketResult>"
        )


def answer(status: str, content: bytes, headers: "dict[str, str]") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode() + END_OF_HEAD + content


def refusal(status: str, code: str) -> bytes:
    return answer(status, f"<Error><Code>{code}</Code></Error>".encode(), {"Content-Type": "application/xml"})


class Waiting:
    """Answers that are not due yet. All wait equally long, so the first that came is the first to go."""

    def __init__(self, loop: asyncio.AbstractEventLoop, delay: float) -> None:
        self.loop = loop
        self.delay = delay
        self.queue: "Deque[tuple[float, asyncio.Transport, bytes]]" = deque()

    def add(self, transport: asyncio.Transport, content: bytes) -> None:
        due = self.loop.time() + self.delay
        if not self.queue:
            self.loop.call_at(due, self.send)
        self.queue.append((due, transport, content))

    def send(self) -> None:
        """Sends what is due."""
        now = self.loop.time()
        while self.queue and self.queue[0][0] <= now:
            _, transport, content = self.queue.popleft()
            transport.write(content)
        if self.queue:
            self.loop.call_at(self.queue[0][0], self.send)


class Connection(asyncio.Protocol):
    """One connection, which may bring many requests."""

    def __init__(self, bucket: Bucket, waiting: Waiting) -> None:
        self.bucket = bucket
        self.waiting = waiting
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while END_OF_HEAD in self.received:
            head, _, self.received = self.received.partition(END_OF_HEAD)
            self.waiting.add(self.transport, self.bucket.answer(head))


async def serve(directory: Path, delay: float) -> None:
    loop = asyncio.get_running_loop()
    bucket, waiting = Bucket(directory), Waiting(loop, delay)
    server = await loop.create_server(lambda: Connection(bucket, waiting), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2]) / 1000))
