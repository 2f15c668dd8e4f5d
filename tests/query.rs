//! `query`: answers, formats, pruning, and what is refused.

use crate::harness::{Dir, event, log_file};

/// Two days, two services, two regions; four partitions of 300 events. A plan names no more than five files of a
/// group, so four are all to be seen on any number of cores.
fn dataset() -> Dir {
    let dir = Dir::new();
    let events: Vec<String> = (0..1200)
        .map(|n| {
            let (day, service) = (n / 600, n % 2);
            let region = ["us-east-1", "eu-west-1"][(day + service) as usize % 2];
            event(n + 86_400 * day, ["s3", "ec2"][service as usize], region)
        })
        .collect();
    dir.write("logs/a.json", log_file(&events));
    dir.convert(&["logs", "--to", "trail"]);
    dir
}

fn explain(dir: &Dir, verb: &str, sql: &str) -> String {
    let rows = dir.query("trail", &format!("{verb} {sql}"));
    rows.iter().map(|row| row["plan"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The files that a plan reads.
fn files(plan: &str) -> Vec<&str> {
    plan.split(['[', ']', ',', ' ']).filter(|word| word.ends_with(".parquet")).collect()
}

#[test]
fn partitions_are_columns_and_choose_the_files() {
    let dir = dataset();
    let all = explain(&dir, "EXPLAIN", "SELECT event_name FROM events");
    assert_eq!(files(&all).len(), 4, "{all}");
    for (filter, count) in [
        ("date = '2025-03-01'", 2),
        ("date >= '2025-03-02' AND service = 's3'", 1),
        ("service IN ('s3', 'sts') AND region = 'eu-west-1'", 1),
        ("region LIKE 'us-%' AND date < '2025-03-02'", 1),
        ("date = '2025-03-01' AND service = 's3' AND region = 'us-east-1'", 1),
        ("service = 's3' AND user_agent IS NULL", 2),
        ("date_part('day', date) = 2", 2),
        ("date = '2025-03-01' OR service = 'ec2'", 3),
    ] {
        let plan = explain(&dir, "EXPLAIN", &format!("SELECT event_name FROM events WHERE {filter}"));
        assert_eq!(files(&plan).len(), count, "{filter}: {plan}");
    }
    // The log knows the files' times.
    for (filter, count) in [
        ("event_time >= '2025-03-02'", 2),
        ("event_time < '2025-03-01T00:05:00Z' AND service = 's3'", 1),
        ("event_time BETWEEN '2025-03-01T12:00:00Z' AND '2025-03-01T13:00:00Z'", 0),
        ("event_time = '2025-03-01T00:00:07Z' OR event_time > '2025-03-02T00:00:00Z'", 4),
        // Nor is one of them without.
        ("event_time IS NULL", 0),
    ] {
        let plan = explain(&dir, "EXPLAIN", &format!("SELECT event_name FROM events WHERE {filter}"));
        assert_eq!(files(&plan).len(), count, "{filter}: {plan}");
    }
    // And how many rows there are.
    for (filter, count) in [("true", 1200), ("service = 's3'", 600), ("date = '2020-01-01'", 0)] {
        let sql = format!("SELECT count(*) AS n FROM events WHERE {filter}");
        let plan = explain(&dir, "EXPLAIN", &sql);
        assert!(files(&plan).is_empty(), "{plan}");
        assert_eq!(dir.query("trail", &sql), [serde_json::json!({"n": count})]);
    }
    let none = explain(&dir, "EXPLAIN", "SELECT event_name FROM events WHERE date = '2020-01-01'");
    assert!(none.contains("EmptyExec") && files(&none).is_empty(), "{none}");
    // Filters that the directories have answered are not asked again of the rows.
    let exact = explain(&dir, "EXPLAIN", "SELECT event_name FROM events WHERE service = 's3'");
    assert!(!exact.contains("FilterExec") && !exact.contains("predicate="), "{exact}");
}

/// The log tells which files have no errors at all; what it does not tell leaves no row out.
#[test]
fn values_that_are_not_there_choose_the_files() {
    let dir = Dir::new();
    let denied = |event: String| event.replacen('{', r#"{"errorCode":"AccessDenied","#, 1);
    let events = (0..40).map(|n| match n % 4 {
        0 => event(n, "s3", "us-east-1"),
        1 => denied(event(n, "ec2", "us-east-1")),
        2 => event(n, "kms", "us-east-1"),
        _ if n % 8 == 3 => denied(event(n, "kms", "us-east-1")),
        _ => event(n, "kms", "us-east-1"),
    });
    dir.write("logs/a.json", log_file(&events.collect::<Vec<_>>()));
    dir.convert(&["logs", "--to", "trail"]);
    let asked = [
        ("error_code IS NOT NULL", 2, 15),
        ("error_code = 'AccessDenied'", 2, 15),
        ("error_code LIKE 'Access%' AND service = 's3'", 0, 0),
        ("error_code <> 'Throttled'", 2, 15),
        ("error_code IS NULL", 2, 25),
        ("coalesce(error_code, 'none') = 'none'", 3, 25),
        ("error_code IS DISTINCT FROM 'AccessDenied'", 3, 25),
        ("error_code = 'AccessDenied' OR service = 's3'", 3, 25),
        ("event_name IS NULL", 0, 0),
        ("user_agent IS NULL AND error_code IS NULL", 2, 25),
    ];
    let counted = |filter: &str| {
        let rows = dir.query("trail", &format!("SELECT count(event_id) AS n FROM events WHERE {filter}"));
        rows[0]["n"].as_u64().unwrap()
    };
    for (filter, chosen, count) in asked {
        let plan = explain(&dir, "EXPLAIN", &format!("SELECT event_id FROM events WHERE {filter}"));
        assert_eq!(files(&plan).len(), chosen, "{filter}: {plan}");
        assert_eq!(counted(filter), count, "{filter}");
    }
    std::fs::remove_dir_all(dir.path("trail/_delta_log")).unwrap();
    for (filter, _, count) in asked {
        assert_eq!(counted(filter), count, "{filter}");
    }
}

/// How many rows a partition has is known without its files; what is asked besides is not.
#[test]
fn rows_are_counted_by_partition() {
    let dir = dataset();
    let by_service = "SELECT service, region, count(*) AS n FROM events GROUP BY 1, 2 ORDER BY 1, 2";
    let expected: Vec<serde_json::Value> =
        [("ec2", "eu-west-1"), ("ec2", "us-east-1"), ("s3", "eu-west-1"), ("s3", "us-east-1")]
            .map(|(service, region)| serde_json::json!({"service": service, "region": region, "n": 300}))
            .to_vec();
    assert!(files(&explain(&dir, "EXPLAIN", by_service)).is_empty());
    assert_eq!(dir.query("trail", by_service), expected);
    for (sql, count) in [
        ("SELECT date FROM events", 1200),
        ("SELECT date, service FROM events WHERE date = '2025-03-02' AND service = 's3'", 300),
        ("SELECT DISTINCT region FROM events", 2),
        ("SELECT region FROM events LIMIT 7", 7),
        ("SELECT 1 FROM events WHERE date < '2025-03-02'", 600),
        (
            "SELECT a.date FROM events AS a JOIN (SELECT DISTINCT date FROM events) AS b ON a.date = b.date",
            1200,
        ),
        ("SELECT date FROM events WHERE event_time < '2025-03-01T00:00:10Z'", 10),
    ] {
        assert_eq!(dir.query("trail", sql).len(), count, "{sql}");
    }
    // Nobody has counted them.
    std::fs::remove_dir_all(dir.path("trail/_delta_log")).unwrap();
    assert_eq!(files(&explain(&dir, "EXPLAIN", by_service)).len(), 4);
    assert_eq!(dir.query("trail", by_service), expected);
    assert_eq!(dir.query("trail", "SELECT count(*) AS n FROM events"), [serde_json::json!({"n": 1200})]);
}

/// Of footers, only the columns are kept that were asked for: others are found all the same, and in files with fewer columns,
/// in another order, there are none.
#[test]
fn questions_of_one_session_are_about_different_columns() {
    let dir = dataset();
    let part = "SELECT user_agent, event_time, null_fields, event_id, 'x' AS foreign_column FROM events
                WHERE service = 's3' AND date = '2025-03-01'";
    let partition = "other/date=2025-03-01/service=s3/region=us-east-1";
    dir.write(&format!("{partition}/note.txt"), "");
    dir.run(&["query", "trail", part, "--format", "parquet", "-o", &format!("{partition}/a.parquet")])
        .succeeds();
    let questions = [
        "SELECT max(event_time) AS a FROM events",
        "SELECT count(*) AS a FROM events WHERE event_id = '00000000-0000-4000-8000-000000000004'",
        "SELECT count(DISTINCT event_name) AS a, min(service) AS b FROM events",
        "SELECT event_name, event_id, service FROM events WHERE event_id LIKE '%7' ORDER BY event_id LIMIT 3",
        "SELECT user_agent, count(*) AS n FROM events GROUP BY 1",
        "SELECT event_id FROM events WHERE event_name IS NULL ORDER BY 1 LIMIT 1",
        "SELECT event_id FROM events ORDER BY event_time DESC, event_id LIMIT 3",
        "SELECT sum(array_length(null_fields)) AS a, count(user_agent) AS b FROM events",
        "SELECT date, service, region, count(*) AS n FROM events GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    ];
    for (dataset, rows) in [("trail", 1200), ("other", 300)] {
        assert_eq!(dir.query(dataset, "SELECT event_id FROM events").len(), rows);
        let ask = |sql: &str| {
            dir.run(&["query", dataset, sql, "--format", "csv"]).succeeds().stdout.trim().to_owned()
        };
        let one_by_one: Vec<String> = questions.iter().map(|sql| ask(sql)).collect();
        let twice = [questions, questions].concat();
        let together = ask(&twice.join(";"));
        let answers: Vec<&str> = together.split("\n\n").map(str::trim).collect();
        assert_eq!(answers, [one_by_one.clone(), one_by_one].concat(), "{dataset}");
    }
}

#[test]
fn filters_go_down_to_the_files() {
    let dir = dataset();
    let needle = "SELECT event_name FROM events WHERE event_id = '00000000-0000-4000-8000-000000000003'";
    let plan = explain(&dir, "EXPLAIN", needle);
    let scan = plan.lines().find(|line| line.contains("DataSourceExec")).unwrap();
    for part in
        ["predicate=event_id", "pruning_predicate=", "event_id_min", "required_guarantees=[event_id in"]
    {
        assert!(scan.contains(part), "{part}: {scan}");
    }
    // The rows are filtered while reading; nothing is left to do above the scan.
    assert!(!plan.contains("FilterExec"), "{plan}");

    let metric = |plan: &str, name: &str| -> u64 {
        let name = format!("{name}=");
        let values = plan.split(&name).skip(1);
        values
            .map(|rest| {
                rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
            })
            .sum()
    };
    let time = "SELECT event_name FROM events WHERE event_time < '2025-03-01T00:00:10Z'";
    let analyzed = explain(&dir, "EXPLAIN ANALYZE", time);
    assert!(metric(&analyzed, "output_rows") >= 10, "{analyzed}");
    assert!(analyzed.contains("row_groups_pruned_statistics"), "{analyzed}");
    assert_eq!(dir.query("trail", time).len(), 10);

    // No key lies outside the range of the files' keys: only the bloom filter can tell that this one is not there.
    let absent = "SELECT event_name FROM events WHERE user_identity_access_key_id = 'AKIA0000000000000300x'";
    let analyzed = explain(&dir, "EXPLAIN ANALYZE", absent);
    let bloom = analyzed.split("row_groups_pruned_bloom_filter=").nth(1).unwrap_or_default();
    let pruned: String = bloom.chars().take(60).collect();
    assert!(!pruned.starts_with("0 total"), "{analyzed}");
    assert!(dir.query("trail", absent).is_empty());
}

#[test]
fn formats() {
    let dir = Dir::new();
    let odd = event(1, "s3", "us-east-1").replace("Gets3", "a|b,\\\"c\\\"\\nd");
    dir.write("logs/a.json", log_file(&[odd, event(2, "ec2", "eu-west-1")]));
    dir.convert(&["logs", "--to", "trail"]);
    let sql = "SELECT event_time, date, event_name, error_code, read_only, source_index, null_fields FROM events ORDER BY event_time";
    for format in ["table", "csv", "json", "ndjson", "markdown"] {
        let run = dir.run(&["query", "trail", sql, "--format", format]).succeeds();
        insta::assert_snapshot!(format!("format_{format}"), run.stdout);
        let empty = dir
            .run(&[
                "query",
                "trail",
                "SELECT event_name, error_code FROM events WHERE false",
                "--format",
                format,
            ])
            .succeeds();
        insta::assert_snapshot!(format!("format_{format}_empty"), empty.stdout);
        dir.run(&["query", "trail", sql, "--format", format, "-o", "out"]).succeeds();
        assert_eq!(std::fs::read_to_string(dir.path("out")).unwrap(), run.stdout);
    }
}

#[test]
fn several_statements_and_files() {
    let dir = dataset();
    let run = dir
        .run(&["query", "trail", "SELECT count(*) AS n FROM events; SELECT 'a;b' AS x;", "--format", "csv"])
        .succeeds();
    assert_eq!(run.stdout, "n\n1200\n\nx\na;b\n");
    dir.write("q.sql", "-- how many\nSELECT count(*) AS n\nFROM events\n");
    let run = dir.run(&["query", "trail", "-f", "q.sql", "--format", "csv"]).succeeds();
    assert_eq!(run.stdout, "n\n1200\n");
    for args in
        [&["query", "trail", "--format", "csv", "-f", "-"][..], &["query", "trail", "--format", "csv"]]
    {
        let run = dir.run_with_input(args, b"SELECT 1 AS one").succeeds();
        assert_eq!(run.stdout, "one\n1\n");
    }
    let run = dir.run(&["query", "trail"]).exits(2);
    assert_eq!(run.stderr, "trailhouse: no SQL given\n");
}

/// Whatever a query makes of times: UTC and said so, with a fraction where there is one.
#[test]
fn times_are_iso_8601() {
    let dir = dataset();
    let sql = "SELECT event_time AS utc, arrow_cast(event_time, 'Timestamp(Millisecond, None)') AS bare,
                      to_timestamp('2025-03-01T12:00:00.25') AS fraction, [to_timestamp(0)] AS list,
                      to_timestamp_nanos('2025-03-01T12:00:00.000000001') AS nanos
               FROM events ORDER BY event_time LIMIT 1";
    let mut seen = Vec::new();
    for format in ["table", "csv", "json", "ndjson", "markdown"] {
        seen.push(dir.run(&["query", "trail", sql, "--format", format]).succeeds().stdout);
    }
    insta::assert_snapshot!(seen.join("\n"));
}

#[test]
fn parquet_and_arrow_hold_the_rows_with_their_types() {
    use arrow::array::{AsArray as _, RecordBatch};
    use arrow::datatypes::{DataType, TimestampMicrosecondType};

    let dir = dataset();
    let sql = "SELECT event_time, event_name, null_fields FROM events ORDER BY event_time";
    let run = |format: &str, output: &str| {
        dir.run(&["query", "trail", sql, "--format", format, "-o", output]).succeeds();
        // The same goes into a pipe.
        let piped = dir.command(&["query", "trail", sql, "--format", format]).output().unwrap();
        assert_eq!(piped.stdout, std::fs::read(dir.path(output)).unwrap());
        std::fs::File::open(dir.path(output)).unwrap()
    };
    let check = |batches: Vec<RecordBatch>| {
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1200);
        let first = &batches[0];
        assert_eq!(first.schema().field(1).data_type(), &DataType::Utf8);
        assert_eq!(
            first.column(0).as_primitive::<TimestampMicrosecondType>().value(0),
            1_740_787_200_000_000
        );
        assert_eq!(first.column(1).as_string::<i32>().value(0), "Gets3");
    };
    let parquet = run("parquet", "out.parquet");
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap();
    check(reader.build().unwrap().map(Result::unwrap).collect());
    let reader = arrow::ipc::reader::StreamReader::try_new(run("arrow", "out.arrow"), None).unwrap();
    check(reader.map(Result::unwrap).collect());

    // One file holds one answer.
    let two = dir.run(&["query", "trail", "SELECT 1; SELECT 2", "--format", "parquet", "-o", "two"]).exits(2);
    assert!(two.stderr.contains("one statement"), "{}", two.stderr);
    assert!(!dir.path("two").exists());
    // An answer without rows has a schema all the same.
    let none = "SELECT event_name FROM events WHERE false";
    dir.run(&["query", "trail", none, "--format", "parquet", "-o", "none"]).succeeds();
    let none = std::fs::File::open(dir.path("none")).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(none).unwrap();
    assert_eq!(reader.schema().field(0).name(), "event_name");
}

#[test]
fn safe_csv_runs_in_no_spreadsheet() {
    let dir = dataset();
    let sql = "SELECT column1 AS text, column2 AS number, [column1] AS list FROM (VALUES
                   ('=1+1', -1), ('+1', 2), ('-1', 3), ('@SUM(A1)', 4), (chr(9) || 'tab', 5), (chr(13) || 'cr', 6),
                   ('plain =', 7), ('', 8), (NULL, 9))";
    let run = dir.run(&["query", "trail", sql, "--format", "csv", "--safe-csv"]).succeeds();
    assert_eq!(
        run.stdout,
        "text,number,list\n'=1+1,-1,\"[\"\"=1+1\"\"]\"\n'+1,2,\"[\"\"+1\"\"]\"\n'-1,3,\"[\"\"-1\"\"]\"\n\
         '@SUM(A1),4,\"[\"\"@SUM(A1)\"\"]\"\n'\ttab,5,\"[\"\"\\ttab\"\"]\"\n\"'\rcr\",6,\"[\"\"\\rcr\"\"]\"\n\
         plain =,7,\"[\"\"plain =\"\"]\"\n,8,\"[\"\"\"\"]\"\n,9,[null]\n"
    );
    let plain = dir.run(&["query", "trail", sql, "--format", "csv"]).succeeds();
    assert!(plain.stdout.contains("\n=1+1,-1,"), "{}", plain.stdout);
    dir.run(&["query", "trail", sql, "--safe-csv"]).exits(2);
}

/// Widths are measured on the first rows; those behind are complete all the same.
#[test]
fn tables_in_files_are_never_cut() {
    let dir = dataset();
    let sql = "SELECT n, CASE WHEN n = 20000 THEN repeat('x', 300) ELSE 'short' END AS text
               FROM (SELECT unnest(range(0, 20001)) AS n) ORDER BY n";
    let run = dir.run(&["query", "trail", sql]).succeeds();
    assert_eq!(run.stdout.lines().count(), 20_001 + 4);
    assert!(run.stdout.contains(&format!("| 20000 | {} |\n", "x".repeat(300))));
}

#[test]
fn plans_are_explained_without_running() {
    let dir = dataset();
    let sql = "SELECT event_name FROM events WHERE date = '2025-03-01' AND user_agent IS NULL";
    let lines = dir.run(&["query", "trail", sql, "--explain"]).succeeds().stdout;
    assert!(lines.starts_with("data files: 2 of 4\n  date=2025-03-01/service="), "{lines}");
    assert!(lines.contains("\nplan:\n") && lines.contains("DataSourceExec: file_groups="), "{lines}");
    let tree = dir.run(&["query", "trail", sql, "--explain=tree"]).succeeds().stdout;
    assert!(tree.contains("┌─") && tree.contains("DataSourceExec"), "{tree}");
    dir.run(&["query", "trail", "COPY events TO 'x.csv'", "--explain"]).exits(1);
    dir.run(&["query", "trail", "CREATE VIEW v AS SELECT 1", "--explain"]).exits(1);
}

#[test]
fn what_a_query_cost_is_told() {
    let dir = dataset();
    let stats = |sql: &str| {
        let run = dir.run(&["query", "trail", sql, "--stats", "--format", "ndjson"]).succeeds();
        let lines: std::collections::BTreeMap<String, String> = run
            .stderr
            .lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        assert!(lines["time"].starts_with("planning ") && lines["time"].contains(", running "), "{lines:?}");
        lines
    };
    let day = stats(
        "SELECT user_agent FROM events WHERE date = '2025-03-01' AND event_time < '2025-03-01T00:00:10Z'",
    );
    assert_eq!(day["rows"], "10");
    assert_eq!(day["data files"], "4 in the dataset, 2 chosen by partition, time and filters, 2 opened");
    assert_eq!(day["row groups"], "2 in these, 0 pruned by statistics, 0 by bloom filters");
    assert_eq!(day["filters"], "590 rows dropped while decoding");
    assert!(day["operators"].contains(" s "), "{day:?}");
    assert!(!day["read"].starts_with("0 B of "), "{day:?}");

    let absent =
        stats("SELECT event_name FROM events WHERE user_identity_access_key_id = 'AKIA0000000000000300x'");
    assert_eq!(absent["rows"], "0");
    let groups: Vec<&str> = absent["row groups"].split(", ").collect();
    assert!(groups[0] == "4 in these" && groups[2] != "0 by bloom filters", "{absent:?}");

    let counted = stats("SELECT count(*) FROM events");
    assert_eq!(counted["data files"], "4 in the dataset, 0 chosen by partition, time and filters, 0 opened");

    let grouped = stats("SELECT event_name, count(*) FROM events GROUP BY 1");
    assert!(!grouped["memory"].starts_with("0 B at peak"), "{grouped:?}");
}

#[test]
fn json_columns_are_read_with_json_functions() {
    let dir = dataset();
    let rows = dir.query(
        "trail",
        "SELECT request_parameters->>'bucketName' AS bucket, json_get_int(request_parameters, 'n') AS n,
                json_get_str(request_parameters, 'bucketName') AS again
         FROM events WHERE request_parameters->>'bucketName' = 'bucket-3' ORDER BY event_time LIMIT 1",
    );
    assert_eq!(rows, [serde_json::json!({"bucket": "bucket-3", "n": 3, "again": "bucket-3"})]);
}

#[test]
fn writing_is_refused_unless_allowed() {
    let dir = dataset();
    for sql in [
        "COPY events TO 'stolen.csv'",
        "COPY (SELECT 1) TO 'stolen.parquet'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE TABLE t AS SELECT * FROM events",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE events",
        "INSERT INTO events SELECT * FROM events",
        "DELETE FROM events",
        "EXPLAIN COPY events TO 'stolen.csv'",
    ] {
        let run = dir.run(&["query", "trail", sql]).exits(1);
        assert!(
            run.stderr.contains("refused") || run.stderr.contains("not supported"),
            "{sql}: {}",
            run.stderr
        );
    }
    insta::assert_snapshot!(dir.run(&["query", "trail", "COPY events TO 'stolen.csv'"]).stderr);
    assert!(!dir.path("stolen.csv").exists());
    dir.run(&["query", "trail", "COPY (SELECT event_name FROM events) TO 'own.csv'", "--allow-write"])
        .succeeds();
    assert_eq!(std::fs::read_to_string(dir.path("own.csv")).unwrap().lines().count(), 1201);
}

#[test]
fn mistakes_are_explained() {
    let dir = dataset();
    std::fs::create_dir(dir.path("empty")).unwrap();
    let mut explained = Vec::new();
    for (dataset, sql) in [
        ("trail", "SELECT event_nam FROM events"),
        ("trail", "SELECT 1 FROM event"),
        ("trail", "SELEC 1"),
        ("trail", ""),
        ("empty", "SELECT 1"),
        ("nowhere", "SELECT 1"),
    ] {
        let run = dir.run(&["query", dataset, sql]);
        assert!(matches!(run.code, Some(1 | 2)), "{run:#?}");
        // The list of columns that follows a wrong one is long.
        let told: String = run.stderr.chars().take(160).collect();
        explained.push(format!("$ trailhouse query {dataset} {sql:?}\n{told}"));
    }
    insta::assert_snapshot!(explained.join("\n\n"));
}

#[test]
fn the_schema_can_be_asked_for() {
    let dir = dataset();
    let columns = dir.query("trail", "DESCRIBE events");
    let schema: serde_json::Value = serde_json::from_str(include_str!("../schemas/cloudtrail.json")).unwrap();
    let expected =
        schema["columns"].as_array().unwrap().iter().chain(schema["partitions"].as_array().unwrap());
    let names = |values: &mut dyn Iterator<Item = &serde_json::Value>, key: &str| -> Vec<String> {
        values.map(|value| value[key].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&mut columns.iter(), "column_name"), names(&mut expected.into_iter(), "name"));
}

/// `trailhouse query ... | head` is no failure.
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dir = dataset();
    let sql = "SELECT a.* FROM events a CROSS JOIN (SELECT 1 FROM events LIMIT 100) b";
    dir.leave_unread(&["query", "trail", sql, "--format", "csv"]);
}

#[test]
fn earlier_versions_can_be_asked() {
    let dir = Dir::new();
    dir.write("a.json", log_file(&[event(1, "s3", "r")]));
    dir.write("b.json", log_file(&[event(2, "s3", "r")]));
    dir.convert(&["a.json", "--to", "trail"]);
    dir.convert(&["b.json", "--to", "trail"]);
    let count = |args: &[&str]| {
        let sql = "SELECT count(*) AS n FROM events";
        dir.run(&[&["query", "trail", sql, "--format", "ndjson"], args].concat()).succeeds().stdout
    };
    assert_eq!(count(&[]), "{\"n\":2}\n");
    assert_eq!(count(&["--version", "0"]), "{\"n\":1}\n");
    assert_eq!(count(&["--version", "1"]), "{\"n\":2}\n");
    assert_eq!(count(&["--as-of", "2999-01-01"]), "{\"n\":2}\n");

    let refused = |args: &[&str], why: &str| {
        let run = dir.run(&[&["query", "trail", "SELECT 1 FROM events"], args].concat()).exits(1);
        assert!(run.stderr.contains(why), "{}", run.stderr);
    };
    refused(&["--version", "2"], "there is no version 2; the latest is 1");
    refused(&["--as-of", "2001-01-01"], "there is nothing as of 2001-01-01 00:00:00 UTC");
    // What others wrote has no versions, and can be queried all the same.
    std::fs::remove_dir_all(dir.path("trail/_delta_log")).unwrap();
    assert_eq!(count(&[]), "{\"n\":2}\n");
    refused(&["--version", "0"], "trail has no transaction log");
}

/// While the first run has not committed, and if it has died, nothing counts; not even for whoever finds no log.
#[test]
fn what_a_first_run_has_not_committed_is_not_there() {
    let dir = dataset();
    std::fs::remove_dir_all(dir.path("trail/_delta_log")).unwrap();
    let sql = "SELECT event_name FROM events";
    dir.run(&["query", "trail", sql]).succeeds();
    let claim = r#"{"task":"0123456789abcdef","stem":"0123456789abcdef-0","owner":{"host":"h","machine":"m","process":1,
                    "started":"1"},"token":"t","version":"0"}"#;
    dir.write("trail/_trailhouse/intents/0123456789abcdef-0.json", claim);
    let told = dir.run(&["query", "trail", sql]).exits(1).stderr;
    assert!(told.contains("holds no data files"), "{told}");
}

