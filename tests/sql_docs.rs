//! What `docs/SQL.md` says: every example runs, every mistake is told in the words that are quoted there, and its tables
//! name what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::prelude::SessionContext;
use serde_json::Value;

use crate::harness::{Dir, repository};

const GUIDE: &str = "docs/SQL.md";

/// An answer may have no rows where the example says so.
const MAY_BE_EMPTY: &str = "-- may be empty";

/// A file of saved queries begins with its path.
const OWN_FILE: &str = "-- own/";

fn text(file: &str) -> String {
    fs::read_to_string(repository(file)).unwrap()
}

/// A fenced block.
#[derive(Debug)]
struct Block {
    file: &'static str,
    /// Of the fence, from 1.
    line: usize,
    language: String,
    body: String,
}

fn blocks(file: &'static str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, content) in (1..).zip(text(file).lines()) {
        match (&mut open, content.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.body.extend([content, "\n"]),
            (None, Some(language)) => {
                let (language, body) = (language.trim().to_owned(), String::new());
                open = Some(Block { file, line, language, body });
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{file} ends within {open:?}");
    blocks
}

/// The commands of a block as a shell would split them, without what it would do beyond that.
fn commands(block: &Block) -> Vec<Vec<String>> {
    let place = format!("{}:{}", block.file, block.line);
    let (mut commands, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut quote = None;
    let mut letters = block.body.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(end), _) if letter == end => quote = None,
            (Some('\''), _) => word.get_or_insert_default().push(letter),
            (_, '\\') => {
                let escaped = letters.next().unwrap_or_else(|| panic!("{place} ends with a backslash"));
                if escaped == '\n' {
                    continue;
                }
                let word = word.get_or_insert_default();
                if quote.is_some() && !matches!(escaped, '"' | '\\' | '$' | '`') {
                    word.push('\\');
                }
                word.push(escaped);
            }
            (_, '$' | '`') => panic!("{place}: a shell would replace {letter}"),
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            (None, '#') if word.is_none() => while letters.next_if(|letter| *letter != '\n').is_some() {},
            (None, '|' | '&' | ';' | '<' | '>') => panic!("{place}: {letter} is not understood here"),
            (None, '\n') => {
                words.extend(word.take());
                commands.extend(Some(std::mem::take(&mut words)).filter(|words| !words.is_empty()));
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    assert!(quote.is_none() && word.is_none() && words.is_empty(), "{place} breaks off");
    commands
}

/// What is to be tried.
enum Trial<'b> {
    /// SQL that has an answer.
    Answers(&'b Block),
    /// SQL that fails, and what is said then.
    Fails(&'b Block, &'b str),
    /// A command.
    Runs(&'b Block, Vec<String>),
}

fn trials(blocks: &[Block]) -> Vec<Trial<'_>> {
    let mut trials = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        match block.language.as_str() {
            "sql" if block.body.starts_with(OWN_FILE) => {}
            "sql" => trials.push(Trial::Answers(block)),
            "sql-fails" => {
                let quoted = blocks.get(index + 1).filter(|next| next.language == "text");
                let quoted = quoted.unwrap_or_else(|| panic!("line {} quotes no message", block.line));
                assert!(!quoted.body.trim().is_empty(), "line {} is empty", quoted.line);
                trials.push(Trial::Fails(block, quoted.body.trim_end()));
            }
            "sh" if block.file == GUIDE => {
                let asks = |command: &Vec<String>| {
                    command[0] == "trailhouse" && ["query", "queries"].contains(&command[1].as_str())
                };
                trials.extend(
                    commands(block).into_iter().filter(asks).map(|command| Trial::Runs(block, command)),
                );
            }
            _ => {}
        }
    }
    trials
}

/// What is wrong with an example.
fn fault(dir: &Dir, trial: &Trial<'_>) -> Option<String> {
    let ask = |block: &Block| dir.run(&["query", "trail", &block.body, "--format", "ndjson"]);
    let (block, run, is_as_told) = match trial {
        Trial::Answers(block) => {
            let run = ask(block);
            let is_enough = !run.stdout.is_empty() || block.body.contains(MAY_BE_EMPTY);
            let is_as_told = run.code == Some(0) && is_enough;
            (block, run, is_as_told)
        }
        Trial::Fails(block, quoted) => {
            let run = ask(block);
            let is_as_told = matches!(run.code, Some(1 | 2)) && run.stderr.contains(quoted);
            (block, run, is_as_told)
        }
        Trial::Runs(block, command) => {
            let args: Vec<&str> = command[1..].iter().map(String::as_str).collect();
            let run = dir.run(&args);
            let is_as_told = run.code == Some(0);
            (block, run, is_as_told)
        }
    };
    (!is_as_told).then(|| format!("{}:{}\n{}\n{run:#?}", block.file, block.line, block.body))
}

/// The dataset that the guide speaks of, `trail`, and the logs that it is made of, `logs`.
fn trail() -> Dir {
    let dir = Dir::new();
    std::os::unix::fs::symlink(repository("fixtures/trail/AWSLogs"), dir.path("logs")).unwrap();
    dir.convert(&["logs", "--to", "trail", "--allow-rejects"]);
    dir
}

#[test]
fn examples_do_what_is_said() {
    let (guide, readme) = (blocks(GUIDE), blocks("README.md"));
    let trials: Vec<Trial<'_>> = [&guide, &readme].into_iter().flat_map(|blocks| trials(blocks)).collect();
    let count = |is_one: fn(&Trial<'_>) -> bool| trials.iter().filter(|trial| is_one(trial)).count();
    assert!(count(|trial| matches!(trial, Trial::Answers(_))) >= 40);
    assert!(count(|trial| matches!(trial, Trial::Fails(..))) >= 15);
    assert!(count(|trial| matches!(trial, Trial::Runs(..))) >= 15);

    let dir = trail();
    for block in guide.iter().filter(|block| block.language == "sql" && block.body.starts_with(OWN_FILE)) {
        let path = block.body.lines().next().unwrap().trim_start_matches("-- ");
        dir.write(path, &block.body);
    }
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(trial) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                    faults.lock().unwrap().extend(fault(&dir, trial));
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn lines_are_split_as_a_shell_does() {
    let split = |body: &str| {
        let (language, body) = ("sh".to_owned(), body.to_owned());
        commands(&Block { file: GUIDE, line: 1, language, body })
    };
    assert_eq!(
        split("a 'b c' \"d\ne\" \\\n  f # g 'h\n\n# i\nj '$k' \"l'\\$\\\"\\n\" ''\n"),
        [
            ["a", "b c", "d\ne", "f"].map(str::to_owned).to_vec(),
            ["j", "$k", "l'$\"\\n", ""].map(str::to_owned).to_vec(),
        ]
    );
}

/// The cells of the tables whose first column has this name, without their heads.
fn rows(first: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut is_inside = false;
    for line in text(GUIDE).lines() {
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            // Between the head and the rows.
            is_inside &= line.starts_with("|---");
            continue;
        };
        let cells: Vec<String> = cells.split(" | ").map(|cell| cell.trim().to_owned()).collect();
        if is_inside {
            rows.push(cells);
        } else {
            is_inside = cells[0] == first;
        }
    }
    rows
}

/// What stands between backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn files(directory: &str) -> BTreeMap<String, String> {
    let files = fs::read_dir(repository(directory)).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect()
}

#[test]
fn the_table_of_saved_queries_is_whole() {
    let told: Vec<(String, String)> =
        rows("theme").iter().map(|cells| (code(&cells[1]).collect::<String>(), cells[2].clone())).collect();
    let title =
        |text: &str| text.lines().find_map(|line| line.strip_prefix("-- title: ")).unwrap().to_owned();
    let there: BTreeMap<String, String> =
        files("queries").iter().map(|(name, text)| (name.clone(), title(text))).collect();
    assert_eq!(told.len(), there.len());
    assert_eq!(told.into_iter().collect::<BTreeMap<_, _>>(), there);
}

#[test]
fn the_table_of_services_is_whole() {
    let dir = trail();
    let sql =
        "SELECT table_name AS name, count(*) AS columns FROM information_schema.columns GROUP BY table_name";
    let columns: BTreeMap<String, String> = dir
        .query("trail", sql)
        .iter()
        .map(|row| (row["name"].as_str().unwrap().to_owned(), row["columns"].to_string()))
        .collect();
    let there: Vec<Vec<String>> = files("schemas/services")
        .iter()
        .map(|(name, text)| {
            let service: Value = serde_json::from_str(text).unwrap();
            vec![format!("`{name}`"), columns[name].clone(), service["doc"].as_str().unwrap().to_owned()]
        })
        .collect();
    assert_eq!(rows("view"), there);
}

/// The file that is shown has the members that those of `schemas/services` have.
#[test]
fn the_service_that_is_shown_could_be_one() {
    let shown: Vec<Value> = blocks(GUIDE)
        .iter()
        .filter(|block| block.language == "json")
        .map(|block| serde_json::from_str(&block.body).unwrap())
        .collect();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<String>>();
    let one: Value = serde_json::from_str(&text("schemas/services/sts.json")).unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(keys(&shown[0]), keys(&one));
    assert_eq!(keys(&shown[0]["columns"][0]), keys(&one["columns"][0]));
}

#[test]
fn the_tables_of_functions_name_those_that_are_there() {
    let dir = trail();
    let sql = "SELECT DISTINCT routine_name AS name FROM information_schema.routines";
    let there: BTreeSet<String> =
        dir.query("trail", sql).iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    let rows = rows("function");
    // Those with an asterisk are translated.
    let is_translated = |cell: &str| cell.split('`').step_by(2).any(|between| between.contains('*'));
    let told: BTreeSet<String> = rows
        .iter()
        .filter(|cells| !is_translated(&cells[0]))
        .flat_map(|cells| code(&cells[0]))
        .map(|call| call.split('(').next().unwrap().to_owned())
        .collect();
    assert!(told.len() >= 90, "{told:?}");
    let missing: Vec<_> = told.difference(&there).collect();
    assert!(missing.is_empty(), "{GUIDE} names functions that are not there: {missing:?}");

    let plain = SessionContext::new().state();
    let own = there.iter().filter(|name| {
        let name = name.as_str();
        !plain.scalar_functions().contains_key(name)
            && !plain.aggregate_functions().contains_key(name)
            && !plain.window_functions().contains_key(name)
            && !plain.table_functions().contains_key(name)
    });
    let own: BTreeSet<String> = own.cloned().collect();
    assert!(own.contains("json_extract_scalar") && own.contains("json_get"), "{own:?}");
    let untold: Vec<_> = own.difference(&told).collect();
    assert!(untold.is_empty(), "{GUIDE} does not name {untold:?}");
}
