//! From packed rows to the leaves of a row group, cell by cell: nothing is built in between.

use parquet::errors::Result;

use super::chunk::ChunkEncoder;
use super::leaves::{EMPTY, plain_size, unknown};
use crate::table::Unpacker;
use crate::table::column::{ColumnType, RESOURCE_MEMBERS};

/// Appends the next cell as the value of row `row` of the row group. Rows before it that were passed over have none.
///
/// # Errors
/// If a page cannot be compressed.
pub(super) fn append(
    leaves: &mut [ChunkEncoder],
    row: usize,
    column_type: ColumnType,
    cell: &mut Unpacker<'_>,
) -> Result<()> {
    for leaf in leaves.iter_mut() {
        leaf.fill_up(row)?;
    }
    match (column_type, leaves) {
        (ColumnType::Text | ColumnType::Json, [leaf]) => {
            let text = cell.text();
            leaf.begin_row(plain_size(text))?;
            leaf.level(0, 1);
            leaf.text(text);
        }
        (ColumnType::Boolean, [leaf]) => {
            leaf.begin_row(1)?;
            leaf.level(0, 1);
            leaf.truth(cell.boolean());
        }
        (ColumnType::Int32 | ColumnType::Int64 | ColumnType::Timestamp, [leaf]) => {
            leaf.begin_row(size_of::<i64>())?;
            leaf.level(0, 1);
            leaf.number(cell.integer());
        }
        (ColumnType::TextList, [leaf]) => text_list(leaf, cell)?,
        (ColumnType::Resources, leaves) => resources(leaves, cell)?,
        _ => return Err(unknown()),
    }
    Ok(())
}

fn text_list(leaf: &mut ChunkEncoder, cell: &mut Unpacker<'_>) -> Result<()> {
    const TEXT: u8 = 3;
    let texts = cell.length();
    let mut ahead = cell.clone();
    leaf.begin_row((0..texts).map(|_| plain_size(ahead.text())).sum())?;
    if texts == 0 {
        leaf.level(0, EMPTY);
    }
    for text in 0..texts {
        leaf.level(u8::from(text > 0), TEXT);
        leaf.text(cell.text());
    }
    Ok(())
}

/// Each member of a resource has a leaf of its own.
fn resources(leaves: &mut [ChunkEncoder], cell: &mut Unpacker<'_>) -> Result<()> {
    const MEMBER: u8 = 4;
    let resources = cell.length();
    let mut ahead = cell.clone();
    let mut sizes = [0; RESOURCE_MEMBERS.len()];
    for member in (0..resources).flat_map(|_| 0..RESOURCE_MEMBERS.len()) {
        if ahead.boolean() {
            sizes[member] += plain_size(ahead.text());
        }
    }
    for (leaf, size) in leaves.iter_mut().zip(sizes) {
        leaf.begin_row(size)?;
        if resources == 0 {
            leaf.level(0, EMPTY);
        }
    }
    for resource in 0..resources {
        let repetition = u8::from(resource > 0);
        for leaf in leaves.iter_mut() {
            if cell.boolean() {
                leaf.level(repetition, MEMBER);
                leaf.text(cell.text());
            } else {
                leaf.level(repetition, MEMBER - 1);
            }
        }
    }
    Ok(())
}
