//! What only a terminal sees: tables that fit it, and the prompt. Each test has a terminal of its own.

use std::path::Path;
use std::process::Command;

use rexpect::process::WaitStatus;
use rexpect::session::{Options, PtySession, spawn_with_options};

use crate::harness::{Dir, event, log_file};

const PROMPT: &str = "trailhouse> ";

/// Long enough for a busy machine.
const TIMEOUT_MS: u64 = 120_000;

fn dataset() -> Dir {
    let dir = Dir::new();
    let events: Vec<String> =
        (0..1200).map(|n| event(n, ["s3", "ec2"][n as usize % 2], "us-east-1")).collect();
    dir.write("logs/a.json", log_file(&events));
    dir.convert(&["logs", "--to", "trail"]);
    dir
}

/// Runs the binary in a terminal of this width.
fn terminal(dir: &Dir, columns: u16, args: &[&str]) -> PtySession {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("stty cols {columns} rows 50; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_trailhouse"))
        .args(args)
        .current_dir(dir.path(""))
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .env("HOME", dir.path("home"))
        .env("XDG_STATE_HOME", dir.path("state"))
        .env_remove("RUST_LOG")
        .env_remove("COLUMNS");
    let options = Options::new().timeout_ms(Some(TIMEOUT_MS)).strip_ansi_escape_codes(true);
    spawn_with_options(command, options).unwrap()
}

/// What was read, which was read byte by byte.
fn decoded(text: &str) -> String {
    let bytes: Vec<u8> = text.chars().map(|byte| byte as u8).collect();
    String::from_utf8(bytes).unwrap().replace('\r', "")
}

/// All that is printed until the end.
fn output(mut session: PtySession) -> (String, i32) {
    let text = decoded(&session.exp_eof().unwrap());
    let code = match session.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => code,
        other => panic!("{other:?}"),
    };
    (text, code)
}

fn prompt(dir: &Dir, args: &[&str]) -> PtySession {
    let mut session = terminal(dir, 100, &[&["query", "trail"], args].concat());
    session.exp_string(PROMPT).unwrap();
    session
}

/// Types a line and waits for what it brings, and for the prompt behind it; what was printed before.
#[track_caller]
fn ask(session: &mut PtySession, line: &str, answer: &str) -> String {
    session.send_line(line).unwrap();
    let before = session.exp_string(answer);
    let before = before.unwrap_or_else(|error| panic!("{line}: no {answer}: {error}"));
    session.exp_string(PROMPT).unwrap();
    decoded(&before)
}

/// Ctrl-D.
fn leave(mut session: PtySession) {
    session.send_control('d').unwrap();
    let (_, code) = output(session);
    assert_eq!(code, 0);
}

