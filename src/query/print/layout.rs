//! How wide the columns of a table are, if it is to fit a terminal.

/// What is known of a column, in terminal columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its name.
    pub(super) name: usize,
    /// Its widest cell.
    pub(super) cell: usize,
    /// Whether cells may be cut short: half a sentence still says something, half a number does not.
    pub(super) may_shrink: bool,
}

/// No text is cut shorter than this: enough for a date, an account, the first words of a name.
const LEAST: usize = 12;

impl Column {
    /// Wide enough for all of it.
    pub(super) fn natural(&self) -> usize {
        self.name.max(self.cell)
    }

    /// As narrow as it may become.
    pub(super) fn least(&self) -> usize {
        let cell = if self.may_shrink { self.cell.min(LEAST) } else { self.cell };
        cell.max(self.name.min(LEAST))
    }
}

/// What lines and blanks between `columns` columns take.
pub(super) fn lines(columns: usize) -> usize {
    3 * columns + 1
}

/// A width for each column, so that the table is no wider than `screen`: those that need little have it, the others
/// share what is left evenly. Nothing if the table does not fit even so.
pub(super) fn fit(columns: &[Column], screen: usize) -> Option<Vec<usize>> {
    let room = screen.checked_sub(lines(columns.len()))?;
    let total = |width: &dyn Fn(&Column) -> usize| columns.iter().map(width).sum::<usize>();
    if total(&Column::natural) <= room {
        return Some(columns.iter().map(Column::natural).collect());
    }
    if total(&Column::least) > room {
        return None;
    }
    let under = |cap: usize| move |column: &Column| cap.clamp(column.least(), column.natural());
    let caps: Vec<usize> = (0..=room).collect();
    // The greatest cap under which all fit; under a cap of zero, they do.
    let cap = caps.partition_point(|cap| total(&under(*cap)) <= room).saturating_sub(1);
    let mut left = room - total(&under(cap));
    let widths = columns.iter().map(|column| {
        let width = under(cap)(column);
        let more = usize::from(left > 0 && width == cap && width < column.natural());
        left -= more;
        width + more
    });
    Some(widths.collect())
}

#[cfg(test)]
mod tests {
    use super::{Column, fit, lines};

    const fn text(name: usize, cell: usize) -> Column {
        Column { name, cell, may_shrink: true }
    }

    const fn time() -> Column {
        Column { name: 10, cell: 20, may_shrink: false }
    }

    #[test]
    fn what_fits_stays() {
        assert_eq!(fit(&[text(4, 30), time()], 80), Some(vec![30, 20]));
        assert_eq!(fit(&[], 80), Some(vec![]));
    }

    #[test]
    fn long_text_shares_the_room() {
        // 80 - 13 for lines: 20 for the time, 5 for the short one, 42 for two long ones.
        let columns = [time(), text(5, 3), text(4, 500), text(4, 60)];
        assert_eq!(fit(&columns, 81), Some(vec![20, 5, 22, 21]));
        for screen in 62..700 {
            let widths = fit(&columns, screen).unwrap();
            let natural: usize = columns.iter().map(Column::natural).sum();
            assert_eq!(widths.iter().sum::<usize>(), natural.min(screen - lines(4)), "{screen}");
        }
    }

    #[test]
    fn times_are_not_cut_and_text_not_to_nothing() {
        assert_eq!(fit(&[time(), text(4, 500)], 39), Some(vec![20, 12]));
        assert_eq!(fit(&[time(), text(4, 500)], 38), None);
        assert_eq!(fit(&[time()], 3), None);
        // A long name over short cells is cut.
        assert_eq!(fit(&[text(40, 4), text(40, 4)], 31), Some(vec![12, 12]));
    }
}
