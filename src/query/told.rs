//! What the log says of the files' columns, for choosing among them before any is opened: their times, and which of them have
//! values at all.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, TimestampMicrosecondArray, UInt64Array};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};

use crate::dataset::StoredFile;
use crate::table::column::{columns, id};

/// What is told of some files.
pub(super) struct ToldFiles<'a>(pub(super) &'a [&'a StoredFile]);

impl ToldFiles<'_> {
    fn times(&self, column: &Column, time: impl Fn((i64, i64)) -> i64) -> Option<ArrayRef> {
        let is_event_time = column.name == columns()[id::EVENT_TIME].name;
        let times = self.0.iter().map(|file| file.times.map(&time));
        is_event_time
            .then(|| Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC")) as _)
    }
}

impl PruningStatistics for ToldFiles<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.times(column, |(first, _)| first)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.times(column, |(_, last)| last)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let column = columns().iter().position(|known| known.name == column.name)?;
        let nulls = self.0.iter().map(|file| file.valued.nulls(column, file.rows?));
        Some(Arc::new(nulls.collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.0.iter().map(|file| file.rows).collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
