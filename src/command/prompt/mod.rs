//! `trailhouse query DATASET`, at a terminal: questions one after another.
//!
//! A statement is read until its semicolon, in as many lines as it takes; what begins with a backslash is for the prompt
//! itself, in the words that psql has for it. No mistake ends the prompt, and Ctrl-C ends the query, not the program.

mod command;
mod engine;
mod history;
mod page;
mod typing;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use rustyline::config::Behavior;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use self::page::Page;
use self::typing::Typing;
use super::output::Output;
use crate::error::{Error, Exit};
use crate::query::{Library, QuerySession, Style, harmless};

/// What stands before everything typed.
const PROMPT: &str = "trailhouse> ";

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Read,
    Leave,
}

/// What was asked for on the command line.
pub(super) struct Settings {
    /// How answers are written at first.
    pub(super) style: Style,
    /// Whether what they cost is told.
    pub(super) stats: bool,
    /// Where they go, if not to standard output.
    pub(super) output: Option<PathBuf>,
}

/// Reads and answers until told to leave.
///
/// # Errors
/// If the terminal cannot be read, or standard output is gone.
pub(super) async fn run(session: &QuerySession, saved: &Library, settings: Settings) -> Result<Exit, Error> {
    let mut editor = editor().map_err(unreadable)?;
    let mut history = history::open(&mut editor);
    let mut page = Page::new(session, saved, settings)?;
    say(&format!(
        "trailhouse {}: {} data files. \\? for help, \\q or Ctrl-D to leave.",
        env!("CARGO_PKG_VERSION"),
        session.data_files().await
    ))?;
    loop {
        editor.set_helper(Some(Typing::new(
            session.vocabulary().await,
            saved.queries().map(|query| query.name.clone()).collect(),
        )));
        let text = match editor.readline(PROMPT) {
            Ok(text) => text,
            Err(ReadlineError::Eof) => return Ok(Exit::Done),
            Err(ReadlineError::Interrupted) => {
                if editor.helper().is_none_or(Typing::is_empty) {
                    say("\\q or Ctrl-D leaves.")?;
                }
                continue;
            }
            Err(ReadlineError::Signal(_)) => continue,
            Err(error) => return Err(unreadable(error)),
        };
        if text.trim().is_empty() {
            continue;
        }
        history.add(&mut editor, text.trim_end());
        match page.answer(&text).await {
            Ok(Next::Read) => {}
            Ok(Next::Leave) => return Ok(Exit::Done),
            Err(error) if error.is_broken_pipe() => return Err(error),
            Err(error) => eprintln!("error: {}", harmless(&error.to_string())),
        }
    }
}

fn editor() -> Result<Editor<Typing, FileHistory>, ReadlineError> {
    // Where answers go elsewhere, the prompt still belongs on the terminal.
    let behavior = if io::stdout().is_terminal() { Behavior::Stdio } else { Behavior::PreferTerm };
    let config = Config::builder()
        .behavior(behavior)
        .completion_type(CompletionType::List)
        .max_history_size(history::ENTRIES)?
        .history_ignore_dups(true)?
        .build();
    Editor::with_config(config)
}

fn unreadable(error: ReadlineError) -> Error {
    let source = match error {
        ReadlineError::Io(error) => error,
        error => io::Error::other(error),
    };
    Error::File { action: "read", file: "the terminal".to_owned(), source }
}

/// Prints a line to whoever types; where standard output goes elsewhere, it is for answers alone.
fn say(line: &str) -> Result<(), Error> {
    let written = match io::stdout().is_terminal() {
        true => writeln!(io::stdout(), "{line}"),
        false => writeln!(io::stderr(), "{line}"),
    };
    written.map_err(Error::Output)
}

/// Standard output, as it is now: terminals change their width.
fn terminal() -> Output {
    Output::stdout()
}
