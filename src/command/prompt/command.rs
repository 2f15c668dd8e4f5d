//! What begins with a backslash.

use std::path::PathBuf;

use clap::ValueEnum as _;

use crate::cli::QueryFormat;
use crate::query::Records;

/// Something for the prompt itself to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Tables,
    Columns(String),
    SavedQueries,
    SavedQuery(String),
    Timing(Option<bool>),
    Format(Option<QueryFormat>),
    Output(Option<PathBuf>),
    Records(Option<Records>),
    Help,
    Quit,
}

/// A command, as the help tells of it.
pub(super) struct Described {
    pub(super) name: &'static str,
    /// What may follow.
    pub(super) argument: &'static str,
    pub(super) help: &'static str,
}

const fn described(name: &'static str, argument: &'static str, help: &'static str) -> Described {
    Described { name, argument, help }
}

/// All of them.
pub(super) const COMMANDS: &[Described] = &[
    described("\\d", "", "tables and views"),
    described("\\d", "NAME", "the columns of one"),
    described("\\saved", "", "saved queries"),
    described("\\saved", "NAME [PARAM=VALUE]...", "show one and run it"),
    described("\\format", "[NAME]", "how answers are written"),
    described("\\x", "[on|off|auto]", "rows one below the other; auto: where no table fits"),
    described("\\o", "[FILE]", "write answers to a file; without one, here again"),
    described("\\timing", "[on|off]", "say how long each answer took"),
    described("\\?", "", "this help"),
    described("\\q", "", "leave; so does Ctrl-D"),
];

/// What people type who do not know this prompt yet.
const WORDS: [(&str, Command); 3] =
    [("help", Command::Help), ("quit", Command::Quit), ("exit", Command::Quit)];

/// Whether a text is for the prompt itself.
pub(super) fn is_command(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('\\') || WORDS.iter().any(|(word, _)| text.eq_ignore_ascii_case(word))
}

/// Understands one.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str) -> Result<Command, String> {
    let text = text.trim().trim_end_matches(';').trim_end();
    if let Some((_, command)) = WORDS.into_iter().find(|(word, _)| text.eq_ignore_ascii_case(word)) {
        return Ok(command);
    }
    let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let argument = Some(argument.trim()).filter(|argument| !argument.is_empty());
    Ok(match (name, argument) {
        ("\\d", None) => Command::Tables,
        ("\\d", Some(table)) => Command::Columns(table.to_owned()),
        ("\\saved", None) => Command::SavedQueries,
        ("\\saved", Some(name)) => Command::SavedQuery(name.to_owned()),
        ("\\timing", argument) => Command::Timing(argument.map(on_or_off).transpose()?),
        ("\\format", argument) => Command::Format(argument.map(format).transpose()?),
        ("\\o", file) => Command::Output(file.map(PathBuf::from)),
        ("\\x", Some("auto")) => Command::Records(Some(Records::Auto)),
        ("\\x", argument) => {
            let records = argument.map(on_or_off).transpose()?;
            Command::Records(records.map(|on| if on { Records::Always } else { Records::Never }))
        }
        ("\\?" | "\\h" | "\\help", _) => Command::Help,
        ("\\q" | "\\quit", _) => Command::Quit,
        (other, _) => return Err(format!("there is no {other}; \\? lists what there is")),
    })
}

fn on_or_off(word: &str) -> Result<bool, String> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(format!("expected on or off, not {other}")),
    }
}

fn format(name: &str) -> Result<QueryFormat, String> {
    QueryFormat::from_str(name, true)
        .map_err(|_| format!("there is no format {name}; there are {}", format_names().join(", ")))
}

/// The names of all formats.
pub(super) fn format_names() -> Vec<String> {
    let formats = QueryFormat::value_variants().iter();
    formats.filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_understood() {
        for (text, command) in [
            ("\\d", Command::Tables),
            (" \\d  events ; ", Command::Columns("events".to_owned())),
            ("\\timing", Command::Timing(None)),
            ("\\timing off", Command::Timing(Some(false))),
            ("\\format CSV", Command::Format(Some(QueryFormat::Csv))),
            ("\\o a file.csv", Command::Output(Some("a file.csv".into()))),
            ("\\x auto", Command::Records(Some(Records::Auto))),
            ("\\x on", Command::Records(Some(Records::Always))),
            ("Exit", Command::Quit),
        ] {
            assert!(is_command(text), "{text}");
            assert_eq!(parse(text), Ok(command), "{text}");
        }
        assert!(!is_command("SELECT '\\d';") && !is_command("exit now"));
        for text in ["\\nonsense", "\\timing maybe", "\\format xlsx"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
