//! The table `events`: the data files of a dataset, as DataFusion sees them.
//!
//! Files are listed once when the dataset is opened. Filters on `date`, `service` and `region` choose among them
//! before any is opened; all other filters go down to the Parquet reader, which prunes by statistics, page index and
//! bloom filters.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Date32Array, RecordBatch, StringArray,
};
use datafusion::arrow::compute::{and, prep_null_mask_filter};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result, ScalarValue, project_schema};
use datafusion::datasource::file_format::FileFormat as _;
use datafusion::datasource::file_format::parquet::{ParquetFormat, transform_schema_to_view};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use crate::dataset::StoredFile;
use crate::table::column::{PartitionType, file_schema, table};

/// The data files of a dataset as one table.
#[derive(Debug)]
pub struct Events {
    store: ObjectStoreUrl,
    files: Vec<StoredFile>,
    /// The partition columns' values, one row for each file.
    partitions: RecordBatch,
    schema: TableSchema,
}

impl Events {
    /// The table of `files`, which lie in the store registered under `store`.
    ///
    /// # Errors
    /// If the partition values do not fit their columns, which would be a bug.
    pub fn try_new(store: ObjectStoreUrl, files: Vec<StoredFile>) -> Result<Self> {
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
        let schema = TableSchema::builder(file_schema).with_table_partition_cols(fields).build();
        let dates = files.iter().map(|file| file.partition.date().map(|date| date.to_epoch_days()));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(dates.collect::<Date32Array>()),
            Arc::new(files.iter().map(|file| Some(file.partition.service())).collect::<StringArray>()),
            Arc::new(files.iter().map(|file| Some(file.partition.region())).collect::<StringArray>()),
        ];
        let partition_schema = Schema::new(schema.table_partition_cols().clone());
        let partitions = RecordBatch::try_new(Arc::new(partition_schema), columns)?;
        Ok(Self { store, files, partitions, schema })
    }

    /// Whether a filter speaks of partition columns alone.
    fn is_partition_filter(&self, filter: &Expr) -> bool {
        let names: Vec<&str> =
            self.schema.table_partition_cols().iter().map(|column| column.name().as_str()).collect();
        expr_applicable_for_cols(&names, filter)
    }

    /// The files whose partition passes all of `filters`.
    fn select(&self, state: &dyn Session, filters: &[&Expr]) -> Result<Vec<PartitionedFile>> {
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
        let chosen = self.files.iter().enumerate().filter(|(row, _)| selected.value(*row));
        chosen
            .map(|(row, file)| {
                let values =
                    self.partitions.columns().iter().map(|column| ScalarValue::try_from_array(column, row));
                let values = values.collect::<Result<Vec<_>>>()?;
                Ok(PartitionedFile::new_from_meta(file.meta.clone()).with_partition_values(values))
            })
            .collect()
    }
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
        let filters: Vec<&Expr> = filters.iter().filter(|filter| self.is_partition_filter(filter)).collect();
        let files = self.select(state, &filters)?;
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema(), projection)?)));
        }
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let options = state.default_table_options().parquet;
        let source = ParquetSource::new(self.schema.clone()).with_table_parquet_options(options.clone());
        let scan = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        ParquetFormat::new().with_options(options).create_physical_plan(state, scan).await
    }
}
