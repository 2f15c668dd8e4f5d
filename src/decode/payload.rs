//! Documents that lie in strings: messages of SNS and SQS, log lines, records of streams.

use std::io::Read as _;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::MultiGzDecoder;

use super::shape::Encoding;
use super::value::Text;

/// What a wrapped document may grow to when it is inflated. The services that wrap end records at 6 MB.
const MAX_INFLATED_BYTES: u64 = 64 << 20;

/// Base64 as the services write it; padding is not insisted on.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The document in `string`; `None` if it cannot be had.
pub(super) fn unwrap(string: Text<'_>, encoding: Encoding) -> Option<Vec<u8>> {
    let text = string.decode().ok()?;
    match encoding {
        Encoding::Plain => Some(text.into_owned().into_bytes()),
        Encoding::Base64 => {
            let bytes = BASE64.decode(text.trim().as_bytes()).ok()?;
            if bytes.starts_with(b"\x1f\x8b") { inflate(&bytes) } else { Some(bytes) }
        }
    }
}

fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    MultiGzDecoder::new(bytes).take(MAX_INFLATED_BYTES + 1).read_to_end(&mut inflated).ok()?;
    (inflated.len() as u64 <= MAX_INFLATED_BYTES).then_some(inflated)
}
