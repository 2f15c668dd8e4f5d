//! Which objects the sources hold, in the order in which they are best read.
//!
//! First the directories are found: those of a bucket level by level, many places at a time, so that a trail's accounts,
//! regions and days are looked through beside one another, and those that nobody asks for never are. Then their objects are
//! listed, directory by directory, some ahead of what is wanted; so that a source of a billion objects takes the memory of its
//! directories, and one directory of a billion objects that of a page.
//!
//! The directories of a trail come in the order of region and day of delivery, whatever the account: the rows of a partition
//! come close together then. Others come before these, in the order of their names.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use futures::stream::{BoxStream, FuturesUnordered, StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ListResult, ObjectMeta, ObjectStoreExt as _};
use walkdir::WalkDir;

use super::location::{GLOB_OPTIONS, StoredLocation, What};
use super::log_key::Place;
use super::{Error, Location, LogObject};
use crate::store::Address;

/// Places of a bucket that are listed at a time.
const LISTINGS: usize = 32;

/// Objects of a directory that are listed ahead: a page of most stores.
const AHEAD: usize = 1000;

/// Objects as they are listed. What cannot be looked at is an error; the rest is listed all the same.
pub type Objects = BoxStream<'static, Result<LogObject, Error>>;

/// Somewhere that objects lie.
#[derive(Debug, Clone)]
struct Directory {
    location: Arc<StoredLocation>,
    path: Path,
    reach: Reach,
}

/// Which objects of a directory are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Those that lie just there: others lie in directories of their own.
    Direct,
    /// All that lie below.
    All,
}

/// Lists the sources. Places for which `admits` says no are left out where leaving them out spares anything.
pub async fn list(locations: &[Location], admits: impl Fn(&str) -> bool) -> Objects {
    let mut named: Vec<Result<LogObject, Error>> = Vec::new();
    let mut directories = Vec::new();
    for location in locations {
        let stored = match location {
            Location::Stdin => {
                named.push(Ok(LogObject::stdin()));
                continue;
            }
            Location::Stored(stored) => Arc::new(stored.clone()),
        };
        match (stored.what, stored.address.directory()) {
            (What::Object, _) => named.push(head(&stored).await),
            (_, Some(_)) => local_directories(&stored, &mut directories, &mut named),
            (what, None) => {
                // An object, and others whose names go on behind it and a slash: the object was meant. But an empty one is how
                // Azure's hierarchical stores and some tools make a directory.
                let object = if what == What::Either { Some(head(&stored).await) } else { None };
                if let Some(Ok(object)) = &object
                    && object.size > 0
                {
                    named.push(Ok(object.clone()));
                    continue;
                }
                let is_empty = remote_directories(&stored, &admits, &mut directories, &mut named).await;
                // Neither the one nor the other is there.
                named.extend(object.filter(|_| is_empty));
            }
        }
    }
    directories.sort_by_cached_key(Directory::order);
    let listed = futures::stream::iter(directories).map(Directory::open).buffered(LISTINGS).flatten();
    futures::stream::iter(named).chain(listed).boxed()
}

/// The one object that was named.
async fn head(location: &StoredLocation) -> Result<LogObject, Error> {
    let address = &location.address;
    match address.store().head(address.path()).await {
        Ok(meta) => Ok(LogObject { named: true, ..LogObject::stored(location, meta) }),
        Err(source) => Err(Error::Store { object: address.name_of(address.path()), source }),
    }
}

/// Finds the directories of a bucket that hold objects. Whether nothing at all lies there.
async fn remote_directories(
    location: &Arc<StoredLocation>,
    admits: impl Fn(&str) -> bool,
    directories: &mut Vec<Directory>,
    errors: &mut Vec<Result<LogObject, Error>>,
) -> bool {
    let address = &location.address;
    let list = |place: Path| async move {
        match Content::of(address, &place).await {
            Ok(content) => Ok((place, content)),
            Err(source) => Err(Error::Store { object: address.name_of(&place), source }),
        }
    };
    let mut waiting = vec![address.path().clone()];
    let mut listings = FuturesUnordered::new();
    let mut is_empty = true;
    loop {
        while listings.len() < LISTINGS
            && let Some(place) = waiting.pop()
        {
            listings.push(list(place));
        }
        match listings.next().await {
            None => return is_empty,
            Some(Err(error)) => {
                is_empty = false;
                errors.push(Err(error));
            }
            Some(Ok((path, content))) => {
                is_empty &= content.is_empty;
                let directory = |path, reach| Directory { location: location.clone(), path, reach };
                if content.has_objects {
                    let reach = if content.directories.is_empty() { Reach::All } else { Reach::Direct };
                    directories.push(directory(path, reach));
                }
                for place in content.directories.into_iter().filter(|place| admits(place.as_ref())) {
                    // A trail's days hold objects and no directories: nothing needs to be found there.
                    match day_of(place.as_ref()) {
                        Some(_) => directories.push(directory(place, Reach::All)),
                        None => waiting.push(place),
                    }
                }
            }
        }
    }
}

/// What lies in a place of a bucket. Its objects may be millions, and are listed when their turn comes.
struct Content {
    directories: BTreeSet<Path>,
    /// Besides one of the place's own name, by which some tools make a directory.
    has_objects: bool,
    is_empty: bool,
}

