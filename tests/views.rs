//! The views over `events`, datasets beside one another, and logs that were not converted.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::harness::{Dir, event, gzip, log_file, repository};

fn with_fixtures(sources: &[&str]) -> Dir {
    let dir = Dir::new();
    let sources: Vec<String> = sources
        .iter()
        .map(|source| repository(&format!("fixtures/{source}")).display().to_string())
        .collect();
    let mut args: Vec<&str> = sources.iter().map(String::as_str).collect();
    args.extend(["--to", "trail", "--allow-rejects"]);
    dir.convert(&args);
    dir
}

fn plan(dir: &Dir, sql: &str) -> String {
    let rows = dir.query("trail", &format!("EXPLAIN {sql}"));
    rows.iter().map(|row| row["plan"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

fn views(dir: &Dir) -> Vec<String> {
    let sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'VIEW'
               ORDER BY 1";
    dir.query("trail", sql).iter().map(|row| row["table_name"].as_str().unwrap().to_owned()).collect()
}

/// What another program found in the events of AWS's pages by the paths of `schemas/services`.
#[test]
fn payloads_of_services_are_columns() {
    let pages = ["medialive.repaired", "kinesisvideo.repaired", "deadline.repaired", "kinesis", "cloudmap"];
    let pages: Vec<String> = pages.iter().map(|page| format!("aws-pages/{page}.json")).collect();
    let dir = with_fixtures(&pages.iter().map(String::as_str).collect::<Vec<_>>());
    let text = fs::read_to_string(repository("tests/service_views.json")).unwrap();
    let expected: BTreeMap<String, Vec<BTreeMap<String, Value>>> = serde_json::from_str(&text).unwrap();
    let sql = "SELECT column_name FROM information_schema.columns WHERE table_name = 'kms'
               ORDER BY ordinal_position LIMIT 20";
    let common: Vec<String> =
        dir.query("trail", sql).iter().map(|row| row["column_name"].as_str().unwrap().to_owned()).collect();
    let mut events = 0;
    for (view, rows) in expected {
        let found = dir.query("trail", &format!("SELECT * FROM {view}"));
        assert_eq!(found.len(), rows.len(), "{view}");
        for row in rows {
            let found = found.iter().find(|found| found["event_id"] == row["event_id"]).unwrap();
            let mut own = found.as_object().unwrap().clone();
            own.retain(|name, value| !value.is_null() && (name == "event_id" || !common.contains(name)));
            assert_eq!(parsed(own.into_iter()), parsed(row.into_iter()), "{view}");
            events += 1;
        }
    }
    assert_eq!(events, 14);
}

/// JSON text as the value it is: another program wrote it with other blanks.
fn parsed(cells: impl Iterator<Item = (String, Value)>) -> BTreeMap<String, Value> {
    let cell = |value: Value| match value.as_str() {
        Some(text) if text.starts_with(['{', '[']) => serde_json::from_str(text).unwrap_or(value),
        _ => value,
    };
    cells.map(|(name, value)| (name, cell(value))).collect()
}

#[test]
fn every_view_can_be_read_whole() {
    let dir = with_fixtures(&["trail/AWSLogs"]);
    let names = views(&dir);
    assert!(names.len() >= 17, "{names:?}");
    let all = dir.query("trail", "SELECT count(*) AS n FROM events")[0]["n"].clone();
    for view in names {
        let rows = dir.query("trail", &format!("SELECT * FROM {view}"));
        let count = dir.query("trail", &format!("SELECT count(*) AS n FROM {view}"))[0]["n"].clone();
        assert_eq!(json!(rows.len()), count, "{view}");
        if view.starts_with("cloudtrail_") {
            assert_eq!(count, all, "{view}");
        }
    }
}

/// What a query does not name is not read, and conditions choose files as they do on `events`.
#[test]
fn views_cost_what_is_used_of_them() {
    let dir = Dir::new();
    let events: Vec<String> =
        (0..4).map(|n| event(n * 86_400, ["s3", "sts"][n as usize % 2], "us-east-1")).collect();
    dir.write("logs/a.json", log_file(&events));
    dir.convert(&["logs", "--to", "trail"]);
    for (sql, files, columns) in [
        (
            "SELECT useridentity.arn FROM cloudtrail_logs WHERE userIdentity.type = 'IAMUser'",
            4,
            "projection=[user_identity_arn",
        ),
        (
            "SELECT eventname FROM cloudtrail_logs WHERE eventTime >= '2025-03-03'",
            2,
            "projection=[event_name",
        ),
        (
            "SELECT eventname FROM cloudtrail_logs WHERE eventtime LIKE '2025-03-04%'",
            1,
            "projection=[event_name",
        ),
        (
            "SELECT eventname FROM cloudtrail_logs
             WHERE eventtime BETWEEN '2025-03-01T00:00:00Z' AND '2025-03-01T23:59:59Z'",
            1,
            "projection=[event_name",
        ),
        (
            "SELECT eventname FROM cloudtrail_logs
             WHERE from_iso8601_timestamp(eventtime) > date_add('day', 1, TIMESTAMP '2025-03-02T00:00:00')",
            1,
            "projection=[event_name",
        ),
        (
            "SELECT eventname FROM cloudtrail_logs WHERE year = '2025' AND month = '03' AND day = '02'",
            1,
            "projection=[",
        ),
        (
            "SELECT eventname FROM cloudtrail_logs WHERE timestamp >= '2025/03/04'",
            1,
            "projection=[event_name",
        ),
        (
            "SELECT eventName FROM cloudtrail_lake WHERE eventTime > '2025-03-03 00:00:00'",
            1,
            "projection=[event_name",
        ),
        ("SELECT role_arn FROM sts", 2, "json_extract_scalar(request_parameters"),
    ] {
        let plan = plan(&dir, sql);
        let found = plan.split(['[', ']', ',', ' ']).filter(|word| word.ends_with(".parquet")).count();
        assert_eq!(found, files, "{sql}\n{plan}");
        assert!(plan.contains(columns), "{sql}\n{plan}");
        assert!(!plan.contains("named_struct"), "{sql}\n{plan}");
    }
}

#[test]
fn athena_and_lake_have_their_shapes() {
    let dir = with_fixtures(&["trail/AWSLogs"]);
    for view in ["cloudtrail_logs", "cloudtrail_lake"] {
        let sql = format!(
            "SELECT column_name || ' ' || data_type AS line FROM information_schema.columns
             WHERE table_name = '{view}' ORDER BY ordinal_position"
        );
        let lines: Vec<String> =
            dir.query("trail", &sql).iter().map(|row| row["line"].as_str().unwrap().to_owned()).collect();
        insta::assert_snapshot!(view, lines.join("\n"));
    }
}

/// The event as `export` gives it, whatever the view's other columns make of it.
#[test]
fn eventjson_is_the_event() {
    let dir = with_fixtures(&["trail/AWSLogs"]);
    let sql = "SELECT eventjson FROM cloudtrail_lake WHERE eventid IS NOT NULL ORDER BY eventid";
    let events: Vec<Value> = dir
        .query("trail", sql)
        .iter()
        .map(|row| serde_json::from_str(row["eventjson"].as_str().unwrap()).unwrap())
        .collect();
    let run = dir.run(&["export", "trail", "--format", "ndjson", "--to", "-"]).succeeds();
    let mut exported: Vec<Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    exported.sort_by_key(|event| event["eventID"].as_str().unwrap_or_default().to_owned());
    assert_eq!(events.len(), exported.len());
    assert_eq!(events, exported);
}

#[test]
fn sessions_lead_from_who_asked_to_what_was_done() {
    let dir = Dir::new();
    let call = |time: &str, source: &str, name: &str, key: &str, more: Value| {
        let mut event = json!({
            "eventVersion": "1.11", "eventTime": time, "eventSource": source, "eventName": name,
            "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.1", "userAgent": "x", "eventID": format!("{name}-{time}"),
            "eventType": "AwsApiCall", "recipientAccountId": "111122223333",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann", "accessKeyId": key}
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let issue = |time: &str, caller: &str, key: &str| {
        let more = json!({
            "requestParameters": {"roleArn": "arn:aws:iam::444455556666:role/deploy", "roleSessionName": "s"},
            "responseElements": {"credentials": {"accessKeyId": key}}
        });
        call(time, "sts.amazonaws.com", "AssumeRole", caller, more)
    };
    let events = [
        issue("2025-03-01T10:00:00Z", "AKIA1", "ASIA1"),
        call("2025-03-01T10:05:00Z", "s3.amazonaws.com", "GetObject", "ASIA1", json!({})),
        issue("2025-03-01T10:06:00Z", "ASIA1", "ASIA2"),
        call("2025-03-01T10:07:00Z", "kms.amazonaws.com", "Decrypt", "ASIA2", json!({})),
        call("2025-03-01T10:08:00Z", "s3.amazonaws.com", "PutObject", "AKIA1", json!({})),
        issue("2025-03-01T10:09:00Z", "AKIA1", "ASIA3"),
    ];
    dir.write("logs/a.json", json!({"Records": events}).to_string());
    dir.convert(&["logs", "--to", "trail"]);
    let sql = "SELECT caller_access_key_id AS caller, access_key_id AS key, role_arn, event_name AS event
               FROM sessions ORDER BY issued_at, event_time";
    let role = "arn:aws:iam::444455556666:role/deploy";
    assert_eq!(
        dir.query("trail", sql),
        [
            json!({"caller": "AKIA1", "key": "ASIA1", "role_arn": role, "event": "GetObject"}),
            json!({"caller": "AKIA1", "key": "ASIA1", "role_arn": role, "event": "AssumeRole"}),
            json!({"caller": "ASIA1", "key": "ASIA2", "role_arn": role, "event": "Decrypt"}),
            json!({"caller": "AKIA1", "key": "ASIA3", "role_arn": role, "event": null}),
        ]
    );
    let sql = "SELECT principal, events, first_seen, last_seen, access_key_ids, services FROM identity";
    assert_eq!(
        dir.query("trail", sql),
        [json!({
            "principal": "arn:aws:iam::111122223333:user/ann", "events": 6,
            "first_seen": "2025-03-01T10:00:00Z", "last_seen": "2025-03-01T10:09:00Z",
            "access_key_ids": ["AKIA1", "ASIA1", "ASIA2"], "services": ["kms", "s3", "sts"]
        })]
    );
}

#[test]
fn datasets_go_by_names() {
    let dir = Dir::new();
    for (name, count) in [("one", 3), ("two", 5)] {
        let events: Vec<String> = (0..count).map(|n| event(n, "s3", "us-east-1")).collect();
        dir.write(&format!("{name}.json"), log_file(&events));
        dir.convert(&[&format!("{name}.json"), "--to", name]);
    }
    let query = |args: &[&str]| dir.run(&[&["query", "one", "--format", "csv"], args].concat());
    let sql = "SELECT (SELECT count(*) FROM events) AS a, (SELECT count(*) FROM other.events) AS b,
                      (SELECT count(*) FROM other.cloudtrail_logs) AS c,
                      (SELECT count(*) FROM events JOIN other.events o USING (event_id)) AS d";
    assert_eq!(query(&["--dataset", "other=two", sql]).succeeds().stdout, "a,b,c,d\n3,5,5,3\n");
    for (args, message) in [
        (&["--dataset", "two", sql][..], "expected NAME=VALUE"),
        (&["--dataset", "x=two", "--dataset", "x=one", sql], "there is a dataset x already"),
        (&["--dataset", "public=two", sql], "there is a dataset public already"),
        (&["--dataset", "x=three", sql], "three"),
    ] {
        let run = query(args);
        assert_ne!(run.code, Some(0));
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn event_data_stores_go_by_their_ids() {
    let dir = Dir::new();
    dir.write("a.json", log_file(&[event(1, "s3", "us-east-1")]));
    dir.convert(&["a.json", "--to", "trail"]);
    let id = "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111";
    for sql in [
        format!(
            "-- a comment first\nSELECT count(*) AS n, '{id}' AS id FROM {id} WHERE eventTime > '2025-01-01 00:00:00'"
        ),
        format!("SELECT count(*) AS n, '{id}' AS id FROM {id} AS e WHERE e.eventName IS NOT NULL;"),
        format!("SELECT count(*) AS n, '{id}' AS id FROM \"{id}\""),
    ] {
        let run = dir.run(&["query", "trail", "--eds-id", id, "--format", "csv", &sql]).succeeds();
        assert_eq!(run.stdout, format!("n,id\n1,{id}\n"), "{sql}");
    }
}

/// The same rows as the dataset that is made of them.
#[test]
fn logs_that_were_not_converted_are_events_too() {
    let dir = with_fixtures(&["trail/AWSLogs"]);
    let logs = repository("fixtures/trail/AWSLogs").display().to_string();
    for (columns, rest) in [
        ("*", ""),
        ("event_id, event_time, date, service, region, user_identity_arn", "WHERE service = 's3'"),
        (
            "event_name, request_parameters",
            "WHERE date = '2025-03-02' AND region IN ('us-east-1', 'eu-west-1')",
        ),
        ("region", "WHERE event_time BETWEEN '2025-03-01T10:00:00Z' AND '2025-03-02T10:00:00Z'"),
        ("resources, extra", "WHERE recipient_account_id = '111122223333' OR is_error"),
    ] {
        let sql = format!(
            "SELECT DISTINCT {columns} FROM (SELECT * EXCLUDE (source_object, source_index) FROM events {rest})"
        );
        let read = |args: &[&str]| {
            let run = dir.run(&[args, &[&sql, "--format", "ndjson"]].concat()).succeeds();
            let mut rows: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
            rows.sort();
            rows
        };
        let converted = read(&["query", "trail"]);
        assert!(!converted.is_empty(), "{sql}");
        assert!(converted == read(&["query", "--raw", &logs]), "{sql}");
    }
    let run =
        dir.run(&["query", "--raw", &logs, "SELECT count(*) AS n FROM events", "--format", "csv"]).succeeds();
    assert_eq!(run.stdout, "n\n3017\n");
    assert!(run.stderr.contains("5 stretches of the logs are no events"), "{}", run.stderr);
}

/// A plan that is run again reads the logs again; standard input is there but once.
#[test]
fn logs_are_read_as_often_as_they_are_asked_for() {
    let dir = Dir::new();
    let events: Vec<String> = (0..5).map(|n| event(n, "s3", "us-east-1")).collect();
    let file = log_file(&events);
    dir.write("logs.json", &file);
    let chain = "WITH RECURSIVE chain AS (
                   SELECT event_time AS t, 1 AS depth FROM events WHERE event_time = '2025-03-01T00:00:00Z'
                   UNION ALL
                   SELECT e.event_time, depth + 1 FROM chain JOIN events e ON e.event_time = chain.t + INTERVAL '1 second')
                 SELECT max(depth) AS depth FROM chain";
    let run = dir.run(&["query", "--raw", "logs.json", "--format", "csv", chain]).succeeds();
    assert_eq!(run.stdout, "depth\n5\n");
    let once = dir.run_with_input(
        &["query", "--raw", "-", "--format", "csv", "SELECT count(*) AS n FROM events"],
        file.as_bytes(),
    );
    assert_eq!(once.succeeds().stdout, "n\n5\n");
    let twice = dir.run_with_input(
        &["query", "--raw", "-", "SELECT count(*) FROM events a JOIN events b USING (event_id)"],
        file.as_bytes(),
    );
    assert!(twice.stderr.contains("standard input can be read but once"), "{}", twice.stderr);
}

#[test]
fn lists_stand_beside_their_rows() {
    let dir = with_fixtures(&["trail/AWSLogs"]);
    let count = |from: &str| {
        dir.query("trail", &format!("SELECT count(*) AS n FROM {from}"))[0]["n"].as_u64().unwrap()
    };
    let with = count("events WHERE cardinality(resources) > 0");
    let elements =
        dir.query("trail", "SELECT sum(cardinality(resources)) AS n FROM events")[0]["n"].as_u64().unwrap();
    let all = count("events");
    assert!(with < elements && with < all);
    assert_eq!(count("events CROSS JOIN UNNEST(resources) AS t (r)"), elements);
    assert_eq!(count("events e, UNNEST(e.resources) AS t (r)"), elements);
    assert_eq!(
        count("cloudtrail_lake CROSS JOIN UNNEST(resources) AS t (accountid, type, arn, prefix)"),
        elements
    );
    assert_eq!(count("events LEFT JOIN UNNEST(resources) AS t (r) ON TRUE"), elements + all - with);
    assert_eq!(
        count("(SELECT resources FROM events) e CROSS JOIN UNNEST(e.resources) AS t (resources)"),
        elements
    );
}

/// Objects that a condition leaves out are not even opened; others that cannot be read are no answer.
#[test]
fn keys_of_logs_answer_conditions() {
    let dir = Dir::new();
    let key = |region: &str, day: u32| {
        format!(
            "AWSLogs/111122223333/CloudTrail/{region}/2025/03/{day:02}/\
             111122223333_CloudTrail_{region}_202503{day:02}T0000Z_abcdefghijklmnop.json"
        )
    };
    dir.write(&key("us-east-1", 1), log_file(&[event(1, "s3", "us-east-1")]));
    let compressed = gzip(log_file(&[event(1, "s3", "eu-west-1")]));
    dir.write(&key("eu-west-1", 1), &compressed[..compressed.len() / 2]);
    let query = |sql: &str| dir.run(&["query", "--raw", "AWSLogs", "--format", "csv", sql]);
    let count = |condition: &str| query(&format!("SELECT count(*) AS n FROM events WHERE {condition}"));
    assert_eq!(count("region = 'us-east-1'").succeeds().stdout, "n\n1\n");
    assert_eq!(count("region IN ('us-east-1', 'us-east-2') AND service = 's3'").succeeds().stdout, "n\n1\n");
    assert_eq!(count("event_time >= '2025-03-03'").succeeds().stdout, "n\n0\n");
    assert_eq!(count("date > '2025-03-02'").succeeds().stdout, "n\n0\n");
    let broken = count("true");
    assert_eq!(broken.code, Some(1));
    assert!(
        broken.stderr.contains("eu-west-1") && broken.stderr.contains("events before that point were read"),
        "{}",
        broken.stderr
    );
    let missing = dir.run(&["query", "--raw", "nowhere", "SELECT 1"]);
    assert!(missing.stderr.contains("nowhere"), "{}", missing.stderr);
}
