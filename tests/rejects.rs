//! `rejects`: what could not be converted is listed, shown, and tried again.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use serde_json::{Value, json};
use trailhouse::dataset::{Commit, Dataset, NewVersion, RejectFile, StoredReject};
use trailhouse::decode::Reason;

use crate::harness::{Dir, event, log_file, repository};

/// Stands for what nobody wants to see in a terminal's history.
const SECRET: &str = "wJalrXUtnFEMI";

/// A dataset of two events and four rejects of three objects, each with a secret in it.
fn damaged() -> Dir {
    let dir = Dir::new();
    let [a, b] = [event(1, "s3", "r"), event(2, "s3", "r")];
    let foreign = format!(r#"{{"some":"{SECRET}"}}"#);
    dir.write("logs/a.json", log_file(&[a.clone(), foreign, b.clone(), format!("\"{SECRET}\"")]));
    dir.write("logs/b.jsonl", format!("{a}\n{{\"eventName\": {SECRET}}}\n{b}\n"));
    dir.write("logs/c.json", format!("{{\n  \"Records\": [\n{}", &event(3, "s3", SECRET)[..400]));
    dir.run(&["convert", "logs", "--to", "trail"]).exits(3);
    dir
}

/// The rejects as `list --all` names them.
fn list(dir: &Dir, filters: &[&str]) -> Vec<Value> {
    let run = dir.run(&[&["rejects", "trail", "list", "--all", "--format", "json"], filters].concat());
    serde_json::from_str(&run.succeeds().stdout).unwrap()
}

/// The id of the only reject that `filters` leave.
fn id(dir: &Dir, filters: &[&str]) -> String {
    let [reject] = list(dir, filters).try_into().unwrap();
    reject["id"].as_str().unwrap().to_owned()
}

/// Tries again; the exit code, the report, and what was said.
fn retry(dir: &Dir, args: &[&str]) -> (i32, Value, String) {
    let run = dir.run(&[&["rejects", "trail", "retry", "--report", "json"], args].concat());
    assert!(matches!(run.code, Some(0 | 3)), "{run:#?}");
    (run.code.unwrap(), serde_json::from_str(&run.stdout).unwrap(), run.stderr)
}

fn events(dir: &Dir) -> Vec<Value> {
    dir.query("trail", "SELECT event_id, source_object, source_index FROM events ORDER BY event_id")
}

fn reject_files(dir: &Dir) -> BTreeMap<String, Vec<u8>> {
    dir.files("trail/_trailhouse/rejects")
}

/// Stores a reject that this version has no quarrel with, as an older version may have left it.
fn store(dir: &Dir, raw: &str, object: &str, index: u64, stem: &str) {
    let reject = StoredReject {
        object: object.to_owned(),
        event_index: index,
        byte_offset: 1000,
        reason: Reason::NotAnEvent,
        detail: None,
        raw: raw.into(),
    };
    let file = RejectFile::encode(&[reject], stem, 0).unwrap();
    dir.write(&format!("trail/{}", file.path), file.content);
    let version = NewVersion { stem: stem.to_owned(), has_rejects: true, ..NewVersion::default() };
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let dataset = Dataset::open(dir.path("trail").to_str().unwrap()).unwrap();
        let head = dataset.head().await.unwrap();
        assert!(matches!(dataset.commit(&head, &version).await.unwrap(), Commit::Done(_)));
    });
}

#[test]
fn rejects_are_counted_by_reason_and_object() {
    let dir = damaged();
    let run = dir.run(&["rejects", "trail", "list"]).succeeds();
    let table: Value =
        serde_json::from_str(&dir.run(&["rejects", "trail", "list", "--format", "json"]).stdout).unwrap();
    assert!(run.stdout.ends_with("rejects: 4, objects: 3, size: 467 B\n"), "{}", run.stdout);
    let table: Vec<String> = table.as_array().unwrap().iter().map(Value::to_string).collect();
    insta::assert_snapshot!(dir.stable(&table.join("\n")));
}

