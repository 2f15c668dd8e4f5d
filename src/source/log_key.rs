//! The grammar of the keys under which CloudTrail delivers log files to S3.
//!
//! ```text
//! [prefix/]AWSLogs/[o-orgid/]ACCOUNT/CloudTrail[-KIND]/REGION/YYYY/MM/DD/FILE
//! ```
//!
//! See [finding your log files](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html).
//! A key says who delivered what and *when it was delivered*. It never decides the partition of an event, and an
//! object is skipped by its key only where the key proves that it cannot hold what was asked for.

use chrono::NaiveDate;

/// What the key of a delivered object says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// The account whose activity the object holds.
    pub account: String,
    /// What kind of object.
    pub kind: LogKind,
    /// The region the events were recorded in.
    pub region: String,
    /// UTC day of delivery.
    pub delivered: NaiveDate,
}

/// What kind of object CloudTrail delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKind {
    /// Events: `CloudTrail`, and its siblings `-Insight`, `-NetworkActivity`, `-Aggregated`.
    Events,
    /// Hashes of delivered log files: `CloudTrail-Digest`.
    Digest,
}

/// What the name of an object tells before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyClass {
    /// Delivered by CloudTrail.
    CloudTrail(LogKey),
    /// Delivered by another service into the same bucket, such as VPC flow logs.
    OtherService,
    /// Nothing: the key is not of AWS's form.
    Unknown,
}

/// Reads an object's key or path.
pub fn classify(key: &str) -> KeyClass {
    let mut segments: Vec<&str> = key.split('/').collect();
    // The file's own name decides nothing: AWS has changed its form before.
    segments.pop();
    let Some(root) = segments.iter().rposition(|segment| *segment == "AWSLogs") else {
        return KeyClass::Unknown;
    };
    let below = match &segments[root + 1..] {
        [organisation, rest @ ..] if organisation.starts_with("o-") => rest,
        rest => rest,
    };
    match below {
        [account, folder, region, year, month, day] if folder.starts_with("CloudTrail") => {
            match delivery_day(year, month, day) {
                Some(delivered) => KeyClass::CloudTrail(LogKey {
                    account: (*account).to_owned(),
                    kind: if *folder == "CloudTrail-Digest" { LogKind::Digest } else { LogKind::Events },
                    region: (*region).to_owned(),
                    delivered,
                }),
                None => KeyClass::Unknown,
            }
        }
        [_, folder, _, ..] if !folder.starts_with("CloudTrail") => KeyClass::OtherService,
        _ => KeyClass::Unknown,
    }
}

/// What a place in a bucket, above the objects, says of all keys below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// The account.
    pub account: Option<&'a str>,
    /// Whether other things than log files of CloudTrail lie there: digests, logs of other services.
    pub is_of_other_kind: bool,
    /// The region.
    pub region: Option<&'a str>,
    /// The first and the last day of delivery.
    pub days: Option<(NaiveDate, NaiveDate)>,
}

impl<'a> Place<'a> {
    /// Reads the beginning of a key, up to a slash.
    pub fn of(place: &'a str) -> Self {
        let segments: Vec<&str> = place.trim_end_matches('/').split('/').collect();
        let Some(root) = segments.iter().rposition(|segment| *segment == "AWSLogs") else {
            return Self::default();
        };
        let below = match &segments[root + 1..] {
            [organisation, rest @ ..] if organisation.starts_with("o-") => rest,
            rest => rest,
        };
        let folder = below.get(1).copied();
        let is_of_other_kind =
            folder.is_some_and(|folder| !folder.starts_with("CloudTrail") || folder == "CloudTrail-Digest");
        let days = match below.get(3..).unwrap_or_default() {
            [year] => delivery_day(year, "01", "01").zip(delivery_day(year, "12", "31")),
            [year, month] => {
                let first = delivery_day(year, month, "01");
                first.and_then(|first| {
                    let next = first.checked_add_months(chrono::Months::new(1))?;
                    Some((first, next.pred_opt()?))
                })
            }
            [year, month, day, ..] => delivery_day(year, month, day).map(|day| (day, day)),
            [] => None,
        };
        Self { account: below.first().copied(), is_of_other_kind, region: below.get(2).copied(), days }
    }
}

fn delivery_day(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let digits = |text: &str, length: usize| {
        (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())?
    };
    NaiveDate::from_ymd_opt(digits(year, 4)? as i32, digits(month, 2)?, digits(day, 2)?)
}

/// Whether a name claims to be a log file. Files of other names are found beside logs (a README, a picture) and are
/// no cause for alarm if they are not JSON.
pub fn claims_to_be_log(key: &str) -> bool {
    const LOG_ENDINGS: [&str; 8] = [".json", ".gz", ".jsonl", ".ndjson", ".log", ".zst", ".bz2", ".txt"];
    let lower = key.to_ascii_lowercase();
    LOG_ENDINGS.iter().any(|ending| lower.ends_with(ending))
        || matches!(classify(key), KeyClass::CloudTrail(_))
}
