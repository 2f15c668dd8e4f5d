//! Saved queries: questions that many ask, each a file of SQL whose head says what it answers.
//!
//! ```sql
//! -- title: Use of the root user
//! -- answers: Who used the root user, for what, and from where?
//! -- reference: https://attack.mitre.org/techniques/T1078/004/
//! -- param since timestamp = 1970-01-01T00:00:00Z: events from then on
//! SELECT event_time, event_name FROM events WHERE is_root AND event_time >= $since
//! ```
//!
//! Those of `queries/` are part of the program; others lie where the user says.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use chrono::{DateTime, Utc};
use datafusion::arrow::compute::kernels::cast_utils::string_to_datetime;
use sqlparser::ast::{Expr, Value};

use super::{advice, trino};

include!(concat!(env!("OUT_DIR"), "/saved.rs"));

/// Why a saved query cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SavedError {
    /// No title, or no statement.
    #[error(
        "the saved query {query} has no {what}; its head is comments such as `-- title: ...`, then comes one SELECT"
    )]
    Incomplete {
        /// The query.
        query: String,
        /// What is missing.
        what: &'static str,
    },
    /// A line of the head that says nothing known.
    #[error(
        "line {line} of the saved query {query} is no parameter: one is `-- param since timestamp = 2025-01-01: what it is`, \
         its type text, integer, number, boolean or timestamp"
    )]
    BadParameter {
        /// The query.
        query: String,
        /// From 1.
        line: usize,
    },
    /// There is no such query.
    #[error("there is no saved query {name}{} `trailhouse queries list` names them", advice::did_you_mean(.near))]
    NoQuery {
        /// As typed.
        name: String,
        /// Those whose names are like it.
        near: Vec<String>,
    },
    /// A directory of saved queries, or a file there, cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Its path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The query has no such parameter.
    #[error("there is no parameter {name}; there {}", are(.known))]
    NoParameter {
        /// As typed.
        name: String,
        /// Those it has.
        known: Vec<String>,
    },
    /// A parameter without a value.
    #[error("the parameter {name} needs a value ({doc}): --param {name}=...")]
    NotGiven {
        /// Its name.
        name: String,
        /// What it is.
        doc: String,
    },
    /// A value of another type.
    #[error("the parameter {name} is {kind}, and {value} is not{}", example(*.kind))]
    BadValue {
        /// The parameter.
        name: String,
        /// Its type.
        kind: ParameterKind,
        /// As typed.
        value: String,
    },
}

fn are(names: &[String]) -> String {
    match names {
        [] => "are none".to_owned(),
        [name] => format!("is {name}"),
        names => format!("are {}", names.join(", ")),
    }
}

fn example(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Timestamp => "; one is 2025-03-01 or 2025-03-01T08:30:00Z (UTC)",
        ParameterKind::Boolean => "; one is true or false",
        _ => "",
    }
}

/// A question with its answer in SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQuery {
    /// Its name: that of the file.
    pub name: String,
    /// What it is about, in a few words.
    pub title: String,
    /// What it answers.
    pub answers: String,
    /// Where it is asked: rules of a benchmark, pages.
    pub references: Vec<String>,
    /// What may be said with it.
    pub parameters: Vec<Parameter>,
    /// One `SELECT`.
    pub sql: String,
}

/// A parameter of a saved query: `$name` in its SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What values it takes.
    pub kind: ParameterKind,
    /// Its value where none is given.
    pub default: Option<String>,
    /// What it is.
    pub doc: String,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ParameterKind {
    Text,
    Integer,
    Number,
    Boolean,
    Timestamp,
}

impl fmt::Display for ParameterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Timestamp => "a timestamp",
        })
    }
}

/// Values of parameters by name.
pub type ParameterValues = BTreeMap<String, ParameterValue>;

/// A value of a parameter, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterValue(Expr);

impl ParameterValue {
    /// A text.
    pub fn text(value: &str) -> Self {
        Self(Expr::Value(Value::SingleQuotedString(value.to_owned()).into()))
    }

