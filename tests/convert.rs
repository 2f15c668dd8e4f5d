//! `convert`: sources, filters, duplicates, rejects, what lies on disk.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::json;

use crate::harness::{Dir, event, gzip, log_file};

fn events(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers
        .map(|n| event(n, ["s3", "ec2", "sts"][n as usize % 3], ["us-east-1", "eu-west-1"][n as usize % 2]))
        .collect()
}

/// What a Parquet file holds.
fn batches(content: &[u8]) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::copy_from_slice(content));
    reader.unwrap().build().unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_source_gives_the_same_rows() {
    let dir = Dir::new();
    let log = log_file(&events(0..30));
    dir.write("plain/log.json", &log);
    dir.write("zipped/log.json.gz", gzip(&log));
    dir.write("wrong-names/log.json", gzip(&log));
    dir.write("wrong-names-too/log.json.gz", &log);
    dir.write("array/log.json", format!("[{}]", events(0..30).join(",\n")));
    dir.write("lines/log.jsonl", events(0..30).join("\n"));
    dir.write("touching/log", events(0..30).concat());
    dir.write("members/log.gz", [gzip(log_file(&events(0..10))), gzip(log_file(&events(10..30)))].concat());
    dir.write("single/deep/er/1.json", &events(0..1)[0]);
    dir.write("single/rest.json", log_file(&events(1..30)));
    let sources = [
        "plain",
        "zipped",
        "wrong-names",
        "wrong-names-too",
        "array",
        "lines",
        "touching/log",
        "members",
        "single",
    ];
    let rows = |dataset: &str| {
        dir.query(dataset, "SELECT * EXCLUDE (source_object, source_index) FROM events ORDER BY event_id")
    };
    for source in sources {
        let report = dir.convert(&[source, "--to", &format!("to-{}", source.replace('/', "-"))]);
        assert_eq!(
            report["events"],
            json!({"read": 30, "written": 30, "duplicates": 0, "rejected": 0, "filtered": 0}),
            "{source}"
        );
    }
    let expected = rows("to-plain");
    assert_eq!(expected.len(), 30);
    for source in &sources[1..] {
        assert_eq!(rows(&format!("to-{}", source.replace('/', "-"))), expected, "{source}");
    }

    let run = dir.run_with_input(&["convert", "-", "--to", "to-stdin"], &gzip(&log)).succeeds();
    assert!(run.stdout.contains("30 read = 30 written"), "{}", run.stdout);
    assert_eq!(rows("to-stdin"), expected);
    let report = dir.convert(&["plain", "zipped/*.gz", "--to", "to-twice"]);
    assert_eq!(report["events"]["duplicates"], 30);
    assert_eq!(rows("to-twice"), expected);
}

#[test]
fn patterns_match_as_in_a_shell() {
    let dir = Dir::new();
    for (n, name) in ["a/1.json", "a/b/2.json", "a/b/c/3.json", "a/x.txt", "[odd]/4.json"].iter().enumerate()
    {
        dir.write(&format!("logs/{name}"), event(n as u32, "s3", "r"));
    }
    for (pattern, objects) in [
        ("logs/*/*.json", 2),
        ("logs/**/*.json", 4),
        ("logs/a/?.json", 1),
        ("logs/[[]odd]/*", 1),
        ("logs/[odd]/4.json", 1),
        ("./logs/../logs/a/**", 4),
    ] {
        let report = dir.convert(&[pattern, "--to", &format!("to-{}", pattern.len())]);
        assert_eq!(report["objects"]["listed"], objects, "{pattern}");
    }
}

