//! JSON values as they are compared: what must be the same after a row was made of an event and an event of the row.
//! The fuzz targets take this file in as well.

#![allow(unreachable_pub, reason = "the fuzz targets are a crate of their own")]

use crate::decode::value::{Kind, Text, Value};

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
