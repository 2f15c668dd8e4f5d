//! One flattened event, and many of them packed.
//!
//! A [`Row`] borrows from the event it was made of. A [`PackedRows`] owns its bytes: rows wait in it until their
//! partition is closed, in a form that costs no more than the text they hold, needs no allocation per value, and is
//! unpacked into column builders in any order. That is how thousands of open partitions stay cheap: a partition
//! that waits is one byte buffer, not ninety column builders.

use std::borrow::Cow;

use super::column::{RESOURCE_MEMBERS, id};

/// A row's value in one column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cell<'a> {
    /// SQL NULL.
    #[default]
    Absent,
    /// Text, or the text of a JSON value.
    Text(Cow<'a, str>),
    /// True or false.
    Boolean(bool),
    /// A number, or microseconds since 1970.
    Integer(i64),
    /// A list of texts.
    TextList(Vec<Cow<'a, str>>),
    /// The resources an event names.
    Resources(Vec<Resource<'a>>),
}

/// A resource: `arn`, `arn_prefix`, `account_id`, `type`.
pub type Resource<'a> = [Option<Cow<'a, str>>; RESOURCE_MEMBERS.len()];

/// A flattened event.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// The values there are, in the order they came: half of the columns have none.
    cells: Vec<Cell<'a>>,
    /// Where among the cells that of a column is, from 1 on.
    places: [u8; id::COUNT],
    /// A bit for each column that has a value.
    placed: u128,
    /// The UTC day of the event in days since 1970; `None` if not even its date can be read.
    pub day: Option<i32>,
    /// A bit for each column whose field the event fills, if only with a value of another type.
    given: u128,
}

/// The bit of each column: to look it up takes less than to shift by it.
pub(super) static BITS: [u128; 128] = {
    let mut bits = [0; 128];
    let mut column = 0;
    while column < bits.len() {
        bits[column] = 1 << column;
        column += 1;
    }
    bits
};

/// Columns that a usual event fills.
const USUAL_CELLS: usize = 56;

impl<'a> Row<'a> {
    pub(super) fn new() -> Self {
        let cells = Vec::with_capacity(USUAL_CELLS);
        Self { cells, places: [0; id::COUNT], placed: 0, day: None, given: 0 }
    }

