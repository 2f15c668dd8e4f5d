//! Partitions: whatever an event says, its directories are safe and read back as the partition they were made of.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trailhouse_fuzz::partition::{PartitionKey, PartitionRef};

fuzz_target!(|input: (Option<i32>, &str, &str)| {
    let (day, source, region) = input;
    let partition = PartitionRef::new(day, source, region);
    let key = partition.to_key();
    let path = key.to_string();
    assert_eq!(PartitionKey::parse(&path).as_ref(), Some(&key));
    for level in path.split('/') {
        let (_, value) = level.split_once('=').expect("a name and a value");
        let is_safe = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        assert!(!value.is_empty() && value.len() <= 128 && !value.starts_with('.'), "{path}");
        assert!(value.bytes().all(is_safe), "{path}");
    }
    assert_eq!(path.split('/').count(), 3);
    // A value that is a partition's already stays as it is.
    assert_eq!(PartitionRef::new(None, "", key.region()).to_key().region(), key.region());

    // Any path either is no partition's, or is the one its partition has.
    for text in [source, region] {
        if let Some(key) = PartitionKey::parse(text) {
            assert_eq!(key.to_string(), text);
        }
    }
});
