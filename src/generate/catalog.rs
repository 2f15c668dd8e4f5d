//! What can happen: the services, their events, and the errors they return, read from `services.json`.
//!
//! A service's weight is its share of the calls in each region that has it, in about ten-thousandths; an
//! event's weight is its share of its service's calls, on a scale of its own. Both follow what busy accounts
//! with data events switched on look like: S3, KMS, EC2, STS, Lambda and DynamoDB make three of five calls,
//! and a long tail makes the rest. The services that exist in one region only, or are used in a few, name
//! them; together with the weights this makes about 230 partitions a day.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::callers::{PROFILES, Profile};
use super::names::REGIONS;
use super::random::Weighted;
use super::template::Template;

const SERVICES: &str = include_str!("services.json");

/// All services.
pub(super) struct Catalog {
    pub(super) services: Vec<Service>,
    /// Which service is called, by region.
    pub(super) by_region: Vec<Weighted>,
    /// Who calls, by profile.
    pub(super) callers: Vec<Weighted>,
}

/// A service and its events.
pub(super) struct Service {
    /// What precedes `.amazonaws.com` in `eventSource`.
    pub(super) name: &'static str,
    pub(super) source: String,
    pub(super) version: &'static str,
    pub(super) api_version: Option<&'static str>,
    pub(super) request_ids: RequestIds,
    /// The host name that callers send.
    pub(super) host: Template,
    pub(super) events: Vec<Event>,
    /// Which event happens.
    pub(super) pick: Weighted,
}

/// Forms of `requestID`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RequestIds {
    Guid,
    /// Sixteen capitals and digits, as S3 makes them.
    Short,
    /// Fifty-two capitals and digits, as DynamoDB makes them.
    Long,
}

/// One kind of event.
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) event_type: &'static str,
    pub(super) category: &'static str,
    pub(super) read_only: Option<bool>,
    /// Place in [`PROFILES`].
    pub(super) profile: usize,
    /// Alternatives; none means `null`.
    pub(super) request: Vec<Template>,
    pub(super) response: Vec<Template>,
    pub(super) additional: Option<Template>,
    pub(super) resources: Option<Template>,
    /// `serviceEventDetails`.
    pub(super) details: Option<Template>,
    pub(super) failures: Vec<Failure>,
    /// Which failure it is.
    pub(super) failure: Weighted,
    /// Of 100 events, those that fail.
    pub(super) failing: u64,
}

impl Event {
    /// The mix of callers.
    pub(super) fn callers(&self) -> &'static Profile {
        &PROFILES[self.profile]
    }
}

/// An error that a service returns.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// Empty: a message without a code.
    pub(super) code: &'static str,
    pub(super) message: Option<Template>,
}

#[derive(Deserialize)]
struct File<'a> {
    /// Families of errors: weight, code, message.
    #[serde(borrow)]
    errors: BTreeMap<&'a str, Vec<Error<'a>>>,
    #[serde(borrow)]
    services: Vec<ServiceEntry<'a>>,
}

type Error<'a> = (u64, &'a str, Option<&'a RawValue>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceEntry<'a> {
    service: &'a str,
    /// Share of the calls in each region that has the service.
    weight: u64,
    /// All regions unless some are named.
    #[serde(borrow, default)]
    regions: Vec<&'a str>,
    version: &'a str,
    api_version: Option<&'a str>,
    #[serde(default = "guid")]
    request_ids: RequestIds,
    #[serde(borrow)]
    host: Option<&'a RawValue>,
    #[serde(default = "standard")]
    errors: &'a str,
    #[serde(default = "default_callers")]
    callers: &'a str,
    #[serde(borrow)]
    additional: Option<&'a RawValue>,
    #[serde(borrow)]
    events: Vec<EventEntry<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventEntry<'a> {
    name: &'a str,
    weight: u64,
    read: Option<bool>,
    #[serde(rename = "type", default = "api_call")]
    event_type: &'a str,
    #[serde(default = "management")]
    category: &'a str,
    callers: Option<&'a str>,
    #[serde(borrow)]
    request: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    additional: Option<&'a RawValue>,
    #[serde(borrow)]
    resources: Option<&'a RawValue>,
    #[serde(borrow)]
    details: Option<&'a RawValue>,
    /// Instead of the service's.
    #[serde(borrow)]
    errors: Option<Vec<Error<'a>>>,
    /// Of 100 calls, those that fail.
    failing: Option<u64>,
}

