//! A DataFusion session over a dataset, and what may be run in it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::catalog::information_schema::INFORMATION_SCHEMA;
use datafusion::catalog::{CatalogProvider, SchemaProvider as _, TableProvider};
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{self, Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion_functions_json::udfs::json_union_to_text_udf;
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};

use super::catalog::Events;
use super::dialect::EventDialect;
use super::raw::{LeftOut, RawEvents};
use super::rules::{LateralUnnest, TimeText};
use super::saved::ParameterValues;
use super::schema::EventSchema;
use super::{Error, advice, condition, functions, trino};
use crate::dataset::{self, Dataset, Moment};
use crate::source::Location;

/// The name under which the data files are queried.
pub const EVENTS: &str = "events";

/// The view that event data stores of CloudTrail Lake are queried by.
const LAKE: &str = "cloudtrail_lake";

/// How many of those who hold most memory are named where it does not suffice.
const CONSUMERS: NonZeroUsize = NonZeroUsize::new(3).unwrap();

/// Sorts of a query that a memory limit leaves room for.
const SORTS: u64 = 8;

/// Bytes of data files' footers that are kept, at most: the columns that questions are about, of some 100,000 small files.
const MOST_FOOTERS: u64 = 256 << 20;

/// What part of a memory limit that may be: one in so many.
const FOOTERS_SHARE: u64 = 8;

/// Filters that were looked up are kept up to this share of the memory.
const LOOKUP_SHARE: u64 = 16;

/// What that is a share of where no limit is set.
const UNLIMITED: u64 = 1 << 30;

/// Files are small if they have fewer bytes on average.
const SMALL_FILE_BYTES: u64 = 1 << 20;

/// Rows per batch where events are read whole: payloads may be a hundred kilobytes each.
const WHOLE_EVENT_ROWS: usize = 256;

/// Rows of the table, as they are read.
pub type EventBatches = BoxStream<'static, Result<RecordBatch, Error>>;

/// How a session is to work.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// Whether statements may write, or change the catalogue.
    pub allow_write: bool,
    /// Bytes of memory that queries may hold before they spill to disk, an eighth of which may be footers of data files;
    /// no limit without it, but for the footers.
    pub memory_limit: Option<u64>,
    /// Names under which the view `cloudtrail_lake` is found, too: ids of event data stores.
    pub event_data_stores: Vec<String>,
}

/// A session over the tables of one dataset, or several.
pub struct QuerySession {
    pub(super) context: SessionContext,
    allowed: SQLOptions,
    allow_write: bool,
    event_data_stores: Vec<String>,
    left_out: Arc<LeftOut>,
    /// What may be kept of what was looked up in a dataset's filters.
    lookup_bytes: usize,
}

/// The schema of the dataset that needs no name.
const MAIN: &str = "public";

impl QuerySession {
    /// Opens `dataset`, as of `moment`, for queries.
    ///
    /// # Errors
    /// If the dataset cannot be listed or holds no data files.
    pub async fn open(dataset: &Dataset, moment: Moment, options: SessionOptions) -> Result<Self, Error> {
        let session = Self::with_config(SessionConfig::new(), options)?;
        session.add_dataset(MAIN, dataset, moment).await?;
        Ok(session)
    }

    /// Opens `dataset` to read rows in the order of the files: one after another, few rows at a time.
    ///
    /// # Errors
    /// If the dataset cannot be listed or holds no data files.
    pub async fn open_in_order(dataset: &Dataset) -> Result<Self, Error> {
        let config = SessionConfig::new().with_target_partitions(1).with_batch_size(WHOLE_EVENT_ROWS);
        let session = Self::with_config(config, SessionOptions::default())?;
        let events = session.table_of(MAIN, dataset, Moment::Latest).await?.as_they_lie();
        session.add_table(MAIN, Arc::new(events))?;
        Ok(session)
    }

