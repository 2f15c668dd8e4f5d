use std::io::{Cursor, Read, Write as _};

use chrono::NaiveDate;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::inflate::{Compression, Inflater, inflate_whole};
use super::log_key::{KeyClass, LogKey, LogKind, claims_to_be_log, classify};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn inflate(bytes: &[u8]) -> (Vec<u8>, std::io::Result<()>) {
    let mut out = Vec::new();
    let raw: Box<dyn Read + Send> = Box::new(Cursor::new(bytes.to_vec()));
    let mut inflater = match Inflater::new(raw) {
        Ok(inflater) => inflater,
        Err(error) => return (out, Err(error)),
    };
    loop {
        match inflater.read_piece(&mut out) {
            Ok(true) => return (out, Ok(())),
            Ok(false) => {}
            Err(error) => return (out, Err(error)),
        }
    }
}

fn whole(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = b"before".to_vec();
    inflate_whole(bytes, &mut out).then(|| out.split_off(6))
}

#[test]
fn one_member_goes_the_fast_way() {
    assert_eq!(whole(&gzip(b"hello")), Some(b"hello".to_vec()));
    assert_eq!(whole(&gzip(b"")), Some(Vec::new()));
}

/// The fast way does not see where a member ends: two equal members in a row must not pass for one.
#[test]
fn several_members_go_the_slow_way() {
    let twice = [gzip(b"hello"), gzip(b"hello")].concat();
    assert_eq!(whole(&twice), None);
    assert_eq!(inflate(&twice).0, b"hellohello");
    let three = [gzip(b"a"), gzip(b""), gzip(b"b")].concat();
    assert_eq!((whole(&three), inflate(&three).0), (None, b"ab".to_vec()));
}

/// Hands over a few bytes at a time, as a pipe may.
struct Dripping(Cursor<Vec<u8>>, usize);

impl Read for Dripping {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(self.1);
        self.0.read(&mut buffer[..length])
    }
}

/// Where a buffer ends says nothing of what follows: no magic is overlooked that lies across its end.
#[test]
fn objects_may_arrive_byte_by_byte() {
    for (stored, content) in [
        (gzip(b"hello"), &b"hello"[..]),
        ([gzip(b"a"), gzip(b""), gzip(b"b"), vec![0; 5]].concat(), b"ab"),
        (b"\x1f".to_vec(), b"\x1f"),
        (b"plain".to_vec(), b"plain"),
        (Vec::new(), b""),
    ] {
        for step in 1..30 {
            let mut inflater = Inflater::new(Box::new(Dripping(Cursor::new(stored.clone()), step))).unwrap();
            let mut out = Vec::new();
            while !inflater.read_piece(&mut out).unwrap() {}
            assert_eq!(out, content, "{step} bytes at a time");
        }
    }
}

/// What was inflated before a break is not lost with it.
#[test]
fn a_break_costs_little_of_what_lies_before_it() {
    let content: Vec<u8> = (0..200_000_u32)
        .flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 16).to_string().into_bytes())
        .collect();
    let mut stored = gzip(&content);
    let at = stored.len() / 10 * 9;
    stored[at..at + 50].fill(0xff);
    let (out, end) = inflate(&stored);
    assert!(end.is_err());
    let before = content.iter().zip(&out).take_while(|(content, out)| content == out).count();
    assert!(before > content.len() / 10 * 9 - 10_000, "{before} of {} bytes", content.len());
}

#[test]
fn padding_behind_the_last_member_is_ignored() {
    let padded = [gzip(b"hello"), vec![0; 512]].concat();
    assert_eq!(whole(&padded), None);
    let (out, end) = inflate(&padded);
    assert_eq!(out, b"hello");
    end.unwrap();
}

