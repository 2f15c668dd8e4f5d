//! Help with typing: what Tab completes, and when Enter ends a statement.

use std::cell::Cell;
use std::collections::BTreeSet;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::command::{COMMANDS, format_names, is_command};
use crate::query::{Vocabulary, is_complete};

/// What can be typed now.
pub(super) struct Typing {
    vocabulary: Vocabulary,
    saved: Vec<String>,
    /// Whether nothing stands behind the prompt.
    empty: Cell<bool>,
}

impl Typing {
    pub(super) fn new(vocabulary: Vocabulary, saved: Vec<String>) -> Self {
        Self { vocabulary, saved, empty: Cell::new(true) }
    }

    /// Whether nothing stands behind the prompt.
    pub(super) fn is_empty(&self) -> bool {
        self.empty.get()
    }

    /// Where the word at the end of `text` begins, and what it can become.
    fn complete(&self, text: &str) -> (usize, Vec<Pair>) {
        if text.trim_start().starts_with('\\') {
            return self.complete_command(text);
        }
        let in_name = |character: char| character.is_alphanumeric() || character == '_';
        let start = text.trim_end_matches(in_name).len();
        let (before, word) = text.split_at(start);
        // Behind an alias, as behind a table's name, stands a column.
        if let Some(before) = before.strip_suffix('.') {
            let owner = &before[before.trim_end_matches(in_name).len()..];
            return (start, pairs(word, self.columns(Some(owner))));
        }
        // Everything is no help.
        if word.is_empty() {
            return (start, Vec::new());
        }
        // Who types capitals means a word of SQL.
        if word.contains(char::is_uppercase) {
            let keywords = pairs(word, Vocabulary::keywords().map(str::to_owned));
            if !keywords.is_empty() {
                return (start, keywords);
            }
        }
        let keywords = Vocabulary::keywords().map(str::to_lowercase);
        let names = self.columns(None).into_iter().chain(self.vocabulary.tables.keys().cloned());
        let functions = self.vocabulary.functions.iter().map(|name| format!("{name}("));
        (start, pairs(word, names.chain(functions).chain(keywords)))
    }

    fn complete_command(&self, text: &str) -> (usize, Vec<Pair>) {
        let begin = text.len() - text.trim_start().len();
        let Some(end) = text[begin..].find(char::is_whitespace) else {
            let names = COMMANDS.iter().map(|command| command.name.to_owned());
            return (begin, pairs(&text[begin..], names));
        };
        let argument = text[begin + end..].trim_start();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let known: Vec<String> = match &text[begin..begin + end] {
            "\\d" => self.vocabulary.tables.keys().cloned().collect(),
            "\\saved" => self.saved.clone(),
            "\\format" => format_names(),
            "\\timing" => words(&["on", "off"]),
            "\\x" => words(&["on", "off", "auto"]),
            _ => Vec::new(),
        };
        (text.len() - argument.len(), pairs(argument, known))
    }

    /// The columns of a table, or of all, which also stand behind an alias.
    fn columns(&self, table: Option<&str>) -> Vec<String> {
        let tables = &self.vocabulary.tables;
        let one = table.and_then(|name| tables.get(name));
        let tables = one.map_or_else(|| tables.values().collect(), |table| vec![table]);
        tables.into_iter().flat_map(|table| &table.columns).map(|column| column.name.clone()).collect()
    }
}

/// Those that begin with `word`, each once.
fn pairs(word: &str, names: impl IntoIterator<Item = String>) -> Vec<Pair> {
    let begins = |name: &String| name.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    let names: BTreeSet<String> = names.into_iter().filter(begins).collect();
    names.into_iter().map(|name| Pair { display: name.clone(), replacement: name }).collect()
}

impl Completer for Typing {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(line.get(..at).map_or_else(|| (at, Vec::new()), |text| self.complete(text)))
    }
}

impl Validator for Typing {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        Ok(match is_command(text) || is_complete(text) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Hinter for Typing {
    type Hint = String;

    /// Gives no hints; but here one learns what is being typed.
    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.empty.set(line.is_empty());
        None
    }
}

impl Highlighter for Typing {}

impl Helper for Typing {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{NamedColumn, NamedTable};

    fn typing() -> Typing {
        let column =
            |name: &str| NamedColumn { name: name.to_owned(), data_type: "Utf8".to_owned(), doc: None };
        let table = |columns: &[&str]| NamedTable {
            kind: "table",
            columns: columns.iter().map(|name| column(name)).collect(),
        };
        let vocabulary = Vocabulary {
            tables: [
                ("events".to_owned(), table(&["event_id", "event_name", "source"])),
                ("errors".to_owned(), table(&["event_id", "error_code"])),
            ]
            .into(),
            functions: ["selector", "sum", "substr"].map(str::to_owned).into(),
        };
        Typing::new(vocabulary, vec!["root-logins".to_owned()])
    }

    #[test]
    fn words_are_completed() {
        let typing = typing();
        for (text, start, expected) in [
            ("SELECT event_n", 7, &["event_name"][..]),
            ("SELECT event_", 7, &["event_id", "event_name"]),
            ("sel", 0, &["select", "selector("]),
            ("SEL", 0, &["SELECT"]),
            ("SU", 0, &["substr(", "sum("]),
            ("SELECT su", 7, &["substr(", "sum("]),
            ("SELECT 1 FROM ev", 14, &["event_id", "event_name", "events"]),
            ("SELECT errors.e", 14, &["error_code", "event_id"]),
            ("SELECT e.s", 9, &["source"]),
            ("SELECT ", 7, &[]),
            ("\\f", 0, &["\\format"]),
            ("\\d ev", 3, &["events"]),
            ("\\saved r", 7, &["root-logins"]),
            ("\\x o", 3, &["off", "on"]),
            ("\\format c", 8, &["csv"]),
            ("größe ev", 8, &["event_id", "event_name", "events"]),
        ] {
            let (at, found) = typing.complete(text);
            let found: Vec<&str> = found.iter().map(|pair| pair.replacement.as_str()).collect();
            assert_eq!((at, found.as_slice()), (start, expected), "{text}");
        }
    }
}