#[test]
fn tables_fit_the_terminal() {
    let dir = dataset();
    let narrow = "SELECT event_time, event_id, user_agent, extra, 7 AS n FROM events
                  ORDER BY event_time LIMIT 2";
    let long = "SELECT event_time, 'one two three four five six seven eight nine ten eleven' AS words, 'Zeile
zwei' AS lines, 7 AS n, NULL AS nothing, chr(27) || '[2J' AS moves FROM events ORDER BY event_time LIMIT 2";
    let wide = "SELECT event_time, event_id, event_name, region, date, source_ip_address, request_parameters
                FROM events ORDER BY event_time LIMIT 2";
    let empty = "SELECT * FROM events WHERE false";
    let mut seen = Vec::new();
    for (columns, sql) in [(100, narrow), (80, long), (120, long), (60, wide), (60, empty)] {
        let (text, code) = output(terminal(&dir, columns, &["query", "trail", sql]));
        assert_eq!(code, 0, "{text}");
        let is_table = text.starts_with('+');
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(!is_table || widest <= usize::from(columns), "{text}");
        seen.push(format!("--- {columns} columns\n{text}"));
    }
    insta::assert_snapshot!(seen.join("\n"));
}

/// Whatever the format: what events hold, and what a message repeats, shows on a terminal and does nothing to it.
#[test]
fn no_format_moves_the_terminal() {
    let dir = dataset();
    let sql = "SELECT 'a' || chr(27) || '[2J' || chr(155) || '|ü' || chr(8238) AS moves";
    for format in ["csv", "json", "ndjson", "markdown"] {
        let (text, code) = output(terminal(&dir, 80, &["query", "trail", sql, "--format", format]));
        assert_eq!(code, 0, "{text}");
        // Had the terminal been given it, the sequence would be gone from what was read.
        // Had the terminal been given the sequence, it would be gone from what was read.
        assert!(text.contains("[2J") && text.contains('ü') && text.contains('\u{fffd}'), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
    }
    let (text, code) = output(terminal(&dir, 80, &["query", "trail", "SELECT \u{1b}[2J"]));
    assert!(code != 0 && text.contains("^["), "{text:?}");
}

#[test]
fn terminals_are_spared_binary_formats() {
    let dir = dataset();
    for format in ["parquet", "arrow"] {
        let args = ["query", "trail", "SELECT 1 AS n", "--format", format];
        let (text, code) = output(terminal(&dir, 100, &args));
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("-o FILE"), "{text}");
        let (text, code) = output(terminal(&dir, 100, &[&args[..], &["-o", "out"]].concat()));
        assert_eq!((text.as_str(), code), ("", 0));
        assert!(dir.path("out").exists());
    }
}

#[test]
fn questions_are_answered_one_after_another() {
    let dir = dataset();
    let mut session = prompt(&dir, &[]);
    let text = ask(&mut session, "SELECT count(*) AS n FROM events;", "(1 row, ");
    assert!(text.contains("| 1200 |"), "{text}");
    // Until its semicolon, a statement goes on.
    session.send_line("SELECT 'first;'").unwrap();
    session.send_line("  || 'second' AS both -- not yet ;").unwrap();
    let text = ask(&mut session, ";", "(1 row, ");
    assert!(text.contains("| first;second |"), "{text}");
    // Mistakes end nothing.
    ask(
        &mut session,
        "SELECT nothing_of_the_kind FROM events;",
        "error: there is no column nothing_of_the_kind",
    );
    ask(&mut session, "SELEC 1;", "error: not SQL");
    ask(&mut session, "CREATE VIEW v AS SELECT 1;", "is refused");
    let text = ask(&mut session, "SELECT 1 AS a; SELECT 2 AS b, 3 AS c;", "| 2 | 3 |");
    assert!(text.contains("(1 row, "), "{text}");
    leave(session);
}

#[test]
fn tables_columns_and_help_are_shown() {
    let dir = dataset();
    let mut session = prompt(&dir, &[]);
    let text = ask(&mut session, "\\d", "table");
    assert!(text.contains("events"), "{text}");
    let text = ask(&mut session, "\\d events", "service");
    assert!(text.contains("UTC time at which"), "{text}");
    ask(&mut session, "\\d nowhere", "there is no table or view nowhere");
    let text = ask(&mut session, "\\saved", "what-assumed-sessions-did");
    assert!(text.contains("Use of the root user"), "{text}");
    ask(&mut session, "\\saved top-services since=2020-01-01", "rows, ");
    ask(&mut session, "\\saved top-services since", "since is no parameter");
    ask(&mut session, "\\saved top-service", "did you mean top-services");
    ask(&mut session, "\\nonsense", "there is no \\nonsense");
    ask(&mut session, "\\?", "Ctrl-D");
    session.send_line("\\q").unwrap();
    assert_eq!(output(session).1, 0);
}

#[test]
fn answers_are_written_as_told() {
    let dir = dataset();
    let mut session = prompt(&dir, &[]);
    ask(&mut session, "\\timing off", "timing is off");
    ask(&mut session, "\\format csv", "format is csv");
    let text = ask(&mut session, "SELECT 1 AS one, 'a,b' AS two;", "(1 row)");
    assert!(text.contains("1,\"a,b\""), "{text}");
    ask(&mut session, "\\format parquet", "format is parquet");
    ask(&mut session, "SELECT 1 AS one;", "not for a terminal");
    session.send_line("\\o one.parquet").unwrap();
    ask(&mut session, "SELECT 1 AS one;", "(1 row)");
    ask(&mut session, "SELECT 2 AS one;", "no room for another");
    ask(&mut session, "\\format csv", "format is csv");
    session.send_line("\\o out.csv").unwrap();
    ask(&mut session, "SELECT 1 AS one;", "(1 row)");
    ask(&mut session, "SELECT 2 AS two;", "(1 row)");
    session.send_line("\\o").unwrap();
    ask(&mut session, "SELECT 3 AS three;", "three");
    ask(&mut session, "\\format table", "format is table");
    ask(&mut session, "\\x on", "one below the other");
    let text = ask(&mut session, "SELECT 1 AS one;", "(1 row)");
    assert!(text.contains("one │ 1\n"), "{text}");
    leave(session);
    assert_eq!(std::fs::read_to_string(dir.path("out.csv")).unwrap(), "one\n1\ntwo\n2\n");
    assert_eq!(&std::fs::read(dir.path("one.parquet")).unwrap()[..4], b"PAR1");
}

#[test]
fn tab_completes() {
    let dir = dataset();
    let mut session = prompt(&dir, &["--format", "csv"]);
    session.send("SELECT min(event_na\t) AS name FR").unwrap();
    ask(&mut session, "\t events;", "Getec2");
    leave(session);
}

#[test]
fn ctrl_c_stops_the_query_and_nothing_else() {
    let dir = dataset();
    let mut session = prompt(&dir, &[]);
    // One makes many rows of few, the other none for a long time.
    for sql in [
        "SELECT count(*), min(a.event_id) FROM events a, events b, events c;",
        "SELECT count(*) FROM events a, events b, events c WHERE a.event_id || b.event_id || c.event_id = '';",
    ] {
        session.send_line(sql).unwrap();
        // The sign of life: the query runs.
        session.exp_string("0 rows").unwrap();
        session.send_control('c').unwrap();
        session.exp_string("cancelled").unwrap();
        session.exp_string(PROMPT).unwrap();
    }
    session.send_control('c').unwrap();
    session.exp_string("Ctrl-D leaves").unwrap();
    session.exp_string(PROMPT).unwrap();
    // What was begun and given up is gone.
    session.send("SELECT 'given up").unwrap();
    session.send_control('c').unwrap();
    session.exp_string(PROMPT).unwrap();
    ask(&mut session, "SELECT 'goes on' AS it;", "| goes on |");
    leave(session);
}

#[test]
fn what_was_typed_is_kept_for_its_owner() {
    let dir = dataset();
    let mut session = prompt(&dir, &[]);
    ask(&mut session, "SELECT 'remembered' AS it;", "(1 row, ");
    leave(session);
    let file = dir.path("state/trailhouse/history");
    assert!(std::fs::read_to_string(&file).unwrap().contains("SELECT 'remembered' AS it;"));
    let mode = |path: &Path| {
        let metadata = std::fs::metadata(path).unwrap();
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
    };
    assert_eq!((mode(&file), mode(&dir.path("state/trailhouse"))), (0o600, 0o700));

    // The arrow brings it back.
    let mut session = prompt(&dir, &[]);
    ask(&mut session, "\x1b[A", "| remembered |");
    leave(session);

    // Where nothing can be kept, the prompt is as good.
    std::fs::remove_dir_all(dir.path("state")).unwrap();
    dir.write("state", "in the way");
    let mut session = prompt(&dir, &[]);
    ask(&mut session, "SELECT 'forgotten' AS it;", "| forgotten |");
    leave(session);
}