#[test]
fn zstd_and_bzip2_are_known_by_their_bytes_and_may_follow_one_another() {
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let bzip2 = |bytes: &[u8]| {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    for compress in [&zstd as &dyn Fn(&[u8]) -> Vec<u8>, &bzip2, &gzip] {
        let long = b"0123456789".repeat(1_000_000);
        let object = [compress(&long), compress(b"x"), b"\0\0 trailing".to_vec()].concat();
        let (out, end) = inflate(&object);
        end.unwrap();
        assert!(out.len() == long.len() + 1 && out.starts_with(&long) && out.ends_with(b"x"));

        let text: Vec<u8> = (0..1_000_000_u32).flat_map(|n| (n.wrapping_mul(n) >> 7).to_le_bytes()).collect();
        let mut broken = compress(&text);
        broken.truncate(broken.len() / 2);
        let (out, end) = inflate(&broken);
        assert!(end.is_err() && out.len() > 100_000 && text.starts_with(&out), "{}", out.len());
    }
    assert_eq!(inflate(&[gzip(b"a"), zstd(b"b"), bzip2(b"c")].concat()).0, b"abc");
}

#[test]
fn what_lies_before_a_break_is_had() {
    let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut broken = gzip(&text);
    broken.truncate(broken.len() / 2);
    assert_eq!(whole(&broken), None);
    let (out, end) = inflate(&broken);
    assert!(end.is_err());
    assert!(out.len() > 10_000 && text.starts_with(&out));
}

#[test]
fn plain_bytes_pass_through() {
    assert_eq!(Compression::of(b"{}"), None);
    let long = vec![b'x'; 10 << 20];
    assert_eq!(inflate(&long).0, long);
}

#[test]
fn keys_are_read() {
    let key = |account: &str, kind, region: &str| {
        KeyClass::CloudTrail(LogKey {
            account: account.to_owned(),
            kind,
            region: region.to_owned(),
            delivered: NaiveDate::from_ymd_opt(2025, 3, 1).unwrap(),
        })
    };
    for (path, expected) in [
        (
            "AWSLogs/111122223333/CloudTrail/us-east-1/2025/03/01/x.json.gz",
            key("111122223333", LogKind::Events, "us-east-1"),
        ),
        ("/data/b/AWSLogs/o-abc1234567/1/CloudTrail/r/2025/03/01/x", key("1", LogKind::Events, "r")),
        ("p/AWSLogs/1/CloudTrail-Insight/r/2025/03/01/x.json.gz", key("1", LogKind::Events, "r")),
        ("p/AWSLogs/1/CloudTrail-Digest/r/2025/03/01/x.json.gz", key("1", LogKind::Digest, "r")),
        ("AWSLogs/1/vpcflowlogs/r/2025/03/01/x.log.gz", KeyClass::OtherService),
        ("AWSLogs/1/CloudTrail/r/2025/13/01/x.json.gz", KeyClass::Unknown),
        ("AWSLogs/1/CloudTrail/r/2025/03/x.json.gz", KeyClass::Unknown),
        ("AWSLogs/x.json", KeyClass::Unknown),
        ("x.json", KeyClass::Unknown),
        ("", KeyClass::Unknown),
    ] {
        assert_eq!(classify(path), expected, "{path}");
    }
}

#[test]
fn names_claim() {
    for log in ["a.json", "a.JSON.gz", "a.ndjson", "AWSLogs/1/CloudTrail/r/2025/03/01/odd-name"] {
        assert!(claims_to_be_log(log), "{log}");
    }
    for other in ["LICENSE", "README.md", "picture.png", "AWSLogs/1/vpcflowlogs/r/x"] {
        assert!(!claims_to_be_log(other), "{other}");
    }
}

proptest! {
    #[test]
    fn any_bytes_inflate_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in any::<prop::sample::Index>()) {
        let mut compressed = gzip(&bytes);
        prop_assert_eq!(inflate(&compressed).0, bytes.clone());
        let at = cut.index(compressed.len());
        compressed[at] ^= 0x55;
        let _ = (inflate(&compressed), whole(&compressed));
        let _ = inflate(&[&b"\x1f\x8b\x08"[..], &bytes].concat());
    }

    #[test]
    fn any_key_is_classified(key in "[A-Za-z0-9/._-]{0,80}") {
        let _ = (classify(&key), claims_to_be_log(&key));
    }
}