#[test]
fn each_reject_is_named() {
    let dir = damaged();
    let rows: Vec<String> = list(&dir, &[])
        .iter_mut()
        .map(|row| {
            // The id follows from the path, which is another one each time.
            assert_eq!(row["id"].take().as_str().unwrap().len(), 12);
            row.to_string()
        })
        .collect();
    insta::assert_snapshot!(dir.stable(&rows.join("\n")));
    let csv = dir.run(&["rejects", "trail", "list", "--all", "--format", "csv"]).succeeds().stdout;
    assert_eq!(csv.lines().next(), Some("id,object,event_index,byte_offset,reason,detail,bytes"));
    assert_eq!(csv.lines().count(), 5);
}

#[test]
fn filters_choose_rejects() {
    let dir = damaged();
    let a = dir.path("logs/a.json").canonicalize().unwrap();
    let count = |filters: &[&str]| list(&dir, filters).len();
    assert_eq!(count(&["--reason", "not_an_event"]), 2);
    assert_eq!(count(&["--reason", "not_an_event", "--reason", "not_json"]), 3);
    assert_eq!(count(&["--object", a.to_str().unwrap()]), 2);
    assert_eq!(count(&["--object", "*/logs/*.json"]), 3);
    assert_eq!(count(&["--object", "*.jsonl", "--reason", "truncated"]), 0);
    assert_eq!(count(&["--object", "[odd"]), 0);
    let run = dir.run(&["rejects", "trail", "list", "--reason", "ugly"]).exits(2);
    assert!(run.stderr.contains("not_json"), "{}", run.stderr);
}

#[test]
fn a_reject_is_shown_around_its_fault() {
    let dir = damaged();
    let mut shown = String::new();
    for reason in ["not_json", "truncated"] {
        let id = id(&dir, &["--reason", reason]);
        let run = dir.run(&["rejects", "trail", "show", &id, "--context", "40"]).succeeds();
        shown += &run.stdout.replace(&id, "[ID]");
    }
    insta::assert_snapshot!(dir.stable(&shown));
}

#[test]
fn raw_bytes_are_what_was_in_the_object() {
    let dir = damaged();
    let id = id(&dir, &["--reason", "not_json"]);
    let run = dir.run(&["rejects", "trail", "show", &id[..6], "--raw"]).succeeds();
    assert_eq!(run.stdout, format!("{{\"eventName\": {SECRET}}}"));
    assert_eq!(run.stderr, "");
}

/// Only `show` prints content.
#[test]
fn secrets_stay_where_they_are() {
    let dir = damaged();
    let id = id(&dir, &["--reason", "not_json"]);
    dir.write("edit.json", format!("{{\"eventVersion\": \"1.08\",\n \"{SECRET}\" {SECRET}}}"));
    dir.write("empty.json", SECRET);
    for args in [
        &["list"][..],
        &["list", "--all"],
        &["list", "--all", "--format", "ndjson"],
        &["retry"],
        &["retry", "--report", "json"],
        &["retry", &id, "--from", "edit.json"],
        &["retry", &id, "--from", "empty.json"],
        &["show", "0000"],
    ] {
        let run = dir.run(&[&["-vv", "rejects", "trail"], args].concat());
        assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "{run:#?}");
    }
}

