//! The directions in which parts may use one another, read off the `use` lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::harness::repository;

/// Rooms from the ground up: a room may use those below it, never one beside or above it.
const FLOORS: [&[&str]; 9] = [
    &["decode", "partition", "store"],
    &["source", "report"],
    &["table", "read"],
    &["write", "filter"],
    &["dataset"],
    &["convert", "query", "generate"],
    &["export"],
    &["error", "cli"],
    &["command"],
];

/// Rooms that do no I/O, never wait, and read no clock.
const PURE: [&str; 4] = ["decode", "table", "partition.rs", "write"];

fn sources(path: &Path, files: &mut BTreeMap<String, String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            sources(&entry.unwrap().path(), files);
        }
    } else {
        let name = path.strip_prefix(repository("src")).unwrap().display().to_string();
        files.insert(name, fs::read_to_string(path).unwrap());
    }
}

/// Each source file of the program by its path below `src`, without its tests.
fn program() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    sources(&repository("src"), &mut files);
    files.retain(|name, _| name.ends_with(".rs") && !name.ends_with("tests.rs") && !name.contains("/tests/"));
    for text in files.values_mut() {
        if let Some(tests) = text.find("#[cfg(test)]\nmod tests {") {
            text.truncate(tests);
        }
    }
    files
}

fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms a file names through `crate::`, in `use` lines (also grouped ones) and in paths.
fn used_rooms(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default(),
            None => rest,
        };
        let first_words = if rest.starts_with('{') { names.split(',').collect() } else { vec![names] };
        for word in first_words {
            let word: String = word.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            rooms.push(word);
        }
    }
    rooms
}

#[test]
fn rooms_use_only_what_lies_below_them() {
    for (file, text) in program() {
        let here = room(&file);
        if matches!(here, "main" | "lib") {
            continue;
        }
        let own = floor(here).unwrap_or_else(|| panic!("src/{file} belongs to no floor"));
        for used in used_rooms(&text) {
            if used == here {
                continue;
            }
            let below =
                floor(&used).unwrap_or_else(|| panic!("src/{file} uses crate::{used}, which has no floor"));
            assert!(below < own, "src/{file} uses crate::{used}, which lies beside or above it");
        }
    }
}

/// The check itself sees what it should see.
#[test]
fn used_rooms_are_found() {
    assert_eq!(
        used_rooms("use crate::a::B;\nuse crate::{c, d::{E}};\n// crate::no\nlet x = crate::f::g();"),
        ["a", "c", "d", "f"]
    );
}

#[test]
fn pure_rooms_do_no_io_and_never_wait() {
    const FORBIDDEN: [&str; 9] = [
        "std::fs",
        "std::net",
        "std::process",
        "std::time",
        "tokio",
        ".await",
        "object_store",
        "Utc::now",
        "rand::",
    ];
    for (file, text) in program().iter().filter(|(file, _)| PURE.contains(&file.split('/').next().unwrap())) {
        for word in FORBIDDEN {
            assert!(!text.contains(word), "src/{file} names {word}");
        }
    }
}

#[test]
fn only_the_command_line_knows_clap_and_prints() {
    for (file, text) in program() {
        let outer = matches!(room(&file), "cli" | "command" | "main");
        for word in ["clap", "println!", "eprintln!", "print!", "process::exit", "stdout()", "stderr()"] {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            assert!(outer || !code.clone().any(|line| line.contains(word)), "src/{file} names {word}");
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for (file, text) in program() {
        assert!(text.starts_with("//! "), "src/{file} opens without a word");
    }
}
