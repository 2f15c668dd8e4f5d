//! The table `events`: the data files of a dataset, as DataFusion sees them.
//!
//! Files are told by the log, or listed where there is none, once when the dataset is opened. Filters on `date`, `service`,
//! `region` and `event_time`, and on columns that have no values in a file, choose among them before any is opened; all but the
//! first three also go down to the Parquet reader, which prunes by statistics, page index and bloom filters; of single values,
//! copies of these are [looked up](super::lookup) before. How many rows there are is known without opening any, and so is how
//! many each partition has.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Date32Array, RecordBatch, StringArray,
};
use datafusion::arrow::compute::{and, prep_null_mask_filter};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Result, ScalarValue, Statistics, project_schema};
use datafusion::datasource::file_format::parquet::transform_schema_to_view;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::{ExecutionPlan, Partitioning};

use super::columns::ColumnSet;
use super::counted::CountedFiles;
use super::footers::{FileSchemas, Footers};
use super::reader::Readers;
use super::told::ToldFiles;
use super::{lookup, order};
use crate::dataset::{Lookup, StoredFile};
use crate::table::column::{PartitionType, file_schema, table};

/// The data files of a dataset as one table.
#[derive(Debug)]
pub struct Events {
    store: ObjectStoreUrl,
    files: Vec<StoredFile>,
    /// The partition columns' values, one row for each file.
    partitions: RecordBatch,
    schema: TableSchema,
    /// Of the files, as far as any has been read.
    schemas: Arc<FileSchemas>,
    /// Rows come file by file, in the order of `files`.
    as_they_lie: bool,
    lookup: Option<Lookup>,
}

impl Events {
    /// The table of `files`, which lie in the store registered under `store`.
    ///
    /// # Errors
    /// If the partition values do not fit their columns, which would be a bug.
    pub fn try_new(store: ObjectStoreUrl, files: Vec<StoredFile>) -> Result<Self> {
        let schema = event_schema();
        let dates = files.iter().map(|file| file.partition.date().map(|date| date.to_epoch_days()));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(dates.collect::<Date32Array>()),
            Arc::new(files.iter().map(|file| Some(file.partition.service())).collect::<StringArray>()),
            Arc::new(files.iter().map(|file| Some(file.partition.region())).collect::<StringArray>()),
        ];
        let partition_schema = Schema::new(schema.table_partition_cols().clone());
        let partitions = RecordBatch::try_new(Arc::new(partition_schema), columns)?;
        let schemas = Arc::default();
        Ok(Self { store, files, partitions, schema, schemas, as_they_lie: false, lookup: None })
    }

    /// How many data files there are.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// The same, with files chosen by what `lookup` knows of their values.
    pub fn with_lookup(self, lookup: Lookup) -> Self {
        Self { lookup: Some(lookup), ..self }
    }

    /// The same, its rows file by file.
    pub fn as_they_lie(self) -> Self {
        Self { as_they_lie: true, ..self }
    }

    /// Whether a filter speaks of partition columns alone.
    fn is_partition_filter(&self, filter: &Expr) -> bool {
        let names: Vec<&str> =
            self.schema.table_partition_cols().iter().map(|column| column.name().as_str()).collect();
        expr_applicable_for_cols(&names, filter)
    }

    /// The files whose partition passes all of `filters`, and which may pass all `others` by what the log says of them.
    fn select(
        &self,
        state: &dyn Session,
        filters: &[&Expr],
        others: &[&Expr],
    ) -> Result<Vec<(usize, &StoredFile)>> {
        let schema = DFSchema::try_from(self.partitions.schema())?;
        let mut selected = BooleanArray::from(vec![true; self.files.len()]);
        for filter in filters {
            let passes =
                state.create_physical_expr((*filter).clone(), &schema)?.evaluate(&self.partitions)?;
            let passes = passes.into_array(self.files.len())?;
            let passes = passes.as_boolean();
            // Where the filter gives neither true nor false, the row does not pass.
            selected = match passes.null_count() {
                0 => and(&selected, passes)?,
                _ => and(&selected, &prep_null_mask_filter(passes))?,
            };
        }
        let chosen = self.files.iter().enumerate().filter(|(row, _)| selected.value(*row)).collect();
        self.select_by_log(state, chosen, others)
    }

    /// Files as DataFusion is told of them.
    fn partitioned<'f>(
        &self,
        chosen: Vec<(usize, &'f StoredFile)>,
    ) -> Result<Vec<(&'f StoredFile, PartitionedFile)>> {
        chosen
            .into_iter()
            .map(|(row, file)| {
                let values =
                    self.partitions.columns().iter().map(|column| ScalarValue::try_from_array(column, row));
                let values = values.collect::<Result<Vec<_>>>()?;
                Ok((file, PartitionedFile::new_from_meta(file.meta.clone()).with_partition_values(values)))
            })
            .collect()
    }

    /// Those of `files` which may pass all of `filters`, by what the log says of their times and of values that are not there.
    fn select_by_log<'a>(
        &self,
        state: &dyn Session,
        mut files: Vec<(usize, &'a StoredFile)>,
        filters: &[&Expr],
    ) -> Result<Vec<(usize, &'a StoredFile)>> {
        let schema = self.schema();
        let described = DFSchema::try_from(schema.clone())?;
        for filter in filters {
            let filter = state.create_physical_expr((*filter).clone(), &described)?;
            // What the log cannot tell chooses all.
            let predicate = PruningPredicateBuilder::new().with_file_schema(schema.clone()).try_build(filter);
            let Ok(predicate) = predicate else { continue };
            if !predicate.always_true() {
                let stored: Vec<&StoredFile> = files.iter().map(|(_, file)| *file).collect();
                let mut passes = predicate.prune(&ToldFiles(&stored))?.into_iter();
                files.retain(|_| passes.next().unwrap_or(true));
            }
        }
        Ok(files)
    }
}

