//! JSON values as slices of the text they were scanned from.

use std::borrow::Cow;

use super::json::{JsonError, JsonErrorKind, MemberSpan, Scanner};

/// The JSON type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{...}`
    Object,
    /// `[...]`
    Array,
    /// `"..."`
    String,
    /// A number of any form.
    Number,
    /// `true` or `false`
    Boolean,
    /// `null`
    Null,
}

/// One JSON value as the text it was, without white space around it.
///
/// Invariant: `text` is one complete value of valid JSON. Only the scanner makes values.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    text: &'a str,
    /// Known to hold no escape.
    plain: bool,
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Value<'_> {}

impl<'a> Value<'a> {
    /// The value's own text, byte for byte.
    #[inline]
    pub fn text(self) -> &'a str {
        self.text
    }

    /// Told by the first byte, which is enough for valid JSON.
    #[inline]
    pub fn kind(self) -> Kind {
        match self.text.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// The string's content between the quotes, if this is a string.
    #[inline]
    pub fn as_string(self) -> Option<Text<'a>> {
        match self.kind() {
            Kind::String => Some(Text { inner: &self.text[1..self.text.len() - 1], plain: self.plain }),
            _ => None,
        }
    }

    /// The members of an object in their order, repeated keys included; nothing if this is no object.
    pub fn members(self) -> Members<'a> {
        Members { scanner: self.inside(Kind::Object), text: self.text }
    }

    /// Goes through the members of an object; nothing if this is no object.
    pub fn walk(self) -> Walk<'a> {
        Walk { scanner: self.inside(Kind::Object), text: self.text }
    }

    /// The items of an array; nothing if this is no array.
    pub fn items(self) -> Items<'a> {
        Items { scanner: self.inside(Kind::Array), text: self.text }
    }

    /// Follows a dotted path of member names through nested objects.
    pub fn find(self, path: &str) -> Option<Self> {
        path.split('.').try_fold(self, |value, name| {
            value.members().find(|(key, _)| key.is(name)).map(|(_, found)| found)
        })
    }

    /// A scanner behind the opening bracket, or at the end if the value is of another kind.
    fn inside(self, kind: Kind) -> Scanner<'a> {
        Scanner::at(self.text.as_bytes(), if self.kind() == kind { 1 } else { self.text.len() })
    }
}

/// A string's content as written, escapes and all.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    inner: &'a str,
    /// Known to hold no escape.
    plain: bool,
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Text<'_> {}

/// A string holds half of a surrogate pair, which UTF-8 cannot express.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoneSurrogate;

impl<'a> Text<'a> {
    /// The content with its escapes unresolved.
    #[inline]
    pub fn raw(self) -> &'a str {
        self.inner
    }

    /// Whether the string reads `text`. Escaped spellings of the same text count.
    pub fn is(self, text: &str) -> bool {
        self.inner == text
            || (!self.plain
                && self.inner.contains('\\')
                && self.decode().is_ok_and(|decoded| decoded == text))
    }

    /// Whether it is known to be written as it reads.
    #[inline]
    pub fn is_plain(self) -> bool {
        self.plain
    }

    /// The text itself: borrowed if it holds no escape.
    ///
    /// # Errors
    /// [`LoneSurrogate`] if an escape names half a surrogate pair.
    #[inline]
    pub fn decode(self) -> Result<Cow<'a, str>, LoneSurrogate> {
        if self.plain { Ok(Cow::Borrowed(self.inner)) } else { self.unescaped() }
    }

    fn unescaped(self) -> Result<Cow<'a, str>, LoneSurrogate> {
        let Some(first) = memchr::memchr(b'\\', self.inner.as_bytes()) else {
            return Ok(Cow::Borrowed(self.inner));
        };
        let mut decoded = String::with_capacity(self.inner.len());
        decoded.push_str(&self.inner[..first]);
        let mut rest = &self.inner[first..];
        while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
            decoded.push_str(&rest[..at]);
            let (character, length) = unescape(&rest.as_bytes()[at..]).ok_or(LoneSurrogate)?;
            decoded.push(character);
            rest = &rest[at + length..];
        }
        decoded.push_str(rest);
        Ok(Cow::Owned(decoded))
    }
}

