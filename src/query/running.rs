//! Statements under way: planned, running, measured.

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::PeakRecordingPool;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::{ExecutionPlan, displayable, execute_stream};
use datafusion::sql::parser::Statement;
use futures::StreamExt as _;
use tokio::runtime::Handle;

use super::Error;
use super::catalog::Events;
use super::session::{EVENTS, QuerySession};
use super::stats::{ChosenFile, QueryStats, chosen_files};

/// Batches that are computed before anybody asks for them.
const WAITING_BATCHES: usize = 2;

/// A statement that has been started.
pub struct Running {
    /// Its rows, as they are computed. Who drops it stops the statement.
    pub stream: SendableRecordBatchStream,
    /// What it costs.
    pub meter: Meter,
}

/// Measures a statement.
pub struct Meter {
    plan: Arc<dyn ExecutionPlan>,
    planning: Duration,
    memory: Arc<PeakRecordingPool>,
    started: Instant,
    files_in_dataset: u64,
}

impl Meter {
    /// What it has cost until now, with `rows` of the answer.
    pub fn stats(&self, rows: u64) -> QueryStats {
        let mut stats = QueryStats::of(&self.plan);
        stats.files.in_dataset = self.files_in_dataset;
        let peak_memory = self.memory.peak_reserved() as u64;
        QueryStats { planning: self.planning, running: self.started.elapsed(), rows, peak_memory, ..stats }
    }
}

/// How a statement would be answered.
pub struct Explained {
    plan: Arc<dyn ExecutionPlan>,
    /// The data files it would read.
    pub files: Vec<ChosenFile>,
    /// How many there are in the dataset.
    pub files_in_dataset: u64,
}

impl Explained {
    /// The plan, a line for each operator, each above what it takes its rows from.
    pub fn as_lines(&self) -> String {
        displayable(self.plan.as_ref()).indent(false).to_string()
    }

    /// The plan, drawn as a tree of boxes, which leave out what is long.
    pub fn as_tree(&self) -> String {
        displayable(self.plan.as_ref()).tree_render().to_string()
    }
}

impl QuerySession {
    /// Plans a statement and starts it on `threads`; rows come as they are computed.
    ///
    /// # Errors
    /// If the statement cannot be planned, or is not allowed.
    pub async fn start(&self, statement: Statement, threads: &Handle) -> Result<Running, Error> {
        let began = Instant::now();
        let plan = self.plan(statement).await?;
        let frame = self.context.execute_logical_plan(plan).await.map_err(Error::Query)?;
        let task = frame.task_ctx();
        let plan = frame.create_physical_plan().await.map_err(Error::Query)?;
        let files_in_dataset = self.data_files().await;
        // Memory is granted as before; how much, is written down for this statement alone.
        let mut runtime = RuntimeEnv::clone(&task.runtime_env());
        let memory = Arc::new(PeakRecordingPool::new(runtime.memory_pool));
        runtime.memory_pool = memory.clone();
        let task = Arc::new(task.with_runtime(Arc::new(runtime)));
        let started = Instant::now();
        let stream = in_background(with_pauses(plan.clone()).map_err(Error::Query)?, task, threads);
        let meter = Meter { plan, memory, planning: started - began, started, files_in_dataset };
        Ok(Running { stream, meter })
    }

    /// Plans a statement, and does not run it.
    ///
    /// # Errors
    /// If the statement cannot be planned, or is not allowed.
    pub async fn explain(&self, statement: Statement) -> Result<Explained, Error> {
        let plan = self.plan(statement).await?;
        let plan = self.context.state().create_physical_plan(&plan).await.map_err(Error::Query)?;
        let files = chosen_files(plan.as_ref()).into_iter().collect();
        Ok(Explained { plan, files, files_in_dataset: self.data_files().await })
    }

    /// How many data files there are, in all datasets of the session.
    pub async fn data_files(&self) -> u64 {
        let mut files = 0;
        for catalog in self.context.catalog_names().iter().filter_map(|name| self.context.catalog(name)) {
            for schema in catalog.schema_names().iter().filter_map(|name| catalog.schema(name)) {
                if let Ok(Some(table)) = schema.table(EVENTS).await
                    && let Some(events) = table.downcast_ref::<Events>()
                {
                    files += events.file_count() as u64;
                }
            }
        }
        files
    }
}

/// The plan with a pause now and then in the operators that make many rows of few. DataFusion pauses where rows are
/// read, and relies on others to come back for more; a cross join of some thousand rows may not for hours, and what
/// never pauses is never cancelled.
fn with_pauses(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let multiplies = |plan: &dyn ExecutionPlan| plan.children().len() > 1 || plan.is::<UnnestExec>();
    let paused = plan.transform_up(|plan| {
        Ok(match multiplies(plan.as_ref()) {
            true => Transformed::yes(Arc::new(CooperativeExec::new(plan)) as _),
            false => Transformed::no(plan),
        })
    });
    Ok(paused?.data)
}

/// The rows of a plan, computed on `threads`: operators may compute for long without a pause, and who waits for rows
/// wants to hear of other things meanwhile.
fn in_background(
    plan: Arc<dyn ExecutionPlan>,
    task: Arc<TaskContext>,
    threads: &Handle,
) -> SendableRecordBatchStream {
    let mut builder = RecordBatchReceiverStreamBuilder::new(plan.schema(), WAITING_BATCHES);
    let sender = builder.tx();
    let running = async move {
        // Operators start tasks of their own, where they are started.
        let mut stream = execute_stream(plan, task)?;
        while let Some(batch) = stream.next().await {
            if sender.send(batch).await.is_err() {
                break;
            }
        }
        Ok(())
    };
    builder.spawn_on(running, threads);
    builder.build()
}
