"""Asks a store for objects as fast as it answers, to learn what it can give by itself.

    load.py PORT CONNECTIONS REQUESTS

Reads the paths to ask for from standard input, one a line. Prints the seconds that the requests took.
"""

import asyncio
import sys
import time
from functools import partial
from typing import Iterator

CONTENT_LENGTH = b"Content-Length: "
END_OF_HEAD = b"\r\n\r\n"


class Asking(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the one before is there."""

    def __init__(self, requests: "Iterator[bytes]", done: "asyncio.Future[None]") -> None:
        self.requests = requests
        self.done = done
        self.missing = 0
        self.head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            self.done.set_result(None)
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
        else:
            self.head += data
            head, found, rest = self.head.partition(END_OF_HEAD)
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                sys.exit(f"the store answered {head[:100]!r}")
            length = head[head.index(CONTENT_LENGTH) + len(CONTENT_LENGTH) :].split(b"\r\n", 1)[0]
            self.missing, self.head = int(length) - len(rest), b""
        if not self.missing:
            self.ask()


async def ask(port: int, connections: int, paths: "list[str]") -> float:
    loop = asyncio.get_running_loop()
    requests = iter([f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() for path in paths])
    began = time.perf_counter()
    ends = [loop.create_future() for _ in range(connections)]
    for end in ends:
        await loop.create_connection(partial(Asking, requests, end), "127.0.0.1", port)
    await asyncio.gather(*ends)
    return time.perf_counter() - began


if __name__ == "__main__":
    asked = sys.stdin.read().splitlines()[: int(sys.argv[3])]
    print(asyncio.run(ask(int(sys.argv[1]), int(sys.argv[2]), asked)))
