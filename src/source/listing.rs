//! Which objects a source holds.
//!
//! A local directory is walked. A bucket is listed level by level, many places at a time, so that a trail's accounts,
//! regions and days are listed beside one another and those that nobody asks for are never listed at all.

use chrono::DateTime;
use futures::stream::{FuturesUnordered, StreamExt as _};
use object_store::path::Path;
use object_store::{ListResult, ObjectMeta, ObjectStoreExt as _};
use walkdir::WalkDir;

use super::location::{GLOB_OPTIONS, StoredLocation, What};
use super::{Error, Location, LogObject};

/// Places of a bucket that are listed at a time.
const LISTINGS: usize = 32;

/// What a listing found, in the order of the objects' names. Objects and directories that cannot be looked at are
/// among the errors; the rest is listed all the same. Places for which `admits` says no are left out where leaving them
/// out spares anything.
pub async fn list(location: &Location, admits: impl Fn(&str) -> bool) -> (Vec<LogObject>, Vec<Error>) {
    let stored = match location {
        Location::Stdin => return (vec![LogObject::stdin()], Vec::new()),
        Location::Stored(stored) => stored,
    };
    let found = match (stored.what, stored.address.directory()) {
        (What::Object, _) => vec![head(stored).await],
        (_, Some(_)) => walk(stored).collect(),
        (what, None) => {
            // An object, and others whose names go on behind it and a slash: the object was meant.
            let object = if what == What::Either { Some(head(stored).await) } else { None };
            match object {
                Some(Ok(object)) => vec![Ok(object)],
                none => {
                    let (found, is_empty) = list_levels(stored, admits).await;
                    // Neither the one nor the other is there.
                    match none {
                        Some(missing) if is_empty => vec![missing],
                        _ => found,
                    }
                }
            }
        }
    };
    let (mut objects, mut errors) = (Vec::new(), Vec::new());
    for found in found {
        match found {
            Ok(object) if stored.matches(&object.name) => objects.push(object),
            Ok(_) => {}
            Err(error) => errors.push(error),
        }
    }
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    (objects, errors)
}

/// The one object that was named.
async fn head(location: &StoredLocation) -> Result<LogObject, Error> {
    let address = &location.address;
    match address.store().head(address.path()).await {
        Ok(meta) => Ok(LogObject { named: true, ..LogObject::stored(location, meta) }),
        Err(source) => Err(Error::Store { object: address.name_of(address.path()), source }),
    }
}

/// All objects below a place of a bucket, and whether nothing at all lies there.
async fn list_levels(
    location: &StoredLocation,
    admits: impl Fn(&str) -> bool,
) -> (Vec<Result<LogObject, Error>>, bool) {
    let address = &location.address;
    let list = |place: Path| async move {
        match address.store().list_with_delimiter(Some(&place)).await {
            Ok(listed) => Ok((place, listed)),
            Err(source) => Err(Error::Store { object: address.name_of(&place), source }),
        }
    };
    let mut waiting = vec![address.path().clone()];
    let mut listings = FuturesUnordered::new();
    let (mut found, mut is_empty) = (Vec::new(), true);
    loop {
        while listings.len() < LISTINGS
            && let Some(place) = waiting.pop()
        {
            listings.push(list(place));
        }
        match listings.next().await {
            None => return (found, is_empty),
            Some(Err(error)) => {
                is_empty = false;
                found.push(Err(error));
            }
            Some(Ok((place, ListResult { common_prefixes, objects, .. }))) => {
                is_empty &= common_prefixes.is_empty() && objects.is_empty();
                // Some tools make a directory by an object of its name with a slash behind it.
                let files = objects.into_iter().filter(|meta| meta.location != place);
                found.extend(files.map(|meta| Ok(LogObject::stored(location, meta))));
                waiting.extend(common_prefixes.into_iter().filter(|place| admits(place.as_ref())));
            }
        }
    }
}

/// All files below a local directory. The store's own listing ends at the first directory it may not look into.
fn walk(location: &StoredLocation) -> impl Iterator<Item = Result<LogObject, Error>> + '_ {
    let directory = location.address.directory().unwrap_or(std::path::Path::new("."));
    WalkDir::new(directory).follow_links(true).into_iter().filter_map(move |entry| {
        let unreachable = |error: walkdir::Error| Error::Unreachable {
            location: error.path().unwrap_or(directory).display().to_string(),
            source: error.into(),
        };
        let entry = match entry {
            Ok(entry) if entry.file_type().is_file() => entry,
            Ok(_) => return None,
            Err(error) => return Some(Err(unreachable(error))),
        };
        let path = Path::from_absolute_path(entry.path())
            .map_err(|source| Error::BadPath { location: entry.path().display().to_string(), source });
        Some(path.and_then(|path| {
            let metadata = entry.metadata().map_err(unreachable)?;
            let last_modified = metadata.modified().map_or(DateTime::UNIX_EPOCH, DateTime::from);
            let meta = ObjectMeta {
                location: path,
                last_modified,
                size: metadata.len(),
                e_tag: None,
                version: None,
            };
            Ok(LogObject::stored(location, meta))
        }))
    })
}

impl StoredLocation {
    fn matches(&self, name: &str) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.matches_with(name, GLOB_OPTIONS))
    }
}
