//! `generate`: the same bytes for the same seed, and a truth that the converter reproduces.

use serde_json::{Value, json};

use crate::harness::{Dir, repository};

fn truth(dir: &Dir, path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(dir.path(path).join("truth.json")).unwrap()).unwrap()
}

#[test]
fn the_same_seed_makes_the_same_bytes() {
    let dir = Dir::new();
    let generate = |to: &str, seed: &str| {
        dir.run(&[
            "generate",
            "--events",
            "3000",
            "--seed",
            seed,
            "--duplicates",
            "1",
            "--damaged",
            "1",
            "--to",
            to,
        ])
        .succeeds();
        dir.files(to)
    };
    let first = generate("a", "5");
    assert_eq!(generate("b", "5"), first);
    assert_ne!(generate("c", "6"), first);
}

#[test]
fn the_converter_reproduces_the_truth() {
    let dir = Dir::new();
    dir.run(&["generate", "--events", "20000", "--duplicates", "2", "--damaged", "0.5", "--to", "logs"])
        .succeeds();
    let truth = truth(&dir, "logs");
    let report = dir.convert(&["logs/AWSLogs", "--to", "trail"]);
    for count in ["read", "written", "duplicates", "rejected"] {
        assert_eq!(report["events"][count], truth["events"][count], "{count}");
    }
    assert!(
        truth["events"]["duplicates"].as_u64() > Some(300) && truth["events"]["rejected"].as_u64() > Some(50)
    );
    assert_eq!(report["objects"]["listed"], truth["objects"]);
    assert_eq!(report["input"]["inflated_bytes"], truth["inflated_bytes"]);

    let partitions = dir.query(
        "trail",
        "SELECT date, service, region, count(*) AS events FROM events GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    );
    assert_eq!(json!(partitions), truth["partitions"]);
}

/// The log files that are shipped are the ones their README says how to make.
#[test]
fn the_shipped_trail_can_be_made_again() {
    let dir = Dir::new();
    let options = "generate --events 3000 --seed 2025 --files 24 --duplicates 1 --damaged 0.2 --to trail";
    dir.run(&options.split(' ').collect::<Vec<_>>()).succeeds();
    let shipped = std::fs::read(repository("fixtures/trail/truth.json")).unwrap();
    assert_eq!(truth(&dir, "trail"), serde_json::from_slice::<Value>(&shipped).unwrap());
    let report =
        dir.convert(&[&repository("fixtures/trail/AWSLogs").display().to_string(), "--to", "shipped"]);
    let again = dir.convert(&["trail/AWSLogs", "--to", "made"]);
    assert_eq!(report["events"], again["events"]);
    let rows = "SELECT * EXCLUDE (source_object) FROM events ORDER BY event_id, source_index";
    assert_eq!(dir.query("shipped", rows), dir.query("made", rows));
}
