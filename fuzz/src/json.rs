//! JSON values as they are compared, and JSON made of a fuzzer's input.

use libfuzzer_sys::arbitrary::{Result, Unstructured};

use crate::decode::value::{Kind, Text, Value};
use crate::table::column::columns;

/// A string as it is said: its characters, or its raw text if it holds what no character can be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// Its characters.
    Text(String),
    /// With a lone surrogate.
    Raw(String),
}

/// A JSON value, comparable: numbers are their text, members are sorted by name, those of one name keep their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `{}`
    Object(Vec<(Said, Self)>),
    /// `[]`
    Array(Vec<Self>),
    /// `""`
    Text(Said),
    /// A number, `true`, `false` or `null`.
    Word(String),
}

fn said(text: Text<'_>) -> Said {
    text.decode().map_or_else(|_| Said::Raw(text.raw().to_owned()), |text| Said::Text(text.into_owned()))
}

/// The value, comparable.
pub fn json(value: Value<'_>) -> Json {
    match (value.kind(), value.as_string()) {
        (Kind::Object, _) => {
            let mut members: Vec<(Said, Json)> =
                value.members().map(|(key, value)| (said(key), json(value))).collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            Json::Object(members)
        }
        (Kind::Array, _) => Json::Array(value.items().map(json).collect()),
        (Kind::String, Some(text)) => Json::Text(said(text)),
        _ => Json::Word(value.text().to_owned()),
    }
}

/// Values that are easily mistaken for one another.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "\"true\"",
    "\"false\"",
    "\"True\"",
    "\"\"",
    "{}",
    "[]",
    "0",
    "-0",
    "1",
    "500.0",
    "1E-5",
    "1234567890123456789",
    "\"text\"",
    "\"a.b\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\\/\"",
    "\"2025-03-01T00:00:00Z\"",
    "\"2025-03-01T00:00:00.123456Z\"",
    "\"2025-03-01\"",
    "\"0000-00-00T99:99:99Z\"",
    "\"Mar 1, 2025 12:00:00 AM\"",
    "[{}]",
    "[[]]",
    "[null]",
    "[{\"ARN\":\"arn:aws:s3:::b\",\"accountId\":\"1\",\"type\":\"t\"}]",
    "[{\"ARN\":\"a\",\"ARN\":\"b\"}]",
    "[{\"accountId\":null}]",
    "[{\"other\":1}]",
    "{\"a\":null}",
    "{\"a\":{\"b\":{}}}",
    "\"s3.amazonaws.com\"",
    "\"aws:s3\"",
    "\"root\"",
    "\"Root\"",
    "\"AWSService\"",
    "\"1.08\"",
    "\"2.0\"",
];

/// Names that no column has, and such that make trouble in paths.
const NAMES: &[&str] =
    &["new", "", ".", "a.b", "$", "\\\\", "\\u0065ventName", "userIdentity.type", "\\ud800", "é", "null"];

/// An object like an event: names of known fields and others, values of any type.
pub fn event(input: &mut Unstructured<'_>) -> Result<String> {
    let mut out = String::from(r#"{"eventName":"x","eventVersion":"1.08""#);
    let paths: Vec<&str> = columns().iter().filter_map(|column| column.path.as_deref()).collect();
    for _ in 0..input.int_in_range(0..=12)? {
        let path = if input.ratio(3, 4)? { *input.choose(&paths)? } else { *input.choose(NAMES)? };
        out.push(',');
        if path.starts_with(|first: char| first.is_ascii_alphabetic()) && input.ratio(7, 8)? {
            // Once in a while an object on the way has a member more, or is none.
            let steps: Vec<&str> = path.split('.').collect();
            for (depth, step) in steps.iter().enumerate() {
                out.push_str(&format!("\"{step}\":"));
                if depth + 1 < steps.len() {
                    out.push('{');
                    if input.ratio(1, 8)? {
                        out.push_str(&format!("\"{}\":{},", input.choose(NAMES)?, input.choose(VALUES)?));
                    }
                }
            }
            out.push_str(input.choose(VALUES)?);
            (1..steps.len()).for_each(|_| out.push('}'));
        } else {
            out.push_str(&format!("\"{path}\":{}", input.choose(VALUES)?));
        }
    }
    out.push('}');
    Ok(out)
}
