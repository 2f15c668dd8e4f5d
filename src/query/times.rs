//! What the log says of the files' times, for choosing among them before any is opened.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, TimestampMicrosecondArray, UInt64Array};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};

use crate::dataset::StoredFile;
use crate::table::column::{columns, id};

/// The times of some files.
pub(super) struct FileTimes<'a>(pub(super) &'a [&'a StoredFile]);

impl FileTimes<'_> {
    fn times(&self, column: &Column, time: impl Fn((i64, i64)) -> i64) -> Option<ArrayRef> {
        let is_event_time = column.name == columns()[id::EVENT_TIME].name;
        let times = self.0.iter().map(|file| file.times.map(&time));
        is_event_time
            .then(|| Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC")) as _)
    }
}

impl PruningStatistics for FileTimes<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.times(column, |(first, _)| first)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.times(column, |(_, last)| last)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, _: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.0.iter().map(|file| file.rows).collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
