"""The values that questions ask for, taken from the dataset itself, so that each finds something.

Which value is taken depends on nothing but the events: the one in the middle, or the one that has nearest to so many
events. The middle of ids says most, for smallest and largest values leave out no file then.
"""

from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

from contestants import DUCKDB
from engines import Value
from questions import Question


class Missing(Exception):
    """The dataset holds nothing that a question could ask for."""


def nearest(column: str, count: int, where: str = "true") -> str:
    """The value of a column that nearest to `count` events have."""
    return f"""SELECT {column} AS value FROM {{events}} WHERE {column} IS NOT NULL AND {where}
               GROUP BY 1 ORDER BY abs(count(*) - {count}), 1 LIMIT 1"""


# In this order, for one may ask for those before it.
TAKEN = {
    "day": "SELECT quantile_disc(date, 0.5) AS value FROM {events}",
    "hour": "SELECT date_trunc('hour', quantile_disc(event_time, 0.5)) AS value FROM {events} WHERE date = {day}",
    "event_id": "SELECT quantile_disc(event_id, 0.5) AS value FROM {events} WHERE date = {day}",
    "access_key": nearest("user_identity_access_key_id", 20, "user_identity_access_key_id <> ''"),
    "address": nearest("source_ip_address", 50),
    "principal": nearest("user_identity_arn", 100),
    "region": """SELECT region AS value FROM {events} WHERE date = {day} AND service = 's3'
                 GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1""",
    "bucket": """SELECT request_parameters->>'bucketName' AS value FROM {events} WHERE service = 's3'
                 GROUP BY 1 ORDER BY value IS NULL, count(*) DESC, 1 LIMIT 1""",
    "role": """SELECT s.request_parameters->>'roleArn' AS value
               FROM {events} AS s
               JOIN {events} AS e
                   ON e.user_identity_access_key_id = (s.response_elements->>'$.credentials.accessKeyId')
               WHERE s.service = 'sts' AND s.event_name = 'AssumeRole'
               GROUP BY 1 ORDER BY abs(count(*) - 100), 1 LIMIT 1""",
}
OF_PLANNING = {
    "day": "SELECT quantile_disc(date, 0.5) AS value FROM {events}",
    "service": "SELECT min(service) AS value FROM {events} WHERE date = {day}",
    "region": "SELECT min(region) AS value FROM {events} WHERE date = {day} AND service = {service}",
}


def of_suite(dataset: Path) -> dict[str, Value]:
    """All that the questions of the suite ask for."""
    values = take(dataset, TAKEN)
    hour = datetime.fromisoformat(str(values["hour"])).astimezone(timezone.utc)
    day = values["day"]
    assert isinstance(day, date)
    midnight = datetime.combine(day, time(), timezone.utc)
    return values | {
        "hour": hour,
        "next_hour": hour + timedelta(hours=1),
        "before_midnight": midnight - timedelta(minutes=30),
        "after_midnight": midnight + timedelta(minutes=30),
        "week": day - timedelta(days=3),
        "next_week": day + timedelta(days=4),
        "bucket_anywhere": f"%{values['bucket']}%",
    }


def of_planning(dataset: Path) -> dict[str, Value]:
    """What is asked of a dataset of very many files."""
    return take(dataset, OF_PLANNING)


def take(dataset: Path, queries: dict[str, str]) -> dict[str, Value]:
    """Takes the values, one by one."""
    values: dict[str, Value] = {}
    for name, sql in queries.items():
        query = DUCKDB.query(Question(name, "", "", {"sql": sql}), dataset, values)
        rows = DUCKDB.cold(dataset, query)[1]
        if not rows or rows[0]["value"] is None:
            raise Missing(f"{dataset} has no {name} to ask for; make it of more events")
        values[name] = rows[0]["value"] if name != "day" else date.fromisoformat(rows[0]["value"])
    return values
