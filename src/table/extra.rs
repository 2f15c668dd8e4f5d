//! Values by path, for the JSON columns that hold several: `extra` and `aggregation_summary`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Paths, which are raw JSON strings already, and the text of their values.
pub(super) type Extra<'a> = Vec<(Cow<'a, str>, &'a str)>;

/// `{"path":value,...}`
pub(super) fn json_object(members: &[(Cow<'_, str>, &str)]) -> String {
    let mut text =
        String::with_capacity(members.iter().map(|(path, value)| path.len() + value.len() + 4).sum());
    for (path, value) in members {
        let separator = if text.is_empty() { '{' } else { ',' };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}\"{path}\":{value}");
    }
    text.push('}');
    text
}
