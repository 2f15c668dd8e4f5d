//! The columns of a data file that a question is about: a scan is told of these, as if the table had no others.
//!
//! What is done for each file and each of its columns (describing it, comparing it with the table) is most of what a question
//! about many small files costs, and a question is about few of them.

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::datasource::table_schema::TableSchema;

use crate::table::column::id;

/// Bits of a word.
const BITS: usize = u64::BITS as usize;

/// Some of the columns that data files have, by their positions in the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ColumnSet([u64; id::COUNT.div_ceil(BITS)]);

impl ColumnSet {
    /// Those among `columns` that are not told by directories.
    pub(super) fn of_file(columns: impl IntoIterator<Item = usize>) -> Self {
        let mut set = Self::default();
        columns
            .into_iter()
            .filter(|column| *column < id::COUNT)
            .for_each(|column| set.0[column / BITS] |= 1 << (column % BITS));
        set
    }

    pub(super) fn contains(&self, column: usize) -> bool {
        self.0.get(column / BITS).is_some_and(|word| word & (1 << (column % BITS)) != 0)
    }

    pub(super) fn contains_all(&self, others: &Self) -> bool {
        self.0.iter().zip(others.0).all(|(word, other)| word & other == other)
    }

    pub(super) fn union(&self, others: &Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | others.0[word]))
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// In the order of the table.
    fn iter(&self) -> impl Iterator<Item = usize> {
        (0..id::COUNT).filter(|column| self.contains(*column))
    }

    /// How many there are before `column`: its position if the table had no others.
    fn before(&self, column: usize) -> usize {
        self.iter().take_while(|before| *before < column).count()
    }

    /// The table without columns that are in files but not in this set, and where each of `projection` is then.
    pub(super) fn narrowed(&self, table: &TableSchema, projection: &[usize]) -> (TableSchema, Vec<usize>) {
        let fields: Vec<_> = self.iter().map(|column| table.file_schema().fields()[column].clone()).collect();
        let in_files = fields.len();
        let narrowed = TableSchema::builder(Arc::new(Schema::new(fields)))
            .with_table_partition_cols(table.table_partition_cols().clone())
            .build();
        let position = |column: &usize| match column.checked_sub(id::COUNT) {
            Some(partition) => in_files + partition,
            None => self.before(*column),
        };
        (narrowed, projection.iter().map(position).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalog::event_schema;
    use super::*;

    #[test]
    fn a_narrowed_table_has_the_columns_that_are_asked_for() {
        let table = event_schema();
        let projection = [id::COUNT + 1, id::SOURCE_IP_ADDRESS, id::COUNT, id::EVENT_TIME];
        let columns = ColumnSet::of_file(projection);
        let (narrowed, positions) = columns.narrowed(&table, &projection);
        assert_eq!(narrowed.file_schema().fields().len(), 2);
        for (column, position) in projection.iter().zip(positions) {
            assert_eq!(table.table_schema().field(*column), narrowed.table_schema().field(position));
        }
        let more = columns.union(&ColumnSet::of_file([id::EVENT_ID]));
        assert!(more.contains_all(&columns) && !columns.contains_all(&more));
        assert!(more.contains(id::EVENT_ID) && !columns.contains(id::EVENT_ID));
        assert!(ColumnSet::of_file([id::COUNT]).is_empty());
    }
}
