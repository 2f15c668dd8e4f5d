//! The pool of principals: roles, people and users, with the credentials, clients and addresses they use.

use super::addresses::{Addresses, Range};
use super::agents;
use super::names::{self, ACCOUNTS};
use super::random::{Dice, mix};
use super::text::{push_base32, push_hex, push_int, text};

/// Seconds for which the credentials of a role's session are used before they are renewed.
const SESSION_SECONDS: u64 = 3600; // AWS's default

/// How the sessions of a principal come about, which decides their names and what else a record tells of
/// them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Style {
    /// A function's role: the session is called like the function.
    Lambda,
    /// An instance's role: the session is called like the instance.
    Instance,
    /// A container task's role.
    Task,
    /// A pod's role, handed out by the cluster's identity provider.
    Pod,
    /// A person signed in through IAM Identity Center.
    Person { email: String },
    /// A build pipeline's role, handed out by its identity provider or a pipeline user.
    Pipeline,
    /// A role that belongs to an AWS service.
    ServiceLinked { service: &'static str },
    /// An IAM user.
    User,
}

/// A role or user.
#[derive(Debug, Clone)]
pub(super) struct Principal {
    pub(super) style: Style,
    /// Name of the role or user.
    pub(super) name: String,
    /// ARN of the role or user itself, not of a session.
    pub(super) arn: String,
    /// `AROA...` or `AIDA...`.
    pub(super) id: String,
    /// Long-term keys, of users only.
    pub(super) keys: Vec<String>,
    /// Clients, the usual one first.
    pub(super) agents: Vec<&'static str>,
    /// Places in [`Addresses`], the usual one first.
    pub(super) addresses: Vec<usize>,
    /// Spreads the renewal of sessions over the hour.
    offset: u64,
}

/// A session of a principal: what lies between two renewals of its credentials.
#[derive(Debug)]
pub(super) struct Session {
    /// Unix time.
    pub(super) created: i64,
    /// `ASIA...`.
    pub(super) key: String,
    pub(super) name: String,
}

impl Principal {
    /// The session in use at a given time. Every event of that hour and region gets the same answer.
    pub(super) fn session(&self, second: i64, region: usize) -> Session {
        let shifted = second as u64 + self.offset;
        let window = shifted / SESSION_SECONDS;
        let created = (window * SESSION_SECONDS) as i64 - self.offset as i64;
        let own =
            self.id.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)));
        let bits = mix(&[own, window, region as u64]);
        let mut key = b"ASIA".to_vec();
        push_base32(&mut key, bits, 16);
        let mut name = Vec::new();
        match &self.style {
            Style::Lambda => name.extend_from_slice(self.name.trim_end_matches("-role").as_bytes()),
            Style::Instance => {
                name.extend_from_slice(b"i-0");
                push_hex(&mut name, u128::from(mix(&[own, region as u64, window % 6])), 16);
            }
            Style::Task => push_hex(&mut name, u128::from(bits) << 64 | u128::from(mix(&[bits])), 32),
            Style::Pod => {
                name.extend_from_slice(b"botocore-session-");
                push_int(&mut name, created as u64);
            }
            Style::Person { email } => name.extend_from_slice(email.as_bytes()),
            Style::Pipeline => name.extend_from_slice(b"GitHubActions"),
            Style::ServiceLinked { service } => {
                name.extend_from_slice(service.split('.').next().unwrap_or(service).as_bytes());
            }
            Style::User => {}
        }
        Session { created, key: text(key), name: text(name) }
    }
}

/// The principals of one account, by what they are.
pub(super) struct Principals {
    /// Roles of functions, instances, tasks and pods.
    pub(super) workloads: Vec<Principal>,
    /// People signed in through IAM Identity Center.
    pub(super) people: Vec<Principal>,
    pub(super) pipelines: Vec<Principal>,
    pub(super) service_linked: Vec<Principal>,
    pub(super) users: Vec<Principal>,
}

