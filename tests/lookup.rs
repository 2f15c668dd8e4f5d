//! Looking single values up: few files are opened, and the answers are those of opening all.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use arrow::array::AsArray as _;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use trailhouse::dataset::{Dataset, Moment};

use crate::harness::{Dir, event, log_file};

const SERVICES: [&str; 6] = ["ec2", "kms", "lambda", "s3", "sqs", "sts"];

const FILTERS: &str = "trail/_trailhouse/filters";

/// The columns that have filters.
const COLUMNS: [&str; 5] = [
    "event_id",
    "source_ip_address",
    "request_id",
    "user_identity_principal_id",
    "user_identity_access_key_id",
];

/// Adds a file to each of six partitions, of ten events.
fn add(dir: &Dir, part: u32) {
    let numbers = part * 60..part * 60 + 60;
    let events: Vec<String> = numbers.map(|n| event(n * 7, SERVICES[n as usize % 6], "us-east-1")).collect();
    let log = format!("logs/{part}.json");
    dir.write(&log, log_file(&events));
    dir.run(&["convert", &log, "--to", "trail"]).succeeds();
}

/// A dataset of `parts` versions of six files each.
fn dataset(parts: u32) -> Dir {
    let dir = Dir::new();
    (0..parts).for_each(|part| add(&dir, part));
    dir
}

fn segments(dir: &Dir) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        dir.files(FILTERS).into_keys().map(|name| dir.path(FILTERS).join(name)).collect();
    paths.sort();
    paths
}

/// How many data files a condition would have opened.
fn opened(dir: &Dir, table: &str, condition: &str) -> usize {
    let sql = format!("SELECT * FROM {table} WHERE {condition}");
    let plan = dir.run(&["query", "trail", &sql, "--explain"]).succeeds().stdout;
    let line = plan.lines().next().unwrap().strip_prefix("data files: ").unwrap();
    line.split_once(" of ").unwrap().0.parse().unwrap()
}

fn id(n: u32) -> String {
    format!("'00000000-0000-4000-8000-{:012}'", n * 7)
}

/// Conditions that are met by few events, or by none.
fn conditions() -> Vec<String> {
    let key = |n: u32| format!("'AKIA{:016}'", n * 7);
    vec![
        format!("event_id = {}", id(33)),
        format!("{} = event_id", id(100)),
        format!("event_id IN ({}, {}, 'none')", id(3), id(119)),
        format!("event_id IN ({}, {}, {}, {}, {}, {})", id(1), id(2), id(3), id(4), id(5), id(6)),
        format!("event_id = {} OR event_id = {}", id(3), id(64)),
        format!("event_id = {} OR request_id = 'r14'", id(90)),
        format!("event_id = {} AND event_name LIKE 'Get%'", id(11)),
        format!("event_id = {} AND date = '2025-03-01'", id(11)),
        format!("event_id = {} AND date = '2025-03-02'", id(11)),
        format!("event_id = {} OR event_name = 'Gets3'", id(11)),
        format!("event_id <> {}", id(11)),
        format!("user_identity_access_key_id = {}", key(77)),
        "user_identity_access_key_id = 'AKIANEVERUSED'".to_owned(),
        "user_identity_access_key_id IS NULL".to_owned(),
        // No event has one.
        "user_identity_principal_id = 'AIDA'".to_owned(),
        "user_identity_principal_id = ''".to_owned(),
        "source_ip_address = '198.51.100.7'".to_owned(),
        "request_id = 'r70' AND is_error IS NULL".to_owned(),
    ]
}

fn answers(dir: &Dir) -> Vec<Vec<Value>> {
    let answer = |condition: &String| {
        dir.query("trail", &format!("SELECT event_id, date FROM events WHERE {condition} ORDER BY 1"))
    };
    conditions().iter().map(answer).collect()
}

#[test]
fn few_files_are_opened() {
    let dir = dataset(2);
    assert_eq!(segments(&dir).len(), 2);
    let one = format!("event_id = {}", id(33));
    assert_eq!(opened(&dir, "events", &one), 1);
    assert_eq!(opened(&dir, "events", &format!("event_id IN ({}, {})", id(33), id(70))), 2);
    assert_eq!(opened(&dir, "events", &format!("event_id = {} OR request_id = 'r14'", id(33))), 2);
    assert_eq!(opened(&dir, "events", "user_identity_access_key_id = 'AKIANEVERUSED'"), 0);
    assert_eq!(opened(&dir, "events", "user_identity_principal_id = 'AIDA'"), 0);
    assert_eq!(opened(&dir, "events", &format!("{one} OR event_name = 'Gets3'")), 12);
    // By its names in the views.
    assert_eq!(opened(&dir, "cloudtrail_logs", &one.replace("event_id", "eventid")), 1);
    assert_eq!(opened(&dir, "cloudtrail_lake", &one.replace("event_id", "eventID")), 1);
    let key = "useridentity.accesskeyid = 'AKIANEVERUSED'";
    assert_eq!(opened(&dir, "cloudtrail_logs", key), 0);
    let stats = dir.run(&["query", "trail", &format!("SELECT * FROM events WHERE {one}"), "--stats"]);
    let told = stats.succeeds().stderr;
    assert!(told.contains("12 in the dataset, 1 chosen by partition, time and filters, 1 opened"), "{told}");
}

