//! Paths into JSON text, as Trino's functions take them: `$.policy.Statement[0]['Principal']`.
//!
//! The text is read once and only as far as the path leads; nothing is built but the value found.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as _, Deserializer};
use serde_json::value::RawValue;

/// A path from the root of a JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::query) struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Key(String),
    Index(usize),
    /// Each element of an array.
    Every,
}

impl JsonPath {
    /// The path to a key of an object.
    pub(super) fn key(key: &str) -> Self {
        Self(vec![Step::Key(key.to_owned())])
    }

    /// The path to an element of an array, from zero.
    pub(super) fn index(index: usize) -> Self {
        Self(vec![Step::Index(index)])
    }

    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(in crate::query) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("the path {text} is none; one is $.key, $[\"key\"], $[0], or several of these in a row")
        };
        let mut rest = text.strip_prefix('$').ok_or_else(wrong)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let quoted = [("['", "']"), ("[\"", "\"]"), (".\"", "\"")];
            if let Some((inner, end)) =
                quoted.iter().find_map(|(open, end)| Some((rest.strip_prefix(open)?, end)))
            {
                let (key, behind) = inner.split_once(end).ok_or_else(wrong)?;
                steps.push(Step::Key(key.to_owned()));
                rest = behind;
            } else if let Some(inner) = rest.strip_prefix('[') {
                let (index, behind) = inner.split_once(']').ok_or_else(wrong)?;
                // Trino takes a name in brackets without quotes for a key.
                steps.push(match index {
                    "*" => Step::Every,
                    index => index.parse().map_or_else(|_| Step::Key(index.to_owned()), Step::Index),
                });
                rest = behind;
            } else {
                let inner = rest.strip_prefix('.').ok_or_else(wrong)?;
                let end = inner.find(['.', '[']).unwrap_or(inner.len());
                let (key, behind) = inner.split_at(end);
                if key.is_empty() || key == "*" {
                    return Err(wrong());
                }
                steps.push(Step::Key(key.to_owned()));
                rest = behind;
            }
        }
        Ok(Self(steps))
    }

    /// The value to which the path leads in a text; none if it leads nowhere, or the text is no JSON up to there. A path by `[*]`
    /// leads to an array of all that it leads to.
    pub(in crate::query) fn find<'j>(&self, json: &'j str) -> Option<Cow<'j, str>> {
        find(&self.0, json)
    }
}

fn find<'j>(steps: &[Step], json: &'j str) -> Option<Cow<'j, str>> {
    let Some(every) = steps.iter().position(|step| *step == Step::Every) else {
        return seek(steps, json).map(Cow::Borrowed);
    };
    let elements = elements(seek(&steps[..every], json)?)?;
    let found: Vec<_> =
        elements.into_iter().filter_map(|element| find(&steps[every + 1..], element)).collect();
    Some(Cow::Owned(format!("[{}]", found.join(","))))
}

fn seek<'j>(steps: &[Step], json: &'j str) -> Option<&'j str> {
    let mut reader = serde_json::Deserializer::from_str(json);
    Seek(steps).deserialize(&mut reader).ok().flatten().map(RawValue::get)
}

/// A value as text, if it is one value: no object, array or null.
pub(in crate::query) fn scalar(json: &str) -> Option<Cow<'_, str>> {
    match json.trim_start().as_bytes().first()? {
        b'{' | b'[' | b'n' => None,
        b'"' => text(json),
        _ => Some(Cow::Borrowed(json.trim())),
    }
}

/// A text without its quotes and escapes.
fn text(json: &str) -> Option<Cow<'_, str>> {
    // Serde would make a copy in any case.
    let inner = json.trim().strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(json).ok().map(Cow::Owned)
}

/// A value as text, whatever it is: JSON text of what is no scalar. None for null.
pub(in crate::query) fn any(json: &str) -> Option<Cow<'_, str>> {
    match json.trim_start().as_bytes().first()? {
        b'{' | b'[' => Some(Cow::Borrowed(json)),
        _ => scalar(json),
    }
}

/// The elements of an array.
pub(super) fn elements(json: &str) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
}

struct Seek<'p>(&'p [Step]);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            [] => <&RawValue>::deserialize(reader).map(Some),
            _ => reader.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let [Step::Key(wanted), rest @ ..] = self.0 else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        };
        while let Some(is_wanted) = map.next_key_seed(Is(wanted))? {
            match is_wanted && found.is_none() {
                true => found = map.next_value_seed(Seek(rest))?,
                false => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let (mut index, mut found) = (0, None);
        loop {
            let wanted = match self.0 {
                [Step::Index(wanted), rest @ ..] if *wanted == index => Some(rest),
                _ => None,
            };
            match wanted {
                Some(rest) => match elements.next_element_seed(Seek(rest))? {
                    Some(value) => found = value,
                    None => return Ok(found),
                },
                None if elements.next_element::<IgnoredAny>()?.is_none() => return Ok(found),
                None => {}
            }
            index += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Whether a key is the one that is looked for.
struct Is<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        // Half of a surrogate pair is no text, and must not hide the keys beside it.
        reader.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<bool, E> {
        Ok(key == self.0.as_bytes())
    }
}