impl Content {
    async fn of(address: &Address, place: &Path) -> Result<Self, object_store::Error> {
        let nothing = Self { directories: BTreeSet::new(), has_objects: false, is_empty: true };
        let pages = address.pages_of(place);
        let add = |mut content: Self, page: ListResult| {
            content.is_empty &= page.common_prefixes.is_empty() && page.objects.is_empty();
            content.has_objects |= page.objects.iter().any(|meta| meta.location != *place);
            content.directories.extend(page.common_prefixes);
            std::future::ready(Ok(content))
        };
        pages.try_fold(nothing, add).await
    }
}

/// Finds the directories of a local disk.
fn local_directories(
    location: &Arc<StoredLocation>,
    directories: &mut Vec<Directory>,
    errors: &mut Vec<Result<LogObject, Error>>,
) {
    for entry in walk(location, location.address.path(), usize::MAX) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => match Path::from_absolute_path(entry.path()) {
                Ok(path) => {
                    directories.push(Directory { location: location.clone(), path, reach: Reach::Direct });
                }
                Err(source) => {
                    let location = entry.path().display().to_string();
                    errors.push(Err(Error::BadPath { location, source }));
                }
            },
            Ok(_) => {}
            // What else cannot be looked at shows when the objects are listed.
            Err(error) if error.loop_ancestor().is_some() => errors.push(Err(unreachable(location, error))),
            Err(_) => {}
        }
    }
}

/// A local directory. The store's own listing ends at the first directory it may not look into.
fn walk(location: &StoredLocation, path: &Path, depth: usize) -> walkdir::IntoIter {
    let directory = match location.address.directory() {
        Some(directory) if path == location.address.path() => directory.to_owned(),
        _ => std::path::Path::new("/").join(path.as_ref()),
    };
    WalkDir::new(directory).max_depth(depth).follow_links(true).sort_by_file_name().into_iter()
}

fn unreachable(location: &StoredLocation, error: walkdir::Error) -> Error {
    let place = error.path().or(location.address.directory()).map(|path| path.display().to_string());
    Error::Unreachable { location: place.unwrap_or_default(), source: error.into() }
}

/// The region and the day of a trail's directory.
fn day_of(place: &str) -> Option<(String, NaiveDate)> {
    let Place { region, days, .. } = Place::of(place);
    let (first, last) = days?;
    Some((region?.to_owned(), first)).filter(|_| first == last)
}

impl Directory {
    fn order(&self) -> (Option<(String, NaiveDate)>, String) {
        let name = self.location.address.name_of(&self.path);
        (day_of(&name), name)
    }

    /// Starts to list its objects.
    async fn open(self) -> Objects {
        if self.location.address.directory().is_some() {
            return self.local_objects();
        }
        let mut objects = self.remote_objects().fuse();
        let mut first = Vec::new();
        while first.len() < AHEAD
            && let Some(object) = objects.next().await
        {
            first.push(object);
        }
        futures::stream::iter(first).chain(objects).boxed()
    }

    fn remote_objects(self) -> Objects {
        let Self { location, path, reach } = self;
        let listed = match reach {
            Reach::All => location.address.store().list(Some(&path)),
            Reach::Direct => {
                let pages = location.address.pages_of(&path);
                pages.map_ok(|page| futures::stream::iter(page.objects).map(Ok)).try_flatten().boxed()
            }
        };
        let objects = listed.filter_map(move |listed| {
            let object = match listed {
                // Some tools make a directory by an object of its name with a slash behind it.
                Ok(meta) if meta.location == path => None,
                Ok(meta) => {
                    Some(LogObject::stored(&location, meta)).filter(|object| location.matches(object))
                }
                Err(source) => {
                    let object = location.address.name_of(&path);
                    return std::future::ready(Some(Err(Error::Store { object, source })));
                }
            };
            std::future::ready(object.map(Ok))
        });
        objects.boxed()
    }

    fn local_objects(self) -> Objects {
        let Self { location, path, .. } = self;
        let objects = walk(&location, &path, 1).filter_map(move |entry| {
            let entry = match entry {
                Ok(entry) if entry.file_type().is_file() => entry,
                Ok(_) => return None,
                Err(error) if error.loop_ancestor().is_some() => return None,
                Err(error) => return Some(Err(unreachable(&location, error))),
            };
            let object = local_object(&location, &entry);
            Some(object).filter(|object| object.as_ref().map_or(true, |object| location.matches(object)))
        });
        futures::stream::iter(objects).boxed()
    }
}

fn local_object(location: &StoredLocation, entry: &walkdir::DirEntry) -> Result<LogObject, Error> {
    let path = Path::from_absolute_path(entry.path())
        .map_err(|source| Error::BadPath { location: entry.path().display().to_string(), source })?;
    let metadata = entry.metadata().map_err(|error| unreachable(location, error))?;
    let last_modified = metadata.modified().map_or(DateTime::UNIX_EPOCH, DateTime::from);
    let meta = ObjectMeta { location: path, last_modified, size: metadata.len(), e_tag: None, version: None };
    Ok(LogObject::stored(location, meta))
}

impl StoredLocation {
    fn matches(&self, object: &LogObject) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.matches_with(&object.name, GLOB_OPTIONS))
    }
}
