//! Who calls: kinds of callers, and how often each kind makes which sort of call.

/// A kind of caller, which decides the shape of `userIdentity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Caller {
    /// A role in use by a function, instance, task or pod.
    Workload,
    /// The same, with `inScopeOf`.
    InScope,
    /// A person in a role of IAM Identity Center.
    Person,
    /// The same, through a product provider: `invokedByDelegate`.
    Delegate,
    /// A build pipeline's role.
    Pipeline,
    /// A role of an AWS service, in use by that service.
    ServiceLinked,
    /// `type` `Role`.
    Role,
    /// An IAM user's long-term key.
    User,
    /// An IAM user with temporary credentials, mostly from the console.
    UserSession,
    Root,
    /// A session of sts:AssumeRoot.
    AssumedRoot,
    Federated,
    Saml,
    WebIdentity,
    IdentityCenter,
    Directory,
    Unknown,
    /// A principal of another account.
    Account,
    /// Nobody in particular, on a public bucket.
    Anonymous,
    /// An AWS service under its own name.
    Service,
    /// A service event: account and service, no type.
    ServiceEvent,
    /// Signing in: no key yet.
    SignInUser,
    SignInRoot,
    SignInRole,
    /// A failed sign-in under a name that does not exist.
    SignInHidden,
}

/// A mix of callers.
pub(super) struct Profile {
    pub(super) name: &'static str,
    /// Of 10,000 calls by roles and users, those that a service makes on their behalf: `invokedBy`.
    pub(super) forwarded: u64,
    pub(super) callers: &'static [(Caller, u64)],
}

use Caller::*;

/// All mixes. Roles make most calls of a modern organisation; the rare kinds are a little more frequent than
/// in most real trails, so that ten thousand events hold a few of each.
pub(super) const PROFILES: [Profile; 13] = [
    // Ordinary management calls.
    Profile {
        name: "default",
        forwarded: 500,
        callers: &[
            (Workload, 3500),
            (Person, 700),
            (Pipeline, 450),
            (ServiceLinked, 650),
            (User, 3500),
            (UserSession, 260),
            (Service, 600),
            (InScope, 80),
            (Federated, 60),
            (Root, 50),
            (IdentityCenter, 40),
            (Directory, 40),
            (Unknown, 40),
            (Role, 40),
            (Delegate, 40),
            (AssumedRoot, 40),
        ],
    },
    // Data events: applications, and services delivering logs.
    Profile {
        name: "data",
        forwarded: 150,
        callers: &[
            (Workload, 4600),
            (User, 4100),
            (Service, 1000),
            (Pipeline, 100),
            (Person, 130),
            (Account, 120),
            (InScope, 70),
            (Anonymous, 20),
            (Federated, 10),
        ],
    },
    // Describing and changing infrastructure: services and pipelines do much of it.
    Profile {
        name: "infra",
        forwarded: 700,
        callers: &[
            (Workload, 3200),
            (ServiceLinked, 1500),
            (Pipeline, 700),
            (Person, 400),
            (User, 3600),
            (UserSession, 200),
            (Service, 380),
            (Root, 20),
        ],
    },
    // Keys: nearly half of the calls are made by the service that stores the encrypted data.
    Profile {
        name: "kms",
        forwarded: 4500,
        callers: &[
            (Workload, 3700),
            (Service, 1500),
            (User, 3300),
            (Pipeline, 250),
            (Person, 300),
            (ServiceLinked, 300),
            (Account, 200),
        ],
    },
    // sts:AssumeRole: half of it services starting functions, tasks and instances.
    Profile {
        name: "assume",
        forwarded: 100,
        callers: &[
            (Service, 5500),
            (Workload, 2000),
            (User, 1000),
            (Pipeline, 800),
            (Person, 350),
            (Account, 350),
        ],
    },
    Profile { name: "saml", forwarded: 0, callers: &[(Saml, 1)] },
    Profile { name: "web", forwarded: 0, callers: &[(WebIdentity, 1)] },
    // Roles on instances: agents reporting home.
    Profile { name: "workload", forwarded: 0, callers: &[(Workload, 1)] },
    // Consoles.
    Profile {
        name: "people",
        forwarded: 2500,
        callers: &[(Person, 7000), (UserSession, 2200), (User, 400), (Root, 250), (Federated, 150)],
    },
    Profile {
        name: "sign-in",
        forwarded: 0,
        callers: &[(SignInRole, 50), (SignInUser, 40), (SignInRoot, 10)],
    },
    Profile {
        name: "sign-in-failed",
        forwarded: 0,
        callers: &[(SignInUser, 50), (SignInHidden, 40), (SignInRoot, 10)],
    },
    Profile { name: "service-event", forwarded: 0, callers: &[(ServiceEvent, 1)] },
    // The access portal of IAM Identity Center.
    Profile {
        name: "portal",
        forwarded: 0,
        callers: &[(IdentityCenter, 55), (Unknown, 20), (Person, 10), (Directory, 15)],
    },
];

/// Services that call in the name of a role or user, the most frequent first.
pub(super) const FORWARDERS: [&str; 12] = [
    "s3.amazonaws.com",
    "secretsmanager.amazonaws.com",
    "cloudformation.amazonaws.com",
    "ssm.amazonaws.com",
    "dynamodb.amazonaws.com",
    "AWS Internal",
    "lambda.amazonaws.com",
    "athena.amazonaws.com",
    "autoscaling.amazonaws.com",
    "rds.amazonaws.com",
    "ecr.amazonaws.com",
    "fas.s3.amazonaws.com",
];

/// Services that call under their own name, the most frequent first.
pub(super) const SERVICES: [&str; 16] = [
    "lambda.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "config.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "logs.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "events.amazonaws.com",
    "sns.amazonaws.com",
    "firehose.amazonaws.com",
    "states.amazonaws.com",
    "glue.amazonaws.com",
    "s3.amazonaws.com",
    "ssm.amazonaws.com",
    "backup.amazonaws.com",
    "eks-fargate-pods.amazonaws.com",
];
