//! The least and the greatest value of a page or a chunk, as far as readers are told: long texts are cut.
//! See [statistics](https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift), `struct Statistics`.

use parquet::basic::Type;
use parquet::data_type::ByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};

/// Longer texts are cut; ids, names and times are shorter.
const TEXT_BYTES: usize = 64;

/// A range of values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Range {
    /// Of no values.
    #[default]
    Empty,
    /// Also of truth values, false being less.
    Numbers(i64, i64),
    Texts(Vec<u8>, Vec<u8>),
}

/// A bound, and whether it is a value.
type Bound = (Vec<u8>, bool);

impl Range {
    pub(super) fn include_number(&mut self, number: i64) {
        match self {
            Self::Numbers(least, greatest) => {
                (*least, *greatest) = (number.min(*least), number.max(*greatest));
            }
            _ => *self = Self::Numbers(number, number),
        }
    }

    pub(super) fn include_text(&mut self, text: &[u8]) {
        match self {
            Self::Texts(least, _) if text < least.as_slice() => text.clone_into(least),
            Self::Texts(_, greatest) if text > greatest.as_slice() => text.clone_into(greatest),
            Self::Texts(..) => {}
            _ => *self = Self::Texts(text.to_vec(), text.to_vec()),
        }
    }

    pub(super) fn include(&mut self, other: &Self) {
        match other {
            Self::Empty => {}
            Self::Numbers(least, greatest) => {
                self.include_number(*least);
                self.include_number(*greatest);
            }
            Self::Texts(least, greatest) => {
                self.include_text(least);
                self.include_text(greatest);
            }
        }
    }

    /// Whether neither bound is greater than the other's.
    pub(super) fn is_below(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Numbers(least, greatest), Self::Numbers(next_least, next_greatest)) => {
                least <= next_least && greatest <= next_greatest
            }
            (Self::Texts(least, greatest), Self::Texts(next_least, next_greatest)) => {
                least <= next_least && greatest <= next_greatest
            }
            _ => false,
        }
    }

    /// What a chunk of `physical` values says of itself.
    pub(super) fn statistics(&self, physical: Type, nulls: u64) -> Statistics {
        let numbers = match self {
            Self::Numbers(least, greatest) => Some((*least, *greatest)),
            _ => None,
        };
        let (least, greatest) = numbers.unzip();
        match physical {
            Type::BOOLEAN => {
                let truth = |number: i64| number != 0;
                Statistics::boolean(least.map(truth), greatest.map(truth), None, Some(nulls), false)
            }
            // They were 32 bits wide when they came.
            Type::INT32 => {
                let narrow = |number: i64| number as i32;
                Statistics::int32(least.map(narrow), greatest.map(narrow), None, Some(nulls), false)
            }
            Type::INT64 => Statistics::int64(least, greatest, None, Some(nulls), false),
            _ => {
                let (least, greatest) = self.texts().unzip();
                let is_exact = |bound: &Option<Bound>| bound.as_ref().is_none_or(|(_, exact)| *exact);
                let (least_exact, greatest_exact) = (is_exact(&least), is_exact(&greatest));
                let bytes = |bound: Option<Bound>| bound.map(|(text, _)| ByteArray::from(text));
                let statistics =
                    ValueStatistics::new(bytes(least), bytes(greatest), None, Some(nulls), false);
                let statistics = statistics.with_min_is_exact(least_exact).with_max_is_exact(greatest_exact);
                Statistics::ByteArray(statistics)
            }
        }
    }

    /// Bounds as an index of pages has them: values in `PLAIN`, texts without their length. Nothing, if there are none.
    pub(super) fn bounds(&self, physical: Type) -> Option<(Vec<u8>, Vec<u8>)> {
        match (self, physical) {
            (Self::Empty, _) => None,
            (Self::Numbers(least, greatest), Type::BOOLEAN) => {
                Some((vec![*least as u8], vec![*greatest as u8]))
            }
            (Self::Numbers(least, greatest), Type::INT32) => {
                let bytes = |number: &i64| (*number as i32).to_le_bytes().to_vec();
                Some((bytes(least), bytes(greatest)))
            }
            (Self::Numbers(least, greatest), _) => {
                Some((least.to_le_bytes().to_vec(), greatest.to_le_bytes().to_vec()))
            }
            (Self::Texts(..), _) => self.texts().map(|((least, _), (greatest, _))| (least, greatest)),
        }
    }

    fn texts(&self) -> Option<(Bound, Bound)> {
        let Self::Texts(least, greatest) = self else { return None };
        let greatest = not_less(greatest).map_or_else(|| (greatest.clone(), true), |bound| (bound, false));
        let cut = cut(least);
        Some(((cut.to_vec(), cut.len() == least.len()), greatest))
    }
}