#[test]
fn files_lie_where_the_contract_says() {
    let dir = Dir::new();
    dir.write("logs/a.json", log_file(&events(0..100)));
    dir.convert(&["logs", "--to", "trail"]);
    let files = dir.data_files("trail");
    let directories: BTreeSet<&str> = files.keys().map(|path| path.rsplit_once('/').unwrap().0).collect();
    let expected: BTreeSet<String> = ["ec2", "s3", "sts"]
        .iter()
        .flat_map(|service| {
            ["eu-west-1", "us-east-1"]
                .map(|region| format!("date=2025-03-01/service={service}/region={region}"))
        })
        .collect();
    assert_eq!(directories, expected.iter().map(String::as_str).collect());
    for (path, content) in &files {
        let name = path.rsplit_once('/').unwrap().1;
        assert!(name.starts_with("part-") && name.ends_with("-0000.parquet"), "{path}");
        let file = SerializedFileReader::new(bytes::Bytes::from(content.clone())).unwrap();
        let metadata = file.metadata();
        let sorting = metadata.row_group(0).sorting_columns().unwrap();
        assert_eq!(sorting.len(), 2);
        let column = metadata.row_group(0).column(sorting[0].column_idx as usize);
        assert_eq!(column.column_path().string(), "event_time");
        let version = metadata.file_metadata().key_value_metadata().unwrap();
        assert!(version.iter().any(|pair| pair.key == "trailhouse.schema"), "{version:?}");
    }
}

/// Many small objects, many threads, little memory: the bytes on disk depend on nothing but the input and the limit.
#[test]
fn threads_do_not_change_the_files() {
    let dir = Dir::new();
    for n in 0..40 {
        let mut events = events(n * 50..n * 50 + 50);
        events.extend(self::events(n * 25..n * 25 + 3));
        dir.write(&format!("logs/{n:02}.json.gz"), gzip(log_file(&events)));
    }
    let first = dir.convert(&["logs", "--to", "one", "--threads", "1"]);
    assert_eq!(first["events"]["written"], 2000);
    assert_eq!(first["events"]["duplicates"], 120);
    for threads in ["2", "7"] {
        let report = dir.convert(&["logs", "--to", threads, "--threads", threads]);
        assert_eq!(report["events"], first["events"]);
        assert_eq!(dir.data_files(threads), dir.data_files("one"));
    }
}

#[test]
fn the_memory_limit_closes_partitions_early_and_loses_nothing() {
    let dir = Dir::new();
    let padding = "x".repeat(2000);
    for n in 0..40_u32 {
        let events = events(n * 500..n * 500 + 500);
        let events: Vec<String> = events
            .iter()
            .map(|event| {
                event.replace("Mozilla", "").replace(
                    "\"requestParameters\":{",
                    &format!("\"requestParameters\":{{\"padding\":\"{padding}\","),
                )
            })
            .collect();
        dir.write(&format!("logs/{n:02}.json.gz"), gzip(log_file(&events)));
    }
    let small = dir.convert(&["logs", "--to", "small", "--memory-limit", "96MiB"]);
    let large = dir.convert(&["logs", "--to", "large", "--memory-limit", "2GiB"]);
    assert_eq!(large["files"]["written"], 6);
    assert!(small["files"]["written"].as_u64() > Some(6), "{small}");
    assert_eq!(small["events"], large["events"]);
    let sum = "SELECT count(*) n, count(DISTINCT event_id) ids, sum(json_get_int(request_parameters, 'n')) total FROM events";
    assert_eq!(dir.query("small", sum), dir.query("large", sum));
    assert_eq!(dir.query("large", sum), [json!({"n": 20_000, "ids": 20_000, "total": 199_990_000})]);
    // Each file is sorted on its own.
    for content in dir.data_files("small").values() {
        let times = batches(content).into_iter().flat_map(|batch| {
            let times = batch.column_by_name("event_time").unwrap();
            times.as_primitive::<TimestampMicrosecondType>().values().to_vec()
        });
        assert!(times.is_sorted());
    }
}

