//! Resources whose ids AWS chooses: instances, keys, volumes and their kin.

use super::random::mix;
use super::text::{push_base32, push_digits_of, push_guid, push_hex};

/// A kind of resource whose id AWS chooses.
pub(super) struct Id {
    /// The placeholder.
    pub(super) key: &'static str,
    prefix: &'static str,
    form: Form,
    /// How many there are in each account and region.
    pub(super) per_region: usize,
}

#[derive(Clone, Copy)]
enum Form {
    Hex(usize),
    Base32(usize),
    Digits(usize),
    Guid,
}

/// All kinds of resources with ids of AWS's making.
pub(super) const IDS: [Id; 24] = [
    id("instance", "i-0", Form::Hex(16), 24),
    id("volume", "vol-0", Form::Hex(16), 24),
    id("vpc", "vpc-0", Form::Hex(16), 2),
    id("subnet", "subnet-0", Form::Hex(16), 6),
    id("sg", "sg-0", Form::Hex(16), 10),
    id("eni", "eni-0", Form::Hex(16), 24),
    id("image", "ami-0", Form::Hex(16), 6),
    id("snapshot", "snap-0", Form::Hex(16), 12),
    id("routes", "rtb-0", Form::Hex(16), 3),
    id("template", "lt-0", Form::Hex(16), 4),
    id("reservation", "r-0", Form::Hex(16), 24),
    id("endpoint", "vpce-0", Form::Hex(16), 4),
    id("key", "", Form::Guid, 10),
    id("detector", "", Form::Hex(32), 1),
    id("zoneid", "Z0", Form::Base32(19), 6),
    id("distribution", "E", Form::Base32(13), 5),
    id("certificate", "", Form::Guid, 6),
    id("farm", "farm-", Form::Hex(32), 2),
    id("queueid", "queue-", Form::Hex(32), 3),
    id("fleet", "fleet-", Form::Hex(32), 3),
    id("job", "job-", Form::Hex(32), 12),
    id("input", "", Form::Digits(7), 4),
    id("service.id", "srv-", Form::Base32(16), 8),
    id("namespace.id", "ns-", Form::Base32(16), 3),
];

const fn id(key: &'static str, prefix: &'static str, form: Form, per_region: usize) -> Id {
    Id { key, prefix, form, per_region }
}

/// Writes the id of a resource; `place` is a number of the account and region it belongs to.
pub(super) fn push_id(out: &mut Vec<u8>, seed: u64, kind: usize, place: u64, index: u64) {
    let row = &IDS[kind];
    let bits = mix(&[seed, 1, kind as u64, place, index]);
    let more = mix(&[bits]);
    out.extend_from_slice(row.prefix.as_bytes());
    match row.form {
        Form::Hex(len) => push_hex(out, u128::from(bits) << 64 | u128::from(more), len),
        Form::Base32(len) => push_base32(out, bits, len),
        Form::Digits(len) => push_digits_of(out, bits, len),
        Form::Guid => push_guid(out, bits, more),
    }
}
