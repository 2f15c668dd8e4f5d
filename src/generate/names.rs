//! The made-up organisation: its accounts, its words, and how its resources are called.

use super::random::mix;
use super::text::push_hex;

/// An account of the organisation.
pub(super) struct Account {
    /// Twelve digits; the ids are those AWS's own documentation uses for examples.
    pub(super) id: &'static str,
    /// What the account is for, as it appears in resource names.
    pub(super) environment: &'static str,
    /// Share of the activity.
    pub(super) weight: u64,
}

/// Production does most of the work; an account id may begin with a zero.
pub(super) const ACCOUNTS: [Account; 4] = [
    Account { id: "111122223333", environment: "prod", weight: 46 },
    Account { id: "444455556666", environment: "staging", weight: 26 },
    Account { id: "012345678901", environment: "dev", weight: 18 },
    Account { id: "777788889999", environment: "shared", weight: 10 },
];

/// Accounts of other organisations, which call ours.
pub(super) const OTHER_ACCOUNTS: [&str; 5] =
    ["123456789012", "210987654321", "098765432109", "999988887777", "555566660000"];

/// A region and its share of the activity.
pub(super) struct Region {
    pub(super) name: &'static str,
    pub(super) weight: u64,
}

/// A home region, two large ones, and a tail that is used a little: most organisations look so. The last is
/// small enough for rare services to be absent there on some days.
pub(super) const REGIONS: [Region; 9] = [
    Region { name: "us-east-1", weight: 34 },
    Region { name: "us-west-2", weight: 15 },
    Region { name: "eu-west-1", weight: 13 },
    Region { name: "eu-central-1", weight: 10 },
    Region { name: "us-east-2", weight: 8 },
    Region { name: "ap-southeast-1", weight: 7 },
    Region { name: "ap-northeast-1", weight: 6 },
    Region { name: "ap-south-1", weight: 4 },
    Region { name: "sa-east-1", weight: 3 },
];

/// What the organisation's systems are about.
const TOPICS: [&str; 32] = [
    "orders", "billing", "catalog", "search", "checkout", "stock", "media", "reports", "traces", "audit",
    "identity", "profile", "payments", "shipping", "pricing", "reviews", "alerts", "sessions", "uploads",
    "exports", "metrics", "ledger", "tickets", "planner", "gateway", "mailer", "fraud", "loyalty", "returns",
    "depot", "content", "feeds",
];

/// What a part of a system does.
const PARTS: [&str; 12] = [
    "worker", "api", "loader", "sync", "indexer", "parser", "handler", "consumer", "writer", "cron",
    "resolver", "stream",
];

const FIRST_NAMES: [&str; 16] = [
    "alma", "bjorn", "carmen", "dmitri", "esra", "farid", "greta", "hiro", "ines", "jonas", "kavya", "lucia",
    "mateo", "noor", "oksana", "pablo",
];
const LAST_NAMES: [&str; 13] = [
    "okafor", "lund", "marino", "petrov", "yilmaz", "haddad", "novak", "tanaka", "ferreira", "weber", "iyer",
    "rossi", "silva",
];

/// A kind of resource that people name.
pub(super) struct Name {
    /// The placeholder.
    pub(super) key: &'static str,
    /// How many there are in each account. They are drawn by Zipf's law, so a few make most of the traffic.
    pub(super) per_account: usize,
    /// How they are called. `{topic}`, `{part}`, `{env}`, `{account}`, `{first}`, `{last}`, `{n}` and `{hex}`
    /// are filled in. The text is the inside of a JSON string: escapes stay as they are.
    patterns: &'static [&'static str],
}