/// Services with a role of their own in every account.
const SERVICE_LINKED: [(&str, &str); 9] = [
    ("config.amazonaws.com", "AWSServiceRoleForConfig"),
    ("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling"),
    ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    ("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
    ("guardduty.amazonaws.com", "AWSServiceRoleForAmazonGuardDuty"),
    ("rds.amazonaws.com", "AWSServiceRoleForRDS"),
    ("inspector2.amazonaws.com", "AWSServiceRoleForAmazonInspector2"),
    ("resource-explorer-2.amazonaws.com", "AWSServiceRoleForResourceExplorer"),
    ("access-analyzer.amazonaws.com", "AWSServiceRoleForAccessAnalyzer"),
];

/// Permission sets of IAM Identity Center, the one used most first.
const PERMISSION_SETS: [&str; 4] =
    ["PowerUserAccess", "ReadOnlyAccess", "AdministratorAccess", "BillingAccess"];

/// Principals of an account by kind: together with the service-linked ones about 50, or 200 in all accounts.
const WORKLOADS: usize = 24;
const PEOPLE: usize = 8;
const PIPELINES: usize = 3;
const USERS: usize = 7;

impl Principals {
    pub(super) fn new(seed: u64, account: usize, addresses: &Addresses, dice: &mut Dice) -> Self {
        let mut maker = Maker { seed, account, addresses, dice };
        Self {
            workloads: (0..WORKLOADS).map(|index| maker.workload(index)).collect(),
            people: (0..PEOPLE).map(|index| maker.person(index)).collect(),
            pipelines: (0..PIPELINES).map(|index| maker.pipeline(index)).collect(),
            service_linked: SERVICE_LINKED
                .iter()
                .map(|&(service, role)| maker.linked(service, role))
                .collect(),
            users: (0..USERS).map(|index| maker.user(index)).collect(),
        }
    }
}

struct Maker<'a> {
    seed: u64,
    account: usize,
    addresses: &'a Addresses,
    dice: &'a mut Dice,
}

impl Maker<'_> {
    fn workload(&mut self, index: usize) -> Principal {
        // Functions first: they call most often.
        let style = [Style::Lambda, Style::Instance, Style::Task, Style::Pod][index % 4].clone();
        let name = self.name("role", index);
        let range = if index.is_multiple_of(3) { Range::Private } else { Range::Public };
        let group = if style == Style::Instance { agents::HOST } else { agents::SDK };
        self.role(style, name, "", group, range)
    }

    fn person(&mut self, index: usize) -> Principal {
        let set = PERMISSION_SETS[index % PERMISSION_SETS.len()];
        let mut hex = Vec::new();
        push_hex(&mut hex, u128::from(mix(&[self.seed, self.account as u64, index as u64 % 4])), 16);
        let name = format!("AWSReservedSSO_{set}_{}", text(hex));
        let email = self.name("email", index);
        let range = if index % 3 == 1 { Range::Ipv6 } else { Range::Public };
        self.role(Style::Person { email }, name, "aws-reserved/sso.amazonaws.com/", agents::CONSOLE, range)
    }

    fn pipeline(&mut self, index: usize) -> Principal {
        let name = ["terraform-deploy", "github-actions-build", "cdk-hnb659fds-deploy-role"][index % 3];
        self.role(Style::Pipeline, name.to_owned(), "", agents::PIPELINE, Range::Public)
    }

    fn linked(&mut self, service: &'static str, role: &str) -> Principal {
        let path = format!("aws-service-role/{service}/");
        self.role(Style::ServiceLinked { service }, role.to_owned(), &path, agents::SDK, Range::Public)
    }

    fn user(&mut self, index: usize) -> Principal {
        let name = self.name("user", index);
        let mut user = self.role(Style::User, name, "", agents::CLI, Range::Public);
        user.arn = format!("arn:aws:iam::{}:user/{}", ACCOUNTS[self.account].id, user.name);
        user.id = self.id("AIDA", 17);
        // Every other user has a second key: one and a half on average.
        user.keys = (0..=index % 2).map(|_| self.id("AKIA", 16)).collect();
        user
    }

    fn role(
        &mut self,
        style: Style,
        name: String,
        path: &str,
        group: &[&'static str],
        range: Range,
    ) -> Principal {
        Principal {
            style,
            arn: format!("arn:aws:iam::{}:role/{path}{name}", ACCOUNTS[self.account].id),
            name,
            id: self.id("AROA", 17),
            keys: Vec::new(),
            agents: (0..2).map(|_| *self.dice.pick(group)).collect(),
            addresses: (0..3).map(|_| self.addresses.draw(range, self.dice)).collect(),
            offset: self.dice.below(SESSION_SECONDS),
        }
    }

    fn id(&mut self, prefix: &str, len: usize) -> String {
        let mut id = prefix.as_bytes().to_vec();
        push_base32(&mut id, self.dice.bits(), len);
        text(id)
    }

    fn name(&self, key: &str, index: usize) -> String {
        names::resource_name(self.seed, names::kind(key), self.account, index)
    }
}