/// The columns of data files, and those of their directories.
pub(super) fn event_schema() -> TableSchema {
    // Strings are read as views, which DataFusion filters and groups without copying them.
    let file_schema = Arc::new(transform_schema_to_view(&file_schema()));
    let fields: Vec<FieldRef> = table()
        .partitions
        .iter()
        .map(|column| {
            let data_type = match column.column_type {
                PartitionType::Date => DataType::Date32,
                PartitionType::Text => DataType::Utf8,
            };
            Arc::new(Field::new(&column.name, data_type, column.column_type == PartitionType::Date))
        })
        .collect();
    TableSchema::builder(file_schema).with_table_partition_cols(fields).build()
}

/// How many rows there are, where the log says so of all files.
fn statistics(schema: &SchemaRef, files: &[&StoredFile]) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    if let Some(rows) = files.iter().map(|file| file.rows).sum::<Option<u64>>() {
        statistics.num_rows = Precision::Exact(rows as usize);
    }
    statistics
}

#[async_trait]
impl TableProvider for Events {
    fn schema(&self) -> SchemaRef {
        self.schema.table_schema().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| match self.is_partition_filter(filter) {
                true => TableProviderFilterPushDown::Exact,
                false => TableProviderFilterPushDown::Inexact,
            })
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (filters, others): (Vec<&Expr>, Vec<&Expr>) =
            filters.iter().partition(|filter| self.is_partition_filter(filter));
        let mut chosen = self.select(state, &filters, &others)?;
        if let Some(lookup) = &self.lookup {
            chosen = lookup::choose(lookup, &others, chosen).await;
        }
        let (stored, files): (Vec<_>, Vec<_>) = self.partitioned(chosen)?.into_iter().unzip();
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema(), projection)?)));
        }
        let target = state.config().target_partitions();
        let all: Vec<usize> = (0..self.schema().fields().len()).collect();
        let projection = projection.unwrap_or(&all);
        let columns = ColumnSet::of_file(projection.iter().copied());
        let (schema, projection) = columns.narrowed(&self.schema, projection);
        // Rows of no columns at all are counted by the statistics.
        if columns.is_empty() && !projection.is_empty() {
            let counted = CountedFiles {
                schema: project_schema(schema.table_schema(), Some(&projection))?,
                partitions: &projection,
                stored: &stored,
                files: &files,
            };
            if let Some(plan) = counted.plan(target, limit)? {
                return Ok(plan);
            }
        }
        let read = schema.file_schema();
        let in_order = (!self.as_they_lie).then(|| order::in_order(read, &stored, &files, target)).flatten();
        let (groups, ordering) = match in_order {
            Some(groups) => (groups, vec![order::by_time(read)?]),
            None => {
                // Where there are filters, to look at times once more would cost more for each file than it spares.
                let files = if others.is_empty() { order::timed(read, &stored, files) } else { files };
                (FileGroup::new(files).split_files(target), Vec::new())
            }
        };
        // Threads that have nothing left to do read files of others, unless these are told to stay where they are. Of an order
        // alone DataFusion 55 forgets that as soon as a limit comes along, and rows come in any order.
        let fixed = (!ordering.is_empty()).then(|| Partitioning::UnknownPartitioning(groups.len()));
        let footers = Footers {
            store: self.store.clone(),
            columns,
            schemas: self.schemas.clone(),
            cache: state.runtime_env().cache_manager.get_file_metadata_cache(),
        };
        let readers = Readers::new(state.runtime_env().object_store(&self.store)?, footers);
        let source = ParquetSource::new(schema.clone())
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(Arc::new(readers));
        let scan = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_output_ordering(ordering)
            .with_output_partitioning(fixed)
            .with_statistics(statistics(schema.table_schema(), &stored))
            .with_projection_indices(Some(projection))?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
