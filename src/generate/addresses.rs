//! The addresses that calls come from. All public ones are out of the ranges kept for documentation.

use super::random::Dice;
use super::text::{push_hex, push_int, text};

/// Kinds of addresses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Range {
    Public,
    Private,
    Ipv6,
}

/// Addresses that calls come from. With the names of services that call, about 300.
pub(super) struct Addresses {
    all: Vec<(String, Range)>,
}

/// NAT gateways, offices and homes; machines behind VPC endpoints; dual-stack networks.
const PUBLIC: usize = 200;
const PRIVATE: usize = 100;
const IPV6: usize = 50;

impl Addresses {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let ranges = [(Range::Public, PUBLIC), (Range::Private, PRIVATE), (Range::Ipv6, IPV6)];
        let every = ranges.iter().flat_map(|&(range, count)| std::iter::repeat_n(range, count));
        let all = every.map(|range| {
            let mut address = Vec::new();
            match range {
                Range::Public => push_public_ipv4(&mut address, dice.bits()),
                Range::Private => push_private_ipv4(&mut address, dice.bits()),
                Range::Ipv6 => push_ipv6(&mut address, dice.bits()),
            }
            (text(address), range)
        });
        Self { all: all.collect() }
    }

    /// An address and its kind.
    pub(super) fn get(&self, index: usize) -> (&str, Range) {
        let (address, range) = &self.all[index];
        (address, *range)
    }

    /// A random address of the range.
    pub(super) fn draw(&self, range: Range, dice: &mut Dice) -> usize {
        let (start, count) = match range {
            Range::Public => (0, PUBLIC),
            Range::Private => (PUBLIC, PRIVATE),
            Range::Ipv6 => (PUBLIC + PRIVATE, IPV6),
        };
        start + dice.below(count as u64) as usize
    }
}

/// Writes an address like `2001:db8:4a:7::1c2d`, out of the range kept for documentation (RFC 3849).
fn push_ipv6(out: &mut Vec<u8>, bits: u64) {
    out.extend_from_slice(b"2001:db8:");
    push_hex(out, u128::from(bits >> 8 & 0xFF | 0x10), 2);
    out.push(b':');
    push_hex(out, u128::from(bits >> 16 & 0xF), 1);
    out.extend_from_slice(b"::");
    push_hex(out, u128::from(bits >> 24 & 0xFFF | 0x1000), 4);
}

/// Writes a public IPv4 address, out of the three ranges kept for documentation (RFC 5737).
fn push_public_ipv4(out: &mut Vec<u8>, bits: u64) {
    let network = ["192.0.2.", "198.51.100.", "203.0.113."][(bits >> 8) as usize % 3];
    out.extend_from_slice(network.as_bytes());
    push_int(out, bits % 254 + 1);
}

/// Writes a private IPv4 address inside 10.0.0.0/8.
fn push_private_ipv4(out: &mut Vec<u8>, bits: u64) {
    out.extend_from_slice(b"10.");
    for shift in [8, 16] {
        push_int(out, (bits >> shift) % 64);
        out.push(b'.');
    }
    push_int(out, bits % 254 + 1);
}
