//! Mistakes that people make in SQL, what is refused, and what does not fit in memory: each is told so that the next try works.

use crate::harness::{Dir, event, log_file};

fn dataset() -> Dir {
    let dir = Dir::new();
    let events: Vec<String> = (0..20).map(|n| event(n, "s3", "us-east-1")).collect();
    dir.write("logs/a.json", log_file(&events));
    dir.convert(&["logs", "--to", "trail"]);
    dir
}

#[test]
fn mistakes_name_the_nearest_right_thing() {
    let dir = dataset();
    let mut said = String::new();
    for sql in [
        // Names.
        "SELECT event_nam FROM events",
        "SELECT eventName, sourceIPAddress FROM events",
        "SELECT nothing_like_it FROM events",
        "SELECT event_name FROM event",
        "SELECT eventname FROM cloudtrail_log",
        "SELECT e.arn FROM events e",
        "SELECT useridentity.usrname FROM cloudtrail_logs",
        "SELECT jsonextract(request_parameters, '$.a') FROM events",
        // Text, dates, types.
        "SELECT event_name FROM events WHERE service = s3",
        "SELECT event_name FROM events WHERE service = \"s3\"",
        "SELECT event_name FROM events WHERE date > 2025-03-01",
        "SELECT event_name FROM events WHERE event_time > 'yesterday'",
        "SELECT event_name FROM events WHERE date = 'March'",
        "SELECT event_name FROM events WHERE is_error = 'yes'",
        "SELECT event_name FROM events WHERE request_parameters.bucketName = 'x'",
        "SELECT json_extract_scalar(request_parameters, 'bucketName') FROM events",
        "SELECT json_extract_scalar(request_parameters) FROM events",
        "SELECT date_add('day', event_name, event_time) FROM events",
        "SELECT CAST(event_name AS BIGINT) FROM events",
        // Syntax.
        "SELECT event_name\nFROM events\nWHERE event_name = 'A' event_source = 'B'",
        "SELECT count(* FROM events",
        "SELEC event_name FROM events",
        "SELECT event_name FROM events WHERE event_name = 'open",
        "SELECT service, count(*) FROM events GROUP BY region",
        "SELECT event_name FROM events WHERE count(*) > 1",
        "SELECT event_name FROM events WHERE event_name = $name",
    ] {
        let run = dir.run(&["query", "trail", sql]);
        assert_ne!(run.code, Some(0), "{sql}");
        said.push_str(&format!("> {sql}\n{}\n", run.stderr));
    }
    insta::assert_snapshot!(said);
    // What is not wrong: the other sign for equal, a date without a time, names in any case.
    for sql in [
        "SELECT Event_Name FROM EVENTS WHERE service == 's3' AND event_time >= '2025-03-01'",
        "SELECT date FROM events WHERE date >= '2025-03-01' AND Region IN ('us-east-1')",
    ] {
        assert_eq!(dir.query("trail", sql).len(), 20, "{sql}");
    }
}

/// Nothing outside the datasets is read or written.
#[test]
fn other_files_are_out_of_reach() {
    let dir = dataset();
    dir.write("secret.csv", "a,b\n1,2\n");
    for sql in [
        "SELECT * FROM 'secret.csv'",
        "SELECT * FROM secret.csv",
        "SELECT * FROM read_csv('secret.csv')",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'secret.csv'",
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIEW t AS SELECT 1",
        "COPY (SELECT 1) TO 'out.csv'",
        "COPY events TO 'out.parquet'",
        "EXPLAIN ANALYZE COPY events TO 'out.parquet'",
        "INSERT INTO events SELECT * FROM events",
        "DELETE FROM events",
        "UPDATE events SET event_name = 'x'",
        "DROP TABLE events",
        "PREPARE p AS COPY events TO 'out.parquet'",
    ] {
        let run = dir.run(&["query", "trail", sql]);
        assert_ne!(run.code, Some(0), "{sql}: {}", run.stdout);
        assert!(!run.stdout.contains('2'), "{sql}: {}", run.stdout);
    }
    assert!(!dir.path("out.csv").exists() && !dir.path("out.parquet").exists());
    dir.run(&["query", "trail", "--allow-write", "COPY (SELECT 1 AS a) TO 'out.csv' STORED AS CSV"])
        .succeeds();
}

/// What events hold is shown as an answer, and never in a message.
#[test]
fn messages_hold_no_values_of_events() {
    let dir = dataset();
    for sql in [
        "SELECT CAST(event_id AS BIGINT) FROM events",
        "SELECT CAST(event_id AS TIMESTAMP) FROM events",
        "SELECT regexp_like('x', '(' || event_id) FROM events",
        "SELECT date_trunc(event_id, event_time) FROM events",
        "SELECT json_extract(request_parameters, event_id) FROM events",
        "SELECT date_add(event_id, 1, event_time) FROM events",
        "SELECT ip_in_cidr(source_ip_address, event_id) FROM events",
        "SELECT arn_part(user_identity_arn, event_id) FROM events",
        "SELECT date_format(event_time, '%' || event_id) FROM events",
        "SELECT regexp_extract(event_id, '(' || event_id) FROM events",
    ] {
        let run = dir.run(&["query", "trail", sql]);
        assert_ne!(run.code, Some(0), "{sql}: {}", run.stdout);
        assert!(!run.stderr.contains("-4000-8000-"), "{sql}: {}", run.stderr);
    }
}

#[test]
fn what_does_not_fit_in_memory_spills_or_says_what_to_raise() {
    let dir = dataset();
    let run = |sql: &str| {
        dir.run(&["query", "trail", "--memory-limit", "16MiB", "--format", "csv", "--stats", sql])
    };
    let sorted = run("SELECT max(n) AS n FROM (SELECT row_number() OVER (ORDER BY value % 7, -value) AS n
                      FROM generate_series(1, 2000000))")
    .succeeds();
    assert_eq!(sorted.stdout, "n\n2000000\n");
    assert!(sorted.stderr.contains("spilled"), "{}", sorted.stderr);
    let grouped = run(
        "SELECT count(*) AS n FROM (SELECT value % 700000 AS v, count(*) FROM generate_series(1, 1400000)
                       GROUP BY 1)",
    )
    .succeeds();
    assert_eq!(grouped.stdout, "n\n700000\n");
    let held = run("SELECT cardinality(array_agg(value)) FROM generate_series(1, 5000000)");
    assert_eq!(held.code, Some(1));
    assert!(held.stderr.contains("--memory-limit"), "{}", held.stderr);
}
