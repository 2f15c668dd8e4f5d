//! Which events are asked for, and which objects need not be opened to know that they hold none.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::decode::LookAlike;
use crate::partition;
use crate::report::SkipReason;
use crate::source::LogObject;
use crate::source::log_key::{self, KeyClass, LogKey, LogKind, Place};
use crate::table::Row;
use crate::table::column::id;

/// What to convert. Empty lists and missing times leave everything in.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Events from this moment on.
    pub since: Option<DateTime<Utc>>,
    /// Events before this moment.
    pub until: Option<DateTime<Utc>>,
    /// Recipient accounts.
    pub accounts: Vec<String>,
    /// Regions, as in the partition.
    pub regions: Vec<String>,
    /// Services, as in the partition.
    pub services: Vec<String>,
}

/// A failed delivery is
/// [tried again for up to 30 days](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-a-trail-using-the-console-first-time.html);
/// two more for safety.
const LATEST_DELIVERY: Days = Days::new(32);

/// Clocks of AWS hosts and of the delivery may disagree, by far less than this.
const CLOCK_SLACK: TimeDelta = TimeDelta::hours(1);

/// From here on events of global services are recorded in, and delivered to, the folder of their own region. Before,
/// trails of any region could carry them
/// ([change of November 2021](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events)).
const GLOBAL_EVENTS_AT_HOME: Option<NaiveDate> = NaiveDate::from_ymd_opt(2022, 1, 1);

impl Filter {
    /// Whether an object may hold events that are asked for. `false` only where its key proves that it does not:
    /// the day in a key is the day of delivery, which comes after the events, at times long after.
    pub fn admits_object(&self, key: &LogKey) -> bool {
        self.admits_delivery(key.delivered, key.delivered)
            && self.admits_account(&key.account)
            && self.admits_region(&key.region, key.delivered)
    }

    /// What an object's key says. An object the user named is always opened.
    ///
    /// # Errors
    /// Why it need not be opened.
    pub fn classify(&self, object: &LogObject) -> Result<Option<LogKey>, SkipReason> {
        match log_key::classify(&object.name) {
            KeyClass::Unknown => Ok(None),
            KeyClass::OtherService if object.named => Ok(None),
            KeyClass::OtherService => Err(SkipReason::OtherService),
            KeyClass::CloudTrail(key) if key.kind == LogKind::Digest => {
                Err(SkipReason::LookAlike(LookAlike::Digest))
            }
            KeyClass::CloudTrail(key) if !self.admits_object(&key) => Err(SkipReason::Filtered),
            KeyClass::CloudTrail(key) => Ok(Some(key)),
        }
    }

    /// Whether objects below a place of a bucket may hold events that are asked for, by what their keys begin with.
    pub fn admits_place(&self, place: &str) -> bool {
        let Place { account, is_of_other_kind, region, days } = Place::of(place);
        !is_of_other_kind
            && account.is_none_or(|account| self.admits_account(account))
            && days.is_none_or(|(first, last)| {
                self.admits_delivery(first, last)
                    && region.is_none_or(|region| self.admits_region(region, first))
            })
    }

    /// Whether objects delivered within these days may hold events of the time that is asked for.
    fn admits_delivery(&self, first: NaiveDate, last: NaiveDate) -> bool {
        let midnight_after = last.succ_opt().unwrap_or(NaiveDate::MAX).and_time(Default::default()).and_utc();
        let latest = self.until.and_then(|until| until.date_naive().checked_add_days(LATEST_DELIVERY));
        self.since.is_none_or(|since| midnight_after + CLOCK_SLACK > since)
            && latest.is_none_or(|latest| first <= latest)
    }

    fn admits_account(&self, account: &str) -> bool {
        self.accounts.is_empty() || self.accounts.iter().any(|wanted| wanted == account)
    }

    /// Whether objects of a region's folder, delivered from that day on, may hold events of a region that is asked for.
    fn admits_region(&self, region: &str, delivered: NaiveDate) -> bool {
        let may_hold_global = GLOBAL_EVENTS_AT_HOME.is_none_or(|from| delivered < from);
        self.regions.is_empty() || may_hold_global || self.regions.iter().any(|wanted| wanted == region)
    }

    /// Whether an event is asked for. `key_account` is the account its object's key names, if it does. An event
    /// whose time cannot be read passes the time limits: better one row too many than one lost.
    pub fn admits_event(&self, row: &Row<'_>, key_account: Option<&str>) -> bool {
        if let Some(micros) = row.integer(id::EVENT_TIME) {
            let before = |limit: &DateTime<Utc>| micros < limit.timestamp_micros();
            if self.since.as_ref().is_some_and(before) || !self.until.as_ref().is_none_or(before) {
                return false;
            }
        }
        let account = || {
            row.filled_text(id::RECIPIENT_ACCOUNT_ID)
                .or(key_account)
                .or_else(|| row.filled_text(id::USER_IDENTITY_ACCOUNT_ID))
        };
        let column = |column| row.text(column).unwrap_or_default();
        (self.accounts.is_empty()
            || account().is_some_and(|account| self.accounts.iter().any(|a| a == account)))
            && (self.regions.is_empty()
                || self.regions.iter().any(|region| *region == partition::region(column(id::AWS_REGION))))
            && (self.services.is_empty()
                || self
                    .services
                    .iter()
                    .any(|service| *service == partition::service(column(id::EVENT_SOURCE))))
    }

    /// One text for each choice of events; empty if it leaves all in.
    pub fn fingerprint(&self) -> String {
        let sorted = |values: &[String]| {
            let mut values = values.to_vec();
            values.sort_unstable();
            values.dedup();
            values
        };
        let time = |time: Option<DateTime<Utc>>| time.map(|time| time.to_rfc3339());
        let Self { since, until, accounts, regions, services } = self;
        let parts: Vec<String> = [
            ("since", time(*since).into_iter().collect()),
            ("until", time(*until).into_iter().collect()),
            ("account", sorted(accounts)),
            ("region", sorted(regions)),
            ("service", sorted(services)),
        ]
        .into_iter()
        .filter(|(_, values): &(&str, Vec<String>)| !values.is_empty())
        .map(|(name, values)| format!("{name}={values:?}"))
        .collect();
        parts.join(" ")
    }
}
