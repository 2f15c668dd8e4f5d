//! One statement: started, waited for, and its answer written.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::parser::Statement;
use futures::TryStreamExt as _;
use tokio::runtime::Handle;

use super::output::Output;
use super::spinner::Spinner;
use crate::query::{self, QuerySession, QueryStats, Running, Style};

/// Runs a statement on `threads` and writes its answer; what it cost.
///
/// # Errors
/// If the statement is wrong or fails on the way, or the output does.
pub(super) async fn answer(
    session: &QuerySession,
    statement: Statement,
    threads: &Handle,
    style: Style,
    output: &mut Output,
) -> Result<QueryStats, query::Error> {
    let counted = Arc::new(AtomicU64::new(0));
    let spinner = Spinner::start(counted.clone());
    let Running { stream, meter } = session.start(statement, threads).await?;
    let style = Style { screen: output.screen, ..style };
    let mut out = output.writer_after(spinner);
    let rows = query::print(counting(stream, counted), &style, &mut out).await?;
    out.flush().map_err(query::Error::Output)?;
    drop(out);
    Ok(meter.stats(rows))
}

fn counting(stream: SendableRecordBatchStream, rows: Arc<AtomicU64>) -> SendableRecordBatchStream {
    let schema = stream.schema();
    let stream = stream.inspect_ok(move |batch| {
        rows.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}