/// What is asked for in the order of time is merged, not sorted, where few files overlap; and it is in order.
#[test]
fn rows_in_the_order_of_time_need_no_sorting() {
    let dir = Dir::new();
    let events: Vec<String> = (0..6)
        .flat_map(|day| (0..50).map(move |n| day * 86_400 + n * 7))
        .map(|n| event(n, "s3", "us-east-1"))
        .collect();
    let others: Vec<String> = (0..6).map(|day| event(day * 86_400 + 100, "ec2", "eu-west-1")).collect();
    dir.write("logs/a.json", log_file(&events));
    dir.write("logs/b.json", log_file(&others));
    dir.convert(&["logs", "--to", "trail"]);
    for (sql, count) in [
        ("SELECT event_time, event_id FROM events WHERE service = 's3' ORDER BY event_time", 300),
        ("SELECT event_time, event_id FROM events ORDER BY event_time, event_id", 306),
        ("SELECT event_time, event_id FROM events WHERE event_time >= '2025-03-03' ORDER BY event_time", 204),
        (
            "SELECT event_time, event_id FROM events WHERE read_only ORDER BY event_time, event_id LIMIT 300",
            300,
        ),
    ] {
        let plan = explain(&dir, "EXPLAIN", sql);
        assert!(!plan.contains("SortExec"), "{plan}");
        // Without it, threads read files of one another as soon as there is a limit, and rows come in any order.
        assert!(plan.contains("output_partitioning=UnknownPartitioning"), "{plan}");
        let times: Vec<String> = dir
            .query("trail", sql)
            .iter()
            .map(|row| format!("{} {}", row["event_time"], row["event_id"]))
            .collect();
        assert_eq!(times.len(), count);
        let by_time: Vec<&str> = times.iter().map(|row| row.split(' ').next().unwrap()).collect();
        assert!(by_time.is_sorted(), "{sql}");
    }
    // Other orders are sorted as ever, and an event without a time is the last.
    assert!(explain(&dir, "EXPLAIN", "SELECT event_id FROM events ORDER BY event_id").contains("SortExec"));
    dir.write(
        "logs/c.json",
        log_file(&[event(86_400, "s3", "us-east-1").replace("2025-03-02T00:00:00Z", "2025-03-02 soon")]),
    );
    dir.convert(&["logs", "--to", "trail"]);
    let rows = dir.query("trail", "SELECT event_time FROM events WHERE service = 's3' ORDER BY event_time");
    assert_eq!(rows.len(), 301);
    assert!(rows[300]["event_time"].is_null());
    assert!(rows[..300].is_sorted_by_key(|row| row["event_time"].as_str().unwrap().to_owned()));
}

/// What is said to the engine in other words stands over its column as it was typed.
#[test]
fn columns_are_named_as_typed() {
    let dir = dataset();
    let sql =
        "SELECT max_by(event_id, event_time), count_if(service = 's3'), IF(true, 1, 2), count(*) FROM events";
    let header = dir.run(&["query", "trail", sql, "--format", "csv"]).succeeds().stdout;
    let header = header.lines().next().unwrap();
    assert_eq!(
        header,
        r#""max_by(event_id, event_time)",count_if(service = 's3'),"IF(true, 1, 2)",count(*)"#
    );
}
