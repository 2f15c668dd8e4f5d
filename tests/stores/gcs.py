"""A double of Google Cloud Storage, in memory: of its XML API, what object_store asks for.

    gcs.py PORT

It promises what Google does: what was written is there to read and to list, each write makes a new generation, and a
condition is looked at and acted upon in one go. What it does not know it refuses, so that no condition is overlooked.
https://cloud.google.com/storage/docs/xml-api/reference-methods
"""

import base64
import hashlib
import http.client
import json
import re
import secrets
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Callable
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from proxy import Answer

# The account, and what is no bucket: where keys of it are made, as by the API of IAM, and where a virtual machine is given
# tokens.
EMAIL = "trailhouse@project.iam.gserviceaccount.com"
KEYS = f"/v1/projects/-/serviceAccounts/{EMAIL}/keys"
TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"

UNAUTHENTICATED = Answer(401, "AuthenticationRequired", "Authentication required.")
NO_BUCKET = Answer(404, "NoSuchBucket", "The specified bucket does not exist.")
NO_KEY = Answer(404, "NoSuchKey", "The specified key does not exist.")
NO_UPLOAD = Answer(404, "NoSuchUpload", "The requested upload was not found.")
BUCKET_THERE = Answer(409, "BucketAlreadyOwnedByYou", "Your previous request to create the bucket succeeded.")
CONDITION = Answer(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")
NO_RANGE = Answer(416, "InvalidRange", "The requested range cannot be satisfied.")
NO_PART = Answer(400, "InvalidPart", "One or more of the specified parts could not be found.")
SMALL_PART = Answer(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum object size.")

# How much a page of a listing has at most, and every part of an upload but the last has at least.
PAGE = 1000
LEAST_PART_BYTES = 5 << 20


class Refused(Exception):
    """The answer is no."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


@dataclass(frozen=True)
class Asked:
    """A request. What it says beside the key: its query, and those headers that change what it means."""

    method: str
    bucket: str
    key: str
    said: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    @classmethod
    def no(cls, answer: Answer) -> "Reply":
        """One that says no."""
        return cls(answer.status, dict(answer.headers), answer.content)


@dataclass(frozen=True)
class Object:
    """An object as it was written."""

    content: bytes
    etag: str
    generation: int

    @property
    def modified(self) -> datetime:
        """Generations are times, in microseconds."""
        return datetime.fromtimestamp(self.generation / 1_000_000, timezone.utc)

    @property
    def headers(self) -> dict[str, str]:
        """Those of an answer that is about it."""
        return {"ETag": self.etag, "x-goog-generation": str(self.generation)}


@dataclass
class Upload:
    """An object that is written in parts."""

    bucket: str
    key: str
    parts: dict[int, bytes] = field(default_factory=dict)


class Accounts:
    """Who may ask: bearers of a token that a key of the account has signed, or that a virtual machine was given."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPublicKey] = {}
        self.given = secrets.token_hex()

    def make_key(self) -> dict[str, str]:
        """A new key, as in the file that Google's console hands out."""
        private, name = rsa.generate_private_key(65537, 2048), secrets.token_hex(20)
        self.keys[name] = private.public_key()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return {"type": "service_account", "client_email": EMAIL, "private_key_id": name, "private_key": pem}

    def check(self, token: str) -> None:
        """Refuses a token that is not good, or not any more. https://google.aip.dev/auth/4111"""
        try:
            good = token == self.given or self.is_signed(token)
        except (ValueError, KeyError, InvalidSignature):
            good = False
        if not good:
            raise Refused(UNAUTHENTICATED)

    def is_signed(self, token: str) -> bool:
        """Whether it claims what it should. Fails unless it is a JSON Web Token with a good signature."""
        signed, _, signature = token.rpartition(".")
        header, claims = (json.loads(decoded(part)) for part in signed.split("."))
        key = self.keys[header["kid"]]
        key.verify(decoded(signature), signed.encode(), padding.PKCS1v15(), SHA256())
        who, until = (claims["iss"], claims["sub"], claims["scope"]), claims["exp"]
        return who == (EMAIL, EMAIL, SCOPE) and claims["iat"] + 3600 >= until > time.time()


def decoded(text: str) -> bytes:
    """Base64 as tokens have it."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def quoted_md5(content: bytes) -> str:
    """The ETag of what was written in one piece."""
    return f'"{hashlib.md5(content).hexdigest()}"'


def elements(**values: object) -> str:
    """XML elements."""
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in values.items())


def document(root: str, content: str) -> bytes:
    """An XML document."""
    opened = f"<{root} xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
    return f"<?xml version='1.0' encoding='UTF-8'?>{opened}{content}</{root}>".encode()


class Storage:
    """Buckets. One request is answered at a time."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, Object]] = {}
        self.uploads: dict[str, Upload] = {}
        self.generation = 0
        self.lock = threading.Lock()

    def answer(self, asked: Asked) -> Reply:
        """Does what is asked for."""
        for operation in OPERATIONS:
            if operation.is_meant(asked):
                with self.lock:
                    return operation.do(self, asked)
        raise ValueError(f"The double does not know {asked.method} with {sorted(asked.said)}")

    def bucket(self, name: str) -> dict[str, Object]:
        """The objects of a bucket."""
        if name not in self.buckets:
            raise Refused(NO_BUCKET)
        return self.buckets[name]

    def object(self, bucket: str, key: str) -> Object:
        """What is there now."""
        if key not in self.bucket(bucket):
            raise Refused(NO_KEY)
        return self.buckets[bucket][key]

    def keep(self, bucket: str, key: str, content: bytes, etag: str) -> Object:
        """A new generation."""
        self.generation = max(self.generation + 1, time.time_ns() // 1000)
        self.bucket(bucket)[key] = Object(content, etag, self.generation)
        return self.buckets[bucket][key]

    def meet(self, asked: Asked) -> None:
        """Refuses unless the generation that is there is the one that is expected; none has the number 0."""
        expected = asked.said.get("x-goog-if-generation-match")
        there = self.bucket(asked.bucket).get(asked.key)
        if expected is not None and int(expected) != (there.generation if there else 0):
            raise Refused(CONDITION)

    def create_bucket(self, asked: Asked) -> Reply:
        """Makes a bucket."""
        if asked.bucket in self.buckets:
            raise Refused(BUCKET_THERE)
        self.buckets[asked.bucket] = {}
        return Reply()

    def write(self, asked: Asked) -> Reply:
        """Writes an object."""
        self.meet(asked)
        return Reply(headers=self.keep(asked.bucket, asked.key, asked.body, quoted_md5(asked.body)).headers)

    def copy(self, asked: Asked) -> Reply:
        """Writes an object that is the same as another."""
        bucket, _, key = unquote(asked.said["x-goog-copy-source"]).lstrip("/").partition("/")
        source = self.object(bucket, key)
        self.meet(asked)
        made = self.keep(asked.bucket, asked.key, source.content, source.etag)
        content = elements(LastModified=made.modified.isoformat(), ETag=made.etag)
        return Reply(headers=made.headers, content=document("CopyObjectResult", content))

    def read(self, asked: Asked) -> Reply:
        """Reads an object, or a range of it."""
        found, said = self.object(asked.bucket, asked.key), asked.said
        if said.get("generation", str(found.generation)) != str(found.generation):
            raise Refused(NO_KEY)
        if said.get("if-match", found.etag) != found.etag:
            raise Refused(CONDITION)
        if said.get("if-none-match") == found.etag:
            return Reply(304, found.headers)
        headers = found.headers | {
            "Last-Modified": format_datetime(found.modified, usegmt=True),
            "Content-Type": "application/octet-stream",
        }
        if "range" not in said:
            return Reply(200, headers, found.content)
        size, wanted = len(found.content), re.fullmatch(r"bytes=(\d*)-(\d*)", said["range"])
        if wanted is None or wanted[0] == "bytes=-":
            raise Refused(NO_RANGE)
        first, last = wanted.groups()
        start = int(first) if first else max(size - int(last), 0)
        end = min(int(last) + 1, size) if first and last else size
        if start >= end:
            raise Refused(NO_RANGE)
        return Reply(206, headers | {"Content-Range": f"bytes {start}-{end - 1}/{size}"}, found.content[start:end])

    def delete(self, asked: Asked) -> Reply:
        """Deletes an object, which must be there."""
        self.object(asked.bucket, asked.key)
        del self.buckets[asked.bucket][asked.key]
        return Reply(204)

    def list_page(self, asked: Asked) -> Reply:
        """A page of a listing."""
        objects, said = self.bucket(asked.bucket), asked.said
        prefix, delimiter = said.get("prefix", ""), said.get("delimiter", "")
        shown = decoded(said.get("continuation-token", "")).decode()
        found: dict[str, Object | None] = {}
        for key in sorted(objects):
            if key.startswith(prefix) and key > said.get("start-after", ""):
                end = key.find(delimiter, len(prefix)) if delimiter else -1
                name = key if end < 0 else key[: end + len(delimiter)]
                if name > shown:
                    found[name] = objects[key] if end < 0 else None
        page = dict(islice(found.items(), min(int(said.get("max-keys", PAGE)), PAGE)))
        content = elements(Name=asked.bucket, Prefix=prefix, IsTruncated=str(len(page) < len(found)).lower())
        if len(page) < len(found):
            token = base64.urlsafe_b64encode(list(page)[-1].encode()).decode()
            content += elements(NextContinuationToken=token)
        for name, there in page.items():
            if there:
                modified = there.modified.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                known = {"Generation": there.generation, "LastModified": modified, "ETag": there.etag}
                content += f"<Contents>{elements(Key=name, **known, Size=len(there.content))}</Contents>"
        common = (elements(Prefix=name) for name, there in page.items() if there is None)
        content += "".join(f"<CommonPrefixes>{name}</CommonPrefixes>" for name in common)
        return Reply(headers={"Content-Type": "application/xml"}, content=document("ListBucketResult", content))

    def begin_upload(self, asked: Asked) -> Reply:
        """Begins to write an object in parts."""
        self.bucket(asked.bucket)
        name = secrets.token_urlsafe()
        self.uploads[name] = Upload(asked.bucket, asked.key)
        content = elements(Bucket=asked.bucket, Key=asked.key, UploadId=name)
        return Reply(content=document("InitiateMultipartUploadResult", content))

    def upload(self, asked: Asked) -> Upload:
        """One that is going on."""
        upload = self.uploads.get(asked.said["uploadId"])
        if upload is None or (upload.bucket, upload.key) != (asked.bucket, asked.key):
            raise Refused(NO_UPLOAD)
        return upload

    def write_part(self, asked: Asked) -> Reply:
        """Writes a part, or writes it anew."""
        self.upload(asked).parts[int(asked.said["partNumber"])] = asked.body
        return Reply(headers={"ETag": quoted_md5(asked.body)})

    def complete_upload(self, asked: Asked) -> Reply:
        """Makes an object of parts, and forgets the upload. What Google answers when it is asked again, it does not say: this
        is the worse of what it may."""
        upload = self.upload(asked)
        tags: dict[int, str | None] = {}
        for part in ElementTree.fromstring(asked.body).iterfind("{*}Part"):
            tags[int(part.findtext("{*}PartNumber", ""))] = part.findtext("{*}ETag")
        if not tags or any(n not in upload.parts or quoted_md5(upload.parts[n]) != tag for n, tag in tags.items()):
            raise Refused(NO_PART)
        parts = [upload.parts[number] for number in sorted(tags)]
        if any(len(part) < LEAST_PART_BYTES for part in parts[:-1]):
            raise Refused(SMALL_PART)
        # It is no digest of the content.
        made = self.keep(asked.bucket, asked.key, b"".join(parts), f'"-{secrets.token_urlsafe(12)}"')
        del self.uploads[asked.said["uploadId"]]
        content = elements(Bucket=asked.bucket, Key=asked.key, ETag=made.etag)
        return Reply(headers=made.headers, content=document("CompleteMultipartUploadResult", content))

    def abort_upload(self, asked: Asked) -> Reply:
        """Forgets parts."""
        self.upload(asked)
        del self.uploads[asked.said["uploadId"]]
        return Reply(204)


@dataclass(frozen=True)
class Operation:
    """A kind of request: of a bucket or an object, what it must say to be meant, and what it may say."""

    method: str
    of_object: bool
    must: set[str]
    may: set[str]
    do: Callable[[Storage, Asked], Reply]

    def is_meant(self, asked: Asked) -> bool:
        """Whether a request is of this kind."""
        if (asked.method, bool(asked.key)) != (self.method, self.of_object):
            return False
        return self.must <= set(asked.said) <= self.must | self.may


IF_THERE = {"x-goog-if-generation-match"}
READING = {"generation", "range", "if-match", "if-none-match"}
LISTING = {"prefix", "delimiter", "continuation-token", "start-after", "max-keys"}
OPERATIONS = [
    Operation("PUT", False, set(), set(), Storage.create_bucket),
    Operation("GET", False, {"list-type"}, LISTING, Storage.list_page),
    Operation("GET", True, set(), READING, Storage.read),
    Operation("HEAD", True, set(), READING, Storage.read),
    Operation("PUT", True, set(), IF_THERE, Storage.write),
    Operation("PUT", True, {"x-goog-copy-source"}, IF_THERE, Storage.copy),
    Operation("DELETE", True, set(), set(), Storage.delete),
    Operation("POST", True, {"uploads"}, set(), Storage.begin_upload),
    Operation("PUT", True, {"uploadId", "partNumber"}, set(), Storage.write_part),
    Operation("POST", True, {"uploadId"}, set(), Storage.complete_upload),
    Operation("DELETE", True, {"uploadId"}, set(), Storage.abort_upload),
]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.storage = Storage()
        self.accounts = Accounts()

    def handle_error(self, *_: object) -> None:
        """Says nothing: who is killed, hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def handle_any(self) -> None:
        """Answers a request, whatever it is."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        try:
            reply = self.reply(body)
        except Refused as refused:
            reply = Reply.no(refused.answer)
        except (ValueError, ElementTree.ParseError) as error:
            reply = Reply.no(Answer(400, "InvalidArgument", str(error)))
        self.send_response_only(reply.status, http.client.responses[reply.status])
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

    def reply(self, body: bytes) -> Reply:
        """What is to be answered."""
        parts = urlsplit(self.path)
        if (self.command, parts.path) == ("POST", KEYS):
            return Reply(content=json.dumps(self.server.accounts.make_key()).encode())
        if (self.command, parts.path, self.headers.get("Metadata-Flavor")) == ("GET", TOKEN, "Google"):
            token = {"access_token": self.server.accounts.given, "expires_in": 3599, "token_type": "Bearer"}
            return Reply(content=json.dumps(token).encode())
        self.server.accounts.check(self.headers.get("Authorization", "").removeprefix("Bearer "))
        bucket, _, key = parts.path.lstrip("/").partition("/")
        said = {name.lower(): value for name, value in self.headers.items()}
        said = {name: value for name, value in said.items() if re.match("x-goog-|if-|range$", name)}
        said |= dict(parse_qsl(parts.query, keep_blank_values=True))
        return self.server.storage.answer(Asked(self.command, unquote(bucket), unquote(key), said, body))

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    _Server(int(sys.argv[1])).serve_forever()
