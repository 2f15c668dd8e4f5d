//! Which columns of a data file have values, by the log: kept of every file, so in a bit for each column.

use super::statistics::COLUMNS;

/// Of the columns with statistics in the log, those that have no value in any row, and those that have one in each. Of others,
/// and where the log says nothing, nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Valued {
    /// A bit for each of [`COLUMNS`].
    never: u8,
    always: u8,
}

const _: () = assert!(COLUMNS.len() <= u8::BITS as usize);

impl Valued {
    /// What follows from the number of rows without a value, in the order of [`COLUMNS`].
    pub(super) fn new(rows: u64, nulls: [Option<u64>; COLUMNS.len()]) -> Self {
        let bits = |meant: u64| {
            let of_column =
                |(position, nulls): (usize, &Option<u64>)| u8::from(*nulls == Some(meant)) << position;
            nulls.iter().enumerate().map(of_column).sum::<u8>()
        };
        Self { never: bits(rows), always: bits(0) }
    }

    /// How many rows of a file with `rows` have no value in a column, where it is known to be all or none.
    pub fn nulls(self, column: usize, rows: u64) -> Option<u64> {
        let position = COLUMNS.iter().position(|with_statistics| *with_statistics == column)?;
        let is_in = |bits: u8| bits & (1 << position) != 0;
        match (is_in(self.never), is_in(self.always)) {
            (true, _) => Some(rows),
            (_, true) => Some(0),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::column::id;

    #[test]
    fn all_and_none_are_known() {
        let valued = Valued::new(5, [Some(0), Some(5), None, Some(2), Some(0), None, Some(5)]);
        let nulls = COLUMNS.map(|column| valued.nulls(column, 5));
        assert_eq!(nulls, [Some(0), Some(5), None, None, Some(0), None, Some(5)]);
        assert_eq!(valued.nulls(id::EVENT_ID, 5), None);
        assert_eq!(Valued::default().nulls(id::ERROR_CODE, 5), None);
    }
}
