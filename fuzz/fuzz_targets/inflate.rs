//! Inflating: the fast way and the streaming way agree, however the object arrives, and what was compressed comes back.

#![no_main]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use trailhouse_fuzz::source::{gzip, inflate_whole, is_compressed, is_gzip, stream};

/// Checks all that must hold of any object; gives what was inflated, and whether it was sound.
fn inflate(stored: &[u8], step: usize) -> (Vec<u8>, bool) {
    let (streamed, sound) = stream(stored, usize::MAX);
    let (dripped, sound_too) = stream(stored, step);
    assert_eq!(sound, sound_too, "read {step} bytes at a time");
    if sound {
        assert!(dripped == streamed, "read {step} bytes at a time");
    } else {
        // How much there is before a break depends on the reads: the one that meets it may give nothing.
        assert!(dripped.starts_with(&streamed) || streamed.starts_with(&dripped), "{step} bytes at a time");
    }
    if !is_compressed(stored) {
        assert!(sound && streamed == stored, "what is not compressed stays as it is");
        return (streamed, sound);
    }
    if !is_gzip(stored) {
        return (streamed, sound);
    }
    let mut out = b"before".to_vec();
    if inflate_whole(stored, &mut out) {
        assert!(out.strip_prefix(b"before") == Some(&streamed), "the fast way and the slow one differ");
    } else {
        assert_eq!(out, b"before");
    }
    (streamed, sound)
}

fuzz_target!(|input: &[u8]| {
    inflate(input, 1 + input.len() % 7);

    // The input as content: several members, padding behind them, cut off somewhere.
    let mut choices = Unstructured::new(input);
    let (Ok(step), Ok(padding), Ok(cut), Ok(members)) = (
        choices.int_in_range(1..=9),
        choices.int_in_range(0..=20),
        choices.arbitrary::<u16>(),
        choices.int_in_range(1..=3),
    ) else {
        return;
    };
    let content = choices.take_rest();
    let mut stored = Vec::new();
    for member in content.chunks(content.len().div_ceil(members).max(1)) {
        stored.extend(gzip(member));
    }
    if stored.is_empty() {
        stored = gzip(b"");
    }
    let whole = stored.len();
    stored.resize(whole + padding, 0);
    assert_eq!(inflate(&stored, step), (content.to_vec(), true));

    stored.truncate(usize::from(cut) % whole);
    if is_gzip(&stored) {
        let (inflated, _) = inflate(&stored, step);
        assert!(content.starts_with(&inflated), "a broken stream gives what lies before the break");
    }
});
