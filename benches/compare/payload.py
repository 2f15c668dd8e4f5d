"""Finds out whether a system keeps the text of payloads: numbers, blanks and escapes as they were written."""

import gzip
import shutil
from pathlib import Path

import pyarrow.parquet as pq

import trial
from outputs import data_files, field_of
from systems import System

FIELD = "requestParameters"
PAYLOAD = r'{"ratio": 500.0,"rate":1E-5,"id":1688991086923123456789,"share":0.1000,"name":"caf\u00e9 \/"}'
EVENT = (
    '{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","accountId":"111122223333","userName":"alice"},'
    '"eventTime":"2025-03-01T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject",'
    f'"awsRegion":"us-east-1","{FIELD}":{PAYLOAD},"responseElements":null,'
    '"eventID":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","eventType":"AwsApiCall","recipientAccountId":"111122223333"}'
)


def is_kept(system: System, work: Path) -> bool:
    """Whether a payload comes out as it went in. Running each system once also warms the system's cache for it."""
    source, target = work / "payload", work / "payload-output"
    source.mkdir(parents=True, exist_ok=True)
    (source / "event.json.gz").write_bytes(gzip.compress(f'{{"Records":[{EVENT}]}}'.encode(), mtime=0))
    trial.convert(system, source, target)
    texts = [text for path in data_files(target) for text in payloads(path)]
    shutil.rmtree(source)
    shutil.rmtree(target)
    return texts == [PAYLOAD]


def payloads(path: Path) -> "list[str]":
    file = pq.ParquetFile(path)
    column = next(name for name in file.schema_arrow.names if field_of(name) == FIELD)
    return file.read(columns=[column]).column(0).to_pylist()
