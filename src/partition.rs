//! Which directory a row belongs to: `date=2025-03-01/service=kinesis/region=us-east-1`.
//!
//! Partition values are made of `[a-z0-9._-]` alone and never start with a dot, so that they need no escaping in
//! any engine and can never leave their directory. What is missing becomes `unknown`.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use hashbrown::Equivalent;

/// Stands for a value the event does not have.
pub const UNKNOWN: &str = "unknown";

/// Longer values become [`UNKNOWN`]: file systems end names at 255 bytes.
const MAX_VALUE_BYTES: usize = 128;

/// What follows the name of a service in `eventSource`, longest first.
const SOURCE_SUFFIXES: [&str; 7] = [
    ".amazonaws.com.cn",
    ".aws.amazon.com",
    ".amazonaws.com",
    ".amazonaws.cn",
    ".amazonaws.eu",
    ".aws.internal",
    ".amazon.com",
];

/// A partition: the day, service and region that its rows share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartitionKey {
    /// Days since 1970, UTC.
    day: Option<i32>,
    service: String,
    region: String,
}

impl PartitionKey {
    /// The day, unless the event has none that can be read.
    pub fn date(&self) -> Option<NaiveDate> {
        self.day.and_then(NaiveDate::from_epoch_days)
    }

    /// The service in short.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Reads the partition directories out of a path relative to the dataset: the inverse of `to_string`.
    /// `None` if they are not just these three.
    pub fn parse(directories: &str) -> Option<Self> {
        let mut levels = directories.split('/');
        let mut value = |name: &str| levels.next()?.strip_prefix(name)?.strip_prefix('=');
        let (date, service, region) = (value("date")?, value("service")?, value("region")?);
        let day = match date {
            UNKNOWN => None,
            date => Some(NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?.to_epoch_days()),
        };
        let key = Self { day, service: service.to_owned(), region: region.to_owned() };
        (levels.next().is_none() && key.to_string() == directories).then_some(key)
    }
}

/// Reads the partitions of many paths: those that lie beside the one before are not read again.
#[derive(Debug, Default)]
pub struct Partitions {
    last: Option<(String, PartitionKey)>,
}

impl Partitions {
    /// As [`PartitionKey::parse`].
    pub fn parse(&mut self, directories: &str) -> Option<&PartitionKey> {
        if self.last.as_ref().is_none_or(|(last, _)| last != directories) {
            let partition = PartitionKey::parse(directories)?;
            self.last = Some((directories.to_owned(), partition));
        }
        self.last.as_ref().map(|(_, partition)| partition)
    }
}

/// A partition told from an event's own values, not owned: looking it up costs no allocation.
#[derive(Debug, Hash)]
pub struct PartitionRef<'a> {
    day: Option<i32>,
    service: Cow<'a, str>,
    region: Cow<'a, str>,
}

/// The days from 0000-01-01 to 9999-12-31 since 1970. Years of other than four digits would not sort as text and
/// break readers' date columns.
const DAYS: RangeInclusive<i32> = -719_528..=2_932_896;

impl<'a> PartitionRef<'a> {
    /// The partition of an event of that day (days since 1970), `eventSource` and `awsRegion`.
    pub fn new(day: Option<i32>, event_source: &'a str, aws_region: &'a str) -> Self {
        let day = day.filter(|day| DAYS.contains(day));
        Self { day, service: service(event_source), region: region(aws_region) }
    }

    /// The day, in days since 1970.
    pub fn day(&self) -> Option<i32> {
        self.day
    }

    /// The value of `service`.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The value of `region`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The partition as a value of its own.
    pub fn to_key(&self) -> PartitionKey {
        PartitionKey {
            day: self.day,
            service: self.service.clone().into_owned(),
            region: self.region.clone().into_owned(),
        }
    }
}

impl Equivalent<PartitionKey> for PartitionRef<'_> {
    fn equivalent(&self, key: &PartitionKey) -> bool {
        self.day == key.day && self.service == key.service && self.region == key.region
    }
}

