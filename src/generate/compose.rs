//! One event: service, action, caller and outcome drawn, and the record written in CloudTrail's usual key
//! order.

use super::call::{Call, Moment};
use super::catalog::{Event, Failure, RequestIds, Service};
use super::identity::Object;
use super::ids::{IDS, push_id};
use super::names::{ACCOUNTS, NAMES, REGIONS};
use super::random::{Dice, mix};
use super::render::Scene;
use super::text::{push_escaped, push_iso, push_random_guid, push_upper};
use super::truth::Facts;
use super::world::World;

/// Where and when an event happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) account: usize,
    pub(super) region: usize,
    /// Unix time.
    pub(super) second: i64,
    /// Stands for the object: the same few principals and resources make most of what it holds.
    pub(super) scene: u64,
    /// Stands for a run of neighbouring events, many of which are the same action by the same caller.
    pub(super) run: u64,
}

/// Of 10,000 events, those that do what their neighbours do: programs call in loops.
const IN_RUN: u64 = 7000;

/// Principals of a kind that are at work in the minutes an object covers.
const AT_WORK: u64 = 2;

/// TLS version and cipher suite. Three of four clients speak 1.3 by now.
const CIPHERS: [(&str, &str); 4] = [
    ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
    ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
    ("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
];

/// The minor event versions that brought a field.
const MANAGEMENT_EVENT_SINCE: u32 = 6;
const EVENT_CATEGORY_SINCE: u32 = 7;
const TLS_DETAILS_SINCE: u32 = 8;
const ENDPOINT_ACCOUNT_SINCE: u32 = 9;
const KEY_EXCHANGE_SINCE: u32 = 11;

/// The minor event version that leaves out empty elements of the session.
const LEAN_SESSION_SINCE: u32 = 9;

/// Writes an event and tells what a converter must find in it.
pub(super) fn write_event(out: &mut Vec<u8>, world: &World, place: Place, dice: &mut Dice) -> Facts {
    let catalog = &world.catalog;
    let run = dice.chance(IN_RUN).then_some(place.run);
    let mut share = |salt| run.map_or_else(|| dice.bits(), |run| mix(&[run, salt]));
    let service = &catalog.services[catalog.by_region[place.region].at(share(1))];
    let event = &service.events[service.pick.at(share(2))];
    let profile = event.callers();
    let (caller, _) = profile.callers[catalog.callers[event.profile].at(share(3))];
    let slot = mix(&[place.scene, share(4) % AT_WORK]);
    let minor = service.version.rsplit('.').next().and_then(|minor| minor.parse().ok()).unwrap_or(0);
    let moment = Moment {
        world,
        account: place.account,
        region: place.region,
        second: place.second,
        slot,
        source: &service.source,
        modern: minor >= LEAN_SESSION_SINCE,
        forwarded: profile.forwarded,
    };
    let call = moment.call(caller, dice);
    let failure = (dice.below(100) < event.failing).then(|| &event.failures[event.failure.pick(dice)]);
    Record { world, place, service, event, call, failure, minor }.write(out, dice)
}

/// An event of which everything is decided but the details.
struct Record<'a> {
    world: &'a World,
    place: Place,
    service: &'a Service,
    event: &'a Event,
    call: Call<'a>,
    failure: Option<&'a Failure>,
    minor: u32,
}

