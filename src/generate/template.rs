//! Templates of JSON values, as they stand in `services.json`: any JSON text, in whose strings
//!
//! * `${name}` or `${name:arguments}` stands for a value made up for each event (see [`Value`]), and
//!   `${name+}` for a draw of its own, apart from the event's `${name}`;
//! * a string that begins with `#` is written without its quotes: `"#${int:1:9}.0"` makes a float; `##`
//!   stands for a `#` at the beginning of a string;
//! * an array whose first element is `"*2-5"` repeats its second element two to five times.
//!
//! Everything else, white space between tokens apart, is written to the event as it stands, so that escapes,
//! number text and keys differing only by case reach it unchanged.

use std::iter::Peekable;
use std::str::CharIndices;

use super::{ids, names};

/// A compiled template.
#[derive(Debug, Clone, Default)]
pub(super) struct Template {
    pub(super) pieces: Vec<Piece>,
}

/// A part of a template.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// JSON text written as it stands.
    Text(String),
    /// A made-up value.
    Value(Value),
    /// An array element written `low` to `high` times.
    Repeat { low: u64, high: u64, element: Vec<Self> },
}

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// `${bucket}` and other names of resources; `fresh` for `${bucket+}`.
    Name { kind: usize, fresh: bool },
    /// `${instance}` and other ids of resources.
    Id { kind: usize, fresh: bool },
    /// `${int:1:9}`: a whole number.
    Int { low: u64, high: u64 },
    /// `${one:a|b}`: one of the given texts.
    OneOf(Vec<String>),
    /// `${hex:8}`: random characters of a kind.
    Characters { alphabet: Alphabet, len: usize },
    /// A random GUID, in capitals for `${GUID}`.
    Guid { capitals: bool },
    /// `${millis}`, `${seconds}`, `${iso}`, `${date}`, `${local:3600}`: the event's time plus seconds.
    Time { form: TimeForm, plus: i64 },
    /// Something of the event itself: its account, region, caller.
    Own(Own),
    /// The role that an STS event is about.
    Target(Target),
}

/// Characters of random texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Alphabet {
    Hex,
    Upper,
    Base64,
    Digits,
}

/// Ways of writing a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TimeForm {
    Millis,
    Seconds,
    Iso,
    Date,
    Localised,
}

/// Facts of the event that its parameters repeat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Own {
    Account,
    OtherAccount,
    Region,
    Zone,
    Environment,
    Service,
    Action,
    CallerArn,
    CallerId,
    Address,
    Cipher,
}

/// Facts of the role an STS event is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    RoleArn,
    RoleName,
    RoleId,
    SessionArn,
    SessionName,
    AccessKey,
}

impl Template {
    /// Compiles a JSON text.
    pub(super) fn compile(json: &str) -> Result<Self, String> {
        let mut characters = json.char_indices().peekable();
        let pieces = compile_until(json, &mut characters, None)?;
        Ok(Self { pieces })
    }
}

type Characters<'a> = Peekable<CharIndices<'a>>;

/// Compiles up to the unbalanced `end`, which is taken.
fn compile_until(json: &str, input: &mut Characters<'_>, end: Option<char>) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut depth = 0;
    while let Some((at, character)) = input.next() {
        match character {
            '[' if json[at..].starts_with("[\"*") => {
                text.push('[');
                flush(&mut text, &mut pieces);
                pieces.push(compile_repeat(json, input)?);
                text.push(']');
            }
            ']' if end == Some(']') && depth == 0 => {
                flush(&mut text, &mut pieces);
                return Ok(pieces);
            }
            '"' => compile_string(json, input, &mut text, &mut pieces)?,
            _ if character.is_ascii_whitespace() => {}
            _ => {
                depth += i32::from(character == '[') - i32::from(character == ']');
                text.push(character);
            }
        }
    }
    flush(&mut text, &mut pieces);
    match end {
        None => Ok(pieces),
        Some(end) => Err(format!("no {end} at the end of {json}")),
    }
}

/// Compiles `"*2-5",element]`, the opening bracket being taken already.
fn compile_repeat(json: &str, input: &mut Characters<'_>) -> Result<Piece, String> {
    let wrong = || format!("not a repetition: {json}");
    let head: String = input.by_ref().map(|(_, character)| character).take_while(|&c| c != ',').collect();
    let (low, high) = head
        .strip_prefix("\"*")
        .and_then(|rest| rest.strip_suffix('"'))
        .and_then(|rest| rest.split_once('-'))
        .ok_or_else(wrong)?;
    let (Ok(low), Ok(high)) = (low.parse(), high.parse()) else {
        return Err(wrong());
    };
    Ok(Piece::Repeat { low, high, element: compile_until(json, input, Some(']'))? })
}

