//! The filters of one data file, as they are copied and as they are asked.
//!
//! Of each row group the bits alone are kept, each behind its length in four bytes, as Parquet's plain encoding writes byte
//! arrays: what else the header of a filter says is the same for
//! [all there are](https://parquet.apache.org/docs/file-format/bloomfilter/#file-format).

use bytes::Bytes;
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::COLUMNS;
use crate::dataset::checksum::Checksum;
use crate::dataset::known_file::{has_values, leaf};
use crate::partition::PartitionKey;

/// The bytes of a block; a filter is made of blocks.
const BLOCK_BYTES: usize = 32;

/// The filters of a data file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::dataset) struct FileFilters {
    /// Its day, in days since 1970, if it has one.
    pub(super) day: Option<i32>,
    /// What its bytes come to.
    pub(super) checksum: Checksum,
    /// For each of [`COLUMNS`] the filters of the row groups that have values of it; `None` if that is not known.
    pub(super) columns: Vec<Option<Bytes>>,
}

impl FileFilters {
    /// Copies them out of a data file.
    pub(in crate::dataset) fn of(
        partition: &PartitionKey,
        checksum: Checksum,
        content: &[u8],
        footer: &ParquetMetaData,
    ) -> Self {
        let columns = COLUMNS.iter().map(|column| of_column(content, footer, column)).collect();
        Self { day: partition.date().map(|day| day.to_epoch_days()), checksum, columns }
    }

    /// Memory held, in bytes, and about the same on the store.
    pub(in crate::dataset) fn memory_size(&self) -> usize {
        let filters = self.columns.iter().flatten().map(Bytes::len).sum::<usize>();
        filters + size_of::<Self>() + self.columns.len() * size_of::<Option<Bytes>>()
    }
}

/// The filters of a column. Empty if no row has a value of it: then there is none that the file could hold.
fn of_column(content: &[u8], footer: &ParquetMetaData, column: &str) -> Option<Bytes> {
    let leaf = leaf(footer, column)?;
    let mut packed = Vec::new();
    for rows in 0..footer.num_row_groups() {
        let chunk = footer.row_group(rows).column(leaf);
        match (chunk.bloom_filter_offset(), chunk.bloom_filter_length()) {
            (Some(offset), Some(length)) => {
                let (start, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
                let written = content.get(start..start.checked_add(length)?)?;
                pack(&Sbbf::from_bytes(written).ok()?, &mut packed).ok()?;
            }
            // A row group of nulls needs none.
            _ if !has_values(footer, leaf, rows) => {}
            _ => return None,
        }
    }
    Some(packed.into())
}

/// Appends a filter.
fn pack(filter: &Sbbf, packed: &mut Vec<u8>) -> Result<(), ParquetError> {
    let bytes = filter.num_blocks() * BLOCK_BYTES;
    let length = u32::try_from(bytes).map_err(|error| ParquetError::External(error.into()))?;
    packed.extend(length.to_le_bytes());
    filter.write_bitset(packed)
}

/// Whether one of the values may be in the file that these filters are of. So it is of filters that cannot be understood.
pub(super) fn may_hold(mut packed: &[u8], values: &[String]) -> bool {
    while !packed.is_empty() {
        let Some((length, rest)) = packed.split_first_chunk::<4>() else { return true };
        let length = u32::from_le_bytes(*length) as usize;
        let Some((bits, rest)) = rest.split_at_checked(length) else { return true };
        if bits.is_empty() || !bits.len().is_multiple_of(BLOCK_BYTES) {
            return true;
        }
        let filter = Sbbf::new(bits);
        if values.iter().any(|value| filter.check(value.as_str())) {
            return true;
        }
        packed = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filter(values: &[String]) -> Sbbf {
        let mut filter = Sbbf::new_with_num_of_bytes(values.len() * 2);
        values.iter().for_each(|value| filter.insert(value.as_str()));
        filter
    }

    proptest! {
        /// What is in a file is never denied, whichever row group it is in.
        #[test]
        fn what_is_there_is_never_denied(groups in prop::collection::vec(prop::collection::vec(".*", 1..40), 1..4)) {
            let mut packed = Vec::new();
            groups.iter().for_each(|values| pack(&filter(values), &mut packed).unwrap());
            for value in groups.iter().flatten() {
                prop_assert!(may_hold(&packed, &["~ another ~".to_owned(), value.clone()]));
            }
        }

        /// Whatever it is that is taken for filters.
        #[test]
        fn any_bytes_can_be_asked(packed in prop::collection::vec(any::<u8>(), 0..200)) {
            may_hold(&packed, &["x".to_owned()]);
        }
    }

    #[test]
    fn what_is_not_understood_denies_nothing() {
        let ask = |packed: &[u8]| may_hold(packed, &["x".to_owned()]);
        assert!(!ask(&[]));
        assert!(!ask(&[&[32, 0, 0, 0][..], &[0; 32]].concat()));
        for packed in [&[0, 0, 0, 0][..], &[1], &[32, 0, 0, 0, 1], &[5, 0, 0, 0, 1, 2, 3, 4, 5]] {
            assert!(ask(packed), "{packed:?}");
        }
    }
}
