//! What a query cost, told by the metrics of its physical plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::{MetricValue, PruningMetrics};

/// Operators whose times are told.
const TOP_OPERATORS: usize = 5;

/// What a query cost. Where it reads a table twice, both readings count, but each file once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryStats {
    /// From the statement to the plan: with it, files were chosen.
    pub planning: Duration,
    /// From the plan to the last row, its writing included.
    pub running: Duration,
    /// Rows of the answer.
    pub rows: u64,
    /// Data files.
    pub files: FileStats,
    /// Row groups of the files that were opened.
    pub row_groups: RowGroupStats,
    /// What the page index knew to be of no use, in the row groups that were left.
    pub page_index: PageStats,
    /// Rows that were decoded as far as a filter needed, and no further.
    pub rows_filtered_while_decoding: u64,
    /// Bytes asked of the store.
    pub bytes_read: u64,
    /// The most bytes that operators held at a time, as far as they ask for them: what grows with the data, such as
    /// groups, sorted rows and sides of joins.
    pub peak_memory: u64,
    /// What did not fit into memory.
    pub spilled: SpillStats,
    /// The operators that took longest, and how long: over all threads, so it may be more than the running time.
    pub operators: Vec<(String, Duration)>,
}

/// Data files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileStats {
    /// In the dataset.
    pub in_dataset: u64,
    /// Chosen by partition, time and what filters were looked up.
    pub chosen: u64,
    /// Opened: there may be rows enough before all are.
    pub opened: u64,
    /// Bytes of those chosen.
    pub bytes_chosen: u64,
}

/// Row groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowGroupStats {
    /// In the files that were opened.
    pub total: u64,
    /// Not read because of their statistics.
    pub pruned_by_statistics: u64,
    /// Not read because of their bloom filters.
    pub pruned_by_bloom_filter: u64,
}

/// Pages and their rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageStats {
    /// Pages that were looked up.
    pub pages: u64,
    /// Those of them that were not read.
    pub pruned_pages: u64,
    /// Rows that were not read.
    pub pruned_rows: u64,
}

/// What was written to temporary files for want of memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpillStats {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl QueryStats {
    /// What the metrics of `plan` say; times, rows and memory of the whole are for the caller to add.
    pub(super) fn of(plan: &Arc<dyn ExecutionPlan>) -> Self {
        let mut tally = Tally::default();
        tally.add(plan.as_ref());
        let chosen = chosen_files(plan.as_ref());
        tally.stats.files.chosen = chosen.len() as u64;
        tally.stats.files.bytes_chosen = chosen.iter().map(|file| file.bytes).sum();
        tally.stats()
    }
}

/// A data file that a plan reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChosenFile {
    /// The store it lies in, as the plan calls it: each dataset has its own.
    pub store: String,
    /// Where it lies below the dataset.
    pub path: String,
    /// How large it is.
    pub bytes: u64,
}

/// The data files that a plan reads, each once.
pub(super) fn chosen_files(plan: &dyn ExecutionPlan) -> BTreeSet<ChosenFile> {
    let mut chosen = BTreeSet::new();
    if let Some(scan) = scan(plan) {
        let files = scan.file_groups.iter().flat_map(FileGroup::files);
        chosen.extend(files.map(|file| ChosenFile {
            store: scan.object_store_url.to_string(),
            path: file.object_meta.location.to_string(),
            bytes: file.object_meta.size,
        }));
    }
    for child in plan.children() {
        chosen.append(&mut chosen_files(child.as_ref()));
    }
    chosen
}

fn scan(plan: &dyn ExecutionPlan) -> Option<&FileScanConfig> {
    plan.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref()
}

/// Sums on the way through a plan.
#[derive(Default)]
struct Tally {
    stats: QueryStats,
    /// Stores and paths.
    opened: BTreeSet<(String, String)>,
    operators: BTreeMap<String, Duration>,
}