#[test]
fn an_edited_reject_becomes_an_event() {
    let dir = damaged();
    let id = id(&dir, &["--reason", "not_json"]);
    dir.write("edit.json", event(7, "sts", "eu-west-1"));
    let others = list(&dir, &[]).len() - 1;
    let (code, report, said) = retry(&dir, &[&id, "--from", "edit.json"]);
    assert_eq!((code, said.as_str()), (0, ""));
    assert_eq!(report["rejects"], json!({"tried": 1, "resolved": 1, "remaining": 0}));
    assert_eq!(
        report["events"],
        json!({"read": 1, "written": 1, "duplicates": 0, "rejected": 0, "filtered": 0})
    );
    assert_eq!(report["files"]["written"], 1);
    // It is where it would be had it been in order, and says where it comes from.
    let b = dir.path("logs/b.jsonl").canonicalize().unwrap().display().to_string();
    let row = dir.query("trail", "SELECT service, region, source_object, source_index FROM events WHERE date = '2025-03-01' AND service = 'sts'");
    assert_eq!(
        row,
        [json!({"service": "sts", "region": "eu-west-1", "source_object": b, "source_index": 1})]
    );
    assert_eq!(list(&dir, &[]).len(), others);
    assert_eq!(list(&dir, &["--reason", "not_json"]), [] as [Value; 0]);
    // Again: there is no such reject any more.
    let again = dir.run(&["rejects", "trail", "retry", &id, "--from", "edit.json"]).exits(1);
    assert!(again.stderr.contains("holds no reject"), "{}", again.stderr);
    assert_eq!(events(&dir).len(), 3);
}

#[test]
fn an_edit_is_taken_wholly_or_not_at_all() {
    let dir = damaged();
    let id = id(&dir, &["--reason", "truncated"]);
    let before = dir.files("trail");
    let good = event(7, "s3", "r");
    let mut told = Vec::new();
    for (n, edit) in [
        String::new(),
        "not at all JSON".to_owned(),
        format!("{good}\n{{\"eventName\" 1}}"),
        format!("{{\"Records\":[\n{good},\n  7]}}"),
        format!("[{good}, {good}"),
        good[..99].to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let name = format!("edit-{n}.json");
        dir.write(&name, edit);
        let (code, report, said) = retry(&dir, &[&id, "--from", &name]);
        assert_eq!(code, 3);
        assert_eq!(report["rejects"], json!({"tried": 1, "resolved": 0, "remaining": 1}));
        assert_eq!(dir.files("trail"), before);
        told.push(said.replace(&id, "[ID]"));
    }
    insta::assert_snapshot!(dir.stable(&told.concat()));
    // Any container does, and standard input.
    let edit = format!("{{\"Records\":[{good},{}]}}", event(8, "s3", "r"));
    let run =
        dir.run_with_input(&["rejects", "trail", "retry", &id, "--from", "-"], edit.as_bytes()).succeeds();
    insta::with_settings!({filters => vec![(r"\d+\.\d KiB", "[SIZE]")]}, {
        insta::assert_snapshot!("an_edit_is_taken_wholly", dir.stable(&run.stdout));
    });
    assert_eq!(events(&dir).len(), 4);
}

#[test]
fn what_now_reads_is_converted() {
    let dir = damaged();
    store(&dir, &event(9, "ec2", "eu-west-1"), "/old/log.json", 17, "old");
    let all = list(&dir, &[]).len();
    let (code, report, said) = retry(&dir, &[]);
    assert_eq!(code, 3);
    assert_eq!(report["rejects"], json!({"tried": all, "resolved": 1, "remaining": all - 1}));
    assert_eq!(report["events"]["written"], 1);
    assert_eq!(said.lines().count(), all - 1, "{said}");
    let row = events(&dir).pop().unwrap();
    assert_eq!((&row["source_object"], &row["source_index"]), (&json!("/old/log.json"), &json!(17)));
    assert_eq!(list(&dir, &[]).len(), all - 1);

    // Once more changes nothing.
    let before = dir.files("trail");
    let (code, report, _) = retry(&dir, &[]);
    assert_eq!(code, 3);
    assert_eq!(report["rejects"], json!({"tried": all - 1, "resolved": 0, "remaining": all - 1}));
    assert_eq!(dir.files("trail"), before);

    // And the rows are those that a conversion makes.
    let fresh = Dir::new();
    fresh.write("log.json", event(9, "ec2", "eu-west-1"));
    fresh.convert(&["log.json", "--to", "trail"]);
    let sql = "SELECT * EXCLUDE (source_object, source_index) FROM events WHERE service = 'ec2'";
    assert_eq!(dir.query("trail", sql), fresh.query("trail", sql));
}