#[test]
fn a_second_run_adds_only_what_is_new() {
    let dir = Dir::new();
    dir.write("logs/a.json", log_file(&events(0..50)));
    dir.convert(&["logs", "--to", "trail"]);
    let before = dir.files("trail");
    // The same again changes nothing at all.
    let again = dir.convert(&["logs", "--to", "trail"]);
    assert_eq!(again["objects"]["skipped_by_reason"], json!({"known": 1}));
    assert_eq!(again["events"]["read"], 0);
    assert_eq!(dir.files("trail"), before);
    // Unless it is asked for; then it is noted that it was read, and each event recognised.
    let once_more = dir.convert(&["logs", "--to", "trail", "--reprocess"]);
    assert_eq!(
        once_more["events"],
        json!({"read": 50, "written": 0, "duplicates": 50, "rejected": 0, "filtered": 0})
    );
    let before = dir.data_files("trail");
    // More objects: what is there stays, and is not written twice.
    dir.write("logs/b.json", log_file(&events(40..60)));
    let more = dir.convert(&["logs", "--to", "trail"]);
    assert_eq!(
        more["events"],
        json!({"read": 20, "written": 10, "duplicates": 10, "rejected": 0, "filtered": 0})
    );
    let count = "SELECT count(*) n, count(DISTINCT event_id) ids FROM events";
    assert_eq!(dir.query("trail", count), [json!({"n": 60, "ids": 60})]);
    let files = dir.data_files("trail");
    assert!(before.iter().all(|(path, content)| files.get(path) == Some(content)));
}

#[test]
fn a_dataset_below_its_own_logs_is_not_read_as_logs() {
    let dir = Dir::new();
    dir.write("a.json", log_file(&events(0..50)));
    dir.convert(&[".", "--to", "./trail"]);
    let again = dir.convert(&[".", "--to", "./trail"]);
    assert_eq!(
        again["objects"],
        json!({"listed": 1, "converted": 0, "skipped": 1, "failed": 0, "changed": 0, "skipped_by_reason": {"known": 1}})
    );
}