    /// The value in `column`.
    pub fn cell(&self, column: usize) -> &Cell<'a> {
        static ABSENT: Cell<'static> = Cell::Absent;
        match self.placed & BITS[column] {
            0 => &ABSENT,
            _ => &self.cells[usize::from(self.places[column]) - 1],
        }
    }

    /// The text in `column`, if there is one.
    pub fn text(&self, column: usize) -> Option<&str> {
        match self.cell(column) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text in `column`, unless it is empty: AWS writes `""` where it has nothing to say.
    pub fn filled_text(&self, column: usize) -> Option<&str> {
        self.text(column).filter(|text| !text.is_empty())
    }

    /// The number or time in `column`, if there is one.
    pub fn integer(&self, column: usize) -> Option<i64> {
        match *self.cell(column) {
            Cell::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// The truth value in `column`, if there is one.
    pub fn boolean(&self, column: usize) -> Option<bool> {
        match *self.cell(column) {
            Cell::Boolean(truth) => Some(truth),
            _ => None,
        }
    }

    /// Whether the event fills the field of `column`: present, not null, not `""`, not `{}`; of whatever type.
    pub(super) fn is_given(&self, column: usize) -> bool {
        self.given & BITS[column] != 0
    }

    pub(super) fn set_given(&mut self, column: usize) {
        self.given |= BITS[column];
    }

    /// The values there are, in the order of their columns.
    fn filled_cells(&self) -> impl Iterator<Item = (usize, &Cell<'a>)> {
        let mut left = self.placed;
        std::iter::from_fn(move || {
            let column = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some((column, &self.cells[usize::from(self.places[column]) - 1]))
        })
    }

    /// Forgets the values of all columns but those of a bit in `columns`.
    pub fn keep(&mut self, columns: u128) {
        self.placed &= columns;
    }

    #[inline]
    pub(super) fn set(&mut self, column: usize, cell: Cell<'a>) {
        let is_there = !matches!(cell, Cell::Absent);
        match usize::from(self.places[column]) {
            0 if is_there => {
                self.cells.push(cell);
                // A column is given a place once, and there are fewer than 128.
                self.places[column] = self.cells.len() as u8;
            }
            0 => return,
            place => self.cells[place - 1] = cell,
        }
        match is_there {
            true => self.placed |= BITS[column],
            false => self.placed &= !BITS[column],
        }
    }

    pub(super) fn set_text(&mut self, column: usize, text: impl Into<Cow<'a, str>>) {
        self.set(column, Cell::Text(text.into()));
    }
}

/// Rows in compact form, in the order they came.
///
/// A row is a sequence of cells, each the column's number (one byte) and its value; absent cells take no space.
#[derive(Debug, Default)]
pub struct PackedRows {
    bytes: Vec<u8>,
    rows: Vec<PackedRow>,
    present: u128,
}

/// Where a row lies, and what it is sorted by first.
#[derive(Debug, Clone, Copy)]
struct PackedRow {
    start: u32,
    end: u32,
    event_time: i64,
    /// A bit for each column that has a value.
    present: u128,
}

// One byte names a column, and one bit of a u128 tells whether it occurs.
const _: () = assert!(id::COUNT <= 128);
// The sort key is found at the front of a packed row.
const _: () = assert!(id::EVENT_TIME < id::EVENT_ID && id::EVENT_ID < 8);

/// Sorts rows without a time behind all others.
const NO_TIME: i64 = i64::MAX;

impl PackedRows {
    /// Appends a row.
    pub fn push(&mut self, row: &Row<'_>) {
        // Buffers are handed over well before 4 GiB, see `write`; one event cannot be that long.
        let start = self.bytes.len() as u32;
        for (column, cell) in row.filled_cells() {
            self.bytes.push(column as u8);
            match cell {
                Cell::Absent => {}
                Cell::Text(text) => pack_text(&mut self.bytes, text),
                Cell::Boolean(truth) => self.bytes.push(u8::from(*truth)),
                Cell::Integer(number) => self.bytes.extend_from_slice(&number.to_le_bytes()),
                Cell::TextList(texts) => {
                    pack_length(&mut self.bytes, texts.len());
                    texts.iter().for_each(|text| pack_text(&mut self.bytes, text));
                }
                Cell::Resources(resources) => {
                    pack_length(&mut self.bytes, resources.len());
                    for member in resources.iter().flatten() {
                        self.bytes.push(u8::from(member.is_some()));
                        member.iter().for_each(|text| pack_text(&mut self.bytes, text));
                    }
                }
            }
        }
        let event_time = row.integer(id::EVENT_TIME).unwrap_or(NO_TIME);
        let present = row.placed;
        self.present |= present;
        self.rows.push(PackedRow { start, end: self.bytes.len() as u32, event_time, present });
    }

    /// Without rows, with room for `bytes` of them.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Appends rows of `other`, as many of those with these `numbers` as the buffer has room for, and returns how many that
    /// are. An empty buffer takes one row, however long.
    pub fn fill_from(&mut self, other: &Self, numbers: &[u32]) -> usize {
        for (taken, number) in numbers.iter().enumerate() {
            let row = other.rows[*number as usize];
            let packed = &other.bytes[row.start as usize..row.end as usize];
            if packed.len() > self.bytes.capacity() - self.bytes.len() {
                if !self.rows.is_empty() {
                    return taken;
                }
                self.bytes.reserve_exact(packed.len());
            }
            let start = self.bytes.len() as u32;
            self.bytes.extend_from_slice(packed);
            self.present |= row.present;
            self.rows.push(PackedRow { start, end: self.bytes.len() as u32, ..row });
        }
        numbers.len()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Memory held, in bytes.
    pub fn memory_size(&self) -> usize {
        self.bytes.capacity() + self.rows.capacity() * size_of::<PackedRow>()
    }

    /// Bytes of packed rows: the same for the same rows, whatever the allocator did.
    pub fn packed_size(&self) -> usize {
        self.bytes.len() + self.rows.len() * size_of::<PackedRow>()
    }

    /// A bit for each column that has a value in some row.
    pub fn present_columns(&self) -> u128 {
        self.present
    }

    /// What row `index` is sorted by: its time, then its id; what is missing comes last.
    pub fn sort_key(&self, index: usize) -> SortKey<'_> {
        let row = &self.rows[index];
        let mut cells = self.unpack(index);
        if row.event_time != NO_TIME {
            cells.next_column();
            cells.integer();
        }
        match cells.next_column() {
            Some(id::EVENT_ID) => (row.event_time, false, cells.text()),
            _ => (row.event_time, true, &[]),
        }
    }

    /// The cells of row `index`.
    pub fn unpack(&self, index: usize) -> Unpacker<'_> {
        let row = &self.rows[index];
        Unpacker { bytes: &self.bytes[row.start as usize..row.end as usize] }
    }
}

/// Some rows of a buffer.
#[derive(Debug, Clone, Copy)]
pub struct SomeRows<'a> {
    /// The buffer.
    pub rows: &'a PackedRows,
    /// Which of its rows.
    pub numbers: &'a [u32],
}

impl<'a> SomeRows<'a> {
    /// What each row is sorted by.
    pub fn sort_keys(self) -> impl Iterator<Item = SortKey<'a>> {
        self.numbers.iter().map(move |number| self.rows.sort_key(*number as usize))
    }
}

/// Time in microseconds, whether there is no id, and the id.
pub type SortKey<'a> = (i64, bool, &'a [u8]);

/// Seven bits a byte, lowest first, the high bit saying that more follow.
fn pack_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

fn pack_text(bytes: &mut Vec<u8>, text: &str) {
    pack_length(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

/// Reads packed cells back, in the order and by the types they were written.
#[derive(Debug, Clone)]
pub struct Unpacker<'a> {
    bytes: &'a [u8],
}

impl<'a> Unpacker<'a> {
    /// The column of the next cell; `None` behind the last one.
    pub fn next_column(&mut self) -> Option<usize> {
        let (column, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(usize::from(*column))
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// A truth value.
    pub fn boolean(&mut self) -> bool {
        self.take(1) == [1]
    }

    /// A number, or a time.
    pub fn integer(&mut self) -> i64 {
        self.take(8).try_into().map_or(0, i64::from_le_bytes)
    }

    /// How many elements a list has, which follow; or bytes a text.
    pub fn length(&mut self) -> usize {
        let (mut length, mut shift) = (0, 0);
        while let Some(byte) = self.take(1).first() {
            length |= usize::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                break;
            }
            shift += 7;
        }
        length
    }

    /// A text.
    pub fn text(&mut self) -> &'a [u8] {
        let length = self.length();
        self.take(length)
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        taken
    }
}