/// Without segments, with some, with damaged ones: the answers are the same, and `check` names what is damaged.
#[test]
fn what_becomes_of_segments_changes_no_answer() {
    let dir = dataset(2);
    let expected = answers(&dir);
    assert_eq!(expected[0], [json!({"event_id": id(33).trim_matches('\''), "date": "2025-03-01"})]);
    let needle = format!("event_id = {}", id(33));
    let segment = segments(&dir).remove(0);
    let sound = fs::read(&segment).unwrap();

    let middle = sound.len() / 2;
    let flipped = |at: usize| {
        let mut content = sound.clone();
        content[at] ^= 0x10;
        content
    };
    let none = Vec::new();
    let damages =
        [none, sound[..middle].to_vec(), sound[..7].to_vec(), [&sound[..], b"x"].concat(), vec![0; 99]];
    for damaged in damages.into_iter().chain([middle, sound.len() - 20, sound.len() - 6].map(flipped)) {
        fs::write(&segment, damaged).unwrap();
        assert_eq!(answers(&dir), expected);
        let run = dir.run(&["check", "trail", "--report", "json"]).exits(1);
        let found: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(found["findings"].as_array().unwrap().len(), 1, "{found:#}");
        assert_eq!(found["findings"][0]["fault"], "filters");
        assert!(
            segment.ends_with(found["findings"][0]["file"].as_str().unwrap().rsplit('/').next().unwrap())
        );
    }
    let told =
        dir.run(&["query", "trail", &format!("SELECT event_id FROM events WHERE {needle}")]).succeeds();
    assert!(told.stdout.contains(id(33).trim_matches('\'')), "{}", told.stdout);

    // Of no use, so `vacuum` takes it away.
    dir.run(&["vacuum", "trail"]).succeeds();
    assert!(!segment.exists());
    dir.run(&["check", "trail"]).succeeds();
    assert_eq!(answers(&dir), expected);
    // The files of the other one can be told still.
    assert!((1..=7).contains(&opened(&dir, "events", &needle)));
    fs::write(&segment, &sound).unwrap();
    assert_eq!(opened(&dir, "events", &needle), 1);
    fs::remove_dir_all(dir.path(FILTERS)).unwrap();
    assert_eq!(opened(&dir, "events", &needle), 12);
    assert_eq!(answers(&dir), expected);
}

/// Every byte, one after another: none of them lets a file be passed over that holds what is asked for.
#[test]
fn no_flipped_bit_denies_a_value() {
    let dir = dataset(1);
    let segment = segments(&dir).remove(0);
    let sound = fs::read(&segment).unwrap();
    let (runtime, path) = (Runtime::new().unwrap(), dir.path("trail"));
    let dataset = Dataset::open(path.to_str().unwrap()).unwrap();
    let files = runtime.block_on(dataset.data_files(Moment::Latest)).unwrap();
    let files: Vec<_> = files.iter().collect();
    let ask = |value: &str| {
        let value = [value.trim_matches('\'').to_owned()];
        let may_hold = runtime.block_on(dataset.lookup(1 << 20).may_hold("event_id", &value, &files));
        may_hold.into_iter().filter(|may_hold| *may_hold).count()
    };
    let values: Vec<String> = (0..60).step_by(7).map(id).collect();
    assert!(values.iter().all(|value| ask(value) == 1));
    let mut unread = 0;
    for at in (0..sound.len()).step_by(3) {
        let mut damaged = sound.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(&segment, damaged).unwrap();
        let found: Vec<usize> = values.iter().map(|value| ask(value)).collect();
        assert!(
            found.iter().all(|found| *found == 1) || found.iter().all(|found| *found == 6),
            "{at}: {found:?}"
        );
        unread += usize::from(found[0] == 6);
    }
    // The footer, and one column of six, beside that of checksums.
    assert!(unread > 0);
}

/// A dataset that was begun without them.
#[test]
fn files_without_an_entry_are_opened() {
    let dir = dataset(1);
    fs::remove_dir_all(dir.path(FILTERS)).unwrap();
    add(&dir, 1);
    assert_eq!(opened(&dir, "events", &format!("event_id = {}", id(70))), 6 + 1);
    assert_eq!(opened(&dir, "events", &format!("event_id = {}", id(33))), 6);
    let with_some = answers(&dir);
    fs::remove_dir_all(dir.path(FILTERS)).unwrap();
    assert_eq!(answers(&dir), with_some);
    // What is brought together gets its entries.
    dir.run(&["compact", "trail"]).succeeds();
    assert_eq!(segments(&dir).len(), 1);
    assert_eq!(opened(&dir, "events", &format!("event_id = {}", id(33))), 1);
    assert_eq!(answers(&dir), with_some);
}

