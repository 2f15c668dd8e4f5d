//! `compact`: fewer files, the same rows; and `vacuum`, which deletes what is not needed then.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Dir, event, gzip, log_file};

const SERVICES: [&str; 3] = ["ec2", "s3", "sts"];

/// A dataset of eight versions; each adds a file to each of three partitions.
fn dataset() -> Dir {
    let dir = Dir::new();
    for part in 0..8 {
        add(&dir, part);
    }
    dir
}

fn add(dir: &Dir, part: u32) {
    let numbers = part * 30..part * 30 + 30;
    let events: Vec<String> = numbers.map(|n| event(n * 7, SERVICES[n as usize % 3], "us-east-1")).collect();
    let log = format!("logs/{part}.json.gz");
    dir.write(&log, gzip(log_file(&events)));
    dir.run(&["convert", &log, "--to", "trail"]).succeeds();
}

fn rows(dir: &Dir) -> Vec<Value> {
    dir.query("trail", "SELECT * FROM events ORDER BY event_id, source_object, source_index")
}

fn report(dir: &Dir, args: &[&str]) -> Value {
    serde_json::from_str(&dir.run(&[args, &["--report", "json"]].concat()).succeeds().stdout).unwrap()
}

/// Nothing is wrong, and nothing is being done.
#[track_caller]
fn is_sound(dir: &Dir) -> Value {
    let found = report(dir, &["check", "trail"]);
    assert_eq!((&found["findings"], &found["in_progress"]), (&json!([]), &json!(0)));
    found
}

#[test]
fn small_files_come_together() {
    let dir = dataset();
    let before = rows(&dir);
    let files = dir.data_files("trail");
    assert_eq!((before.len(), files.len()), (240, 24));

    let planned = report(&dir, &["compact", "trail", "--dry-run"]);
    assert_eq!(dir.data_files("trail"), files);
    assert_eq!(planned["written"], Value::Null);
    let done = report(&dir, &["compact", "trail"]);
    assert_eq!(done["replaced"], planned["replaced"]);
    let bytes: usize = files.values().map(Vec::len).sum();
    assert_eq!(done["replaced"], json!({"count": 24, "bytes": bytes, "rows": 240}));
    assert_eq!((&done["partitions"], &done["version"]), (&json!(3), &json!(8)));
    assert_eq!((&done["written"]["count"], &done["written"]["rows"]), (&json!(3), &json!(240)));
    assert!(done["written"]["bytes"].as_u64() < done["replaced"]["bytes"].as_u64());
    assert_eq!(rows(&dir), before);
    assert_eq!(is_sound(&dir)["files"], 3);

    // It is done, and stays so.
    let again = report(&dir, &["compact", "trail"]);
    assert_eq!((&again["replaced"]["count"], &again["version"]), (&json!(0), &json!(8)));

    // A file is sorted, and as large as all that became of it by one clean run.
    dir.run(&["convert", "logs", "--to", "once"]).succeeds();
    dir.run(&["vacuum", "trail", "--retention", "0s", "--force"]).succeeds();
    let sizes =
        |dataset: &str| dir.data_files(dataset).into_values().map(|file| file.len()).collect::<Vec<_>>();
    assert_eq!(sizes("trail"), sizes("once"));
}

#[test]
fn what_is_large_enough_stays_as_it_is() {
    let dir = dataset();
    let before = rows(&dir);
    // Two files fit into one of this size, three do not.
    let largest = dir.data_files("trail").values().map(Vec::len).max().unwrap();
    let target = format!("{}B", largest * 2 + 10);
    let done = report(&dir, &["compact", "trail", "--target-size", &target]);
    assert_eq!((&done["replaced"]["count"], &done["written"]["count"]), (&json!(24), &json!(12)));
    assert_eq!(rows(&dir), before);
    is_sound(&dir);
    let smaller = dir.data_files("trail").values().map(Vec::len).min().unwrap().to_string();
    let done = report(&dir, &["compact", "trail", "--target-size", &smaller]);
    assert_eq!(done["replaced"]["count"], 0);
}