/// A stretch that an older version took for one reject may be several events, and still hold a reject.
#[test]
fn a_reject_may_be_resolved_in_part() {
    let dir = Dir::new();
    let raw = format!(
        "{},{{\"broken\" 1}},\n{},\n{}]}}",
        event(1, "s3", "r"),
        event(2, "s3", "r"),
        event(1, "s3", "r")
    );
    std::fs::create_dir(dir.path("trail")).unwrap();
    store(&dir, &raw, "/old/log.json", 5, "old");
    let (code, report, _) = retry(&dir, &[]);
    assert_eq!(code, 3);
    assert_eq!(report["rejects"], json!({"tried": 1, "resolved": 0, "remaining": 1}));
    let counts = &report["events"];
    assert!(counts["written"].as_u64() > Some(0) && counts["rejected"].as_u64() > Some(0), "{report}");
    // What remains is narrower, and lies where it did.
    let rest = list(&dir, &[]).remove(0);
    assert_eq!(rest["reason"], "not_json");
    assert_eq!(rest["event_index"], 5);
    let start = raw.find("{\"broken").unwrap();
    assert_eq!(rest["byte_offset"], 1000 + start);
    assert_eq!(rest["detail"], format!("expected `:` at byte {}", 1000 + start + 10));
    let id = rest["id"].as_str().unwrap();
    assert!(dir.run(&["rejects", "trail", "show", id, "--raw"]).stdout.starts_with("{\"broken\" 1}"));
}

/// The data files were written, the file of rejects was not yet replaced: then the run was killed.
#[test]
fn a_killed_retry_is_simply_run_again() {
    let dir = damaged();
    store(&dir, &event(9, "ec2", "r"), "/old/log.json", 17, "old");
    // Without an id it can only be told by its whole record.
    let nameless = event(10, "ec2", "r").replace("eventID", "eventId");
    store(&dir, &nameless, "/old/log.json", 18, "older");
    let rejects = reject_files(&dir);
    retry(&dir, &[]);
    let after = dir.files("trail");
    assert_eq!(events(&dir).len(), 4);

    for (name, content) in &rejects {
        dir.write(&format!("trail/_trailhouse/rejects/{name}"), content);
    }
    let (_, report, _) = retry(&dir, &[]);
    assert_eq!(report["rejects"]["resolved"], 2);
    assert_eq!(dir.files("trail"), after);

    // Named singly, it is another task; what is there is recognised all the same.
    let (name, content) = rejects.iter().find(|(name, _)| name.contains("rejects-old-")).unwrap();
    dir.write(&format!("trail/_trailhouse/rejects/{name}"), content);
    dir.write("edit.json", event(9, "ec2", "r").replace("user2", "user3"));
    let id = id(&dir, &["--object", "/old/log.json"]);
    let (code, report, _) = retry(&dir, &[&id, "--from", "edit.json"]);
    assert_eq!(
        (code, &report["events"]["duplicates"], &report["files"]["written"]),
        (0, &json!(1), &json!(0))
    );
    assert_eq!(dir.files("trail"), after);
}