impl fmt::Display for PartitionKey {
    /// The directories of the partition, relative to the dataset.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(date) => write!(f, "date={}", date.format("%Y-%m-%d"))?,
            None => write!(f, "date={UNKNOWN}")?,
        }
        write!(f, "/service={}/region={}", self.service, self.region)
    }
}

/// The service partition of an `eventSource`: without the domain, and safe in a path.
pub fn service(event_source: &str) -> Cow<'_, str> {
    match lower(event_source.trim()) {
        Cow::Borrowed(source) => path_safe(without_domain(source)),
        Cow::Owned(source) => Cow::Owned(path_safe(without_domain(&source)).into_owned()),
    }
}

/// The region partition of an `awsRegion`.
pub fn region(aws_region: &str) -> Cow<'_, str> {
    match lower(aws_region.trim()) {
        Cow::Borrowed(region) => path_safe(region),
        Cow::Owned(region) => Cow::Owned(path_safe(&region).into_owned()),
    }
}

fn without_domain(source: &str) -> &str {
    let source = source.strip_suffix('.').unwrap_or(source);
    SOURCE_SUFFIXES.iter().find_map(|suffix| source.strip_suffix(suffix)).unwrap_or(source)
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// Limits a value to the safe alphabet; hidden-file prefixes go.
fn path_safe(value: &str) -> Cow<'_, str> {
    let is_safe = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
    let value: Cow<'_, str> = if value.chars().all(is_safe) {
        Cow::Borrowed(value.trim_start_matches(['.', '_']))
    } else {
        let safe: String = value.chars().map(|c| if is_safe(c) { c } else { '-' }).collect();
        Cow::Owned(safe.trim_start_matches(['.', '_']).to_owned())
    };
    if value.is_empty() || value.len() > MAX_VALUE_BYTES { Cow::Borrowed(UNKNOWN) } else { value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn services_lose_their_domain() {
        for (source, expected) in [
            ("s3.amazonaws.com", "s3"),
            (" kinesisvideo.amazonaws.com", "kinesisvideo"),
            ("EC2.AmazonAWS.com", "ec2"),
            ("ec2.amazonaws.com.cn", "ec2"),
            ("a.b.amazonaws.com", "a.b"),
            ("s3.amazonaws.com.", "s3"),
            ("rdsdata.aws.internal", "rdsdata"),
            ("", UNKNOWN),
            (".amazonaws.com", UNKNOWN),
            ("../../etc", "-..-etc"),
            ("a=b/c d", "a-b-c-d"),
            ("日本", "--"),
            ("_hidden", "hidden"),
        ] {
            assert_eq!(service(source), expected, "{source:?}");
        }
        assert_eq!(service(&"x".repeat(300)), UNKNOWN);
        assert_eq!(region("US-East-1 "), "us-east-1");
    }

    #[test]
    fn days_out_of_range_are_unknown() {
        let path = |day| PartitionRef::new(day, "s3.amazonaws.com", "r").to_key().to_string();
        assert_eq!(path(Some(0)), "date=1970-01-01/service=s3/region=r");
        assert_eq!(path(Some(*DAYS.end())), "date=9999-12-31/service=s3/region=r");
        assert_eq!(path(Some(*DAYS.start())), "date=0000-01-01/service=s3/region=r");
        assert_eq!(path(Some(*DAYS.end() + 1)), "date=unknown/service=s3/region=r");
        assert_eq!(path(None), "date=unknown/service=s3/region=r");
    }

    proptest! {
        /// Whatever an event says, its partition stays inside the dataset, and its path reads back as itself.
        #[test]
        fn paths_are_safe_and_read_back(day in any::<Option<i32>>(), source in any::<String>(), region in any::<String>()) {
            let partition = PartitionRef::new(day, &source, &region);
            let key = partition.to_key();
            prop_assert!(partition.equivalent(&key));
            let path = key.to_string();
            prop_assert!(path.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'=' | b'/')));
            prop_assert!(path.split('/').count() == 3 && !path.split(['/', '=']).any(|part| part.starts_with('.') || part.is_empty()));
            prop_assert_eq!(PartitionKey::parse(&path), Some(key));
        }
    }
}