    fn with_config(config: SessionConfig, options: SessionOptions) -> Result<Self, Error> {
        let mut config = config.with_information_schema(true);
        // Filters are evaluated while reading: the payload columns of rows that fail are never decoded.
        config.options_mut().execution.parquet.pushdown_filters = true;
        config.options_mut().execution.parquet.reorder_filters = true;
        // As in Trino; and nobody's top ten begins with what is unknown.
        config.options_mut().sql_parser.default_null_ordering = "nulls_last".to_owned();
        // A query can be answered without a rule of the optimizer that stumbles over it: one that brings members of structs
        // down to the columns they are made of does where a column is shown twice.
        config.options_mut().optimizer.skip_failed_rules = true;
        let footers =
            options.memory_limit.map_or(MOST_FOOTERS, |limit| MOST_FOOTERS.min(limit / FOOTERS_SHARE));
        let lookup_bytes = options.memory_limit.unwrap_or(UNLIMITED) / LOOKUP_SHARE;
        let mut runtime = RuntimeEnvBuilder::new()
            .with_metadata_cache_limit(usize::try_from(footers).unwrap_or(usize::MAX));
        if let Some(limit) = options.memory_limit {
            let limit = limit - footers - lookup_bytes;
            let pool = FairSpillPool::new(usize::try_from(limit).unwrap_or(usize::MAX));
            // What each sort keeps back for merging what it has spilled, of all that run at once.
            let sorts = limit / (SORTS * config.target_partitions() as u64);
            let reserved = &mut config.options_mut().execution.sort_spill_reservation_bytes;
            *reserved = (*reserved).min(usize::try_from(sorts).unwrap_or(usize::MAX));
            runtime = runtime.with_memory_pool(Arc::new(TrackConsumersPool::new(pool, CONSUMERS)));
        }
        let runtime = runtime.build_arc().map_err(Error::Session)?;
        let mut context = SessionContext::new_with_config_rt(config, runtime);
        context.add_analyzer_rule(Arc::new(LateralUnnest));
        context.add_optimizer_rule(Arc::new(TimeText));
        functions::register(&mut context).map_err(Error::Session)?;
        let allowed =
            SQLOptions::new().with_allow_ddl(options.allow_write).with_allow_dml(options.allow_write);
        Ok(Self {
            context,
            allowed,
            allow_write: options.allow_write,
            event_data_stores: options.event_data_stores,
            left_out: Arc::default(),
            lookup_bytes: usize::try_from(lookup_bytes).unwrap_or(usize::MAX),
        })
    }

    /// Adds a dataset, as of `moment`, whose tables go by `name.events` and so on.
    ///
    /// # Errors
    /// If it cannot be listed or holds no data files, or the name is taken.
    pub async fn add(&self, name: &str, dataset: &Dataset, moment: Moment) -> Result<(), Error> {
        let is_there = self.catalog().is_some_and(|catalog| catalog.schema(name).is_some());
        if is_there || name == INFORMATION_SCHEMA {
            return Err(Error::NameTaken { name: name.to_owned() });
        }
        self.add_dataset(name, dataset, moment).await
    }

    async fn add_dataset(&self, name: &str, dataset: &Dataset, moment: Moment) -> Result<(), Error> {
        let events = self.table_of(name, dataset, moment).await?;
        self.add_table(name, Arc::new(events))
    }

    /// The table of a dataset's events, in a store that goes by `name`.
    async fn table_of(&self, name: &str, dataset: &Dataset, moment: Moment) -> Result<Events, Error> {
        let files = dataset.data_files(moment).await?;
        if files.is_empty() {
            return Err(dataset::Error::Empty { dataset: dataset.name().to_owned() }.into());
        }
        let bytes: u64 = files.iter().map(|file| file.meta.size).sum();
        if bytes / (files.len() as u64) < SMALL_FILE_BYTES {
            // What one side of a join finds is asked of each file of the other: of many small ones that costs more than it spares.
            let state = self.context.state_ref();
            state.write().config_mut().options_mut().optimizer.enable_join_dynamic_filter_pushdown = false;
        }
        let store = ObjectStoreUrl::parse(format!("trailhouse://{name}")).map_err(Error::Session)?;
        self.context.register_object_store(store.as_ref(), dataset.store().clone());
        let events = Events::try_new(store, files).map_err(Error::Session)?;
        Ok(events.with_lookup(dataset.lookup(self.lookup_bytes)))
    }

    /// Opens log objects that were not converted, as if they were a dataset.
    ///
    /// # Errors
    /// Never but for bugs: what the sources hold shows when they are queried.
    pub fn open_raw(sources: Vec<Location>, options: SessionOptions) -> Result<Self, Error> {
        let session = Self::with_config(SessionConfig::new(), options)?;
        session.add_table(MAIN, Arc::new(RawEvents::new(sources, session.left_out.clone())))?;
        Ok(session)
    }

    /// How many stretches of log objects that were not converted are no events, as far as queries have met them.
    pub fn rejects(&self) -> u64 {
        self.left_out.rejects.load(Ordering::Relaxed)
    }

    /// Adds a schema with a table of events and the views over it.
    fn add_table(&self, name: &str, events: Arc<dyn TableProvider>) -> Result<(), Error> {
        let lake = self.event_data_stores.iter().map(|id| (id.clone(), LAKE.to_owned()));
        let schema = EventSchema::new(name, lake.collect(), self.context.state_weak_ref());
        schema.register_table(EVENTS.to_owned(), events).map_err(Error::Session)?;
        match self.catalog() {
            Some(catalog) => {
                catalog.register_schema(name, Arc::new(schema)).map(drop).map_err(Error::Session)
            }
            None => Ok(()),
        }
    }

