//! Google Cloud Storage, with the credentials that the environment names.
//!
//! In this order: the key of a service account, or the file of one; the file of any
//! [application default credentials](https://cloud.google.com/docs/authentication/application-default-credentials); what
//! `gcloud auth application-default login` has left; the account of the machine.

use std::path::PathBuf;

use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder, GoogleConfigKey};

use super::Error;

/// What `gcloud auth application-default login` writes, below the home directory.
const LEFT_BY_GCLOUD: &str = ".config/gcloud/application_default_credentials.json";

/// The store of a bucket; `address` says how it is called, should there be a reason to.
///
/// # Errors
/// If the credentials cannot be read.
pub(super) fn open(bucket: &str, address: impl Fn() -> String) -> Result<GoogleCloudStorage, Error> {
    let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket);
    let place = place(|key| builder.get_config_value(&key), left_by_gcloud);
    builder.build().map_err(|source| match place {
        Some(place) => Error::Credentials { address: address(), place, source: source.into() },
        None => Error::Setup { address: address(), source },
    })
}

/// Where credentials are looked for, if only in one place.
fn place(
    setting: impl Fn(GoogleConfigKey) -> Option<String>,
    left_by_gcloud: impl Fn() -> Option<PathBuf>,
) -> Option<String> {
    let file = setting(GoogleConfigKey::ServiceAccount);
    let key = setting(GoogleConfigKey::ServiceAccountKey);
    match (file, key, setting(GoogleConfigKey::ApplicationCredentials)) {
        (Some(_), Some(_), _) => None,
        (Some(file), None, _) => Some(format!("{file}, which GOOGLE_SERVICE_ACCOUNT names")),
        (None, Some(_), _) => Some("GOOGLE_SERVICE_ACCOUNT_KEY".to_owned()),
        (None, None, Some(file)) => Some(format!("{file}, which GOOGLE_APPLICATION_CREDENTIALS names")),
        (None, None, None) => left_by_gcloud().map(|file| file.display().to_string()),
    }
}

fn left_by_gcloud() -> Option<PathBuf> {
    Some(std::env::home_dir()?.join(LEFT_BY_GCLOUD)).filter(|file| file.exists())
}

#[cfg(test)]
mod tests {
    use GoogleConfigKey::{ApplicationCredentials, ServiceAccount, ServiceAccountKey};

    use super::*;

    #[test]
    fn the_place_of_credentials_is_named() {
        for (set, named) in [
            (&[(ServiceAccount, "/a")][..], Some("/a, which GOOGLE_SERVICE_ACCOUNT names")),
            (&[(ServiceAccountKey, "{}")], Some("GOOGLE_SERVICE_ACCOUNT_KEY")),
            (&[(ApplicationCredentials, "/b")], Some("/b, which GOOGLE_APPLICATION_CREDENTIALS names")),
            (
                &[(ApplicationCredentials, "/b"), (ServiceAccount, "/a")],
                Some("/a, which GOOGLE_SERVICE_ACCOUNT names"),
            ),
            (&[(ServiceAccount, "/a"), (ServiceAccountKey, "{}")], None),
            (&[], Some("/home/.config")),
        ] {
            let setting =
                |wanted| set.iter().find(|(key, _)| *key == wanted).map(|(_, value)| (*value).to_owned());
            assert_eq!(place(setting, || Some(PathBuf::from("/home/.config"))).as_deref(), named);
        }
    }
}