/// The text, or the beginning of a long one, without half a character. All bytes are those of texts.
fn cut(text: &[u8]) -> &[u8] {
    let text = std::str::from_utf8(text).unwrap_or_default();
    &text.as_bytes()[..text.floor_char_boundary(TEXT_BYTES)]
}

/// A short text that is greater than a long one: its beginning, with a character that is followed by another one in as many
/// bytes in its place. `None` for texts that are short, and for those that there is no such text for.
fn not_less(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() <= TEXT_BYTES {
        return None;
    }
    let beginning = std::str::from_utf8(cut(text)).ok()?;
    beginning.char_indices().rev().find_map(|(at, character)| {
        let next = char::from_u32(u32::from(character) + 1)?;
        let mut bound = beginning.as_bytes()[..at].to_vec();
        bound.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
        (next.len_utf8() == character.len_utf8()).then_some(bound)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bounds_hold_what_is_between_them(texts in prop::collection::vec(".{0,90}", 1..8)) {
            let mut range = Range::default();
            texts.iter().for_each(|text| range.include_text(text.as_bytes()));
            let (least, greatest) = range.bounds(Type::BYTE_ARRAY).unwrap();
            for text in &texts {
                prop_assert!(least.as_slice() <= text.as_bytes() && text.as_bytes() <= greatest.as_slice());
            }
            prop_assert!(std::str::from_utf8(&least).is_ok() && std::str::from_utf8(&greatest).is_ok());
            let Statistics::ByteArray(statistics) = range.statistics(Type::BYTE_ARRAY, 3) else { panic!("texts") };
            let is_value = |bound: &[u8]| texts.iter().any(|text| text.as_bytes() == bound);
            prop_assert!(!statistics.min_is_exact() || is_value(&least));
            prop_assert!(!statistics.max_is_exact() || is_value(&greatest));
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let bounds = |text: &str| {
            let mut range = Range::default();
            range.include_text(text.as_bytes());
            let (least, greatest) = range.bounds(Type::BYTE_ARRAY).unwrap();
            (String::from_utf8(least).unwrap(), String::from_utf8(greatest).unwrap())
        };
        assert_eq!(bounds("a"), ("a".into(), "a".into()));
        let a = "a".repeat(80);
        assert_eq!(bounds(&a), (a[..64].into(), format!("{}b", &a[..63])));
        // The last character there is has none behind it, and half a character is none.
        let last = format!("b{}", "\u{10ffff}".repeat(20));
        assert_eq!(bounds(&last), (format!("b{}", "\u{10ffff}".repeat(15)), "c".into()));
        let last = "\u{10ffff}".repeat(20);
        assert_eq!(bounds(&last), ("\u{10ffff}".repeat(16), last));
    }

    #[test]
    fn ranges_grow() {
        let mut range = Range::default();
        assert_eq!(range.bounds(Type::INT64), None);
        [3, -1, 2].into_iter().for_each(|number| range.include_number(number));
        let mut all = Range::Numbers(5, 5);
        all.include(&Range::Empty);
        all.include(&range);
        assert_eq!(all, Range::Numbers(-1, 5));
        assert_eq!(
            all.bounds(Type::INT32),
            Some(((-1_i32).to_le_bytes().into(), 5_i32.to_le_bytes().into()))
        );
    }
}
