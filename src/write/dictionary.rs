//! The distinct values of a column, in the order they came, and by which of them each value is meant.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Values for the dictionary page of a chunk.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    /// As the page has them, one behind the other.
    bytes: Vec<u8>,
    /// By number.
    entries: Vec<Entry>,
    by_value: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The number of the value asked for last: rows that follow one another have much in common.
    last: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Where the value itself lies in the page.
    start: u32,
    end: u32,
    /// The data page that had it last.
    page: u32,
}

impl Dictionary {
    /// The number of a value that stands in data page `page`, and whether it is the first time there. Before a text comes its
    /// length, as `PLAIN` has it.
    #[inline]
    pub(super) fn index(&mut self, value: &[u8], is_text: bool, page: u32) -> (u32, bool) {
        let number = match self.entries.get(self.last) {
            Some(last) if self.bytes[last.start as usize..last.end as usize] == *value => self.last,
            _ => self.find_or_add(value, is_text),
        };
        self.last = number;
        let entry = &mut self.entries[number];
        let is_first = entry.page != page;
        entry.page = page;
        (number as u32, is_first)
    }

    fn find_or_add(&mut self, value: &[u8], is_text: bool) -> usize {
        let Self { bytes, entries, by_value, hasher, .. } = self;
        let read = |number: u32| {
            let Entry { start, end, .. } = entries[number as usize];
            &bytes[start as usize..end as usize]
        };
        let hash = hasher.hash_one(value);
        if let Some(number) = by_value.find(hash, |number| read(*number) == value) {
            return *number as usize;
        }
        let number = entries.len();
        by_value.insert_unique(hash, number as u32, |number| hasher.hash_one(read(*number)));
        if is_text {
            bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        }
        let start = bytes.len() as u32;
        bytes.extend_from_slice(value);
        entries.push(Entry { start, end: bytes.len() as u32, page: u32::MAX });
        number
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The dictionary page's content.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The values, by number.
    pub(super) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|entry| &self.bytes[entry.start as usize..entry.end as usize])
    }
}
