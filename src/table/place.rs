//! Where rows that are there belong: in which order, and in which partition.

use arrow::array::RecordBatch;

use super::column::{columns, id};
use super::restore::RestoreError;
use super::values::Values;

/// Tells where the rows of a batch belong.
#[derive(Debug)]
pub struct RowPlaces<'b> {
    event_time: Option<Values<'b>>,
    event_id: Option<Values<'b>>,
    event_source: Option<Values<'b>>,
    aws_region: Option<Values<'b>>,
}

/// What a row is sorted and partitioned by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPlace<'b> {
    /// Microseconds since 1970, UTC.
    pub event_time: Option<i64>,
    /// As AWS wrote it.
    pub event_id: Option<&'b str>,
    /// As AWS wrote it.
    pub event_source: Option<&'b str>,
    /// As AWS wrote it.
    pub aws_region: Option<&'b str>,
}

impl<'b> RowPlaces<'b> {
    /// Looks up the columns of `batch` by name. One that it has not counts as a column without values.
    ///
    /// # Errors
    /// If one is of another type than the table's.
    pub fn try_new(batch: &'b RecordBatch) -> Result<Self, RestoreError> {
        let find = |column: usize| Values::find(batch, &columns()[column]);
        Ok(Self {
            event_time: find(id::EVENT_TIME)?,
            event_id: find(id::EVENT_ID)?,
            event_source: find(id::EVENT_SOURCE)?,
            aws_region: find(id::AWS_REGION)?,
        })
    }

    /// Where row `row` belongs.
    pub fn place(&self, row: usize) -> RowPlace<'b> {
        let text = |values: &Option<Values<'b>>| values.as_ref().and_then(|values| values.text(row));
        RowPlace {
            event_time: self.event_time.as_ref().and_then(|values| values.micros(row)),
            event_id: text(&self.event_id),
            event_source: text(&self.event_source),
            aws_region: text(&self.aws_region),
        }
    }
}

impl<'b> RowPlace<'b> {
    /// What a row is sorted by: rows without a time come last, and of one time those without an id.
    pub fn order(&self) -> (i64, bool, &'b str) {
        (self.event_time.unwrap_or(i64::MAX), self.event_id.is_none(), self.event_id.unwrap_or_default())
    }
}
