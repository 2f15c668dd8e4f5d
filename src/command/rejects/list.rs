//! `trailhouse rejects DATASET list`: which rejects there are, without a word of what they hold.

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::error::ArrowError;
use bytesize::ByteSize;

use super::super::output::{Output, refuse_binary};
use super::selection;
use crate::cli::{QueryFormat, RejectsListArgs};
use crate::dataset::{Dataset, RejectId, StoredReject};
use crate::decode::Reason;
use crate::error::{Error, Exit};
use crate::query::{self, Format, Style};

/// All that is said of a reject.
struct Listed {
    object: String,
    event_index: u64,
    byte_offset: u64,
    id: RejectId,
    reason: Reason,
    detail: Option<String>,
    bytes: u64,
}

impl From<&StoredReject> for Listed {
    fn from(reject: &StoredReject) -> Self {
        Self {
            object: reject.object.clone(),
            event_index: reject.event_index,
            byte_offset: reject.byte_offset,
            id: reject.id(),
            reason: reject.reason,
            detail: reject.detail.clone(),
            bytes: reject.raw.len() as u64,
        }
    }
}

pub(super) async fn run(dataset: &Dataset, args: RejectsListArgs) -> Result<Exit, Error> {
    let selection = selection(args.filter);
    let mut rejects = Vec::new();
    let mut ids = HashSet::new();
    for file in dataset.reject_files().await? {
        let stored = dataset.read_rejects(&file).await?;
        let meant = stored.iter().filter(|reject| selection.admits(reject)).map(Listed::from);
        // Stored twice, listed once.
        rejects.extend(meant.filter(|reject| ids.insert(reject.id)));
    }
    let place = |reject: &Listed| (reject.event_index, reject.byte_offset, reject.id);
    rejects.sort_unstable_by(|a, b| a.object.cmp(&b.object).then_with(|| place(a).cmp(&place(b))));

    let is_table = args.format == QueryFormat::Table;
    if rejects.is_empty() && is_table {
        eprintln!("trailhouse: no rejects to list in {}", dataset.name());
        return Ok(Exit::Done);
    }
    let batch = if args.all { each(&rejects) } else { by_reason_and_object(&rejects) };
    let batch = batch.map_err(query::Error::Format)?;
    let mut output = Output::stdout();
    refuse_binary(args.format.into(), output.screen)?;
    let style = Style { screen: output.screen, ..Format::from(args.format).into() };
    let mut out = output.writer();
    query::print_batch(batch, &style, &mut out).await?;
    if is_table {
        writeln!(out, "{}", total(&rejects)).map_err(Error::Output)?;
    }
    out.flush().map_err(Error::Output)?;
    Ok(Exit::Done)
}

/// A row for each reject.
fn each(rejects: &[Listed]) -> Result<RecordBatch, ArrowError> {
    let texts = |text: fn(&Listed) -> String| column::<StringArray, _>(rejects.iter().map(text).map(Some));
    let numbers = |number: fn(&Listed) -> u64| column::<UInt64Array, _>(rejects.iter().map(number).map(Some));
    RecordBatch::try_from_iter([
        ("id", texts(|reject| reject.id.to_string())),
        ("object", texts(|reject| reject.object.clone())),
        ("event_index", numbers(|reject| reject.event_index)),
        ("byte_offset", numbers(|reject| reject.byte_offset)),
        ("reason", texts(|reject| reject.reason.code().to_owned())),
        ("detail", column::<StringArray, _>(rejects.iter().map(|reject| reject.detail.clone()))),
        ("bytes", numbers(|reject| reject.bytes)),
    ])
}

/// A row for each reason and object.
fn by_reason_and_object(rejects: &[Listed]) -> Result<RecordBatch, ArrowError> {
    /// What rejects of the same reason and object have in common.
    struct Group<'a> {
        first: &'a Listed,
        rejects: u64,
        bytes: u64,
    }
    let mut groups: BTreeMap<(&str, &str), Group<'_>> = BTreeMap::new();
    for reject in rejects {
        let key = (reject.reason.code(), reject.object.as_str());
        let group = groups.entry(key).or_insert(Group { first: reject, rejects: 0, bytes: 0 });
        group.rejects += 1;
        group.bytes += reject.bytes;
    }
    let texts =
        |text: fn(&(&str, &str)) -> String| column::<StringArray, _>(groups.keys().map(text).map(Some));
    let numbers =
        |number: fn(&Group<'_>) -> u64| column::<UInt64Array, _>(groups.values().map(number).map(Some));
    RecordBatch::try_from_iter([
        ("reason", texts(|(reason, _)| (*reason).to_owned())),
        ("object", texts(|(_, object)| (*object).to_owned())),
        ("rejects", numbers(|group| group.rejects)),
        ("first_index", numbers(|group| group.first.event_index)),
        ("first_offset", numbers(|group| group.first.byte_offset)),
        ("bytes", numbers(|group| group.bytes)),
    ])
}

fn column<A: FromIterator<Option<T>> + arrow::array::Array + 'static, T>(
    values: impl Iterator<Item = Option<T>>,
) -> ArrayRef {
    Arc::new(values.collect::<A>())
}

fn total(rejects: &[Listed]) -> String {
    let objects: HashSet<&str> = rejects.iter().map(|reject| reject.object.as_str()).collect();
    let bytes = rejects.iter().map(|reject| reject.bytes).sum();
    format!("rejects: {}, objects: {}, size: {}", rejects.len(), objects.len(), ByteSize(bytes))
}
