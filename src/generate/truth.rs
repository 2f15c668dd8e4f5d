//! What a converter must find in the made-up objects.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Options, text};

/// What was generated. All but `events.read`, `events.duplicates` and `events.rejected` counts the events
/// that a converter writes: each once, without the damaged ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// The seed.
    pub seed: u64,
    /// What was asked for.
    pub options: TruthOptions,
    /// Number of log objects.
    pub objects: u64,
    /// Their size as they lie there.
    pub compressed_bytes: u64,
    /// Their size when inflated.
    pub inflated_bytes: u64,
    /// Elements of `Records`.
    pub events: EventCounts,
    /// Written events by partition, sorted.
    pub partitions: Vec<PartitionCount>,
    /// Written events by what must be derived from them.
    pub totals: Totals,
}

/// The options, as they stand in the truth file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TruthOptions {
    /// Distinct events, damaged ones included.
    pub events: u64,
    /// Number of objects asked for.
    pub files: Option<u64>,
    /// First day, `YYYY-MM-DD`.
    pub start: String,
    /// Number of days.
    pub days: u32,
    /// Share of the events delivered twice.
    pub duplicate_percent: f64,
    /// Share of the events damaged.
    pub damaged_percent: f64,
}

/// `read = written + duplicates + rejected`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct EventCounts {
    /// Elements of all `Records` arrays.
    pub read: u64,
    /// Distinct events.
    pub written: u64,
    /// Second copies.
    pub duplicates: u64,
    /// Elements that are no CloudTrail event.
    pub rejected: u64,
}

/// Written events of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartitionCount {
    /// UTC date of the events, `YYYY-MM-DD`.
    pub date: String,
    /// Event source without `.amazonaws.com`.
    pub service: String,
    /// `awsRegion`.
    pub region: String,
    /// Number of events.
    pub events: u64,
}

/// Counts of written events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// By kind of principal.
    pub principal_kind: BTreeMap<&'static str, u64>,
    /// By kind of credentials.
    pub credential_type: BTreeMap<&'static str, u64>,
    /// By the way a service was involved.
    pub service_call_kind: BTreeMap<&'static str, u64>,
    /// By `eventType`.
    pub event_type: BTreeMap<&'static str, u64>,
    /// By `readOnly`: `true`, `false`, or `null` where it is absent.
    pub read_only: BTreeMap<&'static str, u64>,
    /// With an error code, an error message, or a failed console login.
    pub is_error: u64,
    /// Made by an account's root user.
    pub is_root: u64,
    /// Caller's account and recipient's account both known and different.
    pub is_cross_account: u64,
    /// With `resources`.
    pub with_resources: u64,
    /// With `tlsDetails`.
    pub with_tls_details: u64,
    /// With `userIdentity.sessionContext`.
    pub with_session_context: u64,
}

/// What one event adds to the counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) second: i64,
    pub(super) service: &'static str,
    pub(super) region: &'static str,
    pub(super) principal_kind: &'static str,
    pub(super) credential_type: &'static str,
    pub(super) service_call_kind: &'static str,
    pub(super) event_type: &'static str,
    pub(super) read_only: Option<bool>,
    pub(super) is_error: bool,
    pub(super) is_cross_account: bool,
    pub(super) resources: bool,
    pub(super) tls_details: bool,
    pub(super) session_context: bool,
}

/// Counts of one object, or of several added up.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) objects: u64,
    pub(super) compressed_bytes: u64,
    pub(super) inflated_bytes: u64,
    pub(super) events: EventCounts,
    /// By day (since 1970), service and region.
    partitions: BTreeMap<(i64, &'static str, &'static str), u64>,
    totals: Totals,
}

impl Tally {
    /// Counts an event that a converter writes.
    pub(super) fn written(&mut self, facts: &Facts) {
        self.events.read += 1;
        self.events.written += 1;
        let day = facts.second.div_euclid(text::DAY);
        *self.partitions.entry((day, facts.service, facts.region)).or_default() += 1;
        let read_only = facts.read_only.map_or("null", |value| if value { "true" } else { "false" });
        let totals = &mut self.totals;
        for (counts, key) in [
            (&mut totals.principal_kind, facts.principal_kind),
            (&mut totals.credential_type, facts.credential_type),
            (&mut totals.service_call_kind, facts.service_call_kind),
            (&mut totals.event_type, facts.event_type),
            (&mut totals.read_only, read_only),
        ] {
            *counts.entry(key).or_default() += 1;
        }
        for (count, condition) in [
            (&mut totals.is_error, facts.is_error),
            (&mut totals.is_root, facts.principal_kind == "root"),
            (&mut totals.is_cross_account, facts.is_cross_account),
            (&mut totals.with_resources, facts.resources),
            (&mut totals.with_tls_details, facts.tls_details),
            (&mut totals.with_session_context, facts.session_context),
        ] {
            *count += u64::from(condition);
        }
    }

    /// Counts an event that was there before.
    pub(super) fn duplicate(&mut self) {
        self.events.read += 1;
        self.events.duplicates += 1;
    }

    /// Counts an element that is no event.
    pub(super) fn rejected(&mut self) {
        self.events.read += 1;
        self.events.rejected += 1;
    }

    /// Adds another object's counts.
    pub(super) fn add(&mut self, other: Self) {
        self.objects += other.objects;
        self.compressed_bytes += other.compressed_bytes;
        self.inflated_bytes += other.inflated_bytes;
        self.events.read += other.events.read;
        self.events.written += other.events.written;
        self.events.duplicates += other.events.duplicates;
        self.events.rejected += other.events.rejected;
        add_all(&mut self.partitions, other.partitions);
        let (totals, more) = (&mut self.totals, other.totals);
        add_all(&mut totals.principal_kind, more.principal_kind);
        add_all(&mut totals.credential_type, more.credential_type);
        add_all(&mut totals.service_call_kind, more.service_call_kind);
        add_all(&mut totals.event_type, more.event_type);
        add_all(&mut totals.read_only, more.read_only);
        totals.is_error += more.is_error;
        totals.is_root += more.is_root;
        totals.is_cross_account += more.is_cross_account;
        totals.with_resources += more.with_resources;
        totals.with_tls_details += more.with_tls_details;
        totals.with_session_context += more.with_session_context;
    }

    /// The truth of all objects together.
    pub(super) fn into_truth(self, options: &Options) -> Truth {
        let partitions = self.partitions.into_iter().map(|((day, service, region), events)| PartitionCount {
            date: text::date(day * text::DAY).to_string(),
            service: service.to_owned(),
            region: region.to_owned(),
            events,
        });
        Truth {
            seed: options.seed,
            options: TruthOptions {
                events: options.events,
                files: options.files,
                start: options.start.to_string(),
                days: options.days,
                duplicate_percent: options.duplicate_percent,
                damaged_percent: options.damaged_percent,
            },
            objects: self.objects,
            compressed_bytes: self.compressed_bytes,
            inflated_bytes: self.inflated_bytes,
            events: self.events,
            partitions: partitions.collect(),
            totals: self.totals,
        }
    }
}

fn add_all<K: Ord>(counts: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *counts.entry(key).or_default() += count;
    }
}
