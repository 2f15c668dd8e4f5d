//! A strict JSON scanner over a byte slice that hands out spans, not values.
//!
//! Events are kept as they were written: number text, escapes and key order inside payloads must survive, a
//! broken event must be located to the byte, and nesting must not be able to overflow the stack. So nothing here
//! builds a tree or recurses; a value is the slice of bytes it occupies. Grammar: RFC 8259. Text is not checked
//! to be UTF-8 here (an event is checked once, as a whole), and `\ud800`-style lone surrogates are let through:
//! whoever turns a string into text finds them.

use std::fmt;

use wide::u8x16;

/// Arrays and objects may be nested this deep. AWS's own records stay below twenty levels; the ceiling keeps
/// readers of the JSON text columns, many of which recurse, from falling over a hostile value.
pub const MAX_DEPTH: usize = 512;

/// Why a slice is not JSON, and at which byte of the slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// Offset into the scanned slice.
    pub at: usize,
    /// What was wrong there.
    pub kind: JsonErrorKind,
}

/// What is wrong with a piece of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonErrorKind {
    /// The bytes end inside a value; with more bytes it might be JSON.
    UnexpectedEnd,
    /// A value was due here.
    ExpectedValue,
    /// A member's quoted name was due here.
    ExpectedKey,
    /// `:` was due here.
    ExpectedColon,
    /// `,` or the closing bracket was due here.
    ExpectedCommaOrEnd,
    /// A backslash is followed by something that is no escape.
    BadEscape,
    /// A raw control character stands inside a string.
    ControlCharacter,
    /// A number breaks the grammar.
    BadNumber,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl fmt::Display for JsonErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnexpectedEnd => "the JSON ends too early",
            Self::ExpectedValue => "expected a JSON value",
            Self::ExpectedKey => "expected a quoted member name",
            Self::ExpectedColon => "expected `:`",
            Self::ExpectedCommaOrEnd => "expected `,` or a closing bracket",
            Self::BadEscape => "unknown escape in a string",
            Self::ControlCharacter => "control character inside a string",
            Self::BadNumber => "malformed number",
            Self::TooDeep => "too many brackets are open",
        })
    }
}

/// A byte range of the scanned slice.
pub type Span = std::ops::Range<usize>;

/// A member of an object.
#[derive(Debug, Clone)]
pub struct MemberSpan {
    /// Its name, between the quotes.
    pub name: Span,
    /// Its value.
    pub value: Span,
    /// Neither holds an escape: what is written there is what is meant.
    pub plain: bool,
}

/// The scanner: a position in a slice.
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Whether an escape has been stepped over since this was last asked.
    escaped: bool,
}

