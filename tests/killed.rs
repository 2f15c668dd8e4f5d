//! Runs that are killed, at any moment, and run again: the dataset is that of one clean run.
//!
//! `cargo test` kills a few; `scripts/kill 200` as many as asked for.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::harness::{Dir, event, gzip, log_file};

/// Log objects for several commits: overlapping, with rejects, and one that changes nothing.
fn logs(dir: &Dir) {
    for n in 0..12 {
        let services = ["s3", "ec2", "sts", "kms"];
        let mut events: Vec<String> = (n * 80..n * 80 + 100)
            .map(|n| event(n * 97, services[n as usize % 4], ["us-east-1", "eu-west-1"][n as usize % 2]))
            .collect();
        events.push(format!("{{\"no event\": {n}}}"));
        dir.write(&format!("logs/{n:02}.json.gz"), gzip(log_file(&events)));
    }
}

/// Small tasks, so that there are several commits.
const CONVERT: [&str; 6] = ["convert", "logs", "--to", "trail", "--commit-every", "12KiB"];

/// All that counts.
#[derive(Debug, PartialEq, Eq)]
struct State {
    data: BTreeMap<String, Vec<u8>>,
    rejects: Vec<Value>,
    rows: Vec<Value>,
    intents: BTreeMap<String, Vec<u8>>,
    segments: usize,
}

fn state(dir: &Dir) -> State {
    let rejects = dir.run(&["rejects", "trail", "list", "--all", "--format", "ndjson"]).succeeds();
    let mut intents = dir.files("trail/_trailhouse/intents");
    // One that was killed before it could say what it is about to do has done nothing.
    intents.retain(|name, _| !name.contains('#') && !name.ends_with(".abandoned"));
    let sql = "SELECT event_id, source_object, source_index FROM events ORDER BY event_id, source_object, source_index";
    // What was cleared away is not called by the same name again: the number of the attempt differs.
    let attempt = |name: String| {
        let (before, sequence) = name.rsplit_once('-').unwrap();
        format!("{}-{sequence}", before.rsplit_once('-').unwrap().0)
    };
    State {
        data: dir.data_files("trail").into_iter().map(|(name, content)| (attempt(name), content)).collect(),
        rejects: rejects.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        rows: dir.query("trail", sql),
        intents,
        segments: dir.files("trail/_trailhouse/ledger").len(),
    }
}

/// Runs it for so long, then kills it. Whether it was still running.
fn kill_after(dir: &Dir, args: &[&str], after: Duration) -> bool {
    let mut child = dir.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // A channel on which nothing ever comes keeps time.
    let (_open, nothing) = mpsc::channel::<()>();
    nothing.recv_timeout(after).unwrap_err();
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

#[test]
fn a_killed_run_is_simply_run_again() {
    let kills = std::env::var("KILLS").map_or(12, |count| count.parse().unwrap());
    let dir = Dir::new();
    logs(&dir);
    let start = Instant::now();
    dir.run(&CONVERT).exits(3);
    let whole = start.elapsed();
    let expected = state(&dir);
    assert!(expected.intents.is_empty());
    assert_eq!(expected.rows.len(), 12 * 80 + 20);

    let mut random = ChaCha8Rng::seed_from_u64(kills);
    let mut killed = 0;
    while killed < kills {
        std::fs::remove_dir_all(dir.path("trail")).unwrap();
        let mut moments = Vec::new();
        for _ in 0..random.random_range(1..4) {
            let moment = whole.mul_f64(random.random_range(0.0..1.1));
            moments.push(moment);
            killed += u64::from(kill_after(&dir, &CONVERT, moment));
        }
        dir.run(&CONVERT);
        let found = state(&dir);
        let names = |state: &State| state.data.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected), "killed after {moments:?}");
        assert!(found == expected, "killed after {moments:?}");
    }
}

/// `compact` beside it, killed like it. What comes of it in the end are the rows of one clean run, in as many files, and nothing
/// else.
#[test]
fn killed_compactions_are_simply_run_again() {
    let kills = std::env::var("KILLS").map_or(12, |count| count.parse().unwrap());
    let dir = Dir::new();
    logs(&dir);
    let compact = ["compact", "trail"];
    let vacuum = ["vacuum", "trail", "--retention", "0s", "--force"];
    let start = Instant::now();
    dir.run(&CONVERT).exits(3);
    let converting = start.elapsed();
    let start = Instant::now();
    dir.run(&compact).succeeds();
    let compacting = start.elapsed();
    dir.run(&vacuum).succeeds();
    let expected = state(&dir);

    let mut random = ChaCha8Rng::seed_from_u64(kills);
    let mut killed = 0;
    while killed < kills {
        std::fs::remove_dir_all(dir.path("trail")).unwrap();
        std::fs::create_dir(dir.path("trail")).unwrap();
        let mut steps = Vec::new();
        for _ in 0..random.random_range(2..6) {
            let (args, whole) = match random.random_range(0..2) {
                0 => (&CONVERT[..], converting),
                _ => (&compact[..], compacting),
            };
            let moment = whole.mul_f64(random.random_range(0.0..1.1));
            killed += u64::from(kill_after(&dir, args, moment));
            steps.push((args[0], moment));
        }
        let said = format!("killed after {steps:?}");
        assert!(matches!(dir.run(&CONVERT).code, Some(0 | 3)), "{said}");
        dir.run(&compact).succeeds();
        let check = dir.run(&["check", "trail", "--report", "json"]);
        assert_eq!(check.code, Some(0), "{said}: {}", check.stdout);
        dir.run(&vacuum).succeeds();
        let found = state(&dir);
        assert!(found.rows == expected.rows && found.rejects == expected.rejects, "{said}");
        assert_eq!((found.data.len(), &found.intents), (expected.data.len(), &expected.intents), "{said}");
        let check: Value =
            serde_json::from_str(&dir.run(&["check", "trail", "--report", "json"]).succeeds().stdout)
                .unwrap();
        let count = |name: &str| check[name].as_u64().unwrap();
        assert_eq!((count("leftovers"), count("in_progress")), (0, 0), "{said}");
    }
}