#[test]
fn only_copies_are_duplicates() {
    let dir = Dir::new();
    let base = event(7, "s3", "us-east-1");
    let others = [
        base.replace(r#""eventID":"0"#, r#""eventID":"1"#),
        base.replace("Gets3", "Puts3"),
        base.replace(r#""recipientAccountId":"111122223333""#, r#""recipientAccountId":"444455556666""#),
        base.replace("00:00:07Z", "00:00:08Z"),
        base.replace("s3.amazonaws.com", "s3-outposts.amazonaws.com"),
    ];
    // A copy may differ in all else: order of keys, or a region that another trail made of it.
    let copies =
        [base.clone(), base.replace("us-east-1", "us-west-2"), base.replace(r#""readOnly":true,"#, "")];
    dir.write("logs/a.json", log_file(&[copies.to_vec(), others.to_vec()].concat()));
    let report = dir.convert(&["logs", "--to", "trail"]);
    assert_eq!(
        report["events"],
        json!({"read": 8, "written": 6, "duplicates": 2, "rejected": 0, "filtered": 0})
    );
    // The copy that came first stays.
    let kept = dir.query("trail", "SELECT aws_region FROM events WHERE event_name = 'Gets3' AND event_id LIKE '%7' AND recipient_account_id = '111122223333' AND service = 's3' AND event_time = '2025-03-01T00:00:07Z' AND event_id LIKE '0%'");
    assert_eq!(kept, [json!({"aws_region": "us-east-1"})]);
}

/// Events that can only be told by their whole record: no id, no readable time, a name or account that is no text,
/// a key that is repeated.
fn nameless() -> Vec<String> {
    let base = |n| event(n, "s3", "us-east-1");
    let id = |n| format!(r#""eventID":"00000000-0000-4000-8000-{n:012}","#);
    let account = r#""recipientAccountId":"111122223333""#;
    vec![
        base(1).replace(&id(1), ""),
        base(2).replace(&id(2), r#""eventID":"","#),
        base(3).replace(&id(3), r#""eventID":{"a":[1,{"b":null}]},"#),
        base(4).replace("2025-03-01T00:00:04Z", "2025-03-01 around noon"),
        base(5).replace("2025-03-01T00:00:05Z", "yesterday"),
        base(6).replace(r#""eventTime":"2025-03-01T00:00:06Z","#, ""),
        base(7).replace(r#""Gets3""#, r#"{"first":1}"#),
        base(7).replace(r#""Gets3""#, r#"{"second":1}"#),
        base(8).replace(account, r#""recipientAccountId":["111122223333"]"#),
        base(8).replace(account, r#""recipientAccountId":"\ud800""#),
        base(9).replace(r#""Gets3""#, r#""Gets3","eventName":"A""#),
        base(9).replace(r#""Gets3""#, r#""Gets3","eventName":"B""#),
        r#"{"eventVersion":"1.08","eventName":{},"userAgent":"user1","awsRegion":"us-east-1"}"#.to_owned(),
        r#"{"eventVersion":"1.08","eventType":"AwsCloudTrailInsight","insightDetails":{},"userAgent":"user1"}"#.to_owned(),
    ]
}

/// The same event, spelled otherwise: another order of keys, blanks, and an escape.
fn respelled(event: &str) -> String {
    let (version, rest) = event.split_once(',').unwrap();
    let rest =
        rest.strip_suffix('}').unwrap().replace("us-east-1", "us-east-\\u0031").replace(":true", " : true");
    format!("{{{rest} ,{}}}", version.strip_prefix('{').unwrap())
}

#[test]
fn events_told_by_their_whole_record_are_written_once() {
    let dir = Dir::new();
    // Among others, of the same day and file.
    let mut all = events(100..400);
    all.extend(nameless());
    dir.write("i.json", log_file(&all));
    let copies: Vec<String> = all.iter().map(|event| respelled(event)).collect();
    dir.write("j.json", log_file(&copies));
    let counts = |written: u64, duplicates: u64| json!({"read": written + duplicates, "written": written, "duplicates": duplicates, "rejected": 0, "filtered": 0});

    let both = dir.convert(&["i.json", "j.json", "--to", "one-run"]);
    assert_eq!(both["events"], counts(314, 314));

    assert_eq!(dir.convert(&["i.json", "--to", "trail"])["events"], counts(314, 0));
    let before = dir.data_files("trail");
    assert_eq!(dir.convert(&["j.json", "--to", "trail"])["events"], counts(0, 314));
    assert_eq!(dir.data_files("trail"), before);

    // What differs in anything is another event.
    let others: Vec<String> = nameless().iter().map(|event| event.replace(":\"user", ":\"USER")).collect();
    dir.write("k.json", log_file(&others));
    assert_eq!(dir.convert(&["k.json", "--to", "trail"])["events"], counts(14, 0));
}

/// The columns that a version added are not in files that were written before.
#[test]
fn events_without_an_id_are_recognised_in_files_of_fewer_columns() {
    let dir = Dir::new();
    dir.write("i.json", log_file(&nameless()));
    dir.convert(&["i.json", "--to", "trail"]);
    for (path, content) in dir.data_files("trail") {
        let batch = batches(&content).remove(0);
        let kept: Vec<usize> = (0..batch.num_columns())
            .filter(|column| batch.column(*column).null_count() < batch.num_rows())
            .collect();
        assert!(kept.len() < 60);
        let batch = batch.project(&kept).unwrap();
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        dir.write(&format!("trail/{path}"), file);
    }
    dir.write("j.json", log_file(&nameless()));
    assert_eq!(dir.convert(&["j.json", "--to", "trail"])["events"]["duplicates"], 14);
}

/// A row that somebody changed so that it gives no event: whether it is a copy cannot be told.
#[test]
fn a_row_that_gives_no_event_stops_the_run() {
    let dir = Dir::new();
    dir.write("i.json", log_file(&nameless()[..1]));
    dir.convert(&["i.json", "--to", "trail"]);
    let (path, content) = dir.data_files("trail").pop_first().unwrap();
    let batch = batches(&content).remove(0);
    let extra = batch.schema().index_of("extra").unwrap();
    let mut columns = batch.columns().to_vec();
    columns[extra] = Arc::new(StringArray::from(vec![r#"{"no.such.place":1}"#]));
    let batch = RecordBatch::try_new(batch.schema(), columns).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    dir.write(&format!("trail/{path}"), file);
    dir.write("j.json", log_file(&nameless()[..1]));
    let run = dir.run(&["convert", "j.json", "--to", "trail"]).exits(1);
    assert!(
        run.stderr.contains(&path) && run.stderr.contains("its extra is not as trailhouse writes it"),
        "{}",
        run.stderr
    );
}

#[test]
fn rejects_are_kept_verbatim_and_the_rest_goes_through() {
    let dir = Dir::new();
    let [a, b] = [event(1, "s3", "r"), event(2, "s3", "r")];
    let broken = r#"{"eventName": nothing}"#;
    dir.write("logs/mixed.json", log_file(&[a.clone(), r#"{"some":"thing"}"#.into(), b.clone()]));
    dir.write("logs/lines.jsonl", format!("{a}\n{broken}\n{b}\n"));
    let report = dir.run(&["convert", "logs", "--to", "trail", "--report", "json"]).exits(3);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(
        report["events"],
        json!({"read": 6, "written": 2, "duplicates": 2, "rejected": 2, "filtered": 0})
    );
    dir.run(&["convert", "logs", "--to", "trail", "--allow-rejects"]).succeeds();

    let files = dir.files("trail/_trailhouse/rejects");
    assert_eq!(files.len(), 1, "{:?}", files.keys());
    let batch = batches(files.values().next().unwrap()).remove(0);
    let text = |name: &str, row: usize| {
        let options = FormatOptions::new();
        let formatter = ArrayFormatter::try_new(batch.column_by_name(name).unwrap(), &options);
        formatter.unwrap().value(row).to_string()
    };
    let raw = batch.column_by_name("raw").unwrap().as_binary::<i32>();
    let rows = (0..batch.num_rows()).map(|row| {
        let fields = ["object", "event_index", "byte_offset", "reason", "detail"].map(|name| text(name, row));
        format!("{} {}", fields.join(" | "), std::str::from_utf8(raw.value(row)).unwrap())
    });
    insta::assert_snapshot!(dir.stable(&rows.collect::<Vec<_>>().join("\n")));
}

#[test]
fn filters_choose_events() {
    let dir = Dir::new();
    dir.write("logs/a.json", log_file(&events(0..600)));
    let other = event(601, "s3", "us-east-1").replace("111122223333", "444455556666");
    dir.write(
        "logs/b.json",
        log_file(&[other, event(602, "s3", "us-east-1").replace("2025-03-01T00:10:02Z", "not a time")]),
    );
    let count = |filters: &[&str]| {
        let to = format!("to{}", filters.join(""));
        let report = dir.convert(&[&["logs", "--to", &to], filters].concat());
        let events = &report["events"];
        assert_eq!(events["read"].as_u64().unwrap() + events["filtered"].as_u64().unwrap(), 602, "{report}");
        events["written"].as_u64().unwrap()
    };
    assert_eq!(count(&[]), 602);
    // A time that cannot be read passes the limits of time.
    assert_eq!(count(&["--since", "2025-03-01T00:05:00Z"]), 302);
    assert_eq!(count(&["--until", "2025-03-01 00:05"]), 301);
    assert_eq!(count(&["--since", "2025-03-01T00:01:00", "--until", "2025-03-01T00:02:00Z"]), 61);
    assert_eq!(count(&["--since", "2025-03-02"]), 1);
    assert_eq!(count(&["--region", "eu-west-1"]), 300);
    assert_eq!(count(&["--service", "s3", "--service", "STS.amazonaws.com"]), 402);
    assert_eq!(count(&["--account", "444455556666"]), 1);
    assert_eq!(count(&["--region", "eu-west-1", "--service", "ec2"]), 100);
}

#[test]
fn keys_spare_objects_only_where_they_prove_something() {
    let dir = Dir::new();
    let key = |account: &str, folder: &str, region: &str, day: &str, n: u32| {
        let name = format!("bucket/AWSLogs/o-abc1234567/{account}/{folder}/{region}/{day}/{n}.json.gz");
        dir.write(&name, gzip(log_file(&[event(n, "iam", region)])));
    };
    key("111122223333", "CloudTrail", "us-east-1", "2025/03/01", 1);
    // Delivered late: the day in the key is that of the delivery.
    key("111122223333", "CloudTrail", "us-east-1", "2025/03/20", 2);
    // Delivered a day before the time asked for: cannot hold anything.
    key("111122223333", "CloudTrail", "us-east-1", "2025/02/27", 3);
    key("111122223333", "CloudTrail", "eu-west-1", "2025/03/01", 4);
    key("444455556666", "CloudTrail", "us-east-1", "2025/03/01", 5);
    key("111122223333", "CloudTrail-Digest", "us-east-1", "2025/03/01", 6);
    key("111122223333", "vpcflowlogs", "us-east-1", "2025/03/01", 7);
    // Before 2022, any folder could hold events of global services.
    key("111122223333", "CloudTrail", "ap-south-1", "2021/11/01", 8);
    // Months after the time asked for: no delivery is that late.
    key("111122223333", "CloudTrail", "us-east-1", "2025/06/01", 9);
    let skipped = |filters: &[&str]| {
        let to = format!("to{}", filters.join(""));
        dir.convert(&[&["bucket", "--to", &to], filters].concat())["objects"]["skipped_by_reason"].clone()
    };
    assert_eq!(skipped(&[]), json!({"digest": 1, "other_service": 1}));
    assert_eq!(skipped(&["--since", "2025-03-01"]), json!({"digest": 1, "other_service": 1, "filtered": 2}));
    assert_eq!(skipped(&["--until", "2025-03-02"]), json!({"digest": 1, "other_service": 1, "filtered": 1}));
    assert_eq!(skipped(&["--region", "us-east-1"]), json!({"digest": 1, "other_service": 1, "filtered": 1}));
    assert_eq!(
        skipped(&["--account", "444455556666"]),
        json!({"digest": 1, "other_service": 1, "filtered": 6})
    );
}

#[test]
fn an_object_that_cannot_be_read_does_not_stop_the_run() {
    let dir = Dir::new();
    let whole = gzip(log_file(&events(0..200)));
    dir.write("logs/a.json.gz", &whole[..whole.len() / 2]);
    dir.write("logs/b.json", log_file(&events(200..210)));
    dir.write("logs/picture.json", b"\x89PNG\r\n\x1a\n");
    dir.write("logs/README.md", "about these logs");
    let run = dir.run(&["convert", "logs", "--to", "trail", "--report", "json"]).exits(1);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["objects"]["failed"], 2, "{run:#?}");
    assert_eq!(report["objects"]["skipped_by_reason"], json!({"not_log": 1}));
    // What could be inflated is there, and the event that was cut off is a reject.
    let rows = dir.query("trail", "SELECT count(*) n FROM events")[0]["n"].as_u64().unwrap();
    assert!(rows > 20, "{rows}");
    assert_eq!(report["events"]["rejected"], 1);
    assert_eq!(report["events"]["read"].as_u64(), Some(rows + 1));
}

#[test]
fn the_report_for_people_adds_up() {
    let dir = Dir::new();
    dir.write("logs/a.json", log_file(&[events(0..9), vec!["1".into()], events(0..1)].concat()));
    let run = dir.run(&["convert", "logs", "--to", "trail", "--allow-rejects"]).succeeds();
    insta::with_settings!({filters => vec![(r"\d+\.\d KiB", "[SIZE]")]}, {
        insta::assert_snapshot!(format!("{}\n--- stderr\n{}", dir.stable(&run.stdout), dir.stable(&run.stderr)));
    });
}

/// Real logs hold the tokens that AssumeRole hands out.
#[test]
fn secrets_are_taken_out_on_demand() {
    let dir = Dir::new();
    let event = r#"{"eventVersion":"1.08","eventTime":"2025-03-01T00:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","awsRegion":"us-east-1","eventID":"1","requestParameters":{"roleArn":"r"},"responseElements":{"credentials":{"accessKeyId":"ASIA","sessionToken":"IQoJhunter2"}}}"#;
    dir.write("log.json", event);
    dir.convert(&["log.json", "--to", "kept"]);
    dir.convert(&["log.json", "--to", "clean", "--redact"]);
    let export = |trail| dir.run(&["export", trail, "--to", "-", "--format", "ndjson"]).succeeds().stdout;
    assert!(export("kept").contains("hunter2"));
    let clean: serde_json::Value = serde_json::from_str(&export("clean")).unwrap();
    let expected: serde_json::Value =
        serde_json::from_str(&event.replace("IQoJhunter2", "REDACTED")).unwrap();
    assert_eq!(clean, expected);
}

/// The console's Event history downloads a part of each event, as CSV.
#[test]
fn the_event_history_goes_in() {
    let dir = Dir::new();
    let history = concat!(
        "\u{feff}User name,AWS access key,Event time,Event source,Event name,AWS region,Source IP address,User agent,",
        "Error code,Resources,Request ID,Event ID,Read-only,Event type,Recipient Account Id,Event category\r\n",
        "alice,AKIAIOSFODNN7EXAMPLE,2025-03-01T10:00:00Z,s3.amazonaws.com,CreateBucket,eu-west-1,192.0.2.1,",
        "\"[aws-cli/2.0, \"\"x\"\"]\",,\"[{\"\"resourceType\"\":\"\"AWS::S3::Bucket\"\",\"\"resourceName\"\":\"\"b\"\"}]\",",
        "R1,11111111-0000-0000-0000-000000000001,false,AwsApiCall,123456789012,Management\r\n",
        "too,few,fields\r\n",
        "root,,2025-03-01T11:00:00Z,signin.amazonaws.com,ConsoleLogin,us-east-1,192.0.2.1,\"Mozilla\n5.0\",AccessDenied,,,",
        "11111111-0000-0000-0000-000000000002,true,AwsConsoleSignIn,123456789012,Management\r\n",
    );
    dir.write("event_history.csv", history);
    let run = dir.run(&["convert", "event_history.csv", "--to", "trail"]).exits(3);
    assert!(run.stderr.contains("a CSV row that does not fit its header"), "{}", run.stderr);
    let rows = dir.query(
        "trail",
        "SELECT service, event_name, user_identity_user_name AS name, user_agent, read_only, is_error,
                coalesce(extra, '') AS extra FROM events ORDER BY event_time",
    );
    assert_eq!(
        json!(rows),
        json!([
            {"service": "s3", "event_name": "CreateBucket", "name": "alice", "user_agent": "[aws-cli/2.0, \"x\"]",
             "read_only": false, "is_error": false,
             "extra": r#"{"resources":[{"resourceType":"AWS::S3::Bucket","resourceName":"b"}]}"#},
            {"service": "signin", "event_name": "ConsoleLogin", "name": "root", "user_agent": "Mozilla\n5.0",
             "read_only": true, "is_error": true, "extra": ""},
        ])
    );
    let rejects = dir.run(&["rejects", "trail", "list", "--all", "--format", "ndjson"]).succeeds().stdout;
    assert!(rejects.contains("bad_csv"), "{rejects}");
}
