//! Keys that another program gets: the one that a profile names, or the AWS CLI, which knows single sign-on and roles.
//!
//! The program prints them as JSON, with the time when they expire:
//! [process credential provider](https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html). It is
//! asked again before then, so that a run may take longer than its first keys last.

use std::process::{Command, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use serde::Deserialize;
use tokio::sync::Mutex;

/// How long before keys expire others are asked for.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Program {
    /// What the setting `credential_process` says, for the shell.
    Named(String),
    /// The AWS CLI, which is to find out itself.
    AwsCli,
}

/// Why a program gave no keys. Of what it printed, only what is meant for people is said: the rest may be keys.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(
        "the profile {profile} has no keys of its own, and {program}, which is to get some, cannot be run ({source}); \
         install it, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NotRun { profile: String, program: Program, source: std::io::Error },
    #[error("for the profile {profile}, {program} got no keys: {said}")]
    Failed { profile: String, program: Program, said: String },
    #[error("for the profile {profile}, {program} printed no keys in JSON, as of version 1")]
    NoKeys { profile: String, program: Program },
}

/// What the program prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<DateTime<Utc>>,
}

/// Keys, until they expire.
#[derive(Debug, Clone)]
struct Keys {
    credential: Arc<AwsCredential>,
    expire: Option<DateTime<Utc>>,
}

/// The keys of a profile, by a program.
#[derive(Debug)]
pub(super) struct CredentialProcess {
    profile: String,
    program: Program,
    keys: Mutex<Option<Keys>>,
}

impl CredentialProcess {
    pub(super) fn new(profile: &str, program: Program) -> Self {
        Self { profile: profile.to_owned(), program, keys: Mutex::new(None) }
    }

    /// Runs the program, and waits for it.
    fn ask(profile: String, program: Program) -> Result<Keys, Error> {
        let mut command = match &program {
            Program::Named(line) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", line]);
                shell
            }
            Program::AwsCli => {
                let mut cli = Command::new("aws");
                cli.args(["configure", "export-credentials", "--format", "process", "--profile", &profile]);
                cli
            }
        };
        // What is typed or piped here is not for it.
        let output = match command.stdin(Stdio::null()).output() {
            Ok(output) => output,
            Err(source) => return Err(Error::NotRun { profile, program, source }),
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ");
            let said = if said.is_empty() { output.status.to_string() } else { said };
            return Err(Error::Failed { profile, program, said });
        }
        match serde_json::from_slice(&output.stdout) {
            Ok(Printed {
                version: 1,
                access_key_id: key_id,
                secret_access_key: secret_key,
                session_token: token,
                expiration: expire,
            }) => Ok(Keys { credential: Arc::new(AwsCredential { key_id, secret_key, token }), expire }),
            Ok(_) | Err(_) => Err(Error::NoKeys { profile, program }),
        }
    }
}

#[async_trait]
impl CredentialProvider for CredentialProcess {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let generic = |source| object_store::Error::Generic { store: "S3", source };
        let mut keys = self.keys.lock().await;
        let lasting = |keys: &Keys| keys.expire.is_none_or(|expire| expire - AHEAD > Utc::now());
        if let Some(keys) = keys.as_ref().filter(|keys| lasting(keys)) {
            return Ok(keys.credential.clone());
        }
        let (profile, program) = (self.profile.clone(), self.program.clone());
        let asked = tokio::task::spawn_blocking(|| Self::ask(profile, program)).await;
        let got = asked.map_err(|error| generic(error.into()))?.map_err(|error| generic(error.into()))?;
        Ok(keys.insert(got).credential.clone())
    }
}

impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Named(_) => "its credential_process",
            Self::AwsCli => "the AWS CLI (`aws`)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that counts how often it is run, in its key's name.
    fn counting(directory: &std::path::Path, expiration: &str) -> CredentialProcess {
        let counter = directory.join("runs");
        let line = format!(
            "echo >> '{0}'; printf '{{\"Version\": 1, \"AccessKeyId\": \"AKIA%s\", \"SecretAccessKey\": \"s\"{expiration}}}' \
             \"$(wc -l < '{0}' | tr -d ' ')\"",
            counter.display()
        );
        CredentialProcess::new("p", Program::Named(line))
    }

    async fn twice(process: &CredentialProcess) -> [String; 2] {
        let first = process.get_credential().await.unwrap().key_id.clone();
        [first, process.get_credential().await.unwrap().key_id.clone()]
    }

    #[tokio::test]
    async fn keys_are_kept_until_shortly_before_they_expire() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(twice(&counting(directory.path(), "")).await, ["AKIA1", "AKIA1"]);
        let in_an_hour = (Utc::now() + TimeDelta::hours(1)).to_rfc3339();
        let lasting = counting(directory.path(), &format!(", \"Expiration\": \"{in_an_hour}\""));
        assert_eq!(twice(&lasting).await, ["AKIA2", "AKIA2"]);
        let in_a_minute = (Utc::now() + TimeDelta::minutes(1)).to_rfc3339();
        let expiring = counting(directory.path(), &format!(", \"Expiration\": \"{in_a_minute}\""));
        assert_eq!(twice(&expiring).await, ["AKIA3", "AKIA4"]);
    }

    #[tokio::test]
    async fn a_program_that_fails_is_quoted_and_keys_never_are() {
        let said = async |line: &str| {
            let process = CredentialProcess::new("p", Program::Named(line.to_owned()));
            crate::store::root_cause(&process.get_credential().await.unwrap_err())
        };
        assert_eq!(
            said("echo 'Token has expired: aws sso login' >&2; exit 255").await,
            "for the profile p, its credential_process got no keys: Token has expired: aws sso login"
        );
        assert_eq!(
            said("exit 3").await,
            "for the profile p, its credential_process got no keys: exit status: 3"
        );
        let no_keys = "for the profile p, its credential_process printed no keys in JSON, as of version 1";
        let of_version_2 = r#"echo '{"Version": 2, "AccessKeyId": "A", "SecretAccessKey": "secret"}'"#;
        for line in ["echo secret", of_version_2] {
            assert_eq!(said(line).await, no_keys);
        }
    }
}
