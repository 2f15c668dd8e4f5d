//! The grammar of S3 keys: only the last part of a key, without the file's own name, says what it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trailhouse_fuzz::source::log_key::{KeyClass, LogKind, claims_to_be_log, classify};

fuzz_target!(|key: &str| {
    let class = classify(key);
    assert_eq!(classify(&format!("a prefix/of any length/{key}")), class);
    let (directory, name) = key.rsplit_once('/').unwrap_or(("", key));
    if !directory.is_empty() {
        assert_eq!(
            classify(&format!("{directory}/other{}", name.len())),
            class,
            "the file's name decides nothing"
        );
    }
    let KeyClass::CloudTrail(log) = class else {
        return;
    };
    assert!(claims_to_be_log(key));
    let folder = match log.kind {
        LogKind::Events => "CloudTrail",
        LogKind::Digest => "CloudTrail-Digest",
    };
    let day = log.delivered.format("%Y/%m/%d");
    let again = format!("AWSLogs/o-1/{}/{folder}/{}/{day}/f.json.gz", log.account, log.region);
    assert_eq!(classify(&again), KeyClass::CloudTrail(log), "{again}");
});