/// Of 100 calls, those that fail, unless the event says otherwise. Together with the events that fail often
/// it makes about six per cent.
const FAILING: u64 = 5;

fn guid() -> RequestIds {
    RequestIds::Guid
}
fn standard() -> &'static str {
    "standard"
}
fn default_callers() -> &'static str {
    "default"
}
fn api_call() -> &'static str {
    "AwsApiCall"
}
fn management() -> &'static str {
    "Management"
}

impl Catalog {
    /// The catalog that is part of the program.
    #[expect(clippy::expect_used, reason = "the file is compiled in, and the unit tests load it")]
    pub(super) fn embedded() -> Self {
        Self::parse(SERVICES).expect("services.json is well-formed") // compiled in, tested
    }

    fn parse(json: &'static str) -> Result<Self, String> {
        let file: File<'static> = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let in_region = |region: &str, entry: &ServiceEntry<'_>| {
            if entry.regions.is_empty() || entry.regions.contains(&region) { entry.weight } else { 0 }
        };
        let by_region = REGIONS
            .iter()
            .map(|region| Weighted::new(file.services.iter().map(|entry| in_region(region.name, entry))))
            .collect();
        let callers = PROFILES
            .iter()
            .map(|profile| Weighted::new(profile.callers.iter().map(|&(_, weight)| weight)))
            .collect();
        let services = file.services.iter().map(|entry| service(entry, &file.errors));
        Ok(Self { services: services.collect::<Result<_, _>>()?, by_region, callers })
    }
}

fn service(
    entry: &ServiceEntry<'static>,
    families: &BTreeMap<&'static str, Vec<Error<'static>>>,
) -> Result<Service, String> {
    let events = entry.events.iter().map(|event| self::event(event, entry, families));
    let host = entry.host.map_or(r#""${service}.${region}.amazonaws.com""#, RawValue::get);
    Ok(Service {
        name: entry.service,
        source: format!("{}.amazonaws.com", entry.service),
        version: entry.version,
        api_version: entry.api_version,
        request_ids: entry.request_ids,
        host: Template::compile(host)?,
        events: events.collect::<Result<_, _>>()?,
        pick: Weighted::new(entry.events.iter().map(|event| event.weight)),
    })
}

fn event(
    entry: &EventEntry<'static>,
    service: &ServiceEntry<'static>,
    families: &BTreeMap<&'static str, Vec<Error<'static>>>,
) -> Result<Event, String> {
    let name = entry.callers.unwrap_or(service.callers);
    let unknown = |what: &str| format!("{} {}: no {what}", service.service, entry.name);
    let errors = match &entry.errors {
        Some(errors) => errors,
        None => families.get(service.errors).ok_or_else(|| unknown(service.errors))?,
    };
    let failures = errors.iter().map(|&(_, code, message)| Ok(Failure { code, message: template(message)? }));
    Ok(Event {
        name: entry.name,
        event_type: entry.event_type,
        category: entry.category,
        read_only: entry.read,
        profile: PROFILES.iter().position(|profile| profile.name == name).ok_or_else(|| unknown(name))?,
        request: alternatives(entry.request)?,
        response: alternatives(entry.response)?,
        additional: template(entry.additional.or(service.additional))?,
        resources: template(entry.resources)?,
        details: template(entry.details)?,
        failures: failures.collect::<Result<_, String>>()?,
        failure: Weighted::new(errors.iter().map(|&(weight, ..)| weight)),
        failing: entry.failing.unwrap_or(if entry.event_type == "AwsApiCall" { FAILING } else { 0 }),
    })
}

fn template(json: Option<&'static RawValue>) -> Result<Option<Template>, String> {
    json.map(|json| Template::compile(json.get())).transpose()
}

/// Request and response are objects; an array of them holds alternatives, which are equally likely.
fn alternatives(json: Option<&'static RawValue>) -> Result<Vec<Template>, String> {
    let Some(json) = json else { return Ok(Vec::new()) };
    if json.get().starts_with('[') {
        let all: Vec<&'static RawValue> =
            serde_json::from_str(json.get()).map_err(|error| error.to_string())?;
        all.into_iter().map(|one| Template::compile(one.get())).collect()
    } else {
        Ok(vec![Template::compile(json.get())?])
    }
}