/// Compiles the rest of a string, whose opening quote is taken already.
fn compile_string(
    json: &str,
    input: &mut Characters<'_>,
    text: &mut String,
    pieces: &mut Vec<Piece>,
) -> Result<(), String> {
    let marks = std::iter::from_fn(|| input.next_if(|&(_, character)| character == '#')).count();
    let quoted = marks != 1;
    if quoted {
        text.push('"');
    }
    text.extend(std::iter::repeat_n('#', marks.saturating_sub(1)));
    while let Some((at, character)) = input.next() {
        match character {
            '"' => {
                if quoted {
                    text.push('"');
                }
                return Ok(());
            }
            '\\' => {
                text.push('\\');
                text.extend(input.next().map(|(_, escaped)| escaped));
            }
            '$' if json[at..].starts_with("${") => {
                let name: String =
                    input.by_ref().skip(1).map(|(_, inner)| inner).take_while(|&c| c != '}').collect();
                flush(text, pieces);
                pieces.push(Piece::Value(value(&name)?));
            }
            _ => text.push(character),
        }
    }
    Err(format!("no end of string in {json}"))
}

fn flush(text: &mut String, pieces: &mut Vec<Piece>) {
    if !text.is_empty() {
        pieces.push(Piece::Text(std::mem::take(text)));
    }
}

/// The value that `name`, the inside of `${...}`, stands for.
fn value(placeholder: &str) -> Result<Value, String> {
    let wrong = || format!("no such placeholder: {placeholder}");
    let (name, arguments) = placeholder.split_once(':').unwrap_or((placeholder, ""));
    let characters =
        |alphabet| Ok(Value::Characters { alphabet, len: arguments.parse().map_err(|_| wrong())? });
    let time = |form| {
        let plus = if arguments.is_empty() { 0 } else { arguments.parse().map_err(|_| wrong())? };
        Ok(Value::Time { form, plus })
    };
    match name {
        "int" => {
            let (low, high) = arguments.split_once(':').ok_or_else(wrong)?;
            let (Ok(low), Ok(high)) = (low.parse(), high.parse()) else {
                return Err(wrong());
            };
            Ok(Value::Int { low, high })
        }
        "one" => Ok(Value::OneOf(arguments.split('|').map(str::to_owned).collect())),
        "hex" => characters(Alphabet::Hex),
        "upper" => characters(Alphabet::Upper),
        "base64" => characters(Alphabet::Base64),
        "digits" => characters(Alphabet::Digits),
        "guid" => Ok(Value::Guid { capitals: false }),
        "GUID" => Ok(Value::Guid { capitals: true }),
        "millis" => time(TimeForm::Millis),
        "seconds" => time(TimeForm::Seconds),
        "iso" => time(TimeForm::Iso),
        "date" => time(TimeForm::Date),
        "local" => time(TimeForm::Localised),
        "account" => Ok(Value::Own(Own::Account)),
        "other.account" => Ok(Value::Own(Own::OtherAccount)),
        "region" => Ok(Value::Own(Own::Region)),
        "zone" => Ok(Value::Own(Own::Zone)),
        "env" => Ok(Value::Own(Own::Environment)),
        "service" => Ok(Value::Own(Own::Service)),
        "action" => Ok(Value::Own(Own::Action)),
        "caller" => Ok(Value::Own(Own::CallerArn)),
        "caller.id" => Ok(Value::Own(Own::CallerId)),
        "address" => Ok(Value::Own(Own::Address)),
        "cipher" => Ok(Value::Own(Own::Cipher)),
        "target.arn" => Ok(Value::Target(Target::RoleArn)),
        "target.role" => Ok(Value::Target(Target::RoleName)),
        "target.id" => Ok(Value::Target(Target::RoleId)),
        "target.session.arn" => Ok(Value::Target(Target::SessionArn)),
        "target.session" => Ok(Value::Target(Target::SessionName)),
        "target.key" => Ok(Value::Target(Target::AccessKey)),
        _ => {
            let (name, fresh) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
            if let Some(kind) = names::NAMES.iter().position(|row| row.key == name) {
                return Ok(Value::Name { kind, fresh });
            }
            let kind = ids::IDS.iter().position(|row| row.key == name).ok_or_else(wrong)?;
            Ok(Value::Id { kind, fresh })
        }
    }
}
