"""The case about Google's accounts: the ways to say who asks, and what is said when they do not work."""

import json

from buckets import Google
from refusals import NO_SERVICE, SET_GOOGLE_KEYS, all_of, says
from sites import ALLOW, Site
from trail import Trailhouse, expect, log_object

NAMING = "GOOGLE_APPLICATION_CREDENTIALS"


def ways(site: Site) -> str:
    """Those that work, and those that do not."""
    assert isinstance(site.store, Google)
    key, endpoint = site.store.key, {"GOOGLE_BASE_URL": site.proxy.endpoint}
    home = site.scratch / "home"
    known = home / ".config" / "gcloud" / "application_default_credentials.json"
    known.parent.mkdir(parents=True)

    def file(name: str, content: object) -> str:
        (site.scratch / name).write_text(json.dumps(content))
        return str(site.scratch / name)

    known.write_text(json.dumps(key))
    good = file("account.json", key)
    deleted = file("deleted.json", key | {"private_key_id": "0" * 40})
    empty, absent = file("empty.json", {}), str(site.scratch / "absent.json")
    host = site.proxy.endpoint.removeprefix("http://")
    logs = site.url(site.bucket({"a.json.gz": log_object(range(10))}))

    def works(environment: dict[str, str]) -> None:
        program = Trailhouse(site.program, NO_SERVICE | endpoint | environment)
        report = program.convert([logs], site.url(site.bucket(), "trail"), ALLOW).exits(0).report
        expect("events written", report["events"]["written"], 10)

    def fails(environment: dict[str, str], words: list[str]) -> None:
        bucket = site.bucket()
        program = Trailhouse(site.program, NO_SERVICE | endpoint | environment)
        done = program.convert([logs], site.url(bucket, "trail"), ALLOW)
        expect("objects written", sorted(site.store.listing(bucket)), [])
        says(done, *words)

    # An environment, and what the message has to name.
    wrong = [
        ("a key that was deleted", {NAMING: deleted}, ["AuthenticationRequired", SET_GOOGLE_KEYS]),
        ("a file that is not there", {NAMING: absent}, [absent]),
        ("a file that holds something else", {NAMING: empty}, [empty]),
    ]
    right = [
        (NAMING, {NAMING: good}),
        ("GOOGLE_SERVICE_ACCOUNT", {"GOOGLE_SERVICE_ACCOUNT": good}),
        ("GOOGLE_SERVICE_ACCOUNT_KEY", {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(key)}),
        ("what gcloud has left", {"HOME": str(home)}),
        ("the account of a virtual machine", {"GCE_METADATA_HOST": host}),
    ]
    working = [(name, lambda e=environment: works(e)) for name, environment in right]
    return all_of(working + [(name, lambda a=arguments: fails(*a)) for name, *arguments in wrong])
