//! A DataFusion session over a dataset, and what may be run in it.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};

use super::catalog::Events;
use super::dialect::EventDialect;
use super::{Error, condition};
use crate::dataset::{self, Dataset, Moment};

/// The name under which the data files are queried.
pub const EVENTS: &str = "events";

/// Rows per batch where events are read whole: payloads may be a hundred kilobytes each.
const WHOLE_EVENT_ROWS: usize = 256;

/// Rows of the table, as they are read.
pub type EventBatches = BoxStream<'static, Result<RecordBatch, Error>>;

/// A session with the table `events`.
pub struct QuerySession {
    pub(super) context: SessionContext,
    pub(super) allowed: SQLOptions,
}

impl QuerySession {
    /// Opens `dataset`, as of `moment`, for queries. Unless `allow_write` is set, nothing that writes, or that changes the catalogue,
    /// is run.
    ///
    /// # Errors
    /// If the dataset cannot be listed or holds no data files.
    pub async fn open(dataset: &Dataset, moment: Moment, allow_write: bool) -> Result<Self, Error> {
        Self::with_config(dataset, moment, SessionConfig::new(), allow_write).await
    }

    /// Opens `dataset` to read rows in the order of the files: one after another, few rows at a time.
    ///
    /// # Errors
    /// If the dataset cannot be listed or holds no data files.
    pub async fn open_in_order(dataset: &Dataset) -> Result<Self, Error> {
        let config = SessionConfig::new().with_target_partitions(1).with_batch_size(WHOLE_EVENT_ROWS);
        Self::with_config(dataset, Moment::Latest, config, false).await
    }

    async fn with_config(
        dataset: &Dataset,
        moment: Moment,
        config: SessionConfig,
        allow_write: bool,
    ) -> Result<Self, Error> {
        let files = dataset.data_files(moment).await?;
        if files.is_empty() {
            return Err(dataset::Error::Empty { dataset: dataset.name().to_owned() }.into());
        }
        let mut config = config.with_information_schema(true);
        // Filters are evaluated while reading: the payload columns of rows that fail are never decoded.
        config.options_mut().execution.parquet.pushdown_filters = true;
        config.options_mut().execution.parquet.reorder_filters = true;
        let mut context = SessionContext::new_with_config(config);
        datafusion_functions_json::register_all(&mut context).map_err(Error::Session)?;

        let store = ObjectStoreUrl::parse("trailhouse://dataset").map_err(Error::Session)?;
        context.register_object_store(store.as_ref(), dataset.store().clone());
        let events = Events::try_new(store, files).map_err(Error::Session)?;
        context.register_table(EVENTS, Arc::new(events)).map_err(Error::Session)?;

        let allowed = SQLOptions::new().with_allow_ddl(allow_write).with_allow_dml(allow_write);
        Ok(Self { context, allowed })
    }

    /// Splits a text into statements.
    ///
    /// # Errors
    /// [`Error::Syntax`] if it is not SQL.
    pub fn parse(&self, sql: &str) -> Result<Vec<Statement>, Error> {
        let parser = DFParserBuilder::new(sql).with_dialect(&EventDialect).build();
        let statements = parser.and_then(|mut parser| parser.parse_statements());
        statements.map(Vec::from).map_err(Error::Syntax)
    }

    /// Some columns of the events for which a condition (a SQL expression) holds; of all events without one.
    ///
    /// # Errors
    /// If the condition is no expression, or cannot be planned; in the stream, if it fails on a value or a data file
    /// cannot be read. None of them shows what an event holds.
    pub async fn events(&self, columns: &[&str], condition: Option<&str>) -> Result<EventBatches, Error> {
        let statement = condition::select(columns, condition)?;
        let plan = self.context.state().statement_to_plan(statement).await.map_err(Error::Query)?;
        self.allowed.verify_plan(&plan).map_err(refused)?;
        let explain = if condition.is_some() { condition::failed } else { Error::Query };
        let frame = self.context.execute_logical_plan(plan).await.map_err(explain)?;
        let batches = frame.execute_stream().await.map_err(explain)?;
        Ok(batches.map_err(explain).boxed())
    }

    /// Plans and starts a statement; rows come as they are computed.
    ///
    /// # Errors
    /// If the statement cannot be planned, or is not allowed.
    pub async fn run(&self, statement: Statement) -> Result<SendableRecordBatchStream, Error> {
        let plan = self.context.state().statement_to_plan(statement).await.map_err(Error::Query)?;
        self.allowed.verify_plan(&plan).map_err(refused)?;
        let frame = self.context.execute_logical_plan(plan).await.map_err(Error::Query)?;
        frame.execute_stream().await.map_err(Error::Query)
    }
}

/// What the verification says, without DataFusion's words around it.
pub(super) fn refused(error: DataFusionError) -> Error {
    let message = error.strip_backtrace();
    let what = message.rsplit_once("not supported: ").map_or(message.as_str(), |(_, what)| what);
    Error::NotAllowed { what: what.trim().to_owned() }
}
