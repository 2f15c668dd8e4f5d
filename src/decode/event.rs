//! One CloudTrail event: JSON that has been checked, with its top-level members located.

use super::json::Span;
use super::value::{Kind, Text, Value};

/// Where one top-level member lies, in bytes from the start of the event.
#[derive(Debug, Clone)]
pub(super) struct FieldSpan {
    key: Span,
    value: Span,
}

impl FieldSpan {
    /// `key` and `value` as the scanner gave them for an event that starts at `start`.
    pub(super) fn new(key: Span, value: Span, start: usize) -> Self {
        let relative = |span: Span| span.start - start..span.end - start;
        Self { key: relative(key), value: relative(value) }
    }
}

/// One event, borrowed from the inflated object.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    text: &'a str,
    fields: &'a [FieldSpan],
    /// Position among the object's events and rejects, from 0.
    pub index: u64,
    /// Where the event begins in the inflated object.
    pub offset: u64,
}

impl<'a> Event<'a> {
    pub(super) fn new(text: &'a str, fields: &'a [FieldSpan], index: u64, offset: u64) -> Self {
        Self { text, fields, index, offset }
    }

    /// The event as it was written.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The event as a JSON value.
    pub fn value(&self) -> Value<'a> {
        Value::scanned(self.text)
    }

    /// The top-level members in their order, repeated keys included.
    pub fn fields(&self) -> impl Iterator<Item = (Text<'a>, Value<'a>)> + use<'a> {
        let text = self.text;
        self.fields.iter().map(move |field| {
            (Text::scanned(&text[field.key.clone()]), Value::scanned(&text[field.value.clone()]))
        })
    }

    /// The first top-level member of that name.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.fields().find(|(key, _)| key.is(name)).map(|(_, value)| value)
    }

    /// Whether this JSON object is a CloudTrail event at all.
    ///
    /// An event says what happened (`eventName`, or `insightDetails` of an Insight, or `summary` of an aggregated
    /// event) and carries a version or a source. Stream and bucket notifications borrow the same names; they are
    /// told apart by an `aws:` source or by a version from 2 on.
    /// See the [record contents](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html)
    /// and the [S3 message structure](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
    pub(super) fn is_cloudtrail(&self) -> bool {
        let (mut names_action, mut has_version, mut has_source) = (false, false, false);
        for (key, value) in self.fields() {
            if value.kind() == Kind::Null {
                continue;
            }
            match key.decode().as_deref().unwrap_or_default() {
                "eventName" | "insightDetails" | "summary" => names_action = true,
                "eventVersion" => {
                    has_version = true;
                    if value.as_string().is_some_and(|version| is_other_major(version.raw())) {
                        return false;
                    }
                }
                "eventSource" => {
                    has_source = true;
                    if value.as_string().is_some_and(|source| source.raw().starts_with("aws:")) {
                        return false;
                    }
                }
                _ => {}
            }
        }
        names_action && (has_version || has_source)
    }
}

/// CloudTrail's versions are `1.x`; its documentation also shows `0`. AWS raises the major number for incompatible
/// changes only.
fn is_other_major(version: &str) -> bool {
    let major = version.split('.').next().unwrap_or_default();
    major.parse::<u32>().is_ok_and(|major| major >= 2)
}
