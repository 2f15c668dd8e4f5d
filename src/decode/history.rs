//! The CSV that the console's Event history downloads: sixteen columns, a part of each event.
//!
//! A row becomes the event it is a part of, with the names that CloudTrail's JSON has for its columns. What the
//! download leaves out (most of `userIdentity`, parameters, versions) stays out.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events-console.html>

use std::fmt::Write as _;

use csv_core::{ReadFieldResult, Reader};

use super::json::Span;
use super::value::{Kind, Value};

/// A column of the download, and the members it becomes.
struct Column {
    header: &'static str,
    path: &'static [&'static str],
    content: Content,
}

enum Content {
    Text,
    /// `true` or `false`.
    Boolean,
    /// JSON, written as it stands.
    Json,
}

const fn column(header: &'static str, path: &'static [&'static str], content: Content) -> Column {
    Column { header, path, content }
}

const COLUMNS: [Column; 16] = [
    column("User name", &["userIdentity", "userName"], Content::Text),
    column("AWS access key", &["userIdentity", "accessKeyId"], Content::Text),
    column("Event time", &["eventTime"], Content::Text),
    column("Event source", &["eventSource"], Content::Text),
    column("Event name", &["eventName"], Content::Text),
    column("AWS region", &["awsRegion"], Content::Text),
    column("Source IP address", &["sourceIPAddress"], Content::Text),
    column("User agent", &["userAgent"], Content::Text),
    column("Error code", &["errorCode"], Content::Text),
    column("Resources", &["resources"], Content::Json),
    column("Request ID", &["requestID"], Content::Text),
    column("Event ID", &["eventID"], Content::Text),
    column("Read-only", &["readOnly"], Content::Boolean),
    column("Event type", &["eventType"], Content::Text),
    column("Recipient Account Id", &["recipientAccountId"], Content::Text),
    column("Event category", &["eventCategory"], Content::Text),
];

/// How the download begins; some programs quote every field.
const BEGINNINGS: [&[u8]; 2] = [b"User name,", b"\"User name\","];

/// Whether bytes begin like the download; `None` if there are too few of them to tell.
pub(super) fn is_history(bytes: &[u8]) -> Option<bool> {
    if BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning)) {
        return Some(true);
    }
    let may_become = BEGINNINGS.iter().any(|beginning| beginning.starts_with(bytes));
    (!may_become).then_some(false)
}

/// A download whose header has been read.
#[derive(Debug)]
pub(super) struct History {
    /// For each field of a row, which of [`COLUMNS`] it is.
    columns: Vec<Option<usize>>,
}

/// What lies at some place of the download.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// An event, and where the row ends.
    Event { json: String, end: usize },
    /// No row of this download: where it begins and ends.
    Malformed(Span),
    /// The buffer ends in the row.
    More,
    /// There is none.
    End,
}

impl History {
    /// Reads the header at the start of `bytes`: the download, and where the first row begins. `None` if the buffer
    /// ends in it.
    pub(super) fn begin(bytes: &[u8], last: bool) -> Option<(Self, usize)> {
        let (fields, end) = record(bytes, last)?;
        let columns = fields
            .iter()
            .map(|header| COLUMNS.iter().position(|column| column.header.as_bytes() == header.trim_ascii()));
        Some((Self { columns: columns.collect() }, end))
    }

    /// The row at `start`.
    pub(super) fn row(&self, bytes: &[u8], start: usize, last: bool) -> Row {
        let rest = bytes[start..].trim_ascii_start();
        if rest.is_empty() {
            return if last { Row::End } else { Row::More };
        }
        let start = bytes.len() - rest.len();
        let Some((fields, length)) = record(rest, last) else {
            return Row::More;
        };
        let end = start + length;
        let texts: Option<Vec<&str>> = fields.iter().map(|field| std::str::from_utf8(field).ok()).collect();
        match texts {
            Some(texts) if texts.len() == self.columns.len() => Row::Event { json: self.event(&texts), end },
            _ => Row::Malformed(start..start + rest[..length].trim_ascii_end().len()),
        }
    }

    /// The event of a row. Empty fields are left out: the download does not tell them from absent ones.
    fn event(&self, fields: &[&str]) -> String {
        let mut identity = String::new();
        let mut event = String::new();
        for (column, field) in self.columns.iter().zip(fields) {
            let Some(column) = column.map(|index| &COLUMNS[index]).filter(|_| !field.is_empty()) else {
                continue;
            };
            let (members, name) = match column.path {
                [name] => (&mut event, name),
                [.., name] => (&mut identity, name),
                [] => continue,
            };
            let is_value = match column.content {
                Content::Text => false,
                Content::Boolean => matches!(*field, "true" | "false"),
                Content::Json => Value::parse(field).is_ok_and(|value| value.kind() == Kind::Array),
            };
            let separator = if members.is_empty() { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = match is_value {
                true => write!(members, "{separator}\"{name}\":{field}"),
                false => write!(members, "{separator}\"{name}\":{}", Quoted(field)),
            };
        }
        if identity.is_empty() {
            return format!("{{{event}}}");
        }
        let separator = if event.is_empty() { "" } else { "," };
        format!("{{\"userIdentity\":{{{identity}}}{separator}{event}}}")
    }
}

/// A text as a JSON string.
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control))?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

/// The fields of the record at the start of `bytes`, and its length. `None` if the buffer ends in it.
fn record(bytes: &[u8], last: bool) -> Option<(Vec<Vec<u8>>, usize)> {
    let mut reader = Reader::new();
    let mut fields = Vec::new();
    let mut field = Vec::new();
    let mut output = [0; 4096];
    let mut read = 0;
    loop {
        // The reader takes an empty input for the end of all.
        if read == bytes.len() && !last {
            return None;
        }
        let (result, taken, written) = reader.read_field(&bytes[read..], &mut output);
        read += taken;
        field.extend_from_slice(&output[..written]);
        match result {
            ReadFieldResult::OutputFull | ReadFieldResult::InputEmpty => {}
            ReadFieldResult::Field { record_end } => {
                fields.push(std::mem::take(&mut field));
                if record_end {
                    break;
                }
            }
            ReadFieldResult::End => break,
        }
    }
    Some((fields, read))
}
