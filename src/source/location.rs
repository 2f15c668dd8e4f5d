//! Where log objects are: what the user typed, resolved to a store and a place in it.

use std::path::{Path as FilePath, PathBuf};

use glob::{MatchOptions, Pattern};

use super::Error;
use crate::store::{self, Address, StoreUrl};

/// A source as resolved from the command line.
#[derive(Debug, Clone)]
pub enum Location {
    /// `-`: one object on standard input.
    Stdin,
    /// Objects of a store below a place.
    Stored(StoredLocation),
}

/// Objects of a store: one object, all below a place, or those a pattern matches.
#[derive(Debug, Clone)]
pub struct StoredLocation {
    /// The object or directory.
    pub(super) address: Address,
    pub(super) what: What,
    /// Which objects are meant, by their names.
    pub(super) pattern: Option<Pattern>,
}

/// What an address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// One object, named by the user.
    Object,
    /// All that lies below.
    Directory,
    /// One of them; the store must be asked.
    Either,
}

/// `*` and `?` stay within a directory, `**` crosses, as in a shell.
pub(super) const GLOB_OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

impl Location {
    /// Resolves what was typed: `-`, a path or a URL, with `*`, `?`, `[...]` or `**` in it or not.
    ///
    /// # Errors
    /// If there is nothing at that place of the local disk, or the address is of a kind that cannot be read.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        if typed == "-" {
            return Ok(Self::Stdin);
        }
        match StoreUrl::parse(typed)? {
            Some(url) => remote(typed, url).map(Self::Stored),
            None => local(typed).map(Self::Stored),
        }
    }
}

fn remote(typed: &str, url: StoreUrl<'_>) -> Result<StoredLocation, Error> {
    if url.is_web() {
        // A web server lists nothing, and `?` is no wildcard there.
        return Ok(StoredLocation { address: url.open(url.key)?, what: What::Object, pattern: None });
    }
    if !url.key.contains(WILDCARDS) {
        let what = if url.key.is_empty() || url.key.ends_with('/') { What::Directory } else { What::Either };
        return Ok(StoredLocation { address: url.open(url.key)?, what, pattern: None });
    }
    let fixed = url.key.find(WILDCARDS).and_then(|wildcard| url.key[..wildcard].rfind('/'));
    let (directory, rest) = fixed.map_or(("", url.key), |slash| (&url.key[..slash], &url.key[slash + 1..]));
    let address = url.open(directory)?;
    let pattern = Pattern::new(&format!("{}/{rest}", Pattern::escape(&address.name_of(address.path()))));
    let pattern = pattern.map_err(|source| Error::BadPattern { location: typed.to_owned(), source })?;
    Ok(StoredLocation { address, what: What::Directory, pattern: Some(pattern) })
}

fn local(typed: &str) -> Result<StoredLocation, Error> {
    let path = store::local_path(typed)?;
    let unreachable = |source| Error::Unreachable { location: typed.to_owned(), source };
    let stored =
        |path: &FilePath, what, pattern| Ok(StoredLocation { address: Address::local(path)?, what, pattern });
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => {
            stored(&path.canonicalize().map_err(unreachable)?, What::Directory, None)
        }
        Ok(_) => stored(&canonical_file(&path).map_err(unreachable)?, What::Object, None),
        Err(_) if typed.contains(WILDCARDS) => {
            let (directory, rest) = split_pattern(&path);
            let directory = directory.canonicalize().map_err(unreachable)?;
            let fixed = Pattern::escape(&directory.to_string_lossy());
            let pattern =
                Pattern::new(&format!("{}/{}", fixed.trim_end_matches('/'), rest.to_string_lossy()))
                    .map_err(|source| Error::BadPattern { location: typed.to_owned(), source })?;
            stored(&directory, What::Directory, Some(pattern))
        }
        Err(source) => Err(unreachable(source)),
    }
}

const WILDCARDS: [char; 3] = ['*', '?', '['];

/// The file under its own name in its real directory: a link keeps the name it was given.
fn canonical_file(path: &FilePath) -> std::io::Result<PathBuf> {
    let directory = match path.parent() {
        Some(parent) if parent != FilePath::new("") => parent.canonicalize()?,
        _ => std::env::current_dir()?.canonicalize()?,
    };
    match path.file_name() {
        Some(name) => Ok(directory.join(name)),
        None => path.canonicalize(),
    }
}

/// A pattern's directories before the first wildcard, and the rest.
fn split_pattern(pattern: &FilePath) -> (PathBuf, PathBuf) {
    let mut components = pattern.components();
    let mut fixed = PathBuf::new();
    while let Some(component) = components.clone().next() {
        if component.as_os_str().to_string_lossy().contains(WILDCARDS) {
            break;
        }
        fixed.push(component);
        components.next();
    }
    if fixed.as_os_str().is_empty() {
        fixed.push(".");
    }
    (fixed, components.as_path().to_owned())
}
