//! From the arrays of a batch to the leaves of a row group: what of a row is there, and how deep it lies. See
//! [nested encoding](https://parquet.apache.org/docs/file-format/nestedencoding/).

use arrow::array::{Array, ArrayRef, AsArray as _, ListArray, StringArray, StructArray};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use parquet::errors::{ParquetError, Result};

use super::chunk::ChunkEncoder;
use crate::table::column::ColumnType;

/// How deep a row goes whose list has no elements.
pub(super) const EMPTY: u8 = 1;

/// Appends a column's rows to its leaves.
///
/// # Errors
/// If the array is not of that type, which would be a bug; or a page cannot be compressed.
pub(super) fn append(leaves: &mut [ChunkEncoder], array: &ArrayRef, column_type: ColumnType) -> Result<()> {
    if array.null_count() == array.len() {
        return leaves.iter_mut().try_for_each(|leaf| leaf.nulls(array.len()));
    }
    match (column_type, leaves) {
        (ColumnType::Text | ColumnType::Json, [leaf]) => {
            let texts: &StringArray = known(array.as_string_opt())?;
            let text = |row| texts.value(row).as_bytes();
            flat(leaf, array, |row| plain_size(text(row)), |leaf, row| leaf.text(text(row)))
        }
        (ColumnType::Boolean, [leaf]) => {
            let truths = known(array.as_boolean_opt())?;
            flat(leaf, array, |_| 1, |leaf, row| leaf.truth(truths.value(row)))
        }
        (ColumnType::Int32, [leaf]) => {
            let numbers = known(array.as_primitive_opt::<Int32Type>())?;
            flat(leaf, array, |_| size_of::<i32>(), |leaf, row| leaf.number(numbers.value(row).into()))
        }
        (ColumnType::Int64, [leaf]) => {
            let numbers = known(array.as_primitive_opt::<Int64Type>())?;
            flat(leaf, array, |_| size_of::<i64>(), |leaf, row| leaf.number(numbers.value(row)))
        }
        (ColumnType::Timestamp, [leaf]) => {
            let times = known(array.as_primitive_opt::<TimestampMicrosecondType>())?;
            flat(leaf, array, |_| size_of::<i64>(), |leaf, row| leaf.number(times.value(row)))
        }
        (ColumnType::TextList, [leaf]) => {
            let lists: &ListArray = known(array.as_list_opt())?;
            nested(leaf, lists, known(lists.values().as_string_opt())?, None)
        }
        (ColumnType::Resources, leaves) => {
            let lists: &ListArray = known(array.as_list_opt())?;
            let resources = known(lists.values().as_struct_opt())?;
            let members = leaves.iter_mut().zip(resources.columns());
            members.into_iter().try_for_each(|(leaf, member)| {
                nested(leaf, lists, known(member.as_string_opt())?, Some(resources))
            })
        }
        _ => Err(unknown()),
    }
}

fn known<T>(array: Option<T>) -> Result<T> {
    array.ok_or_else(unknown)
}

pub(super) fn unknown() -> ParquetError {
    ParquetError::General("a batch has not the columns of the table".to_owned())
}

/// A text as `PLAIN` has it: behind its length.
pub(super) fn plain_size(text: &[u8]) -> usize {
    size_of::<u32>() + text.len()
}

/// One place in each row, and a value where there is one.
#[inline]
fn flat(
    leaf: &mut ChunkEncoder,
    array: &ArrayRef,
    size: impl Fn(usize) -> usize,
    value: impl Fn(&mut ChunkEncoder, usize),
) -> Result<()> {
    for row in 0..array.len() {
        if array.is_valid(row) {
            leaf.begin_row(size(row))?;
            leaf.level(0, 1);
            value(leaf, row);
        } else {
            leaf.begin_row(0)?;
            leaf.level(0, 0);
        }
    }
    Ok(())
}

/// A place in each row for every element of its list: for the text itself, or for one of the members of `structs`.
fn nested(
    leaf: &mut ChunkEncoder,
    lists: &ListArray,
    texts: &StringArray,
    structs: Option<&StructArray>,
) -> Result<()> {
    const NO_LIST: u8 = 0;
    const NO_ELEMENT: u8 = 2;
    let deepest = if structs.is_some() { 4 } else { 3 };
    let offsets = lists.value_offsets();
    for row in 0..lists.len() {
        let elements = offsets[row] as usize..offsets[row + 1] as usize;
        if lists.is_null(row) || elements.is_empty() {
            leaf.begin_row(0)?;
            leaf.level(0, if lists.is_null(row) { NO_LIST } else { EMPTY });
            continue;
        }
        leaf.begin_row(elements.clone().map(|element| plain_size(texts.value(element).as_bytes())).sum())?;
        for element in elements.clone() {
            let repetition = u8::from(element > elements.start);
            if structs.is_some_and(|structs| structs.is_null(element)) {
                leaf.level(repetition, NO_ELEMENT);
            } else if texts.is_null(element) {
                leaf.level(repetition, deepest - 1);
            } else {
                leaf.level(repetition, deepest);
                leaf.text(texts.value(element).as_bytes());
            }
        }
    }
    Ok(())
}