/// A run every hour does not leave a segment each.
#[test]
fn segments_are_merged_and_vacuumed() {
    let dir = dataset(31);
    let names: Vec<String> = segments(&dir).iter().map(|path| path.display().to_string()).collect();
    assert!(names.len() <= 4 && names.iter().any(|name| name.contains("filters-merged-")), "{names:?}");
    let needle = format!("event_id = {}", id(200));
    assert_eq!(opened(&dir, "events", &needle), 1);
    let expected = answers(&dir);
    dir.run(&["check", "trail"]).succeeds();

    dir.run(&["compact", "trail"]).succeeds();
    let version = |version: &str| {
        let sql = format!("SELECT event_id FROM events WHERE {needle}");
        let explained = dir.run(&["query", "trail", &sql, "--explain", "--version", version]).succeeds();
        explained.stdout.lines().next().unwrap().to_owned()
    };
    assert_eq!(version("30"), "data files: 1 of 186");
    let before = segments(&dir);
    // Versions that can be asked for still need them.
    dir.run(&["vacuum", "trail"]).succeeds();
    assert_eq!(segments(&dir), before);
    let dry: Value = report(&dir, &["--dry-run"]);
    assert_eq!(segments(&dir), before);
    assert_eq!(report(&dir, &[]), dry);
    let names: Vec<String> = segments(&dir).iter().map(|path| path.display().to_string()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(opened(&dir, "events", &needle), 1);
    assert_eq!(answers(&dir), expected);
    let found: Value =
        serde_json::from_str(&dir.run(&["check", "trail", "--report", "json"]).succeeds().stdout).unwrap();
    assert_eq!(found["leftovers"], 0);
}

fn report(dir: &Dir, args: &[&str]) -> Value {
    let vacuum = ["vacuum", "trail", "--retention", "0s", "--force", "--report", "json"];
    serde_json::from_str(&dir.run(&[&vacuum[..], args].concat()).succeeds().stdout).unwrap()
}

/// What others need is kept when most of a segment goes.
#[test]
fn entries_that_are_needed_outlive_their_segment() {
    let dir = Dir::new();
    for part in 0..2 {
        let numbers = part * 60..part * 60 + 60;
        let mut events: Vec<String> =
            numbers.map(|n| event(n * 7, SERVICES[n as usize % 6], "us-east-1")).collect();
        // A partition of which there is one file, and stays one.
        events.push(event(80_000 + part, "athena", ["eu-west-1", "eu-west-2"][part as usize]));
        dir.write("log.json", log_file(&events));
        dir.run(&["convert", "log.json", "--to", "trail"]).succeeds();
    }
    dir.run(&["compact", "trail"]).succeeds();
    assert_eq!(segments(&dir).len(), 3);
    report(&dir, &[]);
    assert_eq!(segments(&dir).len(), 2);
    for n in [80_000, 80_001] {
        assert_eq!(opened(&dir, "events", &format!("event_id = '00000000-0000-4000-8000-{n:012}'")), 1);
    }
    assert_eq!(opened(&dir, "events", &format!("event_id = {}", id(33))), 1);
    dir.run(&["check", "trail"]).succeeds();
}

/// Of a usual trail: whatever value is in a file, its filters do not deny it.
#[test]
fn no_value_of_a_file_is_denied() {
    let dir = Dir::new();
    dir.run(&["generate", "--events", "6000", "--seed", "11", "--days", "3", "--to", "logs"]).succeeds();
    dir.convert(&["logs", "--to", "trail", "--commit-every", "200KiB"]);
    let (runtime, path) = (Runtime::new().unwrap(), dir.path("trail"));
    let dataset = Dataset::open(path.to_str().unwrap()).unwrap();
    let files = runtime.block_on(dataset.data_files(Moment::Latest)).unwrap();
    let files: Vec<_> = files.iter().collect();
    // With room for all that is read, and for nothing.
    let lookups = [dataset.lookup(1 << 30), dataset.lookup(0)];
    let (mut passed, mut asked) = (0, 0);
    for column in COLUMNS {
        // By value, the files that hold it.
        let mut holders = BTreeMap::<String, Vec<usize>>::new();
        for (number, file) in files.iter().enumerate() {
            let content = fs::File::open(path.join(file.meta.location.as_ref())).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(content).unwrap();
            let mask = ProjectionMask::columns(reader.parquet_schema(), [column]);
            for batch in reader.with_projection(mask).build().unwrap() {
                let batch = batch.unwrap();
                let values = batch.column(0).as_string::<i32>();
                for value in values.iter().flatten() {
                    holders.entry(value.to_owned()).or_default().push(number);
                }
            }
        }
        let step = holders.len() / 200 + 1;
        for (value, holders) in holders.iter().step_by(step) {
            for lookup in &lookups {
                let value = [value.clone(), "never there".to_owned()];
                let may_hold = runtime.block_on(lookup.may_hold(column, &value, &files));
                assert!(holders.iter().all(|number| may_hold[*number]), "{column}");
                passed += may_hold.iter().filter(|may_hold| **may_hold).count();
                asked += may_hold.len();
            }
        }
        let never = runtime.block_on(lookups[0].may_hold(column, &["never there".to_owned()], &files));
        assert!(never.iter().filter(|may_hold| **may_hold).count() <= files.len() / 10, "{column}");
    }
    assert!(passed < asked / 4, "{passed} of {asked}");
}
