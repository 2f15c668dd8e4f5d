"""The cases about what a store refuses, and what is missing: the message says what and what to do, and nothing is there by
halves. Once it is put right, the same command does what it should have done."""

import re
from dataclasses import dataclass
from typing import Callable

from gcs import UNAUTHENTICATED
from proxy import Answer, Refusal, Request, Script
from sites import ALLOW, Clean, Site, State, clean_run, small_files, visible
from trail import Done, Failed, Trailhouse, expect, expect_same, logged_files, overlapping_logs

DENIED = Answer(403, "AccessDenied", "Access Denied")
EXPIRED = Answer(400, "ExpiredToken", "The provided token has expired.")
SKEWED = Answer(
    403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."
)
NO_KEY = Answer(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
NO_SIGNATURE = Answer(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
)
AZURE_DENIED = Answer(
    403,
    "AuthorizationPermissionMismatch",
    "This request is not authorized to perform this operation using this permission.",
)
AZURE_EXPIRED = Answer(
    403,
    "AuthenticationFailed",
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including "
    "the signature.",
)
GOOGLE_DENIED = Answer(403, "AccessDenied", "Access denied.")

# What a message may say is to be done, as patterns.
GRANT = "[Pp]ermission|[Pp]olicy|grant|s3:[A-Z]"
RENEW = "new credentials"
SET_KEYS = "AWS_ACCESS_KEY_ID|AWS_PROFILE"
SET_AZURE_KEYS = "AZURE_STORAGE_ACCOUNT_KEY|AZURE_STORAGE_SAS_KEY|az login"
SET_GOOGLE_KEYS = "GOOGLE_APPLICATION_CREDENTIALS|GOOGLE_SERVICE_ACCOUNT|gcloud auth"

# A machine without a service that gives out credentials.
NO_SERVICE = {
    "AWS_METADATA_ENDPOINT": "http://127.0.0.1:9",
    "AZURE_MSI_ENDPOINT": "http://127.0.0.1:9",
    "GCE_METADATA_HOST": "127.0.0.1:9",
    "GCE_METADATA_IP": "127.0.0.1:9",
}


def everything(_: Request) -> bool:
    """All requests."""
    return True


def lists(request: Request) -> bool:
    """Requests to list."""
    return request.listed is not None


def writes(request: Request) -> bool:
    """Requests to write an object."""
    return request.method == "PUT"


def writes_to_log(request: Request) -> bool:
    """Requests to commit."""
    return writes(request) and "/_delta_log/" in request.key


def deletes(request: Request) -> bool:
    """Requests to delete objects, one or many."""
    is_batch = "delete" in request.query or request.query.get("comp") == ["batch"]
    return request.method == "DELETE" or (request.method == "POST" and is_batch)


@dataclass(frozen=True)
class Trouble:
    """Something a store refuses from the first request on, and what the message has to name: patterns, beside the bucket."""

    name: str
    answer: Answer
    concerns: Callable[[Request], bool]
    words: list[str]


@dataclass(frozen=True)
class Words:
    """How a store says what it refuses, and what the message has to say is to be done, as patterns."""

    denied: Answer
    expired: Answer
    no_bucket: str
    renew: str
    set_keys: str
    troubles: list[Trouble]


IN_S3 = [
    Trouble("listing is denied", DENIED, lists, ["AccessDenied", GRANT]),
    Trouble("credentials have expired", EXPIRED, everything, ["ExpiredToken", RENEW]),
    Trouble("credentials have expired, as others say it", Answer(403, EXPIRED.code, EXPIRED.message), everything, [RENEW]),
    Trouble("the clock is wrong", SKEWED, everything, ["RequestTimeTooSkewed", "clock"]),
    Trouble("there is no such key", NO_KEY, everything, ["InvalidAccessKeyId", SET_KEYS]),
    Trouble("the secret is another", NO_SIGNATURE, everything, ["SignatureDoesNotMatch", SET_KEYS]),
]
IN_AZURE = [
    Trouble("listing is denied", AZURE_DENIED, lists, ["AuthorizationPermissionMismatch", GRANT]),
    Trouble("credentials have expired", AZURE_EXPIRED, everything, ["AuthenticationFailed", SET_AZURE_KEYS]),
]
IN_GOOGLE = [
    Trouble("listing is denied", GOOGLE_DENIED, lists, ["AccessDenied", GRANT]),
    Trouble("credentials have expired", UNAUTHENTICATED, everything, ["AuthenticationRequired", SET_GOOGLE_KEYS]),
]
# By the schemes of their addresses.
WORDS = {
    "s3": Words(DENIED, EXPIRED, "NoSuchBucket", RENEW, SET_KEYS, IN_S3),
    "az": Words(
        AZURE_DENIED, AZURE_EXPIRED, "ContainerNotFound|does not exist", SET_AZURE_KEYS, SET_AZURE_KEYS, IN_AZURE
    ),
    "gs": Words(GOOGLE_DENIED, UNAUTHENTICATED, "NoSuchBucket", SET_GOOGLE_KEYS, SET_GOOGLE_KEYS, IN_GOOGLE),
}


def words_of(site: Site) -> Words:
    """Those of the store."""
    return WORDS[site.store.scheme]


def says(done: Done, *words: str) -> None:
    """Fails unless a run has failed with a message that names all of this, as patterns."""
    said = f"{done.said} (exit code {done.code})"
    lacking = [word for word in words if not re.search(word, done.said)]
    if lacking:
        raise Failed(f"does not say {lacking}: {said}")
    logged = re.findall(r"^\d{4}-\d\d-\d\dT\S+ +ERROR (\w+)", done.messages, re.MULTILINE)
    if logged:
        raise Failed(f"{len(logged)} lines of {', '.join(sorted(set(logged)))} for developers beside the message: {said}")
    if done.code != 1:
        raise Failed(said)


def whole(site: Site, bucket: str, clean: Clean, logs: str) -> None:
    """Fails unless a dataset is, now that all is right."""
    site.trailhouse.convert([site.url(logs)], site.url(bucket, "trail"), ALLOW).exits(0)
    found = State.of(site, bucket, logs)
    found.holds_rows_of(clean.state)


def all_of(cases: list[tuple[str, Callable[[], None]]]) -> str:
    """Does them all, and fails with all that failed."""
    failures = []
    for name, case in cases:
        try:
            case()
        except Failed as failure:
            failures.append(f"{name}: {failure}")
    if failures:
        raise Failed("\n   ".join([f"{len(failures)} of {len(cases)}", *failures]))
    return ", ".join(name for name, _ in cases)


def refused(site: Site) -> str:
    """Troubles on either side, from the first request on: nothing is written at all."""
    clean = clean_run(site)

    def case(trouble: Trouble, at_source: bool) -> None:
        bucket = site.bucket()
        where = clean.logs if at_source else bucket
        site.proxy.refusal = Refusal(trouble.answer, lambda r: r.bucket == where and trouble.concerns(r))
        try:
            done = site.trailhouse.convert([site.url(clean.logs)], site.url(bucket, "trail"), ALLOW)
        finally:
            site.proxy.refusal = None
        expect("objects written", sorted(site.store.listing(bucket)), [])
        whole(site, bucket, clean, clean.logs)
        says(done, where, *trouble.words)

    return all_of(
        [
            (f"{trouble.name}, at the {side}", lambda t=trouble, s=side: case(t, s == "source"))
            for trouble in words_of(site).troubles
            for side in ("source", "dataset")
        ]
    )


def missing(site: Site) -> str:
    """No bucket, no credentials: nothing is written at all."""
    clean = clean_run(site)
    code = words_of(site).no_bucket
    # To be made by and by.
    absent = f"{site.name}-absent"

    def source() -> None:
        bucket, logs = site.bucket(), f"{absent}-logs"
        done = site.trailhouse.convert([site.url(logs)], site.url(bucket, "trail"), ALLOW)
        expect("objects written", sorted(site.store.listing(bucket)), [])
        site.store.create(logs)
        for key, content in overlapping_logs().items():
            site.store.put(logs, key, content)
        whole(site, bucket, clean, logs)
        says(done, logs, code)

    def dataset() -> None:
        bucket = f"{absent}-data"
        done = site.trailhouse.convert([site.url(clean.logs)], site.url(bucket, "trail"), ALLOW)
        site.store.create(bucket)
        site.made.append(bucket)
        expect("objects written", sorted(site.store.listing(bucket)), [])
        whole(site, bucket, clean, clean.logs)
        says(done, bucket, code)

    def credentials(local: bool) -> None:
        bucket = site.bucket()
        # Where nothing gives out credentials.
        given = site.store.environment(site.proxy.endpoint) | NO_SERVICE
        kept = {name: value for name, value in given.items() if "ACCESS_KEY" not in name and "ACCOUNT_KEY" not in name}
        to = str(site.scratch / f"without-credentials-{bucket}") if local else site.url(bucket, "trail")
        done = Trailhouse(site.program, kept).convert([site.url(clean.logs)], to, ALLOW)
        expect("rows found", visible(site, to), 0)
        expect("objects written", sorted(site.store.listing(bucket)), [])
        site.trailhouse.convert([site.url(clean.logs)], to, ALLOW).exits(0)
        expect("rows found once there are credentials", visible(site, to), len(clean.state.rows))
        says(done, clean.logs if local else bucket, words_of(site).set_keys)

    return all_of(
        [
            ("no source bucket", source),
            ("no dataset bucket", dataset),
            ("no credentials for the source", lambda: credentials(local=True)),
            ("no credentials for the dataset", lambda: credentials(local=False)),
        ]
    )


def cut_after_trouble(site: Site) -> str:
    """A server in trouble is asked again, and what it says then breaks off: that is asked for again, too."""
    absent, bucket = f"{site.name}-nowhere", site.bucket()

    def lists_absent(request: Request) -> bool:
        return request.bucket == absent and request.listed is not None

    happening = site.proxy.refusal = Script(lists_absent, ["slow_down", "cut"])
    done = site.trailhouse.convert([site.url(absent)], site.url(bucket, "trail"))
    expect("what did not happen", happening.left, [])
    says(done, absent, words_of(site).no_bucket)
    return "503, then half of a 404, and then all of it"


def denied_in_part(site: Site) -> str:
    """Some of it is denied: a query sees all that a run would have made, or nothing. And an object that may not be read is
    named, and is in once it may be."""
    clean = clean_run(site)
    denied = words_of(site).denied

    def at_dataset(concerns: Callable[[Request], bool]) -> None:
        bucket = site.bucket()
        dataset = site.url(bucket, "trail")
        site.proxy.refusal = Refusal(denied, lambda r: r.bucket == bucket and concerns(r))
        try:
            done = site.trailhouse.convert([site.url(clean.logs)], dataset, ALLOW)
        finally:
            site.proxy.refusal = None
        found = visible(site, dataset)
        whole(site, bucket, clean, clean.logs)
        if found not in (0, len(clean.state.rows)):
            raise Failed(f"a query finds {found} of {len(clean.state.rows)} rows")
        says(done, bucket, denied.code, GRANT)

    def an_object() -> None:
        bucket, key = site.bucket(), "05.json.gz"
        site.proxy.refusal = Refusal(denied, lambda r: (r.bucket, r.key, r.method) == (clean.logs, key, "GET"))
        try:
            done = site.trailhouse.convert([site.url(clean.logs)], site.url(bucket, "trail"), ALLOW)
        finally:
            site.proxy.refusal = None
        expect("objects that could not be read", done.report["objects"]["failed"], 1)
        whole(site, bucket, clean, clean.logs)
        says(done, f"{clean.logs}/{key}", denied.code, GRANT)

    return all_of(
        [
            ("writing", lambda: at_dataset(writes)),
            ("committing", lambda: at_dataset(writes_to_log)),
            ("deleting", lambda: at_dataset(deletes)),
            ("reading one object", an_object),
        ]
    )


def expiring(site: Site, points: int = 4) -> str:
    """Credentials that expire in the middle of a run, wherever that is: of a run of `convert` a query sees all or nothing,
    and of one of `compact` nothing ever."""
    clean = clean_run(site)
    rows = clean.state.rows
    expired = words_of(site).expired
    words = [expired.code, words_of(site).renew]

    def run(args: list[str], spared: int | None, counted: Callable[[Request], bool] = everything) -> tuple[Done, int]:
        """Also how many requests there were."""
        site.proxy.requests.clear()
        if spared is not None:
            site.proxy.refusal = Refusal(expired, everything, spared, counted)
        try:
            done = site.trailhouse.run(*args)
        finally:
            site.proxy.refusal = None
        site.proxy.settle()
        return done, len(site.proxy.requests)

    def ends(done: Done, is_done: bool) -> None:
        """A run that has done its work may say so, even if it could not tidy up."""
        if not (is_done and done.code == 0):
            says(done, *words)

    def converting(bucket: str) -> list[str]:
        return ["convert", site.url(clean.logs), "--to", site.url(bucket, "trail"), ALLOW]

    done, requests = run(converting(site.bucket()), None)
    done.exits(0)
    bucket, small = small_files(site), small_files(site)
    dataset = site.url(small, "trail")
    done, compacting = run(["compact", site.url(bucket, "trail")], None)
    done.exits(0)
    files = logged_files(site.store, bucket, "trail")

    def convert(spared: int, counted: Callable[[Request], bool] = everything) -> None:
        bucket = site.bucket()
        done, _ = run(converting(bucket), spared, counted)
        found = visible(site, site.url(bucket, "trail"))
        whole(site, bucket, clean, clean.logs)
        if found not in (0, len(rows)):
            raise Failed(f"a query finds {found} of {len(rows)} rows")
        ends(done, found > 0)

    def compact(spared: int, counted: Callable[[Request], bool] = everything) -> None:
        done, _ = run(["compact", dataset], spared, counted)
        expect_same("rows", site.reader.rows(dataset), rows)
        ends(done, is_done=len(logged_files(site.store, small, "trail")) == len(files))

    def whole_again() -> None:
        site.trailhouse.run("compact", dataset).exits(0)
        expect_same("rows after compact", site.reader.rows(dataset), rows)
        expect("data files after compact", len(logged_files(site.store, small, "trail")), len(files))

    steps = []
    for command, case, count in (("convert", convert, requests), ("compact", compact, compacting)):
        for spared in (count * point // points for point in range(points)):
            steps.append((f"{command} from request {spared} of {count} on", lambda c=case, s=spared: c(s)))
        steps.append((f"{command} when it has written two data files", lambda c=case: c(2, lambda r: r.writes_data)))
    return all_of([*steps, ("compact once more", whole_again)])


def mistakes(site: Site) -> str:
    """What a user gets wrong: the message says what, and nothing is written."""
    logs, bucket = site.bucket(overlapping_logs()), site.bucket()
    keys = site.store.environment(site.proxy.endpoint)
    no_keys = {name: keys[name] for name in ("AWS_ENDPOINT_URL", "AWS_REGION")}
    config, credentials = site.scratch / "aws-config", site.scratch / "aws-credentials"
    config.write_text(
        "[profile asking]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Reader\n\n"
        "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://example.com/start\n\n"
        f"[profile program]\nregion = us-east-1\ncredential_process = cat '{site.scratch / 'printed-keys'}'\n\n"
        f"[profile keys]\nregion = us-east-1\nendpoint_url = {site.proxy.endpoint}\n"
    )
    credentials.write_text("[keys]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    (site.scratch / "printed-keys").write_text(
        '{"Version": 1, "AccessKeyId": "testing", "SecretAccessKey": "testing", "Expiration": "2099-01-01T00:00:00Z"}'
    )
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    good, to = site.url(logs), site.url(bucket, "trail")
    # Its name, the environment, the source, and what the message has to name.
    wrong = [
        ("missing object", keys, site.url(logs, "nothing/here.json.gz"), ["nothing/here.json.gz"]),
        ("nothing listens", keys | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, good, ["127.0.0.1:9"]),
        ("no such profile", no_keys | files | {"AWS_PROFILE": "absent"}, good, ["absent", "AWS_PROFILE"]),
        ("a profile that asks", no_keys | files | {"AWS_PROFILE": "asking"}, good, ["asking", "the AWS CLI"]),
    ]

    def case(environment: dict[str, str], source: str, words: list[str]) -> None:
        says(Trailhouse(site.program, environment).convert([source], to), *words)
        expect("objects written", sorted(site.store.listing(bucket)), [])

    def profiles_that_work() -> None:
        endpoint = {"AWS_ENDPOINT_URL": site.proxy.endpoint}
        Trailhouse(site.program, files | {"AWS_PROFILE": "keys"}).convert([good], to, ALLOW).exits(0)
        again = Trailhouse(site.program, files | endpoint | {"AWS_PROFILE": "program"}).convert([good], to).exits(0)
        expect("events that are new", again.report["events"]["written"], 0)

    cases = [(name, lambda a=arguments: case(*a)) for name, *arguments in wrong]
    return all_of([*cases, ("profiles that work", profiles_that_work)])