    /// The one catalog there is.
    fn catalog(&self) -> Option<Arc<dyn CatalogProvider>> {
        self.context.catalog_names().first().and_then(|name| self.context.catalog(name))
    }

    /// A name that is no table's is told with those that are like it.
    fn not_planned(&self, error: DataFusionError) -> Error {
        let message = error.find_root().message().into_owned();
        let missing = message.strip_prefix("table '").and_then(|rest| rest.strip_suffix("' not found"));
        let (Some(missing), Some(catalog)) = (missing, self.catalog()) else { return Error::Query(error) };
        let mut parts = missing.rsplitn(3, '.');
        let (table, schema) = (parts.next().unwrap_or_default(), parts.next().unwrap_or(MAIN));
        let known = catalog.schema(schema).map(|schema| schema.table_names()).unwrap_or_default();
        let near = advice::nearest(table, known.iter().map(String::as_str));
        let prefix = if schema == MAIN { String::new() } else { format!("{schema}.") };
        let near = near.into_iter().map(|name| format!("{prefix}{name}")).collect();
        Error::NoTable { name: format!("{prefix}{table}"), near }
    }

    /// Splits a text into statements, and puts values in the places of parameters (`$name`).
    ///
    /// # Errors
    /// [`Error::Syntax`] if it is not SQL, [`Error::ParameterNotGiven`].
    pub fn parse(&self, sql: &str, values: &ParameterValues) -> Result<Vec<Statement>, Error> {
        let sql = trino::quote_ids(sql, &self.event_data_stores);
        let parser = DFParserBuilder::new(sql.as_ref()).with_dialect(&EventDialect).build();
        let statements = parser.and_then(|mut parser| parser.parse_statements());
        let syntax = |error| Error::Syntax(advice::syntax(&error, sql.as_ref()));
        let mut statements = statements.map(Vec::from).map_err(syntax)?;
        for statement in &mut statements {
            if let Some(what) = trino::passed_over(statement) {
                return Err(Error::PassedOver(what));
            }
            if let Some(text) = trino::unquoted_date(statement) {
                return Err(Error::UnquotedDate { text });
            }
            if let Some(name) = trino::fill_in(statement, values) {
                return Err(Error::ParameterNotGiven { name });
            }
            trino::translate(statement);
        }
        Ok(statements)
    }

    /// Some columns of the events for which a condition (a SQL expression) holds; of all events without one.
    ///
    /// # Errors
    /// If the condition is no expression, or cannot be planned; in the stream, if it fails on a value or a data file
    /// cannot be read. None of them shows what an event holds.
    pub async fn events(&self, columns: &[&str], condition: Option<&str>) -> Result<EventBatches, Error> {
        let statement = condition::select(columns, condition)?;
        let plan = self.plan(statement).await?;
        let explain = if condition.is_some() { condition::failed } else { Error::Query };
        let frame = self.context.execute_logical_plan(plan).await.map_err(explain)?;
        let batches = frame.execute_stream().await.map_err(explain)?;
        Ok(batches.map_err(explain).boxed())
    }

    /// Plans a statement.
    ///
    /// # Errors
    /// If it makes no sense, or is not allowed.
    pub(super) async fn plan(&self, statement: Statement) -> Result<LogicalPlan, Error> {
        let plan = self.context.state().statement_to_plan(statement).await;
        let plan = plan.map_err(|error| self.not_planned(error))?;
        self.allowed.verify_plan(&plan).map_err(refused)?;
        // Where spilled rows go and how much memory there is was said on the command line.
        if let LogicalPlan::Statement(logical_expr::Statement::SetVariable(set)) = &plan
            && set.variable.starts_with("datafusion.runtime.")
            && !self.allow_write
        {
            return Err(Error::NotAllowed { what: format!("SET {}", set.variable) });
        }
        shown_as_text(plan).map_err(Error::Query)
    }
}

/// The plan with values that `->` found as text: no format but ours of the table has a place for their own type.
fn shown_as_text(plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    let is_union = |field: &FieldRef| matches!(field.data_type(), DataType::Union(..));
    if !plan.schema().fields().iter().any(is_union) {
        return Ok(plan);
    }
    let columns = plan.schema().columns().into_iter().zip(plan.schema().fields()).map(|(column, field)| {
        let name = column.name.clone();
        match is_union(field) {
            true => json_union_to_text_udf().call(vec![Expr::Column(column)]).alias(name),
            false => Expr::Column(column),
        }
    });
    let columns: Vec<Expr> = columns.collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

/// What the verification says, without DataFusion's words around it.
fn refused(error: DataFusionError) -> Error {
    let message = error.strip_backtrace();
    let what = message.rsplit_once("not supported: ").map_or(message.as_str(), |(_, what)| what);
    Error::NotAllowed { what: what.trim().to_owned() }
}
