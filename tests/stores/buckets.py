"""Stores under one interface: moto's S3, Azurite's Azure Blob Storage, and our own double of Google Cloud Storage."""

import json
from datetime import datetime
from http.client import HTTPResponse
from typing import Protocol
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen
from xml.etree import ElementTree

import boto3
import botocore.config
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient
from gcs import KEYS, TOKEN

# The account that every Azurite has, and its key, which is no secret.
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

Listing = dict[str, tuple[str, datetime]]


class Store(Protocol):
    """Buckets, by whatever name."""

    scheme: str
    # What comes before the bucket in the paths of requests.
    root: str

    def environment(self, endpoint: str) -> dict[str, str]:
        """What a program must be told to get there."""

    def delta_options(self) -> dict[str, str]:
        """What deltalake must be told to get there."""

    def create(self, bucket: str) -> None:
        """Makes a bucket that is empty."""

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Stores an object."""

    def get(self, bucket: str, key: str) -> bytes:
        """Reads an object."""

    def listing(self, bucket: str) -> Listing:
        """All objects: what identifies their content, and since when they are there."""


class S3:
    """Moto's."""

    scheme = "s3"
    root = ""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        config = botocore.config.Config(s3={"addressing_style": "path"}, proxies={})
        self.client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=config,
        )

    def environment(self, endpoint: str) -> dict[str, str]:
        """What a program must be told to get there."""
        return {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
        }

    def delta_options(self) -> dict[str, str]:
        """What deltalake must be told to get there."""
        return self.environment(self.endpoint) | {"AWS_ALLOW_HTTP": "true"}

    def create(self, bucket: str) -> None:
        """Makes a bucket that is empty."""
        self.client.create_bucket(Bucket=bucket)

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Stores an object."""
        self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def get(self, bucket: str, key: str) -> bytes:
        """Reads an object."""
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def listing(self, bucket: str) -> Listing:
        """All objects: what identifies their content, and since when they are there."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {o["Key"]: (o["ETag"], o["LastModified"]) for page in pages for o in page.get("Contents", [])}


class Azure:
    """Azurite's."""

    scheme = "az"
    root = f"/{AZURE_ACCOUNT}"

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.service = BlobServiceClient(
            f"{endpoint}/{AZURE_ACCOUNT}",
            credential={"account_name": AZURE_ACCOUNT, "account_key": AZURE_KEY},
            api_version="2021-12-02",
        )

    def environment(self, endpoint: str) -> dict[str, str]:
        """What a program must be told to get there."""
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": AZURE_ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
            "AZURE_STORAGE_ENDPOINT": f"{endpoint}/{AZURE_ACCOUNT}",
        }

    def delta_options(self) -> dict[str, str]:
        """What deltalake must be told to get there."""
        return self.environment(self.endpoint) | {"allow_http": "true"}

    def create(self, bucket: str) -> None:
        """Makes a bucket that is empty."""
        try:
            self.service.create_container(bucket)
        except ResourceExistsError:
            pass

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Stores an object."""
        self.service.get_blob_client(bucket, key).upload_blob(content, overwrite=True)

    def put_directory(self, bucket: str, name: str) -> None:
        """What an account with a hierarchical namespace shows of a directory: an empty blob of its very name."""
        self.service.get_blob_client(bucket, name).upload_blob(b"", metadata={"hdi_isfolder": "true"})

    def get(self, bucket: str, key: str) -> bytes:
        """Reads an object."""
        return self.service.get_blob_client(bucket, key).download_blob().readall()

    def listing(self, bucket: str) -> Listing:
        """All objects: what identifies their content, and since when they are there."""
        blobs = self.service.get_container_client(bucket).list_blobs()
        return {blob.name: (blob.etag, blob.last_modified) for blob in blobs}


class Google:
    """The double's."""

    scheme = "gs"
    root = ""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        # A key of the account, as in a file from Google.
        self.key = json.loads(self.ask("POST", KEYS, {}))
        token = json.loads(self.ask("GET", TOKEN, {"Metadata-Flavor": "Google"}))["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def open(self, method: str, path: str, headers: dict[str, str], content: bytes | None = None) -> HTTPResponse:
        """The answer to a request."""
        return urlopen(Request(self.endpoint + path, content, headers, method=method), timeout=120)

    def ask(self, method: str, path: str, headers: dict[str, str], content: bytes | None = None) -> bytes:
        """What is answered to a request."""
        with self.open(method, path, headers, content) as answer:
            return answer.read()

    def environment(self, endpoint: str) -> dict[str, str]:
        """What a program must be told to get there."""
        return {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(self.key), "GOOGLE_BASE_URL": endpoint}

    def delta_options(self) -> dict[str, str]:
        """What deltalake must be told to get there."""
        return self.environment(self.endpoint) | {"allow_http": "true"}

    def create(self, bucket: str) -> None:
        """Makes a bucket that is empty."""
        self.ask("PUT", f"/{bucket}", self.headers)

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Stores an object."""
        self.ask("PUT", f"/{bucket}/{quote(key, safe='')}", self.headers, content)

    def get(self, bucket: str, key: str) -> bytes:
        """Reads an object."""
        return self.ask("GET", f"/{bucket}/{quote(key, safe='')}", self.headers)

    def listing(self, bucket: str) -> Listing:
        """All objects: what identifies their content, and since when they are there."""
        objects: Listing = {}
        query = {"list-type": "2"}
        while True:
            page = ElementTree.fromstring(self.ask("GET", f"/{bucket}?{urlencode(query)}", self.headers))
            for found in page.iterfind("{*}Contents"):
                modified = datetime.fromisoformat(found.findtext("{*}LastModified", ""))
                objects[found.findtext("{*}Key", "")] = found.findtext("{*}Generation", ""), modified
            token = page.findtext("{*}NextContinuationToken")
            if token is None:
                return objects
            query["continuation-token"] = token
