//! Small numbers one after another, as Parquet writes levels and the indices of dictionaries: runs of the same number by
//! their length, all others packed in as few bits as the greatest needs.
//! See [RLE/bit-packing hybrid](https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE).

/// Numbers are packed by eight.
const GROUP: usize = 8;

/// How many bits numbers up to `greatest` need.
pub(super) fn width(greatest: u32) -> u32 {
    u32::BITS - greatest.leading_zeros()
}

/// Appends `numbers`, of `width` bits each.
pub(super) fn encode<N: Copy + Eq + Into<u32>>(numbers: &[N], width: u32, out: &mut Vec<u8>) {
    // Where those begin that are to be packed.
    let mut packed = 0;
    let mut at = 0;
    while at < numbers.len() {
        let run = numbers[at..].iter().take_while(|number| **number == numbers[at]).count();
        // What is packed before a run are whole groups, if with the first of its numbers.
        let filling = (at - packed).next_multiple_of(GROUP) - (at - packed);
        if run >= filling + GROUP {
            pack(&numbers[packed..at + filling], width, out);
            repeat(numbers[at].into(), run - filling, width, out);
            packed = at + run;
        }
        at += run;
    }
    pack(&numbers[packed..], width, out);
}

/// A run: its length, and the number in whole bytes.
fn repeat(number: u32, times: usize, width: u32, out: &mut Vec<u8>) {
    length(times << 1, out);
    out.extend_from_slice(&number.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// Groups of numbers: how many groups, and the numbers from the lowest bit on. What the last group lacks is zeros.
fn pack<N: Copy + Into<u32>>(numbers: &[N], width: u32, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    length(numbers.len().div_ceil(GROUP) << 1 | 1, out);
    for group in numbers.chunks(GROUP) {
        let (mut bits, mut held) = (0_u64, 0);
        for number in group {
            bits |= u64::from((*number).into()) << held;
            held += width;
            while held >= 8 {
                out.push(bits as u8);
                bits >>= 8;
                held -= 8;
            }
        }
        let written = (group.len() as u32 * width - held) / 8;
        let missing = width - written;
        out.extend_from_slice(&bits.to_le_bytes()[..missing.min(8) as usize]);
        out.resize(out.len() + missing.saturating_sub(8) as usize, 0);
    }
}

/// Seven bits a byte, lowest first, the high bit saying that more follow.
fn length(mut length: usize, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the specification says it is read.
    fn decode(mut bytes: &[u8], count: usize, width: u32) -> Vec<u32> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let (mut header, mut shift) = (0_usize, 0);
            loop {
                let (byte, rest) = bytes.split_first().unwrap();
                bytes = rest;
                header |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            if header & 1 == 0 {
                let (number, rest) = bytes.split_at(width.div_ceil(8) as usize);
                bytes = rest;
                let number = number.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
                numbers.extend(std::iter::repeat_n(number, header >> 1));
            } else {
                let (packed, rest) = bytes.split_at((header >> 1) * width as usize);
                bytes = rest;
                let bit = |at: usize| u32::from(packed[at / 8] >> (at % 8) & 1);
                for number in 0..(header >> 1) * GROUP {
                    let bits = (0..width as usize).map(|at| bit(number * width as usize + at) << at);
                    numbers.push(bits.sum());
                }
            }
        }
        assert!(bytes.is_empty(), "{} bytes are left", bytes.len());
        // Only the last group may be filled up, and with nothing else.
        assert!(numbers.len() < count + GROUP && numbers[count..].iter().all(|number| *number == 0));
        numbers.truncate(count);
        numbers
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(
            runs in prop::collection::vec((any::<u32>(), 1_usize..40), 0..30),
            width in 0_u32..=32,
        ) {
            let mask = ((1_u64 << width) - 1) as u32;
            let numbers: Vec<u32> =
                runs.into_iter().flat_map(|(number, times)| std::iter::repeat_n(number & mask, times)).collect();
            let mut encoded = Vec::new();
            encode(&numbers, width, &mut encoded);
            prop_assert_eq!(decode(&encoded, numbers.len(), width), numbers);
        }
    }

    #[test]
    fn runs_take_a_few_bytes() {
        let mut encoded = Vec::new();
        encode(&[1_u8; 300], 1, &mut encoded);
        assert_eq!(encoded, [0xd8, 0x04, 1]);
        assert_eq!([0, 1, 2, 3, 255, 256].map(width), [0, 1, 2, 2, 8, 9]);
    }
}
