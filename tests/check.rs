//! `check`: finds each kind of damage, and nothing where there is none.

use std::fs;
use std::fs::File;
use std::path::PathBuf;

use arrow::array::{RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use crate::harness::{Dir, event, log_file};

/// Three partitions of four events, and a reject.
fn dataset() -> Dir {
    let dir = Dir::new();
    let mut events: Vec<String> =
        (0..12).map(|n| event(n, ["ec2", "s3", "sts"][n as usize % 3], "us-east-1")).collect();
    events.push(r#"{"no event":1}"#.to_owned());
    dir.write("log.json", log_file(&events));
    dir.run(&["convert", "log.json", "--to", "trail"]).exits(3);
    dir
}

/// The data file of a service.
fn file_of(dir: &Dir, service: &str) -> PathBuf {
    let directory = dir.path(&format!("trail/date=2025-03-01/service={service}/region=us-east-1"));
    fs::read_dir(directory).unwrap().next().unwrap().unwrap().path()
}

/// What is found: the damage, and where.
fn findings(dir: &Dir) -> Vec<Value> {
    let run = dir.run(&["check", "trail", "--report", "json"]);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap().clone();
    assert_eq!(run.code, Some(i32::from(!findings.is_empty())), "{run:#?}");
    findings
}

/// One finding of that kind, about that file.
#[track_caller]
fn finds(dir: &Dir, fault: &str, about: &str) -> Value {
    let found = findings(dir);
    let kinds: Vec<&str> = found.iter().map(|finding| finding["fault"].as_str().unwrap()).collect();
    assert_eq!(kinds, [fault], "{found:#?}");
    assert!(found[0]["file"].as_str().unwrap().contains(about), "{found:#?}");
    found[0].clone()
}

/// Changes the last version of the log, line by line.
fn edit_log(dir: &Dir, mut edit: impl FnMut(&mut Value)) {
    let path = dir.path("trail/_delta_log/00000000000000000000.json");
    let log = fs::read_to_string(&path).unwrap();
    let lines = log.lines().map(|line| {
        let mut action = serde_json::from_str(line).unwrap();
        edit(&mut action);
        format!("{action}\n")
    });
    fs::write(&path, lines.collect::<String>()).unwrap();
}

/// Lets the log say what a data file is like by now, but for what it holds.
fn log_as_it_is(dir: &Dir, service: &str) {
    let content = fs::read(file_of(dir, service)).unwrap();
    edit_log(dir, |action| {
        if action["add"]["path"].as_str().is_some_and(|path| path.contains(service)) {
            action["add"]["size"] = json!(content.len());
            action["add"]["tags"] = json!({});
        }
    });
}

fn rows_of(path: &PathBuf) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let (schema, batches) = (reader.schema().clone(), reader.build().unwrap());
    concat_batches(&schema, &batches.map(Result::unwrap).collect::<Vec<_>>()).unwrap()
}

fn write_rows(path: &PathBuf, rows: &RecordBatch) {
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_sound_dataset_is_sound() {
    let dir = dataset();
    let told = dir.run(&["check", "trail"]).succeeds().stdout;
    insta::with_settings!({filters => vec![(r"\d+\.\d [KM]iB", "[SIZE]")]}, {
        insta::assert_snapshot!(told);
    });
    // One in which nothing is, and what others wrote, which has no log.
    fs::create_dir(dir.path("empty")).unwrap();
    let told = dir.run(&["check", "empty"]).succeeds().stdout;
    assert!(told.starts_with("dataset  empty, nothing committed yet\n"), "{told}");
    fs::remove_dir_all(dir.path("trail/_delta_log")).unwrap();
    let told = dir.run(&["check", "trail"]).exits(1).stderr;
    assert!(told.contains("no transaction log"), "{told}");
}

#[test]
fn a_missing_file() {
    let dir = dataset();
    fs::remove_file(file_of(&dir, "s3")).unwrap();
    finds(&dir, "missing", "service=s3");
    let told = dir.run(&["check", "trail"]).exits(1).stdout;
    assert!(told.contains(".parquet is missing, and the log counts on it\n"), "{told}");
    assert!(told.ends_with("1 thing is wrong\n"), "{told}");
}

/// Every byte, one after another, of a file: if nothing else tells, the checksum does.
#[test]
fn a_flipped_bit() {
    let dir = dataset();
    let path = file_of(&dir, "s3");
    let sound = fs::read(&path).unwrap();
    for at in (0..sound.len()).step_by(sound.len() / 23) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, damaged).unwrap();
        let found = findings(&dir);
        assert!(found.iter().any(|finding| finding["fault"] == "checksum"), "{found:#?}");
        assert!(found.iter().all(|finding| finding["file"].as_str().unwrap().contains("service=s3")));
    }
}

