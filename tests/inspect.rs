//! `inspect`: what a dataset holds, against what is known of it.

use serde_json::{Value, json};

use crate::harness::{Dir, event, log_file, repository};

#[test]
fn a_dataset_is_summed_up() {
    let dir = Dir::new();
    let logs = repository("fixtures/trail/AWSLogs").display().to_string();
    dir.convert(&[&logs, "--to", "trail"]);
    let summary: Value =
        serde_json::from_str(&dir.run(&["inspect", "trail", "--format", "json"]).succeeds().stdout).unwrap();
    let sql =
        "SELECT count(*) AS events, count(DISTINCT service) AS services, count(DISTINCT region) AS regions,
                      count(DISTINCT date) AS days, count(DISTINCT source_object) AS objects FROM events";
    let truth = dir.query("trail", sql).remove(0);
    assert_eq!(summary["total"]["events"], truth["events"]);
    for part in ["services", "regions", "days"] {
        let parts = summary[part].as_array().unwrap();
        assert_eq!(json!(parts.len()), truth[part], "{part}");
        let sum: u64 = parts.iter().map(|share| share["events"].as_u64().unwrap()).sum();
        assert_eq!(json!(sum), truth["events"], "{part}");
    }
    let files = dir.data_files("trail");
    assert_eq!(summary["total"]["files"], files.len());
    assert_eq!(summary["total"]["bytes"], files.values().map(Vec::len).sum::<usize>());
    assert_eq!(summary["rejects"], 5);
    assert_eq!(summary["objects"], 35);
    let span = "SELECT min(event_time) AS first, max(event_time) AS last FROM events";
    let span = dir.query("trail", span).remove(0);
    assert_eq!(summary["first"], span["first"]);
    assert_eq!(summary["last"], span["last"]);
    insta::with_settings!({filters => vec![(r"\d+\.\d [KM]iB", "[SIZE]")]}, {
        insta::assert_snapshot!(dir.run(&["inspect", "trail"]).succeeds().stdout);
    });
}

#[test]
fn many_days_are_drawn_by_month() {
    let dir = Dir::new();
    let events: Vec<String> = (0..70)
        .map(|n| {
            event(n, "s3", "r").replace("2025-03-01", &format!("2025-{:02}-{:02}", n / 28 + 1, n % 28 + 1))
        })
        .collect();
    dir.write("log.json", log_file(&events));
    dir.convert(&["log.json", "--to", "trail"]);
    let told = dir.run(&["inspect", "trail"]).succeeds().stdout;
    let bars: Vec<&str> = told.lines().rev().take(3).collect();
    assert!(bars[2].starts_with("2025-01 ") && bars[0].starts_with("2025-03 "), "{told}");
}

#[test]
fn what_is_no_dataset_is_told() {
    let dir = Dir::new();
    std::fs::create_dir(dir.path("empty")).unwrap();
    let told = dir.run(&["inspect", "empty"]).succeeds().stdout;
    assert!(told.starts_with("dataset  empty, nothing committed yet\nevents   0 in 0 files"), "{told}");
    let nowhere = dir.run(&["inspect", "nowhere"]).exits(1);
    assert!(nowhere.stderr.contains("cannot open the dataset nowhere"), "{}", nowhere.stderr);
}
