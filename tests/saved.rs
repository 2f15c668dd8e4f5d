//! The saved queries: each finds what it is for, and not what only looks like it.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Dir, repository};

/// What a query is to answer.
struct Case {
    name: String,
    params: Vec<String>,
    hit: Vec<Value>,
    miss: Vec<Value>,
    rows: Vec<Value>,
}

fn cases() -> Vec<Case> {
    let mut names: Vec<String> = fs::read_dir(repository("queries"))
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    let case = |name: String| {
        let file = repository(&format!("tests/queries/{name}.json"));
        let text = fs::read_to_string(&file).unwrap_or_else(|_| panic!("{name} has no test"));
        let case: Value = serde_json::from_str(&text).unwrap();
        let list = |key: &str| case[key].as_array().unwrap_or_else(|| panic!("{name} has no {key}")).clone();
        let params = case["params"].as_object().into_iter().flatten();
        let params =
            params.map(|(name, value)| format!("--param={name}={}", value.as_str().unwrap())).collect();
        Case { params, hit: list("hit"), miss: list("miss"), rows: list("rows"), name }
    };
    names.into_iter().map(case).collect()
}

fn answer(dir: &Dir, case: &Case, logs: &str) -> Vec<Value> {
    let mut args = vec!["query", "--raw", logs, "--saved", &case.name, "--format", "ndjson"];
    args.extend(case.params.iter().map(String::as_str));
    let run = dir.run(&args).succeeds();
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// JSON text in a cell is compared as the value that it is: the events here were written by another program.
fn parsed(rows: &[Value]) -> Vec<Value> {
    let cell = |value: &Value| match value.as_str() {
        Some(text) if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        _ => value.clone(),
    };
    let row = |row: &Value| {
        row.as_object().unwrap().iter().map(|(name, value)| (name.clone(), cell(value))).collect::<Value>()
    };
    rows.iter().map(row).collect()
}

/// What is wrong with the answer.
fn check(dir: &Dir, case: &Case) -> Option<String> {
    let (both, only_miss) = (format!("{}.json", case.name), format!("{}-miss.json", case.name));
    let events: Vec<&Value> = case.hit.iter().chain(&case.miss).collect();
    dir.write(&both, json!({"Records": events}).to_string());
    dir.write(&only_miss, json!({"Records": case.miss}).to_string());
    assert!(!case.rows.is_empty() && !case.miss.is_empty(), "{} is not tested", case.name);
    let found = answer(dir, case, &both);
    if parsed(&found) != parsed(&case.rows) {
        return Some(format!("{} finds\n{found:#?}\nand not\n{:#?}", case.name, case.rows));
    }
    let found = answer(dir, case, &only_miss);
    (!found.is_empty()).then(|| format!("{} finds what it should not:\n{found:#?}", case.name))
}

#[test]
fn each_finds_what_it_is_for() {
    let (dir, cases, next) = (Dir::new(), cases(), AtomicUsize::new(0));
    assert!(cases.len() >= 60);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wrong.lock().unwrap().extend(check(&dir, case));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn queries_of_ones_own_stand_beside_them() {
    let dir = Dir::new();
    dir.write("logs/a.json", crate::harness::log_file(&[crate::harness::event(1, "s3", "us-east-1")]));
    dir.write(
        "own/mine.sql",
        "-- title: Mine\n-- param region text = us-east-1: where\nSELECT count(*) AS n FROM events WHERE region = $region\n",
    );
    dir.write("own/root-use.sql", "-- title: Another\nSELECT 1 AS one\n");
    let run = |args: &[&str]| {
        dir.run(&[&["query", "--raw", "logs", "--queries-dir", "own", "--format", "ndjson"], args].concat())
    };
    assert_eq!(run(&["--saved", "mine"]).succeeds().stdout, "{\"n\":1}\n");
    assert_eq!(run(&["--saved", "mine", "--param", "region=x'; DROP"]).succeeds().stdout, "{\"n\":0}\n");
    assert_eq!(run(&["--saved", "root-use"]).succeeds().stdout, "{\"one\":1}\n");
    let listed = dir.run(&["queries", "list", "--queries-dir", "own", "mine"]).succeeds().stdout;
    assert_eq!(listed, "mine  Mine\n");
    for (args, message) in [
        (&["--saved", "min"][..], "there is no saved query min; did you mean mine"),
        (&["--saved", "mine", "--param", "area=x"], "there is no parameter area; there is region"),
        (&["--saved", "mine", "--param", "region"], "expected NAME=VALUE"),
    ] {
        let run = run(args);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

/// What `show` prints is a file that can be run.
#[test]
fn shown_queries_are_files() {
    let dir = Dir::new();
    dir.write("logs/a.json", crate::harness::log_file(&[crate::harness::event(1, "s3", "us-east-1")]));
    let shown = dir.run(&["queries", "show", "top-services"]).succeeds().stdout;
    dir.write("own/shown.sql", shown);
    let args = ["query", "--raw", "logs", "--queries-dir", "own", "--format", "ndjson", "--saved"];
    let own = dir.run(&[&args[..], &["shown"]].concat()).succeeds().stdout;
    assert_eq!(own, dir.run(&[&args[..], &["top-services"]].concat()).succeeds().stdout);
    assert_eq!(own.lines().count(), 1);
}