#[test]
fn a_file_that_was_cut_short() {
    let dir = dataset();
    let path = file_of(&dir, "ec2");
    let content = fs::read(&path).unwrap();
    fs::write(&path, &content[..content.len() - 10]).unwrap();
    let found = findings(&dir);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!((&found[0]["fault"], &found[0]["logged"]), (&json!("size"), &json!(content.len())));
    assert_eq!(found[1]["fault"], "unreadable");
}

#[test]
fn another_number_of_rows() {
    let dir = dataset();
    edit_log(&dir, |action| {
        if let Some(stats) = action["add"]["stats"].as_str() {
            action["add"]["stats"] = json!(stats.replace(r#""numRecords":4"#, r#""numRecords":5"#));
        }
    });
    let found = findings(&dir);
    assert_eq!(found.len(), 3);
    assert_eq!(
        (&found[0]["fault"], &found[0]["logged"], &found[0]["found"]),
        (&json!("rows"), &json!(5), &json!(4))
    );
}

#[test]
fn rows_out_of_order() {
    let dir = dataset();
    let path = file_of(&dir, "sts");
    let rows = rows_of(&path);
    write_rows(&path, &take_record_batch(&rows, &UInt32Array::from(vec![0, 2, 1, 3])).unwrap());
    log_as_it_is(&dir, "sts");
    assert_eq!(finds(&dir, "unsorted", "service=sts")["row"], 2);
}

#[test]
fn rows_of_another_partition() {
    let dir = dataset();
    fs::copy(file_of(&dir, "s3"), file_of(&dir, "sts")).unwrap();
    fs::remove_file(file_of(&dir, "s3")).unwrap();
    edit_log(&dir, |action| {
        if action["add"]["path"].as_str().is_some_and(|path| path.contains("service=s3")) {
            *action = json!({"txn": {"appId": "test", "version": 1}});
        }
    });
    log_as_it_is(&dir, "sts");
    let found = finds(&dir, "misplaced", "service=sts");
    assert_eq!((&found["row"], &found["count"]), (&json!(0), &json!(4)));
    assert_eq!(found["partition"], "date=2025-03-01/service=s3/region=us-east-1");
}

/// An event without a readable time lies where the beginning of its text says.
#[test]
fn rows_without_a_time() {
    let dir = Dir::new();
    let bad = |time: &str| event(1, "s3", "r").replace("2025-03-01T00:00:01Z", time);
    let events = [bad("2025-03-01 morning"), bad("2025-03-02Tx"), bad("whenever"), bad("2025-03-01 evening")];
    dir.write("log.json", log_file(&events));
    dir.run(&["convert", "log.json", "--to", "trail"]).succeeds();
    assert_eq!(findings(&dir), Vec::<Value>::new());
    fs::rename(dir.path("trail/date=2025-03-02"), dir.path("trail/date=2025-03-05")).unwrap();
    edit_log(&dir, |action| {
        if let Some(path) = action["add"]["path"].as_str() {
            action["add"]["path"] = json!(path.replace("2025-03-02", "2025-03-05"));
        }
    });
    let found = finds(&dir, "misplaced", "date=2025-03-05");
    assert_eq!(found["partition"], "date=2025-03-02/service=s3/region=r");
}

#[test]
fn copies_of_rows() {
    let dir = dataset();
    let path = file_of(&dir, "s3");
    let copy = path.with_file_name("part-of-another-hand.parquet");
    fs::copy(&path, copy).unwrap();
    // Nobody counts on it, but directory readers see it.
    finds(&dir, "orphan", "part-of-another-hand");
    let mut also = String::new();
    edit_log(&dir, |action| {
        if let Some(path) = action["add"]["path"].as_str().filter(|path| path.contains("service=s3")) {
            let mut add = action.clone();
            add["add"]["path"] =
                json!(path.rsplit_once('/').unwrap().0.to_owned() + "/part-of-another-hand.parquet");
            also = add.to_string();
        }
    });
    let log = dir.path("trail/_delta_log/00000000000000000000.json");
    fs::write(&log, fs::read_to_string(&log).unwrap() + &also).unwrap();
    let found = finds(&dir, "duplicates", "service=s3");
    assert_eq!((&found["row"], &found["count"]), (&json!(0), &json!(4)));
}

#[test]
fn other_columns() {
    let dir = dataset();
    let path = file_of(&dir, "s3");
    let rows = rows_of(&path);
    let mut fields: Vec<_> = rows.schema().fields().iter().cloned().collect();
    let mut columns = rows.columns().to_vec();
    fields.remove(7);
    columns.remove(7);
    let schema = std::sync::Arc::new(arrow::datatypes::Schema::new(fields));
    write_rows(&path, &RecordBatch::try_new(schema, columns).unwrap());
    log_as_it_is(&dir, "s3");
    assert_eq!(finds(&dir, "column", "service=s3")["found"], "missing");
}

#[test]
fn the_ledger_and_the_rejects() {
    let dir = dataset();
    let segment = fs::read_dir(dir.path("trail/_trailhouse/ledger")).unwrap().next().unwrap().unwrap().path();
    let sound = fs::read(&segment).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&segment).unwrap()).unwrap();
    let notes = reader.metadata().file_metadata().key_value_metadata().cloned();
    let rows = rows_of(&segment);
    let write = |rows: &RecordBatch| {
        let properties = WriterProperties::builder().set_key_value_metadata(notes.clone()).build();
        let file = File::create(&segment).unwrap();
        let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).unwrap();
        writer.write(rows).unwrap();
        writer.close().unwrap();
    };
    write(&rows.slice(0, 0));
    assert_eq!(finds(&dir, "ledger", "_trailhouse/ledger/")["error"], "0 objects, and should have 1");
    let mut columns = rows.columns().to_vec();
    columns[0] = std::sync::Arc::new(StringArray::from(vec!["another.json"]));
    write(&RecordBatch::try_new(rows.schema(), columns).unwrap());
    let error = finds(&dir, "ledger", "_trailhouse/ledger/")["error"].to_string();
    assert!(error.contains("the hashes of row 0 are not those of its object"), "{error}");
    fs::write(&segment, &sound[..sound.len() / 2]).unwrap();
    finds(&dir, "ledger", "_trailhouse/ledger");
    fs::remove_file(&segment).unwrap();
    finds(&dir, "ledger", "_trailhouse/ledger");
    fs::write(&segment, sound).unwrap();

    let rejects =
        fs::read_dir(dir.path("trail/_trailhouse/rejects")).unwrap().next().unwrap().unwrap().path();
    let content = fs::read(&rejects).unwrap();
    fs::write(&rejects, &content[..100]).unwrap();
    finds(&dir, "unreadable", "_trailhouse/rejects/");
    fs::write(&rejects, content).unwrap();
    // One that came with work nobody has committed.
    fs::copy(&rejects, rejects.with_file_name("rejects-0123456789abcdef-0-0000.parquet")).unwrap();
    finds(&dir, "orphan", "rejects-0123456789abcdef");
}