#[test]
fn only_the_days_that_are_meant() {
    let dir = Dir::new();
    for part in 0..2 {
        let days = (0..4).map(|day| event(day * 86_400 + part, "s3", "r")).collect::<Vec<_>>();
        dir.write("log.json", log_file(&days));
        dir.run(&["convert", "log.json", "--to", "trail"]).succeeds();
    }
    let replaced = |args: &[&str]| {
        report(&dir, &[&["compact", "trail", "--dry-run"], args].concat())["partitions"].as_u64().unwrap()
    };
    assert_eq!(replaced(&[]), 4);
    assert_eq!(replaced(&["--since", "2025-03-02"]), 3);
    assert_eq!(replaced(&["--since", "2025-03-02T12:00:00Z"]), 3);
    assert_eq!(replaced(&["--until", "2025-03-02"]), 1);
    assert_eq!(replaced(&["--until", "2025-03-02T00:00:01Z"]), 2);
    assert_eq!(replaced(&["--since", "2025-03-02", "--until", "2025-03-04"]), 2);
    let told =
        dir.run(&["compact", "trail", "--since", "2025-03-02", "--until", "2025-03-02"]).exits(2).stderr;
    assert!(told.contains("leaves nothing before"), "{told}");
}

/// Among them events without an id or a time, whose rows are the whole of what they are told by.
#[test]
fn copies_are_left_out() {
    let dir = Dir::new();
    let timeless = event(3, "s3", "r").replace("2025-03-01T00:00:03Z", "2025-03-01 morning");
    let nameless = event(4, "s3", "r").replace(r#""eventID":"00000000-0000-4000-8000-000000000004","#, "");
    let same_id = event(1, "s3", "r").replace("GetBucket", "PutBucket").replace("Gets3", "Puts3");
    let events = [event(1, "s3", "r"), event(2, "s3", "r"), timeless, nameless, same_id];
    dir.write("log.json", log_file(&events));
    dir.run(&["convert", "log.json", "--to", "trail"]).succeeds();
    let before = dir.query("trail", "SELECT event_name, event_time, extra FROM events ORDER BY 1, 2, 3");
    assert_eq!(before.len(), 5);
    // A second file of the same rows, as nobody should write it.
    let (path, content) = dir.data_files("trail").pop_first().unwrap();
    dir.write("trail/date=2025-03-01/service=s3/region=r/part-of-another-hand.parquet", &content);
    let log = dir.path("trail/_delta_log/00000000000000000000.json");
    let lines = fs::read_to_string(&log).unwrap();
    let add = lines.lines().find(|line| line.contains("\"add\"")).unwrap();
    let add = add.replace(path.rsplit_once('/').unwrap().1, "part-of-another-hand.parquet");
    fs::write(dir.path("trail/_delta_log/00000000000000000001.json"), add).unwrap();

    let found: Value =
        serde_json::from_str(&dir.run(&["check", "trail", "--report", "json"]).exits(1).stdout).unwrap();
    assert_eq!(
        (&found["findings"][0]["fault"], &found["findings"][0]["count"]),
        (&json!("duplicates"), &json!(5))
    );
    let done = report(&dir, &["compact", "trail"]);
    assert_eq!((&done["duplicates"], &done["written"]["rows"]), (&json!(5), &json!(5)));
    assert_eq!(
        dir.query("trail", "SELECT event_name, event_time, extra FROM events ORDER BY 1, 2, 3"),
        before
    );
    is_sound(&dir);
}

#[test]
fn earlier_versions_stay_until_they_are_vacuumed() {
    let dir = dataset();
    let before = rows(&dir);
    let count = |version: &str| {
        dir.run(&[
            "query",
            "trail",
            "--version",
            version,
            "SELECT count(*) AS n FROM events",
            "--format",
            "ndjson",
        ])
    };
    dir.run(&["compact", "trail"]).succeeds();
    let files = dir.files("trail").len();
    let kept = report(&dir, &["vacuum", "trail"]);
    assert_eq!(
        (&kept["data_files"], &kept["other_files"], &kept["first_version"]),
        (&json!(0), &json!(0), &json!(0))
    );
    assert_eq!(dir.files("trail").len(), files);
    assert_eq!(count("3").succeeds().stdout, "{\"n\":120}\n");

    let told = dir.run(&["vacuum", "trail", "--retention", "0s"]).exits(2).stderr;
    insta::assert_snapshot!(told);
    let planned = report(&dir, &["vacuum", "trail", "--retention", "0s", "--force", "--dry-run"]);
    assert_eq!(dir.files("trail").len(), files);
    let done = report(&dir, &["vacuum", "trail", "--retention", "0s", "--force"]);
    assert_eq!(done, planned);
    assert_eq!((&done["data_files"], &done["first_version"]), (&json!(24), &json!(8)));
    assert_eq!(dir.data_files("trail").len(), 3);
    assert_eq!(dir.files("trail").len() as u64 + 24 + done["other_files"].as_u64().unwrap(), files as u64);
    assert_eq!(rows(&dir), before);
    assert_eq!(is_sound(&dir)["leftovers"], 0);
    // What is gone is told.
    let gone =
        dir.run(&["query", "trail", "--version", "3", "SELECT event_name FROM events"]).exits(1).stderr;
    assert!(gone.contains("not found") || gone.contains("No such file"), "{gone}");

    // It can go on from there.
    add(&dir, 8);
    assert_eq!(rows(&dir).len(), 270);
    is_sound(&dir);
}

/// Files of nobody, and directories in which nothing is left.
#[test]
fn leftovers_go() {
    let dir = dataset();
    let partition = "trail/date=2025-03-01/service=s3/region=us-east-1";
    let ours = dir.write(&format!("{partition}/part-0123456789abcdef-0-0000.parquet"), "x");
    let alone =
        dir.write("trail/date=2025-03-09/service=s3/region=r/part-0123456789abcdef-0-0001.parquet", "x");
    let foreign = dir.write(&format!("{partition}/part-00000-of-spark.snappy.parquet"), "x");
    let half = dir.write(&format!("{partition}/part-0123456789abcdef-0-0002.parquet#1"), "x");
    let mark = dir.write("trail/_trailhouse/intents/0123456789abcdef-0.abandoned", "");
    let segment = dir.write("trail/_trailhouse/ledger/segment-00000009deadbeef.parquet", "x");
    let notes = dir.write("trail/notes.txt", "x");
    let found: Value =
        serde_json::from_str(&dir.run(&["check", "trail", "--report", "json"]).exits(1).stdout).unwrap();
    assert_eq!(found["findings"].as_array().unwrap().len(), 3, "{found:#}");

    dir.run(&["vacuum", "trail"]).succeeds();
    let there = |paths: &[&Path]| paths.iter().map(|path| path.exists()).collect::<Vec<_>>();
    assert_eq!(there(&[&ours, &alone, &foreign, &half, &mark]), [false, false, true, true, true]);
    assert!(!dir.path("trail/date=2025-03-09").exists());
    // A segment that may have come behind the first version that is kept, stays.
    assert!(segment.exists());
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    for file in [&foreign, &half, &mark] {
        fs::File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
    }
    dir.run(&["vacuum", "trail"]).succeeds();
    assert_eq!(there(&[&foreign, &half, &mark, &notes]), [false, false, false, true]);
    is_sound(&dir);
}

/// Two that do the same, and one that converts: all succeed.
#[test]
fn beside_other_runs() {
    let dir = dataset();
    for part in 8..14 {
        let events: Vec<String> = (part * 30 - 15..part * 30 + 30)
            .map(|n| event(n * 7, SERVICES[n as usize % 3], "us-east-1"))
            .collect();
        dir.write(&format!("more/{part}.json.gz"), gzip(log_file(&events)));
    }
    let start =
        |args: &[&str]| dir.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let convert = start(&["convert", "more", "--to", "trail", "--commit-every", "1KiB"]);
    let mut others = Vec::new();
    for _ in 0..4 {
        others.extend([start(&["compact", "trail"]), start(&["compact", "trail"])]);
        std::thread::yield_now();
    }
    for run in std::iter::once(convert).chain(others) {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let sql = "SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM events";
    assert_eq!(dir.query("trail", sql), [json!({"n": 420, "ids": 420})]);
    is_sound(&dir);
    dir.run(&["compact", "trail"]).succeeds();
    assert_eq!(is_sound(&dir)["files"], 3);
}
