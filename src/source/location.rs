//! Where log objects are: what the user typed, resolved to a store and a place in it.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use glob::{MatchOptions, Pattern};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

use super::Error;

/// A source as resolved from the command line.
#[derive(Debug, Clone)]
pub enum Location {
    /// `-`: one object on standard input.
    Stdin,
    /// Objects of a store below a place.
    Stored(StoredLocation),
}

/// Objects of a store: one object, all below a directory, or those a pattern matches.
#[derive(Debug, Clone)]
pub struct StoredLocation {
    /// Where they are kept.
    pub(super) store: Arc<dyn ObjectStore>,
    /// The directory on the local disk, to be walked; the object itself if it is one.
    pub(super) directory: PathBuf,
    /// The object or directory.
    pub(super) place: Path,
    /// Whether `place` is one object, named by the user.
    pub(super) is_object: bool,
    /// Which objects below `place` are meant.
    pub(super) pattern: Option<Pattern>,
}

/// `*` and `?` stay within a directory, `**` crosses, as in a shell.
pub(super) const GLOB_OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

impl Location {
    /// Resolves what was typed: `-`, a path, a `file://` URL, or a path with `*`, `?`, `[...]` or `**` in it.
    ///
    /// # Errors
    /// If there is nothing at that place, or the address is of a kind that cannot be read.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        if typed == "-" {
            return Ok(Self::Stdin);
        }
        let path = local_path(typed)?;
        let unreachable = |source| Error::Unreachable { location: typed.to_owned(), source };
        let stored = |path: &FilePath, is_object, pattern| {
            let place = Path::from_absolute_path(path)
                .map_err(|source| Error::BadPath { location: typed.to_owned(), source })?;
            let store = Arc::new(LocalFileSystem::new());
            Ok(Self::Stored(StoredLocation { store, directory: path.to_owned(), place, is_object, pattern }))
        };
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                stored(&path.canonicalize().map_err(unreachable)?, false, None)
            }
            Ok(_) => stored(&canonical_file(&path).map_err(unreachable)?, true, None),
            Err(_) if typed.contains(WILDCARDS) => {
                let (directory, rest) = split_pattern(&path);
                let directory = directory.canonicalize().map_err(unreachable)?;
                let fixed = Pattern::escape(&directory.to_string_lossy());
                let pattern =
                    Pattern::new(&format!("{}/{}", fixed.trim_end_matches('/'), rest.to_string_lossy()))
                        .map_err(|source| Error::BadPattern { location: typed.to_owned(), source })?;
                stored(&directory, false, Some(pattern))
            }
            Err(source) => Err(unreachable(source)),
        }
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

/// The local path a source or dataset names.
///
/// # Errors
/// If it is a URL of another kind.
pub fn local_path(typed: &str) -> Result<PathBuf, Error> {
    match typed.split_once("://") {
        None => Ok(PathBuf::from(typed)),
        Some(("file", _)) => {
            let url = url::Url::parse(typed).ok().and_then(|url| url.to_file_path().ok());
            url.ok_or_else(|| Error::BadUrl { location: typed.to_owned() })
        }
        Some((scheme, _)) => {
            Err(Error::UnsupportedScheme { location: typed.to_owned(), scheme: scheme.to_owned() })
        }
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
