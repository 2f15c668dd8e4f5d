//! Addresses, and the stores behind them: a local disk, S3, Google Cloud Storage, Azure Blob Storage, a web server.
//!
//! Stores find their credentials, regions and endpoints in the environment, by the names that their vendors' own tools
//! use (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_NAME`, ...), in a
//! profile of the AWS CLI, or in the metadata service of the machine. Requests that are throttled or fail on the other side
//! are tried again, each time after a longer while.

mod attempts;
mod credential_process;
mod google;
mod parts;
mod patient;
mod profile;
mod words;

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use futures::stream::{BoxStream, StreamExt as _};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::{ClientConfigKey, ClientOptions};
use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ListResult, ObjectStore};
use url::Url;

pub use parts::put_whole;
use patient::{Paged, Patient};
pub use words::{bottom, root_cause};

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A malformed `file://` URL.
    #[error("malformed URL {address}; a local file is file:///absolute/path")]
    BadFileUrl {
        /// As typed.
        address: String,
    },
    /// A malformed URL of another kind.
    #[error("malformed URL {address}; {example}")]
    BadUrl {
        /// As typed.
        address: String,
        /// How one looks that is well-formed.
        example: &'static str,
    },
    /// A URL where only a local path will do.
    #[error("{address} is not on a local disk, and must be")]
    NotLocal {
        /// As typed.
        address: String,
    },
    /// A URL of a store that is not supported.
    #[error(
        "{scheme}:// is not supported, so {address} cannot be used; there are s3://, gs://, az://, http(s):// and paths"
    )]
    UnsupportedScheme {
        /// As typed.
        address: String,
        /// Its scheme.
        scheme: String,
    },
    /// The path cannot be named in a store.
    #[error("cannot use the path {address}: {source}")]
    BadPath {
        /// As typed.
        address: String,
        /// What is wrong with it.
        source: object_store::path::Error,
    },
    /// The environment names a profile of the AWS CLI that is not there.
    #[error("there is no profile {profile} in ~/.aws/credentials or ~/.aws/config, which AWS_PROFILE names")]
    NoProfile {
        /// Its name.
        profile: String,
    },
    /// The credentials that the environment names are none.
    #[error("cannot use {address}, with the credentials in {place}: {}", root_cause(source))]
    Credentials {
        /// As typed.
        address: String,
        /// The file or the variable that they should be in.
        place: String,
        /// What is wrong with them.
        source: Box<object_store::Error>,
    },
    /// The store cannot be set up.
    #[error("cannot use {address}: {}", root_cause(source))]
    Setup {
        /// As typed.
        address: String,
        /// What is missing or wrong.
        source: object_store::Error,
    },
}

/// A place in a store.
#[derive(Debug, Clone)]
pub struct Address {
    /// The store as a whole.
    store: Arc<dyn ObjectStore>,
    /// The same, if it can list a page at a time.
    paged: Option<Arc<dyn Paged>>,
    /// What the names of its objects begin with, without the last slash: `s3://bucket`; nothing on a local disk.
    prefix: String,
    /// Where in it.
    path: Path,
    /// The place on the local disk.
    local: Option<PathBuf>,
}

/// The kinds of store that are not a local disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    S3,
    Google,
    Azure,
    Web,
}

/// A URL of a store, taken apart. Not by the rules for URLs: keys of objects may hold `?`, `#` and `%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreUrl<'a> {
    kind: Kind,
    scheme: &'a str,
    /// Bucket, container, or host.
    host: &'a str,
    /// The key or the beginning of keys, with wildcards perhaps.
    pub key: &'a str,
}

