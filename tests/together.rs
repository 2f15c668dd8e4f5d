//! Several runs at once on one dataset: all succeed, and nothing is doubled.

use std::process::{Child, Stdio};

use serde_json::json;

use crate::harness::{Dir, event, gzip, log_file};

fn start(dir: &Dir, args: &[&str]) -> Child {
    dir.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn succeed(runs: Vec<Child>) -> Vec<serde_json::Value> {
    let outputs: Vec<_> = runs.into_iter().map(|run| run.wait_with_output().unwrap()).collect();
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    for output in &outputs {
        assert_eq!(output.status.code(), Some(0), "{}", said(output));
    }
    outputs.iter().map(|output| serde_json::from_slice(&output.stdout).unwrap()).collect()
}

fn events(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|n| event(n * 31, ["s3", "ec2", "sts"][n as usize % 3], "us-east-1")).collect()
}

/// The same logs, by four runs.
#[test]
fn runs_over_the_same_logs_share_the_work() {
    let dir = Dir::new();
    for n in 0..16 {
        dir.write(&format!("logs/{n:02}.json.gz"), gzip(log_file(&events(n * 150..n * 150 + 200))));
    }
    let args = ["convert", "logs", "--to", "trail", "--commit-every", "20KiB", "--report", "json"];
    let reports = succeed((0..4).map(|_| start(&dir, &args)).collect());
    let sum = |path: [&str; 2]| {
        reports.iter().map(|report| report[path[0]][path[1]].as_u64().unwrap()).sum::<u64>()
    };
    // Each object was converted once, by one of them.
    assert_eq!(sum(["objects", "converted"]), 16);
    assert_eq!(sum(["events", "written"]), 15 * 150 + 200);
    assert_same_rows(&dir, 15 * 150 + 200);
}

/// Other objects, with events in common: what one run holds to be new, another has written meanwhile.
#[test]
fn runs_over_overlapping_logs_write_each_event_once() {
    let dir = Dir::new();
    for part in 0..4 {
        for n in 0..6 {
            // Each event is in several parts.
            let first = n * 150 + part * 40;
            dir.write(&format!("part-{part}/{n}.json.gz"), gzip(log_file(&events(first..first + 200))));
        }
    }
    let runs = (0..4).map(|part| {
        let source = format!("part-{part}");
        start(&dir, &["convert", &source, "--to", "trail", "--commit-every", "10KiB", "--report", "json"])
    });
    let reports = succeed(runs.collect());
    let written: u64 = reports.iter().map(|report| report["events"]["written"].as_u64().unwrap()).sum();
    assert_eq!(written, 5 * 150 + 120 + 200);
    assert_same_rows(&dir, written);
}

fn assert_same_rows(dir: &Dir, count: u64) {
    let sql = "SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM events";
    assert_eq!(dir.query("trail", sql), [json!({"n": count, "ids": count})]);
    assert!(dir.files("trail/_trailhouse/intents").is_empty());
    // What lies there is what counts: no run has left anything.
    let paths = dir.data_files("trail").len();
    let again = dir.run(&["query", "trail", "SELECT count(*) FROM events", "--format", "csv"]).succeeds();
    assert!(paths > 0 && again.stdout.contains(&count.to_string()));
}
