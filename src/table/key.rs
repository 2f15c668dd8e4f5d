//! What makes two events the same.
//!
//! CloudTrail delivers at least once, and several trails deliver the same event. Copies agree in id, source, name,
//! time and recipient account. The id alone does not tell: AWS's own published examples reuse ids across services.
//!
//! An event that cannot be told by these fields is the same as another only if the whole record is, however its keys
//! are ordered: one without an id, or without a readable time; one with a source, name or account that gives no text,
//! which is something else than none; and one that repeats keys or has keys that make no path.
//!
//! Keys are made of events that come in, and of rows that are there. Both go through [`Telling`], which sees nothing
//! but cells: so they cannot come to different ends.

use arrow::array::RecordBatch;

use super::column::{columns, id};
use super::flatten::gives_cell;
use super::restore::{RestoreError, Restorer, whole_event};
use super::row::Row;
use super::values::Values;
use crate::decode::json::JsonError;
use crate::decode::value::Value;
use crate::decode::{Event, canonical};

/// Equal for copies of one event, and only for them: 128 bits of BLAKE3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventKey(pub u128);

impl EventKey {
    /// The key of `event`, flattened to `row`.
    pub fn new(event: &Event<'_>, row: &Row<'_>) -> Self {
        Telling::of_row(row).key().unwrap_or_else(|| Self::of_record(event.value()))
    }

    /// The key of an event that is told by its whole record.
    fn of_record(record: Value<'_>) -> Self {
        let mut bytes = Vec::with_capacity(2 * record.text().len());
        canonical::write(record, &mut bytes);
        Self::of_bytes(blake3::Hasher::new().update(b"record").update(&bytes))
    }

    fn of_bytes(hasher: &blake3::Hasher) -> Self {
        let mut half = [0; 16];
        hasher.finalize_xof().fill(&mut half);
        Self(u128::from_le_bytes(half))
    }
}

/// Makes the keys of rows that are there.
#[derive(Debug)]
pub struct RowKeys<'b> {
    /// In the order of [`TELLING_COLUMNS`].
    columns: [Option<Values<'b>>; TELLING_COLUMNS.len()],
}

/// The columns that most events can be told by.
const TELLING_COLUMNS: [usize; 7] = [
    id::EVENT_TIME,
    id::EVENT_ID,
    id::EVENT_SOURCE,
    id::EVENT_NAME,
    id::RECIPIENT_ACCOUNT_ID,
    id::USER_IDENTITY_ACCOUNT_ID,
    id::EXTRA,
];

impl<'b> RowKeys<'b> {
    /// The columns a batch should have. One that it has not counts as a column without values.
    pub fn columns() -> impl Iterator<Item = &'static str> {
        TELLING_COLUMNS.iter().map(|column| columns()[*column].name.as_str())
    }

    /// Looks up the columns of `batch` by name.
    ///
    /// # Errors
    /// If one is of another type than the table's.
    pub fn try_new(batch: &'b RecordBatch) -> Result<Self, RestoreError> {
        let mut found = [const { None }; TELLING_COLUMNS.len()];
        for (values, column) in found.iter_mut().zip(TELLING_COLUMNS) {
            *values = Values::find(batch, &columns()[column])?;
        }
        Ok(Self { columns: found })
    }

    /// The key of row `row`; `None` if the event is told by its whole record, which a [`Restorer`] knows.
    pub fn key(&self, row: usize) -> Option<EventKey> {
        let [time, texts @ ..] = &self.columns;
        let text = |values: &Option<Values<'b>>| values.as_ref().and_then(|values| values.text(row));
        let [event_id, source, name, recipient, caller, extra] = texts.each_ref().map(text);
        let event_time = time.as_ref().and_then(|values| values.micros(row));
        Telling { event_time, event_id, source, name, recipient, caller, extra }.key()
    }
}

impl Restorer<'_> {
    /// The key of row `row`, if the event is told by its whole record. `buffer` is written over.
    ///
    /// # Errors
    /// If the row gives no event.
    pub fn record_key(&self, row: usize, buffer: &mut Vec<u8>) -> Result<EventKey, RestoreError> {
        buffer.clear();
        self.write(row, buffer)?;
        let record = std::str::from_utf8(buffer).ok().and_then(|text| Value::parse_record(text).ok());
        record.map(EventKey::of_record).ok_or_else(|| self.fault(row, id::EXTRA))
    }
}

/// The cells that tell an event.
#[derive(Debug, Clone, Copy)]
struct Telling<'a> {
    event_time: Option<i64>,
    event_id: Option<&'a str>,
    source: Option<&'a str>,
    name: Option<&'a str>,
    recipient: Option<&'a str>,
    /// Stands in for the recipient.
    caller: Option<&'a str>,
    /// Where values are that gave no text.
    extra: Option<&'a str>,
}

impl<'a> Telling<'a> {
    fn of_row(row: &'a Row<'_>) -> Self {
        Self {
            event_time: row.integer(id::EVENT_TIME),
            event_id: row.text(id::EVENT_ID),
            source: row.text(id::EVENT_SOURCE),
            name: row.text(id::EVENT_NAME),
            recipient: row.text(id::RECIPIENT_ACCOUNT_ID),
            caller: row.text(id::USER_IDENTITY_ACCOUNT_ID),
            extra: row.text(id::EXTRA),
        }
    }

    /// The key, unless the event is told by its whole record.
    fn key(&self) -> Option<EventKey> {
        // AWS writes `""` where it has nothing to say.
        let filled = |text: Option<&'a str>| text.filter(|text| !text.is_empty());
        let (event_time, event_id) = (self.event_time?, filled(self.event_id)?);
        let recipient = filled(self.recipient);
        // An extra that is not as flattening writes it shows when the record is restored.
        if self.extra.is_some_and(|extra| hides_telling_value(extra, recipient.is_none()) != Ok(false)) {
            return None;
        }
        let account = recipient.or(filled(self.caller));
        let mut bytes = Vec::with_capacity(192);
        bytes.extend_from_slice(&event_time.to_le_bytes());
        for text in [Some(event_id), self.source, self.name, account] {
            let text = text.unwrap_or_default();
            // Lengths keep fields apart whose content touches.
            bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Some(EventKey::of_bytes(blake3::Hasher::new().update(&bytes)))
    }
}

/// Whether `extra` holds a value of a telling field that gives no cell, and for which nothing may stand in: not an
/// empty text, nor what the column was filled with from elsewhere. A blank before a source, or a number for a name, is
/// there too, but gives one. `by_caller`: whether the caller's account tells.
fn hides_telling_value(extra: &str, by_caller: bool) -> Result<bool, JsonError> {
    if whole_event(extra).is_some() {
        return Ok(true);
    }
    let tells = |column: &usize| by_caller || *column != id::USER_IDENTITY_ACCOUNT_ID;
    Ok(Value::parse_record(extra)?.members().any(|(path, value)| {
        TELLING_COLUMNS.into_iter().filter(tells).any(|column| gives_no_cell(column, path.raw(), value))
    }))
}

/// Whether `value`, found at `path`, is that of `column`, or an object in which it would be, and gives no cell.
fn gives_no_cell(column: usize, path: &str, value: Value<'_>) -> bool {
    let column = &columns()[column];
    let Some(below) = column.path.as_deref().and_then(|known| known.strip_prefix(path)) else {
        return false;
    };
    // An object that is none holds no member.
    below.starts_with('.') || (below.is_empty() && !gives_cell(column, value))
}
