//! One spelling for each JSON value: members sorted by name, no white space, escapes resolved.
//!
//! Two copies of an event that differ in key order or layout alone come out the same. Number text is left as it
//! is: `500.0` and `500` are different texts, and an event is what its text says. In the spirit of
//! [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785), which rewrites numbers.

use std::borrow::Cow;

use super::value::{Kind, Text, Value};

/// Appends the canonical spelling of `value` to `out`. Recursion is bounded by [`super::json::MAX_DEPTH`].
pub fn write(value: Value<'_>, out: &mut Vec<u8>) {
    match value.kind() {
        Kind::Object => {
            let mut members: Vec<(Resolved<'_>, Value<'_>)> =
                value.members().map(|(key, value)| (resolved(key), value)).collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            out.push(b'{');
            for (key, value) in members {
                write_text(&key, out);
                out.push(b':');
                write(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Kind::Array => {
            out.push(b'[');
            for item in value.items() {
                write(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Kind::String => value.as_string().into_iter().for_each(|text| write_text(&resolved(text), out)),
        Kind::Number | Kind::Boolean | Kind::Null => out.extend_from_slice(value.text().as_bytes()),
    }
}

/// A text; or, as an error, its escaped form where it holds a lone surrogate. The two are never equal: `"\ud800"` is
/// another text than `"\\ud800"`.
type Resolved<'a> = Result<Cow<'a, str>, &'a str>;

fn resolved(text: Text<'_>) -> Resolved<'_> {
    text.decode().map_err(|_| text.raw())
}

/// Length first, so that no content can imitate the end of a string.
fn write_text(text: &Resolved<'_>, out: &mut Vec<u8>) {
    let (mark, text) = match text {
        Ok(text) => (b'"', text.as_ref()),
        Err(escaped) => (b'\\', *escaped),
    };
    out.push(mark);
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}
