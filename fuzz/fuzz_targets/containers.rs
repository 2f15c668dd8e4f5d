//! Any bytes, in chunks of any sizes: all ways of reading agree, and what is handed out lies in the object, in order.
//!
//! The first two bytes of the input choose the chunks.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trailhouse_fuzz::accounting::{account, decode, decode_in_chunks};

fuzz_target!(|input: &[u8]| {
    let Some(([odd, even], object)) = input.split_first_chunk::<2>() else {
        return;
    };
    let found = decode(object, |_| {});
    account(object, &found);
    let (mut one, mut other) = (usize::from(*odd) + 1, usize::from(*even) * 16 + 1);
    let chunks = || {
        std::mem::swap(&mut one, &mut other);
        one
    };
    assert_eq!(decode_in_chunks(object, chunks, |_| {}), found);
});