impl Record<'_> {
    /// Writes the members in CloudTrail's usual order.
    fn write(&self, out: &mut Vec<u8>, dice: &mut Dice) -> Facts {
        let Self { service, event, place, minor, .. } = *self;
        let call = &self.call;
        let account = ACCOUNTS[place.account].id;
        let region = REGIONS[place.region].name;
        let (tls_version, cipher) = *dice.pick(&CIPHERS);
        let caller_arn = call.identity.arn.as_deref().or(call.identity.invoked_by).unwrap_or("anonymous");
        let mut scene = Scene {
            world: self.world,
            account: place.account,
            region: place.region,
            second: place.second,
            service: service.name,
            action: event.name,
            caller_arn,
            caller_id: call.identity.principal_id.as_deref().unwrap_or(account),
            address: &call.address,
            cipher,
            chosen: [None; NAMES.len() + IDS.len()],
            target: None,
            set: place.scene,
        };
        let api_call = event.event_type == "AwsApiCall";
        let network = self.network();
        let tls_details = call.direct && minor >= TLS_DETAILS_SINCE;
        // A denied caller learns nothing of the resource in half of the cases.
        let resources = event.resources.as_ref().filter(|_| self.failure.is_none() || dice.chance(5000));

        let mut record = Object::open(out);
        record.text("eventVersion", Some(service.version));
        call.identity.write(record.key("userIdentity"));
        quoted(record.key("eventTime"), |out| push_iso(out, place.second));
        record.text("eventSource", Some(&service.source));
        record.text("eventName", Some(event.name));
        record.text("awsRegion", Some(region));
        record.text("sourceIPAddress", Some(&call.address));
        if !network {
            self.write_agent(&mut record);
        }
        self.write_outcome(&mut record, &mut scene, dice);
        if api_call || network {
            quoted(record.key("requestID"), |out| match service.request_ids {
                RequestIds::Guid => push_random_guid(out, dice),
                RequestIds::Short => push_upper(out, 16, dice),
                RequestIds::Long => push_upper(out, 52, dice),
            });
        }
        quoted(record.key("eventID"), |out| push_random_guid(out, dice));
        record.flag("readOnly", event.read_only);
        if let Some(resources) = resources {
            scene.render(record.key("resources"), resources, dice);
        }
        record.text("eventType", Some(event.event_type));
        record.text("apiVersion", service.api_version.filter(|_| api_call));
        if minor >= MANAGEMENT_EVENT_SINCE && !network {
            record.flag("managementEvent", Some(event.category == "Management"));
        }
        record.text("recipientAccountId", Some(account));
        if call.shared || network {
            quoted(record.key("sharedEventID"), |out| push_random_guid(out, dice));
        }
        if let Some(details) = &event.details {
            scene.render(record.key("serviceEventDetails"), details, dice);
        }
        self.write_endpoint(&mut record, network, account);
        if minor >= EVENT_CATEGORY_SINCE {
            record.text("eventCategory", Some(event.category));
        }
        if tls_details {
            self.write_tls(record.key("tlsDetails"), tls_version, &mut scene, dice);
        }
        if call.console && minor >= TLS_DETAILS_SINCE {
            record.text("sessionCredentialFromConsole", Some("true"));
        }
        record.close();

        self.facts(resources.is_some(), tls_details)
    }

    /// `errorCode` to `additionalEventData`.
    fn write_outcome(&self, record: &mut Object<'_>, scene: &mut Scene<'_>, dice: &mut Dice) {
        let event = self.event;
        if let Some(failure) = self.failure {
            record.text("errorCode", Some(failure.code).filter(|code| !code.is_empty()));
            if let Some(message) = &failure.message {
                scene.render(record.key("errorMessage"), message, dice);
            }
        }
        if self.network() {
            return;
        }
        // Of the calls that fail, a part is refused before the parameters are looked at.
        let seen = self.failure.is_none() || dice.chance(7000);
        let answered = self.failure.is_none() || event.event_type == "AwsConsoleSignIn";
        for (key, all) in [
            ("requestParameters", Some(event.request.as_slice()).filter(|_| seen)),
            ("responseElements", Some(event.response.as_slice()).filter(|_| answered)),
        ] {
            match all {
                Some(all @ [_, ..]) => scene.render(record.key(key), dice.pick(all), dice),
                _ => record.key(key).extend_from_slice(b"null"),
            }
        }
        if let Some(additional) = &event.additional {
            scene.render(record.key("additionalEventData"), additional, dice);
        }
    }

    fn write_tls(&self, out: &mut Vec<u8>, version: &str, scene: &mut Scene<'_>, dice: &mut Dice) {
        let mut tls = Object::open(out);
        tls.text("tlsVersion", Some(version));
        tls.text("cipherSuite", Some(scene.cipher));
        scene.render(tls.key("clientProvidedHostHeader"), &self.service.host, dice);
        // New, and told for a third of the calls that could have it.
        if self.minor >= KEY_EXCHANGE_SINCE && version == "TLSv1.3" && dice.chance(3300) {
            tls.text("keyExchange", Some(*dice.pick(&["X25519MLKEM768", "x25519", "secp256r1"])));
        }
        tls.close();
    }

    /// Network activity events are thin: no client, parameters or flags.
    fn network(&self) -> bool {
        self.event.category == "NetworkActivity"
    }

    fn facts(&self, resources: bool, tls_details: bool) -> Facts {
        let (event, identity) = (self.event, &self.call.identity);
        let recipient = ACCOUNTS[self.place.account].id;
        Facts {
            second: self.place.second,
            service: self.service.name,
            region: REGIONS[self.place.region].name,
            principal_kind: identity.principal_kind(event.event_type),
            credential_type: identity.credential_type(event.event_type),
            service_call_kind: identity.service_call_kind(event.event_type),
            event_type: event.event_type,
            read_only: event.read_only,
            is_error: self.failure.is_some(),
            is_cross_account: identity
                .account
                .is_some_and(|caller| !caller.is_empty() && caller != recipient),
            resources,
            tls_details,
            session_context: identity.session.is_some(),
        }
    }

    /// `userAgent`; S3 puts it in brackets.
    fn write_agent(&self, record: &mut Object<'_>) {
        let Some(agent) = self.call.agent else { return };
        let brackets = self.service.name == "s3" && self.call.direct;
        quoted(record.key("userAgent"), |out| {
            out.extend_from_slice(if brackets { b"[" } else { b"" });
            push_escaped(out, agent);
            out.extend_from_slice(if brackets { b"]" } else { b"" });
        });
    }

    fn write_endpoint(&self, record: &mut Object<'_>, network: bool, account: &str) {
        let endpoint = self.call.endpoint.or(network.then_some(0));
        let Some(endpoint) = endpoint else { return };
        let kind = IDS.iter().position(|row| row.key == "endpoint").unwrap_or_default();
        let place = (self.place.account * REGIONS.len() + self.place.region) as u64;
        quoted(record.key("vpcEndpointId"), |out| {
            push_id(out, self.world.seed, kind, place, endpoint);
        });
        if self.minor >= ENDPOINT_ACCOUNT_SINCE {
            record.text("vpcEndpointAccountId", Some(account));
        }
    }
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}
