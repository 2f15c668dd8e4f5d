"""The cases about data files that are larger than what is written at once, and so are written in parts."""

import base64
import json
import random

from proxy import Accidents, Request
from refusals import all_of
from sites import Site, visible
from trail import Failed, data_files, event, expect, listed_files

EVENTS = 400


def large_logs() -> dict[str, bytes]:
    """Events of one partition, that compression hardly makes shorter."""
    salt, records = random.Random(2), []
    for number in range(EVENTS):
        salted = base64.b64encode(salt.randbytes(90_000)).decode()
        records.append(event(number, "s3", "us-east-1") | {"additionalEventData": {"salt": salted}})
    return {"large.json": json.dumps({"Records": records}).encode()}


def written(site: Site) -> str:
    """It holds what the same file on a local disk does."""
    objects = large_logs()
    logs, other, root = site.bucket(objects), site.bucket(), site.directory(objects)
    dataset, local = site.url(other, "trail"), site.scratch / f"dataset-{other}"
    site.proxy.requests.clear()
    site.trailhouse.convert([site.url(logs)], dataset).exits(0)
    sizes = [len(site.store.get(other, f"trail/{name}")) for name in listed_files(site.store, other, "trail")]
    parts = sum(request.writes_data for request in site.proxy.requests)
    if len(sizes) != 1 or parts < 2:
        raise Failed(f"data files of {sizes} bytes were written by {parts} requests")
    site.trailhouse.convert([str(root)], str(local)).exits(0)
    rows = site.same_as_local(dataset, site.url(logs), local, root, exports=False)
    return f"{sizes[0]} bytes in {parts} parts: {rows} rows"


def begins(request: Request) -> bool:
    """Requests to begin an object of parts."""
    return "uploads" in request.query


def writes_part(request: Request) -> bool:
    """Requests to write a part."""
    return "partNumber" in request.query


def completes(request: Request) -> bool:
    """Requests to make an object of its parts."""
    return request.method == "POST" and "uploadId" in request.query


def accidents(site: Site) -> str:
    """Nobody hears what the store answers to the first request of each kind, or only half of it: the run goes on."""
    logs = site.bucket(large_logs())

    def case(kind: str) -> None:
        bucket = site.bucket()
        dataset = site.url(bucket, "trail")
        happening = site.proxy.refusal = Accidents(kind, [begins, writes_part, completes])
        try:
            done = site.trailhouse.convert([site.url(logs)], dataset)
        finally:
            site.proxy.refusal = None
        if done.code == 1:
            site.trailhouse.convert([site.url(logs)], dataset).exits(0)
        expect("rows found", visible(site, dataset), EVENTS)
        expect("data files", len(data_files(site.store, bucket, "trail")), 1)
        done.exits(0)
        expect("accidents that did not happen", happening.left, [])

    return all_of([("lost answers", lambda: case("lost")), ("answers that end in the middle", lambda: case("cut"))])