/// All kinds of named resources.
pub(super) const NAMES: [Name; 30] = [
    name("bucket", 24, &["larkspur-{env}-{topic}", "lks-{topic}-{env}", "lks-{env}-{topic}-{part}"]),
    name("object", 100, &OBJECTS),
    name("function", 40, &["{env}-{topic}-{part}", "{topic}-{part}-{env}"]),
    name("role", 48, &["{topic}-{part}", "{env}-{topic}-role", "eks-{topic}-{part}"]),
    name("user", 12, &["{first}.{last}", "svc-{topic}-{env}", "{first}", "jenkins-{env}-{topic}"]),
    name("policy", 16, &["{env}-{topic}-access", "{topic}ReadOnly"]),
    name("table", 24, &["{env}-{topic}", "{topic}_{part}_{env}"]),
    name("queue", 24, &["{env}-{topic}-{part}", "{env}-{topic}-{part}-dlq", "{topic}-{env}.fifo"]),
    name("topic", 12, &["{env}-{topic}-events", "{topic}-alarms"]),
    name("secret", 24, &["{env}/{topic}/database-{hex}", "{topic}/{env}/api-key-{hex}"]),
    name(
        "parameter",
        40,
        &["/{env}/{topic}/{part}/url", "/{env}/{topic}/feature-flags", "/{topic}/{env}/{part}"],
    ),
    name(
        "loggroup",
        48,
        &["/aws/lambda/{env}-{topic}-{part}", "/ecs/{env}/{topic}", "/aws/eks/{env}-main/cluster"],
    ),
    name("cluster", 4, &["{env}-main", "{env}-{topic}"]),
    name("task", 20, &["{env}-{topic}-{part}"]),
    name("repository", 24, &["larkspur/{topic}-{part}", "larkspur/base/{part}"]),
    name("stack", 16, &["{env}-{topic}", "CDKToolkit", "{env}-{topic}-{part}-pipeline"]),
    name("stream", 12, &["{env}-{topic}-stream", "{topic}-clicks-{env}"]),
    name("database", 10, &["{env}-{topic}-aurora", "{env}-{topic}-postgres-{n}"]),
    name("group", 14, &["{env}-{topic}-{part}-asg", "eks-{env}-{topic}-ng-{hex}"]),
    name("balancer", 12, &["app/{env}-{topic}/{hex}{hex}", "net/{env}-{topic}/{hex}{hex}"]),
    name("target", 16, &["{env}-{topic}-{part}/{hex}{hex}"]),
    name("gluetable", 20, &["{topic}_{part}", "{topic}_daily"]),
    name("gluedatabase", 6, &["{env}_{topic}"]),
    name("namespace", 6, &["{env}.{topic}.larkspur.internal"]),
    name("trail", 2, &["larkspur-{env}-trail", "management-events"]),
    name("rule", 16, &["{env}-{topic}-{part}-schedule", "{topic}-state-change"]),
    name("machine", 8, &["{env}-{topic}-{part}"]),
    name("domain", 8, &["{topic}.larkspur.example", "{env}.{topic}.larkspur.example"]),
    name("channel", 4, &["{env}-{topic}-live"]),
    name("email", 24, &["{first}.{last}@larkspur.example"]),
];

const fn name(key: &'static str, per_account: usize, patterns: &'static [&'static str]) -> Name {
    Name { key, per_account, patterns }
}

/// Keys of S3 objects: data lake files, uploads, and now and then what JSON has to escape or UTF-8 has to
/// carry.
const OBJECTS: [&str; 10] = [
    "raw/{topic}/dt=2025-03-01/part-000{n}-{hex}.c000.snappy.parquet",
    "curated/{topic}/{part}/year=2025/month=03/{hex}.parquet",
    "uploads/{hex}-{hex}/{topic}.jpg",
    "exports/{topic}/2025/03/{env}-{hex}.csv.gz",
    "config/{env}/{topic}/{part}.yaml",
    "AWSLogs/{account}/elasticloadbalancing/us-east-1/2025/03/01/{account}_{topic}_{hex}.log.gz",
    r"invoices/2025/Rechnung M\u00e4rz {n} {topic}.pdf",
    "reports/2025/résumé-{n}.docx",
    r"feeds\/{topic}\/{hex}.json",
    "データ/{topic}/{n}.json",
];

/// The place of a key in [`NAMES`]; 0 if it is not there.
pub(super) fn kind(key: &str) -> usize {
    NAMES.iter().position(|row| row.key == key).unwrap_or_default()
}

/// The name of a resource.
pub(super) fn resource_name(seed: u64, kind: usize, account: usize, index: usize) -> String {
    let row = &NAMES[kind];
    let start = mix(&[seed, kind as u64, account as u64]) as usize;
    let bits = mix(&[seed, kind as u64, account as u64, index as u64]);
    let mut hex = Vec::new();
    push_hex(&mut hex, u128::from(bits), 16);
    let hex = String::from_utf8_lossy(&hex);
    let nth = |all: &[&'static str], step: usize| all[((start % 4096) + index / step) % all.len()];
    row.patterns[index % row.patterns.len()]
        .replace("{topic}", nth(&TOPICS, 1))
        .replace("{part}", nth(&PARTS, 3))
        .replace("{first}", nth(&FIRST_NAMES, 1))
        .replace("{last}", nth(&LAST_NAMES, 1))
        .replace("{env}", ACCOUNTS[account].environment)
        .replace("{account}", ACCOUNTS[account].id)
        .replace("{n}", &(index % 90 + 10).to_string())
        .replacen("{hex}", &hex[..8], 1)
        .replace("{hex}", &hex[8..])
}