impl Tally {
    fn add(&mut self, plan: &dyn ExecutionPlan) {
        let metrics = plan.metrics().unwrap_or_default();
        let store = scan(plan).map(|scan| scan.object_store_url.to_string()).unwrap_or_default();
        let (mut computing, mut processing) = (0, 0);
        for metric in metrics.iter() {
            let file = metric.labels().iter().find(|label| label.name() == "filename");
            let value = metric.value();
            match (value, value.name()) {
                (MetricValue::ElapsedCompute(time), _) => computing += time.value(),
                // Scans count what they compute under this name.
                (MetricValue::Time { time, .. }, "time_elapsed_processing") => processing += time.value(),
                (MetricValue::SpillCount(count), _) => self.stats.spilled.files += count.value() as u64,
                (MetricValue::SpilledBytes(count), _) => self.stats.spilled.bytes += count.value() as u64,
                (MetricValue::Count { count, .. }, "bytes_scanned") => {
                    self.stats.bytes_read += count.value() as u64;
                }
                (MetricValue::Count { count, .. }, "pushdown_rows_pruned") => {
                    self.stats.rows_filtered_while_decoding += count.value() as u64;
                }
                (MetricValue::PruningMetrics { pruning_metrics, .. }, name) => {
                    let file = file.map(|file| (store.clone(), file.value().to_owned()));
                    self.prune(name, pruning_metrics, file);
                }
                _ => {}
            }
        }
        let spent = Duration::from_nanos(computing.max(processing) as u64);
        *self.operators.entry(plan.name().to_owned()).or_default() += spent;
        for child in plan.children() {
            self.add(child.as_ref());
        }
    }

    fn prune(&mut self, what: &str, metrics: &PruningMetrics, file: Option<(String, String)>) {
        let (pruned, matched) = (metrics.pruned() as u64, metrics.matched() as u64);
        match what {
            // Every row group of an opened file passes here.
            "row_groups_pruned_statistics" => {
                self.stats.row_groups.total += pruned + matched;
                self.stats.row_groups.pruned_by_statistics += pruned;
                if pruned + matched > 0 {
                    self.opened.extend(file);
                }
            }
            "row_groups_pruned_bloom_filter" => self.stats.row_groups.pruned_by_bloom_filter += pruned,
            "page_index_pages_pruned" => {
                self.stats.page_index.pages += pruned + matched;
                self.stats.page_index.pruned_pages += pruned;
            }
            "page_index_rows_pruned" => self.stats.page_index.pruned_rows += pruned,
            _ => {}
        }
    }

    fn stats(self) -> QueryStats {
        let mut operators: Vec<(String, Duration)> =
            self.operators.into_iter().filter(|(_, spent)| !spent.is_zero()).collect();
        operators.sort_by(|(_, a), (_, b)| b.cmp(a));
        operators.truncate(TOP_OPERATORS);
        let files = FileStats { opened: self.opened.len() as u64, ..self.stats.files };
        QueryStats { operators, files, ..self.stats }
    }
}

/// Lines for people.
impl fmt::Display for QueryStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, row_groups, page_index, spilled, .. } = self;
        writeln!(f, "time          planning {}, running {}", seconds(self.planning), seconds(self.running))?;
        writeln!(f, "rows          {}", grouped(self.rows))?;
        writeln!(
            f,
            "data files    {} in the dataset, {} chosen by partition, time and filters, {} opened",
            grouped(files.in_dataset),
            grouped(files.chosen),
            grouped(files.opened)
        )?;
        writeln!(
            f,
            "row groups    {} in these, {} pruned by statistics, {} by bloom filters",
            grouped(row_groups.total),
            grouped(row_groups.pruned_by_statistics),
            grouped(row_groups.pruned_by_bloom_filter)
        )?;
        writeln!(
            f,
            "page index    {} of {} pages pruned, with {} rows",
            grouped(page_index.pruned_pages),
            grouped(page_index.pages),
            grouped(page_index.pruned_rows)
        )?;
        writeln!(
            f,
            "filters       {} rows dropped while decoding",
            grouped(self.rows_filtered_while_decoding)
        )?;
        writeln!(
            f,
            "read          {} of {} in the chosen files",
            ByteSize(self.bytes_read),
            ByteSize(files.bytes_chosen)
        )?;
        writeln!(f, "memory        {} at peak, for groups, sorting and joins", ByteSize(self.peak_memory))?;
        if spilled.files > 0 {
            writeln!(f, "spilled       {} in {} files", ByteSize(spilled.bytes), grouped(spilled.files))?;
        }
        for (position, (operator, spent)) in self.operators.iter().enumerate() {
            let title = if position == 0 { "operators" } else { "" };
            writeln!(f, "{title:<13} {} {operator}", seconds(*spent))?;
        }
        Ok(())
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// 1,234,567
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
