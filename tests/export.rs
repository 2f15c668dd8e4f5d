//! `export`: events come back as they were, all of them or some, and nothing else is made of them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use trailhouse::decode::{Decoder, Step, canonical};
use trailhouse::table::{EventKey, flatten};

use crate::harness::{Dir, event, log_file, repository};

/// Events by what makes them the same, each in its one spelling; copies may differ.
type Events = BTreeMap<u128, Vec<Vec<u8>>>;

fn read(content: &[u8], events: &mut Events) {
    let mut inflated = Vec::new();
    let content = match content {
        [0x1f, 0x8b, ..] => {
            MultiGzDecoder::new(content).read_to_end(&mut inflated).unwrap();
            &inflated
        }
        plain => plain,
    };
    let mut decoder = Decoder::new();
    loop {
        match decoder.step(content, true) {
            Step::Event(event) => {
                let mut spelling = Vec::new();
                canonical::write(event.value(), &mut spelling);
                events.entry(EventKey::new(&event, &flatten(&event, "")).0).or_default().push(spelling);
            }
            Step::End => return,
            broken @ (Step::More | Step::Unclosed | Step::Foreign(_)) => panic!("{broken:?}"),
            // What is no event is not exported.
            _ => {}
        }
    }
}

fn events_of(path: &Path) -> Events {
    let mut events = Events::new();
    let mut paths = vec![path.to_owned()];
    while let Some(path) = paths.pop() {
        match path.read_dir() {
            Ok(entries) => paths.extend(entries.map(|entry| entry.unwrap().path())),
            Err(_) => read(&std::fs::read(path).unwrap(), &mut events),
        }
    }
    events
}

/// Every event of the logs, one copy of each, and no other.
#[track_caller]
fn assert_same(logs: &Events, exported: &Events) {
    assert!(!logs.is_empty());
    assert_eq!(logs.keys().collect::<Vec<_>>(), exported.keys().collect::<Vec<_>>());
    for (key, copies) in logs {
        let exported = &exported[key];
        assert_eq!(exported.len(), 1);
        assert!(copies.contains(&exported[0]), "{}", String::from_utf8_lossy(&exported[0]));
    }
}

