"""Spark, in one process on all cores.

* Objects are read as JSON lines with a schema, each being one line. Payloads are strings in it, and keep their text
  byte for byte; read with `multiLine`, or as whole texts with `from_json`, they do not, and `from_json` takes longer.
* Rows are brought together by partition before they are written, in a few tasks a core: one file for each partition,
  where writing from each task that has read gives more files, and takes longer.
* Times are written as microseconds (Spark's default, INT96, is deprecated).

Tried, and no faster: more files open at once (`spark.sql.maxConcurrentOutputFileWriters`) instead of sorting by
partition. The session is started before the clock for the work alone is, but nothing else is warmed up.
"""

import os
from typing import Any

from pyspark.sql import SparkSession, functions, types

from fields import BOOLEAN, JSON, TEXT, TIME, ListOf, documented
from peers.task import run

# Few enough that none is idle for long, and enough that they can be of different sizes.
TASKS = 4 * (os.cpu_count() or 1)
TYPES = {TEXT: types.StringType(), TIME: types.TimestampType(), BOOLEAN: types.BooleanType(), JSON: types.StringType()}


def session() -> SparkSession:
    settings: "dict[str, Any]" = {
        "spark.driver.memory": "4g",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    }
    return SparkSession.builder.master("local[*]").config(map=settings).getOrCreate()


def convert(spark: SparkSession, source: str, target: str) -> None:
    schema = types.StructType([types.StructField("Records", types.ArrayType(type_of(documented())))])
    objects = spark.read.schema(schema).option("recursiveFileLookup", "true").json(source)
    insight_source = functions.get_json_object("insightDetails", "$.eventSource")
    event_source = functions.coalesce("eventSource", insight_source)
    events = (
        objects.select(functions.explode("Records").alias("event"))
        .select("event.*")
        .withColumn("date", functions.to_date("eventTime"))
        .withColumn("service", functions.regexp_replace(event_source, r"[.]amazonaws[.]com$", ""))
        .withColumn("region", functions.col("awsRegion"))
    )
    partition = ["date", "service", "region"]
    events.repartition(TASKS, *partition).write.partitionBy(*partition).parquet(target)


def type_of(kind: Any) -> types.DataType:
    if isinstance(kind, dict):
        return types.StructType([types.StructField(name, type_of(member)) for name, member in kind.items()])
    return types.ArrayType(type_of(kind.members)) if isinstance(kind, ListOf) else TYPES[kind]


if __name__ == "__main__":
    spark = session()
    run(lambda source, target: convert(spark, source, target))
    spark.stop()
