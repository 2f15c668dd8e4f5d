//! One caller of one event: the identity, the address, the client.

use std::borrow::Cow;

use super::addresses::Range;
use super::agents;
use super::callers::{Caller, FORWARDERS, SERVICES};
use super::identity::Identity;
use super::names::{self, ACCOUNTS, OTHER_ACCOUNTS, REGIONS};
use super::principals::Principal;
use super::random::{Dice, mix};
use super::world::World;

/// Who made a call, from where, and with what.
pub(super) struct Call<'a> {
    pub(super) identity: Identity<'a>,
    pub(super) address: Cow<'a, str>,
    pub(super) agent: Option<&'a str>,
    /// Which of the region's VPC endpoints the call went through.
    pub(super) endpoint: Option<u64>,
    /// Whether the caller spoke to the service itself, so that there are TLS details.
    pub(super) direct: bool,
    /// Whether the credentials came out of the console.
    pub(super) console: bool,
    /// Whether other accounts got a copy of the event too.
    pub(super) shared: bool,
}

/// Where and when a call is made.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) world: &'a World,
    pub(super) account: usize,
    pub(super) region: usize,
    pub(super) second: i64,
    /// Which of the few principals of each kind that are at work just then.
    pub(super) slot: u64,
    /// `eventSource`: who reports, if it is the service itself that acts.
    pub(super) source: &'a str,
    /// Event version 1.09 or later: empty elements of the session are left out.
    pub(super) modern: bool,
    /// Of 10,000 calls by roles and users, those a service makes for them.
    pub(super) forwarded: u64,
}

impl<'a> Moment<'a> {
    pub(super) fn account_id(&self) -> &'static str {
        ACCOUNTS[self.account].id
    }

    /// The one of `all` that is at work in this slot. The length keeps lists apart.
    pub(super) fn one_of<T>(&self, all: &'a [T]) -> &'a T {
        self.world.popular(all, mix(&[self.slot, all.len() as u64]))
    }

    /// A call by a caller of the given kind.
    pub(super) fn call(&self, caller: Caller, dice: &mut Dice) -> Call<'a> {
        let own = &self.world.principals[self.account];
        match caller {
            Caller::Workload | Caller::InScope | Caller::Role => {
                let principal = self.one_of(&own.workloads);
                let mut call = self.role_session(principal, dice);
                if caller == Caller::InScope {
                    let region = REGIONS[self.region].name;
                    let name = self.one_of(&self.world.names[names::kind("function")][self.account]);
                    let source = format!("arn:aws:lambda:{region}:{}:function:{name}", self.account_id());
                    call.identity.in_scope_of = Some((source, self.account_id()));
                } else if caller == Caller::Role {
                    call.identity.kind = Some("Role");
                    call.identity.session = None;
                }
                call
            }
            Caller::Person | Caller::Delegate => {
                let mut call = self.role_session(self.one_of(&own.people), dice);
                if caller == Caller::Delegate {
                    call.identity.delegate = Some(*dice.pick(&OTHER_ACCOUNTS));
                }
                call
            }
            Caller::Pipeline => self.role_session(self.one_of(&own.pipelines), dice),
            Caller::ServiceLinked => self.service_linked(self.one_of(&own.service_linked), dice),
            Caller::User => self.user(self.one_of(&own.users), dice),
            Caller::UserSession => self.user_session(self.one_of(&own.users), dice),
            Caller::Federated => self.federated(self.one_of(&own.users), dice),
            Caller::Root | Caller::AssumedRoot => self.root(caller == Caller::AssumedRoot, dice),
            Caller::Service => self.service(self.one_of::<&str>(&SERVICES), dice),
            Caller::ServiceEvent => {
                let mut call = self.service(self.source, dice);
                call.identity.kind = None;
                call.identity.account = Some(self.account_id());
                call
            }
            Caller::Account => self.other_account(dice),
            Caller::Anonymous => {
                let mut call = self.person_at_large(dice);
                call.identity.kind = Some("AWSAccount");
                call.identity.principal_id = Some("".into());
                call.identity.account = Some("anonymous");
                call
            }
            Caller::Saml | Caller::WebIdentity => self.assertion(caller == Caller::Saml, dice),
            Caller::IdentityCenter | Caller::Directory | Caller::Unknown => self.directory_user(caller, dice),
            Caller::SignInUser | Caller::SignInRoot | Caller::SignInRole | Caller::SignInHidden => {
                self.sign_in(caller, dice)
            }
        }
    }

    pub(super) fn service(&self, service: &'a str, dice: &mut Dice) -> Call<'a> {
        Call {
            identity: Identity { kind: Some("AWSService"), invoked_by: Some(service), ..Identity::default() },
            address: service.into(),
            agent: Some(service),
            endpoint: None,
            direct: false,
            console: false,
            shared: dice.chance(6000),
        }
    }

    /// A call from one of the principal's own places with one of its clients.
    pub(super) fn call_from_home(
        &self,
        identity: Identity<'a>,
        principal: &'a Principal,
        dice: &mut Dice,
    ) -> Call<'a> {
        // The usual place in 8 of 10 calls, the usual client in 19 of 20.
        let place = if dice.chance(8000) { 0 } else { 1 + dice.below(2) as usize };
        let home = principal.addresses[place];
        let (address, range) = self.world.addresses.get(home);
        Call {
            identity,
            address: Cow::Borrowed(address),
            agent: Some(principal.agents[usize::from(!dice.chance(9500))]),
            endpoint: (range == Range::Private).then_some(home as u64 % 4),
            direct: true,
            console: false,
            shared: false,
        }
    }

    /// A call with a browser from anywhere.
    pub(super) fn person_at_large(&self, dice: &mut Dice) -> Call<'a> {
        let people = &self.world.principals[self.account].people;
        let principal = self.one_of(people);
        let mut call = self.call_from_home(Identity::default(), principal, dice);
        call.agent = Some(*self.one_of(&agents::CONSOLE[..agents::BROWSERS]));
        call
    }

    /// Most of what people do goes through a console, which calls from inside AWS for a part of it.
    pub(super) fn through_console(&self, call: &mut Call<'a>, dice: &mut Dice) {
        if call.identity.invoked_by.is_none() && dice.chance(7000) {
            call.console = true;
            call.agent = Some(*self.one_of(agents::CONSOLE));
            call.direct = dice.chance(4000);
            if call.agent.is_some_and(|agent| agent.starts_with("AWS Internal")) {
                call.address = "AWS Internal".into();
            }
        }
    }

    /// Now and then a service makes the call on the caller's behalf.
    pub(super) fn forward(&self, call: &mut Call<'a>, dice: &mut Dice) {
        if dice.chance(self.forwarded) {
            let service = *self.one_of(&FORWARDERS);
            call.identity.invoked_by = Some(service);
            call.address = service.into();
            call.agent = Some(service);
            call.endpoint = None;
            call.direct = false;
        }
    }
}
