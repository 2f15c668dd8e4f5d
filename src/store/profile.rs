//! The profiles that the AWS CLI keeps in `~/.aws`: keys, region and endpoint where the environment names none.
//!
//! See [configuration and credential file settings](https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html).
//! Where a profile must ask somebody for its keys, a program does so: the one that it names itself, or the AWS CLI, for single
//! sign-on and roles.

use std::path::PathBuf;
use std::sync::Arc;

use ini::{Ini, Properties};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

use super::Error;
use super::credential_process::{CredentialProcess, Program};

/// Settings of a profile of which the AWS CLI knows whom to ask.
const ASKING: [&str; 4] = ["sso_session", "sso_start_url", "role_arn", "login_session"];

/// Fills in what the environment leaves open.
///
/// # Errors
/// If the profile that the environment names is not there.
pub(super) fn fill(
    builder: AmazonS3Builder,
    variable: fn(&str) -> Option<String>,
) -> Result<AmazonS3Builder, Error> {
    let named = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
    let profile = Profile::read(named.as_deref().unwrap_or("default"), variable);
    if let Some(name) = &named
        && profile.is_empty()
    {
        return Err(Error::NoProfile { profile: name.clone() });
    }
    let mut builder = builder;
    let mut fill = |key: AmazonS3ConfigKey, value: Option<&str>| {
        if let Some(value) = value
            && builder.get_config_value(&key).is_none()
        {
            builder = builder.clone().with_config(key, value);
        }
    };
    fill(AmazonS3ConfigKey::Region, profile.get("region"));
    fill(AmazonS3ConfigKey::Endpoint, profile.get("endpoint_url"));
    // Keys go together: the environment's own are taken as they are, and so is what it says of where to get some.
    const OF_ENVIRONMENT: [&str; 5] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_SKIP_SIGNATURE",
    ];
    if OF_ENVIRONMENT.iter().any(|name| variable(name).is_some()) {
        return Ok(builder);
    }
    match (profile.get("aws_access_key_id"), profile.get("aws_secret_access_key")) {
        (Some(id), Some(secret)) => {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
            if let Some(token) = profile.get("aws_session_token") {
                builder = builder.with_token(token);
            }
        }
        _ => {
            if let Some(program) = profile.program() {
                let name = named.as_deref().unwrap_or("default");
                builder = builder.with_credentials(Arc::new(CredentialProcess::new(name, program)));
            }
        }
    }
    Ok(builder)
}

/// What both files say of a profile; the file of credentials goes first.
struct Profile {
    sections: Vec<Properties>,
}

impl Profile {
    fn read(name: &str, variable: fn(&str) -> Option<String>) -> Self {
        let file = |named: &str, default: &str| {
            let path = variable(named).map(PathBuf::from);
            path.or_else(|| Some(std::env::home_dir()?.join(".aws").join(default)))
        };
        let in_config = if name == "default" { name.to_owned() } else { format!("profile {name}") };
        let sections = [
            (file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), name),
            (file("AWS_CONFIG_FILE", "config"), &in_config),
        ];
        let section = |(path, section): (Option<PathBuf>, &str)| {
            Some(Ini::load_from_file_noescape(path?).ok()?.section(Some(section))?.clone())
        };
        Self { sections: sections.into_iter().filter_map(section).collect() }
    }

    fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// Who gets its keys, if it has none.
    fn program(&self) -> Option<Program> {
        let by_cli = || ASKING.iter().any(|setting| self.get(setting).is_some()).then_some(Program::AwsCli);
        self.get("credential_process").map(|line| Program::Named(line.to_owned())).or_else(by_cli)
    }

    fn get(&self, setting: &str) -> Option<&str> {
        self.sections.iter().find_map(|section| section.get(setting)).filter(|value| !value.is_empty())
    }
}
