//! Rows of which nothing is asked but what their directories say: the log tells how many there are, and no file is opened.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{HashMap, Result, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::stream;

use crate::dataset::StoredFile;

/// Rows of a batch.
const BATCH_ROWS: u64 = 8192;

/// Files whose rows are counted.
pub(super) struct CountedFiles<'f> {
    /// The columns that are asked for.
    pub(super) schema: SchemaRef,
    /// Where they are among the columns that directories tell.
    pub(super) partitions: &'f [usize],
    pub(super) stored: &'f [&'f StoredFile],
    pub(super) files: &'f [PartitionedFile],
}

/// Rows that are all alike, as many as make a batch.
#[derive(Debug, Clone)]
struct Alike {
    values: Vec<ScalarValue>,
    rows: usize,
}

/// The rows that one thread makes.
#[derive(Debug)]
struct Share {
    schema: SchemaRef,
    batches: Vec<Alike>,
}

impl CountedFiles<'_> {
    /// Their rows, as `target` threads make them. None if the log does not say of all files how many they have.
    pub(super) fn plan(self, target: usize, limit: Option<usize>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(counts) = self.counts() else { return Ok(None) };
        let mut shares = vec![Vec::new(); target.max(1)];
        let batches = counts.into_iter().flat_map(|(values, rows)| {
            let starts = (0..rows).step_by(BATCH_ROWS as usize);
            starts.map(move |start| Alike {
                values: values.clone(),
                rows: (rows - start).min(BATCH_ROWS) as usize,
            })
        });
        for (number, batch) in batches.enumerate() {
            let share = number % shares.len();
            shares[share].push(batch);
        }
        let share = |batches| -> Arc<dyn PartitionStream> {
            Arc::new(Share { schema: self.schema.clone(), batches })
        };
        let shares = shares.into_iter().map(share).collect();
        let plan = StreamingTableExec::try_new(self.schema.clone(), shares, None, None, false, limit)?;
        Ok(Some(Arc::new(plan)))
    }

    /// How many rows have which values, in the order of the files.
    fn counts(&self) -> Option<Vec<(Vec<ScalarValue>, u64)>> {
        let mut counts: Vec<(Vec<ScalarValue>, u64)> = Vec::new();
        let mut places: HashMap<Vec<ScalarValue>, usize> = HashMap::default();
        for (stored, file) in self.stored.iter().zip(self.files) {
            let values = self.partitions.iter().map(|column| file.partition_values.get(*column).cloned());
            let values: Vec<ScalarValue> = values.collect::<Option<_>>()?;
            let place = *places.entry(values).or_insert_with_key(|values| {
                counts.push((values.clone(), 0));
                counts.len() - 1
            });
            counts[place].1 += stored.rows?;
        }
        Some(counts)
    }
}

impl PartitionStream for Share {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = self.schema.clone();
        let batches = self.batches.clone().into_iter().map(move |Alike { values, rows }| {
            let columns = values.iter().map(|value| value.to_array_of_size(rows));
            Ok(RecordBatch::try_new(schema.clone(), columns.collect::<Result<Vec<ArrayRef>>>()?)?)
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream::iter(batches)))
    }
}