impl<'a> StoreUrl<'a> {
    /// Takes a URL apart; `None` if it is a local path.
    ///
    /// # Errors
    /// If it is a URL of no store there is.
    pub fn parse(typed: &'a str) -> Result<Option<Self>, Error> {
        let Some((scheme, rest)) = typed.split_once("://").filter(|(scheme, _)| *scheme != "file") else {
            return Ok(None);
        };
        let (kind, example) = match scheme {
            "s3" | "s3a" => (Kind::S3, "an S3 address is s3://bucket/prefix"),
            "gs" => (Kind::Google, "an address of Google Cloud Storage is gs://bucket/prefix"),
            "az" | "azure" | "abfs" | "abfss" => {
                (Kind::Azure, "an address of Azure is az://container/prefix")
            }
            "http" | "https" => (Kind::Web, "a web address is https://host/path/of/file"),
            _ => {
                return Err(Error::UnsupportedScheme {
                    address: typed.to_owned(),
                    scheme: scheme.to_owned(),
                });
            }
        };
        let (host, key) = rest.split_once('/').unwrap_or((rest, ""));
        if host.is_empty() {
            return Err(Error::BadUrl { address: typed.to_owned(), example });
        }
        Ok(Some(Self { kind, scheme, host, key }))
    }

    /// Whether it is a web server, which can be asked for single files only.
    pub fn is_web(&self) -> bool {
        self.kind == Kind::Web
    }

    /// What the names of objects begin with.
    fn prefix(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    /// Sets the store up. `key` says where in it.
    ///
    /// # Errors
    /// If something is missing, such as the name of the account.
    pub fn open(&self, key: &str) -> Result<Address, Error> {
        let address = || format!("{}/{key}", self.prefix());
        let setup = |source| Error::Setup { address: address(), source };
        let path = Path::parse(key.trim_matches('/'))
            .map_err(|source| Error::BadPath { address: address(), source })?;
        let paged: Arc<dyn Paged> = match self.kind {
            Kind::S3 => Arc::new(self.s3()?.build().map_err(setup)?),
            Kind::Google => Arc::new(google::open(self.host, address)?),
            Kind::Azure => {
                let builder = MicrosoftAzureBuilder::from_env().with_container_name(self.host);
                let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
                let builder = if is_plain(endpoint) { builder.with_allow_http(true) } else { builder };
                Arc::new(builder.build().map_err(setup)?)
            }
            Kind::Web => {
                let options = ClientOptions::new().with_config(ClientConfigKey::AllowHttp, "true");
                let builder = HttpBuilder::new().with_url(self.prefix()).with_client_options(options);
                let store = Arc::new(builder.build().map_err(setup)?);
                return Ok(Address { store, paged: None, prefix: self.prefix(), path, local: None });
            }
        };
        let store = Arc::new(Patient(paged.clone()));
        Ok(Address { store, paged: Some(paged), prefix: self.prefix(), path, local: None })
    }

    fn s3(&self) -> Result<AmazonS3Builder, Error> {
        let builder = AmazonS3Builder::from_env().with_bucket_name(self.host);
        let builder =
            profile::fill(builder, |name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
        let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
        Ok(if is_plain(endpoint) { builder.with_allow_http(true) } else { builder })
    }
}

/// Who names an endpoint without TLS means it.
fn is_plain(endpoint: Option<String>) -> bool {
    endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"))
}

impl Address {
    /// A place on the local disk, by its real path.
    ///
    /// # Errors
    /// If the path cannot be named in a store.
    pub fn local(path: &FilePath) -> Result<Self, Error> {
        let place = Path::from_absolute_path(path)
            .map_err(|source| Error::BadPath { address: path.display().to_string(), source })?;
        let store = Arc::new(LocalFileSystem::new());
        Ok(Self { store, paged: None, prefix: String::new(), path: place, local: Some(path.to_owned()) })
    }

    /// The store as a whole.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Where in the store.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What lies in a directory of the store, a page at a time where the store does so. A directory in it may be on several
    /// pages.
    pub fn pages_of(&self, directory: &Path) -> BoxStream<'static, Result<ListResult, object_store::Error>> {
        if let Some(paged) = &self.paged {
            return patient::pages(paged.clone(), directory);
        }
        let (store, directory) = (self.store.clone(), directory.clone());
        futures::stream::once(async move { store.list_with_delimiter(Some(&directory)).await }).boxed()
    }

    /// The place on the local disk, if it is one.
    pub fn directory(&self) -> Option<&FilePath> {
        self.local.as_deref()
    }

    /// How an object of the store is called: `s3://bucket/key`, `/path/of/file`.
    pub fn name_of(&self, object: &Path) -> String {
        format!("{}/{object}", self.prefix)
    }

    /// The store as it is below this place.
    ///
    /// # Errors
    /// If a local directory cannot be opened.
    pub fn below(&self) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
        Ok(match &self.local {
            Some(directory) => Arc::new(LocalFileSystem::new_with_prefix(directory)?),
            None if self.path.as_ref().is_empty() => self.store.clone(),
            None => Arc::new(PrefixStore::new(self.store.clone(), self.path.clone())),
        })
    }

