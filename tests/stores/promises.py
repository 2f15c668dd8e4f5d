"""The case about our double of Google Cloud Storage: that it keeps what the others rely on."""

from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from xml.etree import ElementTree

from buckets import Google
from gcs import LEAST_PART_BYTES
from sites import Site
from trail import expect

IF_GENERATION = "x-goog-if-generation-match"


def kept(site: Site) -> str:
    """Asks the double itself, one thing after another."""
    assert isinstance(site.store, Google)
    Promises(site.store, site.bucket()).all()
    return "conditions, generations, copies, ranges, parts, pages, and nothing else"


class Promises:
    """What is asked of a bucket, and answered."""

    def __init__(self, store: Google, bucket: str) -> None:
        self.store = store
        self.bucket = bucket

    def ask(
        self, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers, the content."""
        whole = self.store.headers | (headers or {})
        try:
            with self.store.open(method, f"/{self.bucket}{path}", whole, content) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def status(self, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None) -> int:
        """The status alone."""
        return self.ask(method, path, content, headers)[0]

    def all(self) -> None:
        """Fails if one is broken."""
        self.conditions()
        self.reads()
        self.parts()
        self.pages()
        expect("a condition it does not know", self.status("DELETE", "/a", headers={IF_GENERATION: "1"}), 400)
        expect("a delete", self.status("DELETE", "/a"), 204)
        expect("a delete of nothing", self.status("DELETE", "/a"), 404)

    def conditions(self) -> None:
        """Of all that create an object at once, one does. What has been replaced cannot be replaced again."""
        create = {IF_GENERATION: "0"}
        with ThreadPoolExecutor(8) as pool:
            at_once = list(pool.map(lambda _: self.status("PUT", "/a", b"1", create), range(32)))
        expect("creations of the same object", sorted(at_once), [200] + [412] * 31)
        first = self.ask("HEAD", "/a")[1]["x-goog-generation"]
        expect("a replacement", self.status("PUT", "/a", b"22", {IF_GENERATION: first}), 200)
        expect("another of the same", self.status("PUT", "/a", b"3", {IF_GENERATION: first}), 412)
        expect("the generation that was", self.status("GET", f"/a?generation={first}"), 404)
        copy = {"x-goog-copy-source": f"{self.bucket}/a"} | create
        expect("a copy", self.status("PUT", "/copy", headers=copy), 200)
        expect("a copy onto another", self.status("PUT", "/copy", headers=copy), 412)
        expect("what was copied", self.ask("GET", "/copy")[2], b"22")

    def reads(self) -> None:
        """Ranges, and conditions."""
        etag = self.ask("PUT", "/a", b"0123456789")[1]["ETag"]
        for wanted, found in (("2-4", b"234"), ("7-", b"789"), ("-1", b"9"), ("8-20", b"89")):
            expect(f"bytes {wanted}", self.ask("GET", "/a", headers={"Range": f"bytes={wanted}"})[::2], (206, found))
        expect("a range behind the end", self.status("GET", "/a", headers={"Range": "bytes=10-12"}), 416)
        expect("if it is another", self.status("GET", "/a", headers={"If-None-Match": etag}), 304)
        expect("if it is none other", self.status("GET", "/a", headers={"If-Match": '"other"'}), 412)

    def begin(self) -> str:
        """The name of an upload that begins."""
        return ElementTree.fromstring(self.ask("POST", "/parts?uploads=")[2]).findtext("{*}UploadId", "")

    def put_part(self, upload: str, number: int, content: bytes) -> str:
        """What completing the upload has to say of a part."""
        _, headers, _ = self.ask("PUT", f"/parts?partNumber={number}&uploadId={upload}", content)
        return f"<Part><PartNumber>{number}</PartNumber><ETag>{headers['ETag']}</ETag></Part>"

    def complete(self, upload: str, *parts: str) -> int:
        """The status."""
        whole = f"<CompleteMultipartUpload>{''.join(parts)}</CompleteMultipartUpload>"
        return self.status("POST", f"/parts?uploadId={upload}", whole.encode())

    def parts(self) -> None:
        """An object of parts is there when they are complete, and not before."""
        upload, large = self.begin(), bytes(LEAST_PART_BYTES)
        parts = [self.put_part(upload, 1, large), self.put_part(upload, 2, b"end")]
        expect("parts that are not yet complete", self.status("HEAD", "/parts"), 404)
        expect("a part that is not there", self.complete(upload, parts[0], parts[1].replace(">2<", ">3<")), 400)
        expect("parts that are complete", self.complete(upload, *parts), 200)
        expect("the object", self.ask("GET", "/parts")[2], large + b"end")
        expect("parts that were complete", self.complete(upload, *parts), 404)
        upload = self.begin()
        parts = [self.put_part(upload, 1, b"small"), self.put_part(upload, 2, b"end")]
        expect("a small part", self.complete(upload, *parts), 400)
        expect("an upload that ends", self.status("DELETE", f"/parts?uploadId={upload}"), 204)
        expect("an upload that has ended", self.complete(upload, *parts), 404)

    def names(self, query: str) -> list[str]:
        """What is listed, one on a page: objects, and directories among them."""
        names, token = [], ""
        while True:
            page = ElementTree.fromstring(self.ask("GET", f"?list-type=2&max-keys=1&{query}{token}")[2])
            found = page.findall("{*}Contents/{*}Key") + page.findall("{*}CommonPrefixes/{*}Prefix")
            names += [(element.text or "").removeprefix("list/") for element in found]
            more = page.findtext("{*}NextContinuationToken")
            if more is None:
                return names
            token = f"&continuation-token={more}"

    def pages(self) -> None:
        """Pages hold what is on no other."""
        for key in ("b/1", "b/2", "c", "d/1", "d/", "e"):
            self.store.put(self.bucket, f"list/{key}", b"")
        expect("objects", self.names("prefix=list/"), ["b/1", "b/2", "c", "d/", "d/1", "e"])
        expect("objects after one", self.names("prefix=list/&start-after=list/b/2"), ["c", "d/", "d/1", "e"])
        expect("a directory", self.names("prefix=list/&delimiter=/"), ["b/", "c", "d/", "e"])
        expect("a directory with a marker", self.names("prefix=list/d/&delimiter=/"), ["d/", "d/1"])
