//! What people feed a converter by mistake: each a clear message, nothing lost, no panic.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Dir, Run, event, gzip, log_file};

/// Exit code, output and errors, without what changes from run to run.
fn told(dir: &Dir, run: &Run) -> String {
    assert!(!run.stderr.contains("panicked"), "{run:#?}");
    format!("exit {}\n{}--- stderr\n{}", run.code.unwrap(), dir.stable(&run.stdout), dir.stable(&run.stderr))
}

fn convert(prepare: impl FnOnce(&Dir), source: &str) -> String {
    let dir = Dir::new();
    prepare(&dir);
    let run = dir.run(&["convert", source, "--to", "trail"]);
    told(&dir, &run)
}

#[test]
fn an_empty_file() {
    insta::assert_snapshot!(convert(|dir| drop(dir.write("log.json", "")), "log.json"));
}

#[test]
fn no_records() {
    insta::assert_snapshot!(convert(|dir| drop(dir.write("log.json", r#"{"Records":[]}"#)), "log.json"));
}

#[test]
fn a_truncated_gzip() {
    let events: Vec<String> = (0..100).map(|n| event(n, "s3", "us-east-1")).collect();
    let whole = gzip(log_file(&events));
    insta::with_settings!({filters => vec![(r"\d+(\.\d)? KiB", "[SIZE]"), (r"(byte|column) \d+", "$1 [N]"), (r"\d+ events", "[N] events"), (r"event \d+", "event [N]"), (r"\d+ (read|written)", "[N] $1")]}, {
        insta::assert_snapshot!(convert(|dir| drop(dir.write("log.json.gz", &whole[..whole.len() - 900])), "log.json.gz"));
    });
}

#[test]
fn a_directory_without_logs() {
    insta::assert_snapshot!(convert(|dir| drop(dir.write("docs/README.md", "no logs here")), "docs"));
}

#[test]
fn an_empty_directory() {
    insta::assert_snapshot!(convert(|dir| fs::create_dir(dir.path("empty")).unwrap(), "empty"));
}

#[test]
fn a_path_that_does_not_exist() {
    insta::assert_snapshot!(convert(|_| {}, "nowhere/logs"));
}

#[test]
fn a_pattern_that_matches_nothing() {
    insta::assert_snapshot!(convert(|dir| drop(dir.write("logs/a.json", "{}")), "logs/*.gz"));
}

#[test]
fn a_picture() {
    insta::assert_snapshot!(convert(
        |dir| drop(dir.write("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")),
        "photo.png"
    ));
}

#[test]
fn a_megabyte_of_brackets() {
    let report = convert(|dir| drop(dir.write("log.json", "[".repeat(1 << 20))), "log.json");
    insta::with_settings!({filters => vec![(r"\d+\.\d [KM]iB", "[SIZE]")]}, {
        insta::assert_snapshot!(report);
    });
}

#[test]
fn utf_16() {
    let text: Vec<u8> = "\u{feff}{\"Records\":[]}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    insta::assert_snapshot!(convert(|dir| drop(dir.write("log.json", text)), "log.json"));
}

#[test]
fn a_file_cut_off_between_events() {
    let log = log_file(&[event(1, "s3", "us-east-1"), event(2, "s3", "us-east-1")]);
    insta::with_settings!({filters => vec![(r"\d+(\.\d)? (KiB|B)", "[SIZE]")]}, {
        insta::assert_snapshot!(convert(|dir| drop(dir.write("log.json", &log[..log.len() - 2])), "log.json"));
    });
}

#[test]
fn no_permission() {
    let dir = Dir::new();
    for (name, mode) in [("logs/open.json", 0o644), ("logs/closed.json", 0o000)] {
        let path = dir.write(name, log_file(&[event(1, "s3", "us-east-1")]));
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    dir.write("logs/closed/a.json", log_file(&[event(2, "s3", "us-east-1")]));
    fs::set_permissions(dir.path("logs/closed"), fs::Permissions::from_mode(0o000)).unwrap();
    let run = dir.run_unprivileged(&["convert", "logs", "--to", "trail"]);
    fs::set_permissions(dir.path("logs/closed"), fs::Permissions::from_mode(0o755)).unwrap();
    insta::with_settings!({filters => vec![(r"\d+(\.\d)? (KiB|B)", "[SIZE]")]}, {
        insta::assert_snapshot!(told(&dir, &run));
    });
}

#[test]
fn no_permission_to_write() {
    let dir = Dir::new();
    dir.write("log.json", log_file(&[event(1, "s3", "us-east-1")]));
    fs::create_dir(dir.path("trail")).unwrap();
    fs::set_permissions(dir.path("trail"), fs::Permissions::from_mode(0o555)).unwrap();
    let run = dir.run_unprivileged(&["convert", "log.json", "--to", "trail"]);
    insta::with_settings!({filters => vec![(r"[0-9a-f]{16}", "[TASK]")]}, {
        insta::assert_snapshot!(told(&dir, &run));
    });
}

#[test]
fn a_file_in_place_of_the_dataset() {
    let dir = Dir::new();
    dir.write("log.json", log_file(&[event(1, "s3", "us-east-1")]));
    dir.write("trail", "a file");
    let run = dir.run(&["convert", "log.json", "--to", "trail"]);
    insta::assert_snapshot!(told(&dir, &run));
}

#[test]
fn a_store_that_is_not_supported() {
    insta::assert_snapshot!(convert(|_| {}, "ftp://bucket/AWSLogs/"));
}

/// Whatever an event holds, nothing of it is said aloud: logs hold secrets.
#[test]
fn messages_do_not_echo_content() {
    let dir = Dir::new();
    let secret = "wJalrXUtnFEMI";
    dir.write(
        "logs/a.json",
        format!(r#"{{"Records":[{{"token":"{secret}"}},"{secret}",{{"eventName":"{secret}" {secret}}}]}}"#),
    );
    dir.write("logs/b.jsonl", format!("{{\"{secret}\n{secret}\n"));
    dir.write("logs/c.json", secret);
    let run = dir.run(&["-vv", "convert", "logs", "--to", "trail"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("rejected") && !run.stderr.contains(secret), "{}", run.stderr);
    assert!(!run.stdout.contains(secret), "{}", run.stdout);
}

#[test]
fn usage() {
    let dir = Dir::new();
    dir.write("log.json", "{}");
    let mut told = Vec::new();
    for args in [
        &["convert", "log.json"][..],
        &["convert", "log.json", "--to", "t", "--since", "2025-03-02", "--until", "2025-03-01"],
        &["convert", "log.json", "--to", "t", "--since", "yesterday"],
        &["convert", "log.json", "--to", "t", "--account", "12"],
        &["convert", "log.json", "--to", "t", "--memory-limit", "1MiB"],
        &["query", "t"],
        &["nonsense"],
    ] {
        let run = dir.run(args).exits(2);
        told.push(format!("$ trailhouse {}\n{}", args.join(" "), run.stderr));
    }
    insta::assert_snapshot!(told.join("\n"));
}

/// Blanks without end in a few kilobytes: they fail alone, and what lies beside them is converted.
#[test]
fn a_gzip_bomb() {
    let dir = Dir::new();
    let blanks = gzip(" ".repeat(4 << 20));
    dir.write("logs/bomb.json.gz", blanks.repeat(3));
    dir.write("logs/log.json.gz", gzip(log_file(&[event(0, "s3", "us-east-1")])));
    let run = dir.run(&["convert", "logs", "--to", "trail", "--max-object-size", "10MiB"]);
    insta::with_settings!({filters => vec![(r"input .*", "input [SIZE]")]}, {
        insta::assert_snapshot!(told(&dir, &run));
    });
}

/// A disk that is full, as files of more than a few kilobytes find it: nothing is left of the run, and once there is room it is
/// simply run again.
#[test]
fn a_full_disk() {
    let dir = Dir::new();
    let events: Vec<String> = (0..2000).map(|n| event(n * 50, ["s3", "ec2"][n as usize % 2], "r")).collect();
    dir.write("logs/small.json", log_file(&events[..3]));
    dir.run(&["convert", "logs", "--to", "trail"]).succeeds();
    dir.write("logs/large.json", log_file(&events));
    let before = dir.data_files("trail");
    let largest = before.values().map(Vec::len).max().unwrap();
    // In blocks of 512 bytes; the signal that comes with it is ignored.
    let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", largest / 512 + 8);
    let full = |args: &[&str]| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &limit, env!("CARGO_BIN_EXE_trailhouse")]).args(args).current_dir(dir.path("."));
        command.output().unwrap()
    };
    let output = full(&["convert", "logs", "--to", "trail"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write date=") && said.contains("File too large"), "{said}");
    assert_eq!(dir.data_files("trail"), before);
    assert!(dir.files("trail/_trailhouse/intents").is_empty());
    dir.run(&["check", "trail"]).succeeds();
    let rows = || dir.query("trail", "SELECT count(*) AS n FROM events");
    assert_eq!(rows(), [serde_json::json!({"n": 3})]);

    dir.run(&["convert", "logs", "--to", "trail"]).succeeds();
    let output = full(&["compact", "trail"]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    dir.run(&["check", "trail"]).succeeds();
    dir.run(&["compact", "trail"]).succeeds();
    assert_eq!(rows(), [serde_json::json!({"n": 2000})]);
    dir.run(&["check", "trail"]).succeeds();
}
