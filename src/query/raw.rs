//! Log objects that nobody has converted, as the table `events`: decoded while they are read, by the way that `convert` goes.
//!
//! Conditions on time, account and region leave objects unopened where their keys allow it, and only columns that are asked for
//! are built. Copies of an event are rows of their own here, and what is no event is only counted.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, Date32Builder, RecordBatch, RecordBatchOptions, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result, plan_err, project_schema};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::stream::{BoxStream, StreamExt as _};
use tokio::sync::{Mutex, mpsc};

use super::catalog::event_schema;
use super::log_filter;
use crate::filter::Filter;
use crate::partition::PartitionRef;
use crate::read::{Found, ObjectFailure, ObjectReader};
use crate::source::log_key::{self, LogKey};
use crate::source::{self, Fetched, Location, LogObject};
use crate::table::column::id;
use crate::table::{BatchBuilder, PackedRows, Row, flatten};

/// Objects that are fetched at a time.
const FETCHES: usize = 64;

/// What an object may inflate to, as in `convert` unless told otherwise.
const OBJECT_LIMIT_BYTES: u64 = 64 << 30;

/// A batch is made when its rows take this much memory, or are so many.
const BATCH_BYTES: usize = 4 << 20;
const BATCH_ROWS: usize = 4096;

/// What could not be shown.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    /// Stretches that are no events.
    pub(super) rejects: AtomicU64,
    /// Standard input is there but once.
    stdin_is_read: AtomicBool,
}

/// The log objects of some sources as one table.
#[derive(Debug)]
pub(super) struct RawEvents {
    sources: Vec<Location>,
    schema: SchemaRef,
    left_out: Arc<LeftOut>,
}

impl RawEvents {
    pub(super) fn new(sources: Vec<Location>, left_out: Arc<LeftOut>) -> Self {
        Self { sources, schema: event_schema().table_schema().clone(), left_out }
    }
}

#[async_trait]
impl TableProvider for RawEvents {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let filter = log_filter::of(filters);
        let schema = project_schema(&self.schema, projection)?;
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let scan = Arc::new(Scan {
            sources: self.sources.clone(),
            readings: Mutex::default(),
            filter,
            shape: Shape { columns, schema: schema.clone() },
            left_out: self.left_out.clone(),
        });
        let share =
            || Arc::new(Share { scan: scan.clone(), runs: AtomicUsize::new(0) }) as Arc<dyn PartitionStream>;
        let shares = (0..state.config().target_partitions()).map(|_| share()).collect();
        // With conditions, DataFusion counts the rows that fulfil them.
        let limit = limit.filter(|_| filters.is_empty());
        Ok(Arc::new(StreamingTableExec::try_new(schema, shares, None, [], false, limit)?))
    }
}

/// An object that has been fetched, or could not be.
struct Arrived {
    object: LogObject,
    key: Option<LogKey>,
    fetched: Result<Fetched, source::Error>,
}

/// The objects that may hold what is asked for, fetched in whichever order they come.
fn arriving(objects: source::Objects, filter: Filter) -> BoxStream<'static, Result<Arrived, source::Error>> {
    let wanted = objects.filter_map(move |listed| {
        std::future::ready(match listed {
            Ok(object) => match filter.classify(&object) {
                Ok(key) => Some(Ok((object, key))),
                Err(_) => None,
            },
            Err(error) => Some(Err(error)),
        })
    });
    let fetched = wanted.map(|wanted| async {
        let (object, key) = wanted?;
        let fetched = source::fetch(&object).await;
        Ok(Arrived { object, key, fetched })
    });
    fetched.buffer_unordered(FETCHES).boxed()
}

/// The objects of one reading, which threads share as they come.
type Reading = Arc<Mutex<BoxStream<'static, Result<Arrived, source::Error>>>>;

/// What the sources are read for.
struct Scan {
    sources: Vec<Location>,
    /// A plan may be run again, as that of a recursive query is: each time the sources are read anew.
    readings: Mutex<Vec<Reading>>,
    filter: Filter,
    shape: Shape,
    left_out: Arc<LeftOut>,
}

/// What is asked for of an event.
#[derive(Debug)]
struct Shape {
    /// Columns of the table.
    columns: Vec<usize>,
    /// What they make.
    schema: SchemaRef,
}

impl Scan {
    /// The reading of that number, from 0.
    async fn reading(&self, number: usize) -> Result<Reading> {
        let mut readings = self.readings.lock().await;
        while readings.len() <= number {
            if self.sources.iter().any(|source| matches!(source, Location::Stdin))
                && self.left_out.stdin_is_read.swap(true, Ordering::Relaxed)
            {
                return plan_err!(
                    "standard input can be read but once, and is asked for twice: save it to a file, and query that"
                );
            }
            let objects = source::list(&self.sources, |place| self.filter.admits_place(place)).await;
            readings.push(Arc::new(Mutex::new(arriving(objects, self.filter.clone()))));
        }
        Ok(readings[number].clone())
    }
}

/// A thread's share.
struct Share {
    scan: Arc<Scan>,
    /// How often it was asked for.
    runs: AtomicUsize,
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("filter", &self.scan.filter).field("shape", &self.scan.shape).finish()
    }
}