impl<'a> Scanner<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::at(bytes, 0)
    }

    /// Starts at byte `position`.
    pub fn at(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position, escaped: false }
    }

    /// The offset of the next unread byte.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Skips white space; the byte then due, if there is one.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        match self.due() {
            // AWS writes none between tokens.
            Some(byte) if byte > b' ' => Some(byte),
            _ => self.peek_behind_space(),
        }
    }

    fn peek_behind_space(&mut self) -> Option<u8> {
        while let Some(byte) = self.due() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.position += 1;
        }
        None
    }

    /// Takes `byte` if it is due.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        let due = self.peek() == Some(byte);
        self.position += usize::from(due);
        due
    }

    /// Behind `{` or a member: the next member, or `None` behind `}`. The comma before a member is taken with it.
    ///
    /// # Errors
    /// Where the slice is not JSON.
    pub fn next_member(&mut self) -> Result<Option<MemberSpan>, JsonError> {
        let Some(name) = self.next_name()? else {
            return Ok(None);
        };
        let escaped = self.escaped;
        let value = self.value()?;
        Ok(Some(MemberSpan { name, value, plain: !(escaped || self.escaped) }))
    }

    /// Behind `{` or a member: the next member's name, or `None` behind `}`. Its value is due then.
    ///
    /// # Errors
    /// Where the slice is not JSON.
    pub(super) fn next_name(&mut self) -> Result<Option<Span>, JsonError> {
        if !self.next_element(b'{', b'}')? {
            return Ok(None);
        }
        self.escaped = false;
        self.member_name().map(Some)
    }

    /// Whether the name or value that was stepped over last holds no escape.
    pub(super) fn was_plain(&self) -> bool {
        !self.escaped
    }

    /// Behind `[` or an item: the next item, or `None` behind `]`. The comma before an item is taken with it.
    ///
    /// # Errors
    /// Where the slice is not JSON.
    pub fn next_item(&mut self) -> Result<Option<Span>, JsonError> {
        if !self.next_element(b'[', b']')? {
            return Ok(None);
        }
        self.value().map(Some)
    }

    /// Steps over the comma before an element, or over the closing bracket (then `false`).
    #[inline]
    fn next_element(&mut self, open: u8, close: u8) -> Result<bool, JsonError> {
        if self.peek() == Some(close) {
            self.position += 1;
            return Ok(false);
        }
        // The first element follows its opening bracket without a comma. White space may lie between.
        let before = &self.bytes[..self.position];
        let first = match before.last() {
            Some(byte) if *byte > b' ' => *byte == open,
            _ => before.iter().rev().find(|byte| !byte.is_ascii_whitespace()) == Some(&open),
        };
        if !first && !self.take(b',') {
            return Err(self.fail(JsonErrorKind::ExpectedCommaOrEnd));
        }
        Ok(true)
    }

    /// A member's name and its colon; the span of the name between the quotes.
    ///
    /// # Errors
    /// Where the slice is not JSON.
    pub fn member_name(&mut self) -> Result<Span, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.fail(JsonErrorKind::ExpectedKey));
        }
        let key = self.string()?;
        if !self.take(b':') {
            return Err(self.fail(JsonErrorKind::ExpectedColon));
        }
        Ok(key)
    }

    /// One whole value, whatever its type, checked against the grammar without recursion.
    ///
    /// # Errors
    /// Where the slice is not JSON, or is nested deeper than [`MAX_DEPTH`].
    pub fn value(&mut self) -> Result<Span, JsonError> {
        let first = self.peek();
        let start = self.position;
        self.escaped = false;
        match first {
            Some(b'"') => {
                self.string()?;
            }
            Some(b'{' | b'[') => self.nested()?,
            _ => self.scalar()?,
        }
        Ok(start..self.position)
    }

    /// Objects and arrays: the open brackets are kept on a bit stack (1 for an object).
    fn nested(&mut self) -> Result<(), JsonError> {
        let mut stack = [0_u64; MAX_DEPTH / 64];
        let mut depth = 0;
        loop {
            // A value is due.
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if depth == MAX_DEPTH {
                        return Err(self.fail(JsonErrorKind::TooDeep));
                    }
                    self.position += 1;
                    let bit = 1 << (depth % 64);
                    if open == b'{' {
                        stack[depth / 64] |= bit;
                    } else {
                        stack[depth / 64] &= !bit;
                    }
                    depth += 1;
                    let close = if open == b'{' { b'}' } else { b']' };
                    if !self.take(close) {
                        if open == b'{' {
                            self.member_name()?;
                        }
                        continue;
                    }
                    depth -= 1;
                }
                Some(b'"') => {
                    self.string()?;
                }
                _ => self.scalar()?,
            }
            // A value is complete: close what closes, until the next value is due.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let in_object = stack[(depth - 1) / 64] >> ((depth - 1) % 64) & 1 == 1;
                match self.peek() {
                    Some(b',') => {
                        self.position += 1;
                        if in_object {
                            self.member_name()?;
                        }
                        break;
                    }
                    Some(b'}') if in_object => self.position += 1,
                    Some(b']') if !in_object => self.position += 1,
                    _ => return Err(self.fail(JsonErrorKind::ExpectedCommaOrEnd)),
                }
                depth -= 1;
            }
        }
    }

    fn scalar(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.fail(JsonErrorKind::ExpectedValue)),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), JsonError> {
        let rest = &self.bytes[self.position..];
        if rest.starts_with(word) {
            self.position += word.len();
            return Ok(());
        }
        let same = rest.iter().zip(word).take_while(|(a, b)| a == b).count();
        self.position += same;
        Err(self.fail(JsonErrorKind::ExpectedValue))
    }

    /// `-? (0 | [1-9][0-9]*) ('.' [0-9]+)? ([eE] [+-]? [0-9]+)?`
    fn number(&mut self) -> Result<(), JsonError> {
        self.position += usize::from(self.due() == Some(b'-'));
        if self.due() == Some(b'0') {
            self.position += 1;
        } else {
            self.digits()?;
        }
        if self.due() == Some(b'.') {
            self.position += 1;
            self.digits()?;
        }
        if matches!(self.due(), Some(b'e' | b'E')) {
            self.position += 1;
            self.position += usize::from(matches!(self.due(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.position;
        while matches!(self.due(), Some(b'0'..=b'9')) {
            self.position += 1;
        }
        if self.position == start { Err(self.fail(JsonErrorKind::BadNumber)) } else { Ok(()) }
    }

    /// A string at its opening quote; the span between the quotes.
    #[inline]
    fn string(&mut self) -> Result<Span, JsonError> {
        self.position += 1;
        let start = self.position;
        loop {
            self.position += plain_prefix(&self.bytes[self.position..]);
            match self.due() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(start..self.position - 1);
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.fail(JsonErrorKind::ControlCharacter)),
                None => return Err(self.fail(JsonErrorKind::UnexpectedEnd)),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.escaped = true;
        self.position += 1;
        match self.due() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.position += 1,
            Some(b'u') => {
                self.position += 1;
                for _ in 0..4 {
                    if !self.due().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.fail(JsonErrorKind::BadEscape));
                    }
                    self.position += 1;
                }
            }
            _ => return Err(self.fail(JsonErrorKind::BadEscape)),
        }
        Ok(())
    }

    #[inline]
    fn due(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    /// An error here; at the end of the slice it is always that the JSON ends too early.
    fn fail(&self, kind: JsonErrorKind) -> JsonError {
        let ended = self.position >= self.bytes.len();
        JsonError { at: self.position, kind: if ended { JsonErrorKind::UnexpectedEnd } else { kind } }
    }
}

/// How many bytes from the start of `bytes` are neither quote, backslash nor control character; sixteen at a time.
fn plain_prefix(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
        let text = u8x16::new(*chunk);
        // There is no "less than" for bytes; a byte that is its own minimum is one of the least.
        let control = text.min(u8x16::splat(0x1f)).simd_eq(text);
        let found = text.simd_eq(u8x16::splat(b'"')) | text.simd_eq(u8x16::splat(b'\\')) | control;
        let mask = found.to_bitmask();
        if mask != 0 {
            return at + mask.trailing_zeros() as usize;
        }
        at += 16;
    }
    let tail = &bytes[at..];
    at + tail.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20).unwrap_or(tail.len())
}
