//! Functions on addresses, URLs and ARNs.

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use ipnet::IpNet;
use url::Url;

use super::scalar::{Function, Text};

/// `ip_in_cidr`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct InCidr;

impl Function for InCidr {
    type Input = Text;
    type Ready = Vec<IpNet>;
    type Answer<'v> = bool;

    fn name(&self) -> &'static str {
        "ip_in_cidr"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "ip_in_cidr(address, '10.0.0.0/8, 2001:db8::/32')",
            "Whether an IPv4 or IPv6 address lies in one of some networks; NULL for what is no address, such as the name of \
             an AWS service.",
        )
    }

    fn further(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn ready(&self, further: &[&str]) -> Result<Vec<IpNet>, String> {
        let network = |text: &str| {
            let text = text.trim();
            let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            parsed.map_err(|_| format!("{text} is no network; one is 10.0.0.0/8 or 2001:db8::/32"))
        };
        further[0].split(',').map(network).collect()
    }

    fn answer<'v>(&self, address: &'v str, networks: &'v Vec<IpNet>) -> Option<bool> {
        let address = parse(address)?;
        Some(networks.iter().any(|network| network.contains(&address)))
    }
}

/// `ip_is_private`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct IsPrivate;

impl Function for IsPrivate {
    type Input = Text;
    type Ready = ();
    type Answer<'v> = bool;

    fn name(&self) -> &'static str {
        "ip_is_private"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "ip_is_private(address)",
            "Whether an address is one that the Internet does not route: private (RFC 1918, fc00::/7), shared (100.64.0.0/10), \
             loopback or link-local; NULL for what is no address.",
        )
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer<'v>(&self, address: &'v str, (): &'v ()) -> Option<bool> {
        Some(match parse(address)? {
            IpAddr::V4(v4) => {
                let [first, second, ..] = v4.octets();
                let is_shared = first == 100 && second & 0xc0 == 64;
                v4.is_private() || is_shared || v4.is_loopback() || v4.is_link_local()
            }
            IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local(),
        })
    }
}

/// An address, and an IPv4 one in the clothes of IPv6 as what it is.
fn parse(address: &str) -> Option<IpAddr> {
    address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// `ip_number`: what Trino's type `IPADDRESS` is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Number;

impl Function for Number {
    type Input = Text;
    type Ready = ();
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        "ip_number"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        ("ip_number(address)", "An address as 32 hexadecimal digits, which are in the order of addresses.")
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer<'v>(&self, address: &'v str, (): &'v ()) -> Option<Cow<'v, str>> {
        let number = match address.parse().ok()? {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        Some(Cow::Owned(format!("{number:032x}")))
    }
}

/// `arn_part`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ArnPart;

/// A part of an ARN:
/// [`arn:partition:service:region:account:resource`](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// One of those between colons.
    Field(usize),
    /// The resource up to the first slash or colon, if there is one.
    ResourceType,
    /// What is behind it, or the whole resource.
    ResourceId,
}

impl Function for ArnPart {
    type Input = Text;
    type Ready = Part;
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        "arn_part"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "arn_part(arn, 'account')",
            "A part of an ARN: partition, service, region, account, resource, resource_type or resource_id; NULL if it is \
             empty, or the text is no ARN.",
        )
    }

    fn further(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn ready(&self, further: &[&str]) -> Result<Part, String> {
        Ok(match further[0] {
            "partition" => Part::Field(1),
            "service" => Part::Field(2),
            "region" => Part::Field(3),
            "account" => Part::Field(4),
            "resource" => Part::Field(5),
            "resource_type" => Part::ResourceType,
            "resource_id" => Part::ResourceId,
            other => {
                return Err(format!(
                    "an ARN has no part {other}; there are partition, service, region, account, resource, resource_type \
                     and resource_id"
                ));
            }
        })
    }

    fn answer<'v>(&self, arn: &'v str, part: &'v Part) -> Option<Cow<'v, str>> {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, _, _, _, resource] = fields[..] else { return None };
        if fields[0] != "arn" {
            return None;
        }
        let typed = resource.split_once(['/', ':']);
        let part = match part {
            Part::Field(index) => fields[*index],
            Part::ResourceType => typed?.0,
            Part::ResourceId => typed.map_or(resource, |(_, id)| id),
        };
        Some(Cow::Borrowed(part)).filter(|part| !part.is_empty())
    }
}

/// `url_extract_host` and its kin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum UrlPart {
    Host,
    Path,
    Protocol,
    Query,
}

impl UrlPart {
    pub(super) const ALL: [Self; 4] = [Self::Host, Self::Path, Self::Protocol, Self::Query];
}

impl Function for UrlPart {
    type Input = Text;
    type Ready = ();
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        match self {
            Self::Host => "url_extract_host",
            Self::Path => "url_extract_path",
            Self::Protocol => "url_extract_protocol",
            Self::Query => "url_extract_query",
        }
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        match self {
            Self::Host => ("url_extract_host(url)", "The host of a URL."),
            Self::Path => ("url_extract_path(url)", "The path of a URL."),
            Self::Protocol => ("url_extract_protocol(url)", "The protocol of a URL: https."),
            Self::Query => ("url_extract_query(url)", "What is behind the question mark of a URL."),
        }
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer<'v>(&self, url: &'v str, (): &'v ()) -> Option<Cow<'v, str>> {
        let url = Url::parse(url).ok()?;
        let part = match self {
            Self::Host => url.host_str()?,
            Self::Path => url.path(),
            Self::Protocol => url.scheme(),
            Self::Query => url.query()?,
        };
        Some(Cow::Owned(part.to_owned()))
    }
}