impl PartitionStream for Share {
    fn schema(&self) -> &SchemaRef {
        &self.scan.shape.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStreamBuilder::new(self.scan.shape.schema.clone(), 2);
        let (scan, batches) = (self.scan.clone(), stream.tx());
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        stream.spawn(async move {
            let reading = scan.reading(run).await?;
            loop {
                let next = reading.lock().await.next().await;
                let Some(arrived) = next else { return Ok(()) };
                let arrived = arrived.map_err(|error| DataFusionError::External(error.into()))?;
                let (scan, batches) = (scan.clone(), batches.clone());
                let read = tokio::task::spawn_blocking(move || scan.read(arrived, &batches)).await;
                let wants_more = read.map_err(|error| DataFusionError::External(error.into()))??;
                if !wants_more {
                    return Ok(());
                }
            }
        });
        stream.build()
    }
}

impl Scan {
    /// Reads an object to its end. Whether more is wanted.
    fn read(&self, arrived: Arrived, batches: &mpsc::Sender<Result<RecordBatch>>) -> Result<bool> {
        let Arrived { object, key, fetched } = arrived;
        let failed = |failure: ObjectFailure| DataFusionError::External(failure.into());
        let fetched = fetched.map_err(|failure| failed(ObjectFailure::Unreadable { failure, events: 0 }))?;
        let account = key.as_ref().map(|key| key.account.as_str());
        let mut rows = Rows::new(&self.shape);
        let (mut rejects, mut outcome) = (0, Ok(true));
        let mut hand_over = |rows: &mut Rows<'_>| match rows.finish() {
            Ok(batch) => {
                outcome = Ok(batches.blocking_send(Ok(batch)).is_ok());
                matches!(outcome, Ok(true))
            }
            Err(error) => {
                outcome = Err(error);
                false
            }
        };
        let mut reader = fetched.inflate(OBJECT_LIMIT_BYTES);
        let read = ObjectReader::default().read(&object.name, &mut reader, |found| match found {
            Found::Event(event) => {
                let mut row = flatten(&event, &object.name);
                if !self.filter.admits_event(&row, account) {
                    return !batches.is_closed();
                }
                rows.push(&mut row);
                !rows.is_full() || hand_over(&mut rows)
            }
            Found::LookAlike(_) => true,
            Found::Reject(_) => {
                rejects += 1;
                true
            }
        });
        self.left_out.rejects.fetch_add(rejects, Ordering::Relaxed);
        match read {
            // Beside logs lie other files; only those that claim to be logs are missed.
            Err(ObjectFailure::NotJson { .. })
                if !object.named && !log_key::claims_to_be_log(&object.name) => {}
            Err(failure) => return Err(failed(failure)),
            Ok(_) if !rows.is_empty() => {
                hand_over(&mut rows);
            }
            Ok(_) => {}
        }
        outcome
    }
}

/// Rows that become a batch.
struct Rows<'s> {
    shape: &'s Shape,
    /// A bit for each column that is asked for.
    wanted: u128,
    packed: PackedRows,
    dates: Date32Builder,
    services: StringBuilder,
    regions: StringBuilder,
}

impl<'s> Rows<'s> {
    fn new(shape: &'s Shape) -> Self {
        let wanted = shape
            .columns
            .iter()
            .filter(|column| **column < id::COUNT)
            .fold(0, |all, column| all | 1 << column);
        Self {
            shape,
            wanted,
            packed: PackedRows::default(),
            dates: Date32Builder::new(),
            services: StringBuilder::new(),
            regions: StringBuilder::new(),
        }
    }

    fn push(&mut self, row: &mut Row<'_>) {
        let source = row.text(id::EVENT_SOURCE).unwrap_or_default();
        let region = row.text(id::AWS_REGION).unwrap_or_default();
        let place = PartitionRef::new(row.day, source, region);
        self.dates.append_option(place.day());
        self.services.append_value(place.service());
        self.regions.append_value(place.region());
        drop(place);
        row.keep(self.wanted);
        self.packed.push(row);
    }

    fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    fn is_full(&self) -> bool {
        self.packed.len() >= BATCH_ROWS || self.packed.packed_size() >= BATCH_BYTES
    }

    /// The batch; there are no rows then.
    fn finish(&mut self) -> Result<RecordBatch> {
        let packed = std::mem::take(&mut self.packed);
        let rows = packed.len();
        let mut builder = BatchBuilder::new();
        (0..rows).for_each(|row| builder.append(&packed, row));
        let events = builder.finish_columns()?;
        let partitions: [ArrayRef; 3] = [
            Arc::new(self.dates.finish()),
            Arc::new(self.services.finish()),
            Arc::new(self.regions.finish()),
        ];
        let columns = self.shape.columns.iter().zip(self.shape.schema.fields()).map(|(column, field)| {
            let array = match column.checked_sub(id::COUNT) {
                None => &events[*column],
                Some(partition) => &partitions[partition],
            };
            // The type of text, at most.
            Ok(if array.data_type() == field.data_type() {
                array.clone()
            } else {
                cast(array, field.data_type())?
            })
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.shape.schema.clone(), columns, &options)?)
    }
}