    fn of(kind: ParameterKind, value: &str) -> Option<Self> {
        let number = |text: String| Expr::Value(Value::Number(text, false).into());
        Some(Self(match kind {
            ParameterKind::Text => return Some(Self::text(value)),
            ParameterKind::Integer => number(value.parse::<i64>().ok()?.to_string()),
            ParameterKind::Number => {
                number(value.parse::<f64>().ok().filter(|value| value.is_finite())?.to_string())
            }
            ParameterKind::Boolean => Expr::Value(Value::Boolean(value.parse().ok()?).into()),
            ParameterKind::Timestamp => {
                let time: DateTime<Utc> = string_to_datetime(&Utc, value).ok()?;
                let text = Self::text(&time.to_rfc3339());
                trino::call("from_iso8601_timestamp", vec![text.0])
            }
        }))
    }

    pub(super) fn expr(&self) -> &Expr {
        &self.0
    }
}

/// Saved queries by name.
#[derive(Debug, Clone)]
pub struct Library(BTreeMap<String, SavedQuery>);

impl Library {
    /// Those of the program, and in place of these or beside them those of `directory`, if there is one.
    ///
    /// # Errors
    /// If the directory, or the head of a file there, cannot be read.
    pub fn open(directory: Option<&Path>) -> Result<Self, SavedError> {
        let mut queries = BTreeMap::new();
        for (name, text) in SAVED_QUERIES {
            queries.insert((*name).to_owned(), SavedQuery::parse(name, text)?);
        }
        let Some(directory) = directory else { return Ok(Self(queries)) };
        let unreadable = |path: &Path| {
            let path = path.display().to_string();
            move |source| SavedError::Unreadable { path, source }
        };
        for entry in std::fs::read_dir(directory).map_err(unreadable(directory))? {
            let path = entry.map_err(unreadable(directory))?.path();
            let name = path.file_stem().and_then(|name| name.to_str());
            if let Some(name) = name.filter(|_| path.extension().is_some_and(|extension| extension == "sql"))
            {
                let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
                queries.insert(name.to_owned(), SavedQuery::parse(name, &text)?);
            }
        }
        Ok(Self(queries))
    }

    /// All of them, by name.
    pub fn queries(&self) -> impl Iterator<Item = &SavedQuery> {
        self.0.values()
    }

    /// The one of that name.
    ///
    /// # Errors
    /// [`SavedError::NoQuery`]
    pub fn get(&self, name: &str) -> Result<&SavedQuery, SavedError> {
        self.0.get(name).ok_or_else(|| {
            let near = advice::nearest(name, self.0.keys().map(String::as_str));
            let near = near.into_iter().map(str::to_owned).collect();
            SavedError::NoQuery { name: name.to_owned(), near }
        })
    }
}

impl SavedQuery {
    /// Reads a file of SQL.
    ///
    /// # Errors
    /// If its head is not as it should be.
    pub fn parse(name: &str, text: &str) -> Result<Self, SavedError> {
        let mut query = Self {
            name: name.to_owned(),
            title: String::new(),
            answers: String::new(),
            references: Vec::new(),
            parameters: Vec::new(),
            sql: String::new(),
        };
        let mut in_answers = false;
        let mut head = 0;
        for (number, line) in text.lines().enumerate() {
            let Some(comment) = line.strip_prefix("--") else { break };
            head += line.len() + 1;
            if let Some(more) = comment.strip_prefix("   ").filter(|_| in_answers) {
                query.answers.push(' ');
                query.answers.push_str(more.trim());
                continue;
            }
            in_answers = false;
            let comment = comment.trim();
            if let Some(title) = comment.strip_prefix("title:") {
                title.trim().clone_into(&mut query.title);
            } else if let Some(answers) = comment.strip_prefix("answers:") {
                answers.trim().clone_into(&mut query.answers);
                in_answers = true;
            } else if let Some(reference) = comment.strip_prefix("reference:") {
                query.references.push(reference.trim().to_owned());
            } else if let Some(parameter) = comment.strip_prefix("param ") {
                let bad = || SavedError::BadParameter { query: name.to_owned(), line: number + 1 };
                query.parameters.push(Parameter::parse(parameter).ok_or_else(bad)?);
            }
        }
        let sql = text.get(head..).unwrap_or_default().trim().trim_end_matches(';');
        sql.clone_into(&mut query.sql);
        let incomplete = |what| Err(SavedError::Incomplete { query: name.to_owned(), what });
        match (query.title.is_empty(), query.sql.is_empty()) {
            (true, _) => incomplete("title"),
            (_, true) => incomplete("statement"),
            _ => Ok(query),
        }
    }

