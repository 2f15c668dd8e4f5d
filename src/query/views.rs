//! Views over `events`: the names that AWS's own tables have, the payloads of a service as typed columns, principals and their
//! sessions.
//!
//! A view is SQL, planned when a query first names it, and then a part of that query's plan: columns that the query does not
//! use cost nothing. Those of services are made from `schemas/services/*.json`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde::Deserialize;

use super::functions::JsonPath;
use super::session::EVENTS;
use crate::table::Restorer;

include!(concat!(env!("OUT_DIR"), "/views.rs"));

/// A view over `events`.
#[derive(Debug, Clone)]
pub struct View {
    /// What it shows.
    pub doc: String,
    /// A page of AWS on that.
    pub reference: String,
    /// What its columns hold, for those that `events` has not.
    pub columns: BTreeMap<String, String>,
    /// One `SELECT`.
    pub(super) sql: String,
}

/// All views by name.
pub fn views() -> &'static BTreeMap<String, View> {
    static VIEWS: LazyLock<BTreeMap<String, View>> = LazyLock::new(|| {
        let written = SQL_VIEWS.iter().map(|(name, text)| ((*name).to_owned(), of_sql(text)));
        written.chain(SERVICE_VIEWS.iter().map(|(_, text)| of_service(text))).collect()
    });
    &VIEWS
}

fn of_sql(text: &str) -> View {
    let head = |word: &str| {
        let line =
            text.lines().find_map(|line| line.strip_prefix("-- ")?.strip_prefix(word)?.strip_prefix(": "));
        line.unwrap_or_default().to_owned()
    };
    let event: Vec<&str> = Restorer::columns().collect();
    let sql = text.replace("{event}", &event.join(", "));
    View { doc: head("doc"), reference: head("reference"), columns: BTreeMap::new(), sql }
}

/// What a file of `schemas/services` says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceView {
    view: String,
    doc: String,
    reference: String,
    /// Which events are shown.
    r#where: String,
    columns: Vec<ServiceColumn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceColumn {
    name: String,
    r#type: ColumnType,
    /// Columns of `events`, each with a path into its JSON perhaps; the first that gives a value counts.
    from: Vec<String>,
    doc: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ColumnType {
    Text,
    Integer,
    Number,
    Boolean,
    Timestamp,
    Json,
}

/// What every view of a service shows of an event.
const COMMON: [&str; 20] = [
    "event_time",
    "event_name",
    "is_error",
    "error_code",
    "error_message",
    "read_only",
    "principal_kind",
    "user_identity_arn",
    "session_issuer_arn",
    "user_identity_access_key_id",
    "source_ip_address",
    "user_agent",
    "recipient_account_id",
    "request_id",
    "event_id",
    "request_parameters",
    "response_elements",
    "date",
    "service",
    "region",
];

#[expect(clippy::expect_used, reason = "the files are part of the program, and a test reads them all")]
fn of_service(text: &str) -> (String, View) {
    let service: ServiceView = serde_json::from_str(text).expect("schemas/services holds views");
    let mut sql = format!("SELECT {}", COMMON.join(", "));
    for column in &service.columns {
        let values: Vec<String> = column.from.iter().map(|from| value(from, column.r#type)).collect();
        // This cannot fail: a String takes all that is written.
        let _ = match values.as_slice() {
            [value] => write!(sql, ", {value} AS {}", column.name),
            values => write!(sql, ", coalesce({}) AS {}", values.join(", "), column.name),
        };
    }
    let _ = write!(sql, " FROM {EVENTS} WHERE {}", service.r#where);
    let columns = service.columns.into_iter().map(|column| (column.name, column.doc)).collect();
    (service.view, View { doc: service.doc, reference: service.reference, columns, sql })
}

/// The value that `request_parameters $.path` gives.
fn value(from: &str, column_type: ColumnType) -> String {
    let (column, path) = from.split_once(' ').unwrap_or((from, ""));
    debug_assert!(path.is_empty() || JsonPath::parse(path).is_ok(), "{from}");
    let path = path.replace('\'', "''");
    let text = match path.is_empty() {
        true => column.to_owned(),
        false => format!("json_extract_scalar({column}, '{path}')"),
    };
    match column_type {
        ColumnType::Text => text,
        // Some services write whole numbers with a point.
        ColumnType::Integer => {
            format!("coalesce(try_cast({text} AS BIGINT), try_cast(try_cast({text} AS DOUBLE) AS BIGINT))")
        }
        ColumnType::Number => format!("try_cast({text} AS DOUBLE)"),
        ColumnType::Boolean => format!("try_cast({text} AS BOOLEAN)"),
        ColumnType::Timestamp => format!("payload_time({text})"),
        ColumnType::Json if path.is_empty() => column.to_owned(),
        ColumnType::Json => format!("json_extract({column}, '{path}')"),
    }
}