/// All rows, without where they were read. Lists of paths come in the order of keys, which does not matter.
fn rows(dir: &Dir, dataset: &str) -> Vec<String> {
    let sql = "SELECT * EXCLUDE (source_object, source_index, null_fields, empty_fields, filled_fields),
                      array_sort(null_fields) AS null_fields, array_sort(empty_fields) AS empty_fields,
                      array_sort(filled_fields) AS filled_fields
               FROM events";
    let mut rows = dir.query(dataset, sql);
    for row in &mut rows {
        for column in ["extra", "aggregation_summary"] {
            if let Some(text) = row[column].as_str() {
                // A whole event holds its keys in the order they came.
                row[column] = serde_json::from_str(text).unwrap_or_else(|_| text.into());
            }
        }
    }
    let mut rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn logs_come_back() {
    let odd = "tests/interop/odd-events.json";
    for (n, logs) in ["fixtures/aws-pages", "fixtures/trail/AWSLogs", odd].iter().enumerate() {
        let dir = Dir::new();
        let logs = repository(logs);
        dir.convert(&[&logs.display().to_string(), "--to", "trail"]);
        let run = dir.run(&["export", "trail", "--to", "logs"]).succeeds();
        assert_eq!(run.stdout, "");
        insta::assert_snapshot!(format!("logs_come_back_{n}"), run.stderr);
        assert_same(&events_of(&logs), &events_of(&dir.path("logs")));

        let stdout = dir.run(&["export", "trail", "--to", "-"]).succeeds().stdout;
        let mut inflated = String::new();
        let file = &dir.files("logs")["events-00000.json.gz"];
        MultiGzDecoder::new(&file[..]).read_to_string(&mut inflated).unwrap();
        assert_eq!(stdout, inflated);
        assert!(stdout.starts_with("{\"Records\":[{\"") && stdout.ends_with("}]}\n"));

        dir.convert(&["logs", "--to", "again"]);
        assert!(rows(&dir, "again") == rows(&dir, "trail"), "{}", logs.display());
    }
}

#[test]
fn lines_hold_one_event_each() {
    let dir = Dir::new();
    let spread = event(1, "s3", "r").replace(r#"{"bucketName""#, "{\r\n  \"bucketName\"");
    dir.write("logs/a.json", log_file(&[spread, event(2, "s3", "r"), event(3, "ec2", "r")]));
    dir.convert(&["logs", "--to", "trail"]);
    let run = dir.run(&["export", "trail", "--to", "-", "--format", "ndjson"]).succeeds();
    assert_eq!(run.stdout.lines().count(), 3);
    assert!(run.stdout.lines().all(|line| line.starts_with('{') && line.ends_with('}')));
    let mut exported = Events::new();
    read(run.stdout.as_bytes(), &mut exported);
    assert_same(&events_of(&dir.path("logs")), &exported);

    dir.run(&["export", "trail", "--to", "lines", "--format", "ndjson"]).succeeds();
    assert_eq!(dir.files("lines").into_keys().collect::<Vec<_>>(), ["events-00000.ndjson.gz"]);
    assert_eq!(events_of(&dir.path("lines")), exported);
}

#[test]
fn a_condition_chooses_events_and_files() {
    let dir = Dir::new();
    let events: Vec<String> =
        (0..100).map(|n| event(n, ["s3", "ec2"][n as usize % 2], "us-east-1")).collect();
    dir.write("logs/a.json", log_file(&events));
    dir.convert(&["logs", "--to", "trail"]);
    let count = |condition: &str| {
        let run = dir.run(&["export", "trail", "--to", "-", "--format", "ndjson", "--where", condition]);
        run.succeeds().stdout.lines().count()
    };
    for (condition, events) in [
        ("service = 's3'", 50),
        ("request_parameters->>'n' = '7' OR event_id LIKE '%000000000008'", 2),
        ("event_time < '2025-03-01T00:00:10Z' AND NOT is_root", 10),
        ("event_id IN (SELECT event_id FROM events WHERE source_index < 5)", 5),
        ("error_code = 'none'", 0),
        ("true -- and no more", 100),
    ] {
        assert_eq!(count(condition), events, "{condition}");
    }
    // Files of other partitions are not even opened.
    let (other, _) = dir.files("trail").into_iter().find(|(path, _)| path.contains("service=ec2")).unwrap();
    dir.write(&format!("trail/{other}"), "damaged");
    assert_eq!(count("service = 's3' AND event_name = 'Gets3'"), 50);
}

#[test]
fn no_events_are_no_failure() {
    let dir = Dir::new();
    dir.write("logs/a.json", log_file(&[event(1, "s3", "r")]));
    dir.convert(&["logs", "--to", "trail"]);
    let run = dir.run(&["export", "trail", "--to", "-", "--where", "false"]).succeeds();
    assert_eq!(run.stdout, "{\"Records\":[]}\n");
    assert_eq!(run.stderr, "trailhouse: the condition holds for no event\n");
    let run = dir.run(&["export", "trail", "--to", "nothing", "--where", "is_root"]).succeeds();
    assert_eq!(run.stderr, "trailhouse: the condition holds for no event\n");
    assert!(dir.path("nothing").is_dir() && dir.files("nothing").is_empty());
}

#[test]
fn mistakes_are_explained() {
    let dir = Dir::new();
    dir.write("logs/a.json", log_file(&[event(1, "s3", "r"), event(2, "s3", "r")]));
    dir.convert(&["logs", "--to", "trail"]);
    dir.write("full/file", "");
    std::fs::create_dir(dir.path("empty")).unwrap();
    let mut explained = Vec::new();
    for args in [
        &["trail", "--to", "full"][..],
        &["trail", "--to", "full/file"],
        &["trail", "--to", "full/file/below"],
        &["trail", "--to", "trail/logs"],
        &["trail", "--to", "s3://bucket/logs"],
        &["empty", "--to", "out"],
        &["nowhere", "--to", "out"],
        &["trail", "--to", "out", "--where", "event_nam = 'x'"],
        &["trail", "--to", "out", "--where", "event_name"],
        &["trail", "--to", "out", "--where", "event_name = "],
        &["trail", "--to", "out", "--where", "is_root root"],
        &["trail", "--to", "out", "--where", "is_root AS root"],
        &["trail", "--to", "out", "--where", "true; DROP TABLE events"],
        &["trail", "--to", "out", "--where", "true) UNION (SELECT * FROM events"],
        &["trail", "--to", "out", "--where", "true ORDER BY event_time"],
        &["trail", "--to", "out", "--where", "count(*) > 1"],
        &["trail", "--to", "out", "--where", "EXISTS (DELETE FROM events)"],
        &["trail", "--to", "out", "--where", "EXISTS (INSERT INTO events SELECT * FROM events)"],
    ] {
        let run = dir.run(&[&["export"], args].concat());
        assert!(matches!(run.code, Some(1 | 2)), "{run:#?}");
        // The list of columns that follows a wrong one is long.
        let told: String = run.stderr.chars().take(200).collect();
        explained.push(format!("$ trailhouse export {args:?}\n{told}"));
    }
    assert!(!dir.path("out").exists() && !dir.path("trail/logs").exists());
    insta::assert_snapshot!(explained.join("\n\n"));
}

/// Functions that fail show the value they failed on: what an event holds.
#[test]
fn a_condition_that_fails_shows_no_event_and_leaves_no_file() {
    let dir = Dir::new();
    dir.write("logs/a.json", log_file(&[event(1, "s3", "r"), event(2, "s3", "r")]));
    dir.convert(&["logs", "--to", "trail"]);
    for condition in [
        "CAST(source_ip_address AS INT) = 1",
        "CAST(service AS INT) = 1",
        "to_timestamp(request_id) IS NULL",
        "arrow_cast(user_identity_user_name, 'Int32') = 1 OR source_index < 0",
        "1 / (CAST(request_parameters->>'n' AS INT) - 1) = 5",
    ] {
        let run = dir.run(&["export", "trail", "--to", "out", "--where", condition]).exits(1);
        assert!(run.stderr.contains("try_cast"), "{condition}: {}", run.stderr);
        for held in ["198.51", "s3", "r1", "user1"] {
            assert!(!run.stderr.contains(held), "{condition}: {}", run.stderr);
        }
        assert!(dir.files("out").is_empty());
    }
}

/// `trailhouse export ... | head` is no failure.
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dir = Dir::new();
    let events: Vec<String> = (0..3000).map(|n| event(n, "s3", "r")).collect();
    dir.write("logs/a.json", log_file(&events));
    dir.convert(&["logs", "--to", "trail"]);
    dir.leave_unread(&["export", "trail", "--to", "-"]);
}
