//! One CloudTrail event: JSON that has been checked, with its top-level members located.

use super::json::{MemberSpan, Span};
use super::value::{Text, Value};

/// Where one top-level member lies, in bytes from the start of the event.
#[derive(Debug, Clone)]
pub(super) struct FieldSpan {
    key: Span,
    value: Span,
    plain: bool,
}

impl FieldSpan {
    /// `member` as the scanner gave it for an event that starts at `start`.
    pub(super) fn new(member: MemberSpan, start: usize) -> Self {
        let relative = |span: Span| span.start - start..span.end - start;
        Self { key: relative(member.name), value: relative(member.value), plain: member.plain }
    }

    /// The member's name, in the object it was located in.
    pub(super) fn key<'a>(&self, object: &'a str) -> Text<'a> {
        Text::scanned(&object[self.key.clone()], self.plain)
    }

    /// The member's value, in the object it was located in.
    pub(super) fn value<'a>(&self, object: &'a str) -> Value<'a> {
        Value::scanned(&object[self.value.clone()], self.plain)
    }

    pub(super) fn key_span(&self) -> Span {
        self.key.clone()
    }

    pub(super) fn value_span(&self) -> Span {
        self.value.clone()
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
        Value::scanned(self.text, false)
    }

    /// The top-level members in their order, repeated keys included.
    pub fn fields(&self) -> impl Iterator<Item = (Text<'a>, Value<'a>)> + use<'a> {
        let text = self.text;
        self.fields.iter().map(move |field| (field.key(text), field.value(text)))
    }

    /// The first top-level member of that name.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.fields().find(|(key, _)| key.is(name)).map(|(_, value)| value)
    }
}