/// Converted long ago, and met again in a reject that now reads.
#[test]
fn a_retry_recognises_events_without_an_id() {
    let dir = Dir::new();
    let nameless = event(10, "ec2", "r").replace("eventID", "eventId");
    let unnamed = event(11, "ec2", "r").replace(r#""Getec2""#, "[1]");
    let same_id = unnamed.replace("[1]", "[2]");
    dir.write("log.json", log_file(&[nameless.clone(), unnamed.clone()]));
    dir.convert(&["log.json", "--to", "trail"]);
    for (n, raw) in [&nameless, &unnamed, &same_id].into_iter().enumerate() {
        store(&dir, raw, "/old/log.json", n as u64, &format!("old{n}"));
    }
    let (code, report, _) = retry(&dir, &[]);
    assert_eq!(
        (code, &report["events"]["duplicates"], &report["events"]["written"]),
        (0, &json!(2), &json!(1))
    );
    let ids = events(&dir).into_iter().map(|event| event["event_id"].clone());
    let ids: Vec<Value> = ids.collect();
    let named = json!("00000000-0000-4000-8000-000000000011");
    assert_eq!(ids, [named.clone(), named, Value::Null]);
}

/// The same by a real failure: everything can be written but the files of rejects.
#[test]
fn a_retry_that_fails_before_its_last_step_loses_and_doubles_nothing() {
    let [broken, clean] = [Dir::new(), Dir::new()];
    for dir in [&broken, &clean] {
        std::fs::create_dir(dir.path("trail")).unwrap();
        store(dir, &event(9, "ec2", "r"), "/old/log.json", 17, "old");
        store(dir, &event(10, "ec2", "r").replace("eventID", "eventId"), "/old/log.json", 18, "older");
    }
    let mode = |path: &str, mode| {
        std::fs::set_permissions(broken.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for directory in ["", "_delta_log", "_trailhouse", "_trailhouse/ledger"] {
        mode(&format!("trail/{directory}"), 0o777);
    }
    mode("trail/_trailhouse/rejects", 0o555);
    let rejects = reject_files(&broken);
    let run = broken.run_unprivileged(&["rejects", "trail", "retry"]).exits(1);
    assert!(run.stderr.contains("of the dataset trail: Permission denied"), "{}", run.stderr);
    assert_eq!(reject_files(&broken), rejects);
    assert_eq!(events(&broken).len(), 1);

    mode("trail/_trailhouse/rejects", 0o777);
    broken.run_unprivileged(&["rejects", "trail", "retry"]).succeeds();
    clean.run(&["rejects", "trail", "retry"]).succeeds();
    assert_eq!(broken.data_files("trail"), clean.data_files("trail"));
    assert_eq!(reject_files(&broken), reject_files(&clean));
}

/// Two tasks may have converted the same object, and each have kept its reject.
#[test]
fn a_reject_that_is_stored_twice_is_one() {
    let dir = Dir::new();
    std::fs::create_dir(dir.path("trail")).unwrap();
    let nameless = event(10, "ec2", "r").replace("eventID", "eventId");
    for task in ["one", "two"] {
        store(&dir, &nameless, "/old/log.json", 1, task);
    }
    assert_eq!(list(&dir, &[]).len(), 1);
    let (code, report, _) = retry(&dir, &[]);
    assert_eq!((code, &report["events"]["read"]), (0, &json!(1)));
    assert_eq!(reject_files(&dir), BTreeMap::new());
    assert_eq!(events(&dir).len(), 1);
}

#[test]
fn a_dataset_without_rejects() {
    let dir = Dir::new();
    dir.write("log.json", log_file(&[event(1, "s3", "r")]));
    dir.convert(&["log.json", "--to", "trail"]);
    let run = dir.run(&["rejects", "trail", "list"]).succeeds();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", "trailhouse: no rejects to list in trail\n"));
    assert_eq!(list(&dir, &[]), [] as [Value; 0]);
    let before = dir.files("trail");
    let run = dir.run(&["rejects", "trail", "retry"]).succeeds();
    assert_eq!(run.stderr, "trailhouse: no rejects to try in trail\n");
    assert!(run.stdout.starts_with("rejects  0 tried = 0 resolved + 0 remaining\n"), "{}", run.stdout);
    assert_eq!(dir.files("trail"), before);
}

#[test]
fn mistakes_are_explained() {
    let dir = damaged();
    let id = id(&dir, &["--reason", "not_json"]);
    let mut told = Vec::new();
    for (args, code) in [
        (&["trail", "show", "0000"][..], 1),
        (&["trail", "show", "xyz"], 2),
        (&["trail", "show"], 2),
        (&["trail", "retry", "0000"], 1),
        (&["trail", "retry", "--from", "edit.json"], 2),
        (&["trail", "retry", &id, &id, "--from", "edit.json"], 2),
        (&["trail", "retry", &id, "--from", "nowhere.json"], 1),
        (&["trail"], 2),
        (&["nowhere", "list"], 1),
    ] {
        let run = dir.run(&[&["rejects"], args].concat()).exits(code);
        let said = run.stderr.lines().take(3).collect::<Vec<_>>().join("\n");
        told.push(format!("$ trailhouse rejects {}\n{said}\n", args.join(" ")).replace(&id, "[ID]"));
    }
    insta::assert_snapshot!(told.join("\n"));
}

/// Among a thousand ids, some agree in more digits than need be typed.
#[test]
fn an_id_that_is_too_short_is_refused() {
    let dir = Dir::new();
    dir.write("log.json", format!("[{}]", (0..1000).map(|n| n.to_string()).collect::<Vec<_>>().join(",")));
    dir.run(&["convert", "log.json", "--to", "trail"]).exits(3);
    let ids: Vec<String> = list(&dir, &[]).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    let mut by_prefix: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for id in &ids {
        by_prefix.entry(&id[..4]).or_default().push(id);
    }
    let Some((prefix, same)) = by_prefix.iter().find(|(_, ids)| ids.len() > 1) else {
        return;
    };
    let run = dir.run(&["rejects", "trail", "show", prefix]).exits(1);
    assert!(same.iter().all(|id| run.stderr.contains(id)), "{}", run.stderr);
    dir.run(&["rejects", "trail", "show", same[0]]).succeeds();
    // Nothing is tried if one of several names is unclear.
    let before = dir.files("trail");
    dir.run(&["rejects", "trail", "retry", same[0], prefix]).exits(1);
    assert_eq!(dir.files("trail"), before);
}

/// `trailhouse rejects ... list | head` is no failure.
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dir = Dir::new();
    dir.write("log.json", format!("[{}]", (0..9000).map(|n| n.to_string()).collect::<Vec<_>>().join(",")));
    dir.run(&["convert", "log.json", "--to", "trail"]).exits(3);
    for format in ["table", "csv", "json", "ndjson", "markdown"] {
        let mut command = dir.command(&["rejects", "trail", "list", "--all", "--format", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{format}");
        assert_eq!(output.status.code(), Some(0), "{format}");
    }
}

#[test]
fn files_that_are_no_rejects_are_named() {
    let dir = damaged();
    let (name, _) = reject_files(&dir).pop_first().unwrap();
    dir.write(&format!("trail/_trailhouse/rejects/{name}"), "no Parquet");
    let run = dir.run(&["rejects", "trail", "list"]).exits(1);
    assert!(run.stderr.contains(&format!("_trailhouse/rejects/{name}")), "{}", run.stderr);
}

/// A run that is repeated keeps its rejects once; what nobody committed does not count.
#[test]
fn converting_again_keeps_rejects_once() {
    let dir = damaged();
    let before = reject_files(&dir);
    let listed = list(&dir, &[]);
    let (name, content) = before.iter().next().unwrap();
    dir.write(&format!("trail/_trailhouse/rejects/{}", name.replace("rejects-", "rejects-0")), content);
    let report = dir.convert(&["logs", "--to", "trail", "--reprocess"]);
    assert_eq!(report["events"]["rejected"], listed.len());
    assert_eq!(reject_files(&dir).len(), before.len() + 1);
    assert_eq!(list(&dir, &[]), listed);
}

#[test]
fn every_reason_is_documented() {
    let document = std::fs::read_to_string(repository("docs/REJECTS.md")).unwrap();
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> =
        Reason::ALL.iter().map(|reason| format!("| `{}` | {reason} |", reason.code())).collect();
    assert_eq!(rows.len(), expected.len(), "{rows:#?}");
    for (row, expected) in rows.iter().zip(expected) {
        assert!(row.starts_with(&expected), "{row}\nshould begin with\n{expected}");
    }
}
