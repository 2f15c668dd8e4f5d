//! The index of a chunk's pages: what values each has, and where it lies. See
//! [page index](https://parquet.apache.org/docs/file-format/pageindex/).

use parquet::basic::{BoundaryOrder, Type};
use parquet::errors::Result;
use parquet::file::metadata::{ColumnIndexBuilder, OffsetIndexBuilder};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::OffsetIndexMetaData;

use super::range::Range;

/// An index under way.
pub(super) struct PageIndex {
    physical: Type,
    bounds: ColumnIndexBuilder,
    offsets: OffsetIndexBuilder,
    /// The last bounds there were.
    last: Option<Range>,
    ascending: bool,
}

impl PageIndex {
    /// Of a column of `physical` values.
    pub(super) fn new(physical: Type) -> Self {
        let (bounds, offsets) = (ColumnIndexBuilder::new(physical), OffsetIndexBuilder::new());
        Self { physical, bounds, offsets, last: None, ascending: true }
    }

    /// The next page: `rows` of it, of which `nulls` have no value, and the others one in `range`; and where it lies.
    pub(super) fn push(&mut self, rows: usize, nulls: usize, range: &Range, (offset, bytes): (u64, usize)) {
        // Pages end at a few megabytes.
        self.offsets.append_offset_and_size(offset as i64, bytes as i32);
        self.offsets.append_row_count(rows as i64);
        let bounds = range.bounds(self.physical);
        let is_null = bounds.is_none();
        let (least, greatest) = bounds.unwrap_or_default();
        self.bounds.append(is_null, least, greatest, nulls as i64);
        if !is_null {
            self.ascending &= self.last.as_ref().is_none_or(|last| last.is_below(range));
            self.last = Some(range.clone());
        }
    }

    /// # Errors
    /// Never: bounds are as wide as the column's values.
    pub(super) fn finish(mut self) -> Result<(ColumnIndexMetaData, OffsetIndexMetaData)> {
        if self.ascending {
            self.bounds.set_boundary_order(BoundaryOrder::ASCENDING);
        }
        Ok((self.bounds.build()?, self.offsets.build()))
    }
}
