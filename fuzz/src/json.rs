//! JSON values as they are compared, and JSON made of a fuzzer's input.

#[path = "../../src/table/restore/tests/comparable.rs"]
mod comparable;

use libfuzzer_sys::arbitrary::{Result, Unstructured};

use crate::table::column::columns;
pub use comparable::{Json, json};

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