    /// The place as the URL of a directory.
    ///
    /// # Errors
    /// If it makes no URL.
    pub fn url(&self) -> Result<Url, Error> {
        let bad = || Error::BadUrl {
            address: self.name_of(&self.path),
            example: "names in it cannot hold % and two digits",
        };
        match &self.local {
            Some(directory) => Url::from_directory_path(directory).map_err(|()| bad()),
            // Readers of the log would take the percent sign and what follows it for one character.
            None if self.path.as_ref().split('%').skip(1).any(begins_with_hex) => Err(bad()),
            None => {
                let mut url = Url::parse(&self.prefix).map_err(|_| bad())?;
                let mut segments = url.path_segments_mut().map_err(|()| bad())?;
                segments.clear().extend(self.path.parts().map(|part| part.as_ref().to_owned())).push("");
                drop(segments);
                Ok(url)
            }
        }
    }
}

fn begins_with_hex(text: &str) -> bool {
    text.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2
}

/// The local path that was typed.
///
/// # Errors
/// If it is a malformed `file://` URL, or of another store.
pub fn local_path(typed: &str) -> Result<PathBuf, Error> {
    match typed.split_once("://") {
        None => Ok(PathBuf::from(typed)),
        Some(("file", _)) => {
            let url = Url::parse(typed).ok().and_then(|url| url.to_file_path().ok());
            url.ok_or_else(|| Error::BadFileUrl { address: typed.to_owned() })
        }
        Some(_) => Err(Error::NotLocal { address: typed.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_as_they_are() {
        let parts = |typed| StoreUrl::parse(typed).unwrap().map(|url| (url.kind, url.host, url.key));
        assert_eq!(parts("s3://bucket"), Some((Kind::S3, "bucket", "")));
        assert_eq!(parts("s3://bucket/a/b%20c?d#e/*"), Some((Kind::S3, "bucket", "a/b%20c?d#e/*")));
        assert_eq!(parts("gs://b/k"), Some((Kind::Google, "b", "k")));
        assert_eq!(parts("az://c/k"), Some((Kind::Azure, "c", "k")));
        assert_eq!(parts("https://host:1234/k"), Some((Kind::Web, "host:1234", "k")));
        assert_eq!(parts("file:///a"), None);
        assert_eq!(parts("a/b"), None);
        assert!(matches!(StoreUrl::parse("s3:///k"), Err(Error::BadUrl { .. })));
        assert!(matches!(StoreUrl::parse("ftp://host/k"), Err(Error::UnsupportedScheme { .. })));
    }

    #[test]
    fn places_have_urls() {
        let local = Address::local(FilePath::new("/a b/c")).unwrap();
        assert_eq!(local.url().unwrap().as_str(), "file:///a%20b/c/");
        assert_eq!(local.name_of(&Path::from("a b/c/d")), "/a b/c/d");
        let web = StoreUrl::parse("https://host/x").unwrap().unwrap().open("a/b").unwrap();
        assert_eq!(web.url().unwrap().as_str(), "https://host/a/b/");
        assert_eq!(web.name_of(&Path::from("a/b/c")), "https://host/a/b/c");
    }
}