/// The character an escape stands for, and how many bytes the escape takes. `None` for a lone surrogate.
fn unescape(escape: &[u8]) -> Option<(char, usize)> {
    let simple = match escape.get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let high = hex4(escape.get(2..6)?)?;
            if let Some(character) = char::from_u32(high) {
                return Some((character, 6));
            }
            let low = (escape.get(6..8)? == b"\\u").then(|| escape.get(8..12)).flatten().and_then(hex4)?;
            if !(0xd800..0xdc00).contains(&high) || !(0xdc00..0xe000).contains(&low) {
                return None;
            }
            return char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).map(|c| (c, 12));
        }
        other => char::from(*other),
    };
    Some((simple, 2))
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}

/// Iterates over an object's members. See [`Value::members`].
#[derive(Debug, Clone)]
pub struct Members<'a> {
    scanner: Scanner<'a>,
    text: &'a str,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Text<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let MemberSpan { name, value, plain } = self.scanner.next_member().ok()??;
        Some((Text { inner: self.text.get(name)?, plain }, Value { text: self.text.get(value)?, plain }))
    }
}

/// Goes through an object's members and, where that is wanted, into those that are objects themselves: each byte is looked at
/// once, however deep the members lie.
#[derive(Debug)]
pub struct Walk<'a> {
    scanner: Scanner<'a>,
    text: &'a str,
}

impl<'a> Walk<'a> {
    /// The next member's name; `None` behind the last member of this object. Its [value](Self::value) must be taken, or
    /// [entered](Self::enter).
    pub fn next_name(&mut self) -> Option<Text<'a>> {
        let name = self.scanner.next_name().ok()??;
        Some(Text { inner: self.text.get(name)?, plain: self.scanner.was_plain() })
    }

    /// Steps into the value that is due, if it is an object: the next names are those of its members.
    pub fn enter(&mut self) -> bool {
        self.scanner.take(b'{')
    }

    /// The value that is due.
    pub fn value(&mut self) -> Option<Value<'a>> {
        let span = self.scanner.value().ok()?;
        Some(Value { text: self.text.get(span)?, plain: self.scanner.was_plain() })
    }
}

/// Iterates over an array's items. See [`Value::items`].
#[derive(Debug, Clone)]
pub struct Items<'a> {
    scanner: Scanner<'a>,
    text: &'a str,
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let span = self.scanner.next_item().ok()??;
        Some(Value { text: self.text.get(span)?, plain: self.scanner.was_plain() })
    }
}

impl<'a> Value<'a> {
    /// Reads `text` as exactly one value.
    ///
    /// # Errors
    /// Where the text is not JSON; trailing bytes other than white space count as an error.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(text.as_bytes());
        let span = scanner.value()?;
        match scanner.peek() {
            None => Ok(Self { text: &text[span], plain: scanner.was_plain() }),
            Some(_) => Err(JsonError { at: scanner.position(), kind: JsonErrorKind::ExpectedValue }),
        }
    }

    /// Reads `text` as exactly one object whose members may each be nested as deep as JSON is read at all: an event.
    ///
    /// # Errors
    /// Where the text is no JSON object; trailing bytes other than white space count as an error.
    pub fn parse_record(text: &'a str) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(text.as_bytes());
        let expected_value =
            |scanner: &Scanner<'_>| JsonError { at: scanner.position(), kind: JsonErrorKind::ExpectedValue };
        if !scanner.take(b'{') {
            return Err(expected_value(&scanner));
        }
        let start = scanner.position() - 1;
        while scanner.next_member()?.is_some() {}
        let end = scanner.position();
        match scanner.peek() {
            None => Ok(Self { text: &text[start..end], plain: false }),
            Some(_) => Err(expected_value(&scanner)),
        }
    }

    /// A value the scanner has just stepped over, and whether it is known to hold no escape.
    pub(super) fn scanned(text: &'a str, plain: bool) -> Self {
        Self { text, plain }
    }
}

impl<'a> Text<'a> {
    /// A string's content the scanner has just stepped over, and whether it is known to hold no escape.
    pub(super) fn scanned(inner: &'a str, plain: bool) -> Self {
        Self { inner, plain }
    }
}