    /// The values of all its parameters, by what was given.
    ///
    /// # Errors
    /// If one is not given, not there, or of another type.
    pub fn values(&self, given: &[(String, String)]) -> Result<ParameterValues, SavedError> {
        let names = || self.parameters.iter().map(|parameter| parameter.name.clone());
        if let Some((name, _)) = given.iter().find(|(name, _)| names().all(|known| known != *name)) {
            return Err(SavedError::NoParameter { name: name.clone(), known: names().collect() });
        }
        let value = |parameter: &Parameter| {
            let Parameter { name, kind, default, doc } = parameter;
            let given = given.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value);
            let value = given.or(default.as_ref());
            let value = value.ok_or_else(|| SavedError::NotGiven { name: name.clone(), doc: doc.clone() })?;
            let bad = || SavedError::BadValue { name: name.clone(), kind: *kind, value: value.clone() };
            Ok((name.clone(), ParameterValue::of(*kind, value).ok_or_else(bad)?))
        };
        self.parameters.iter().map(value).collect()
    }
}

impl fmt::Display for Parameter {
    /// As it stands in a head.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, default, doc } = self;
        let kind = kind.to_string();
        write!(f, "{name} {}", kind.split_whitespace().next_back().unwrap_or_default())?;
        if let Some(default) = default {
            write!(f, " = {default}")?;
        }
        write!(f, ": {doc}")
    }
}

impl Parameter {
    /// `name type = default: doc`
    fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.trim().split_once(' ')?;
        // A default may hold colons, but none with a blank behind it.
        let (typed, doc) = rest.split_once(": ")?;
        let (kind, default) = match typed.split_once('=') {
            Some((kind, default)) => (kind, Some(default.trim().to_owned())),
            None => (typed, None),
        };
        let kind = match kind.trim() {
            "text" => ParameterKind::Text,
            "integer" => ParameterKind::Integer,
            "number" => ParameterKind::Number,
            "boolean" => ParameterKind::Boolean,
            "timestamp" => ParameterKind::Timestamp,
            _ => return None,
        };
        if default.as_deref().is_some_and(|default| ParameterValue::of(kind, default).is_none()) {
            return None;
        }
        Some(Self { name: name.to_owned(), kind, default, doc: doc.trim().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let text = "-- title: A\n-- answers: What?\n--   And how?\n-- reference: r\n\
                    -- param since timestamp = 2025-01-01T00:00:00Z: from then on\n-- param who text: the ARN\n\
                    -- why\nSELECT 1\nFROM events;\n";
        let query = SavedQuery::parse("a", text).unwrap();
        assert_eq!((query.title.as_str(), query.answers.as_str()), ("A", "What? And how?"));
        assert_eq!(query.sql, "SELECT 1\nFROM events");
        assert_eq!(query.parameters.len(), 2);
        let given = |pairs: &[(&str, &str)]| {
            let given: Vec<_> =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            query.values(&given).map(|values| values.len()).map_err(|error| error.to_string())
        };
        assert_eq!(given(&[("who", "x")]), Ok(2));
        assert_eq!(given(&[]).unwrap_err(), "the parameter who needs a value (the ARN): --param who=...");
        assert_eq!(given(&[("whom", "x")]).unwrap_err(), "there is no parameter whom; there are since, who");
        assert_eq!(
            given(&[("who", "x"), ("since", "now")]).unwrap_err(),
            "the parameter since is a timestamp, and now is not; one is 2025-03-01 or 2025-03-01T08:30:00Z (UTC)"
        );
        assert!(SavedQuery::parse("a", "SELECT 1").is_err());
        assert!(SavedQuery::parse("a", "-- title: A\n-- param x date = 1: y\nSELECT 1").is_err());
    }

    #[test]
    fn all_saved_queries_are_whole() {
        let library = Library::open(None).unwrap();
        assert_eq!(library.queries().count(), SAVED_QUERIES.len());
        for query in library.queries() {
            assert!(!query.answers.is_empty() && !query.references.is_empty(), "{}", query.name);
        }
    }
}
