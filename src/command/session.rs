//! Opens what a query is asked of.

use crate::cli::{SavedArgs, SessionArgs};
use crate::dataset::{Dataset, Moment};
use crate::error::Error;
use crate::query::{self, Library, ParameterValue, ParameterValues, QuerySession, SessionOptions};
use crate::source::Location;

/// A session over a dataset, or over log objects, and other datasets beside it.
pub(super) async fn open(
    dataset: &str,
    moment: Moment,
    args: &SessionArgs,
    allow_write: bool,
) -> Result<QuerySession, Error> {
    let options = SessionOptions {
        allow_write,
        memory_limit: Some(args.memory_limit.as_u64()),
        event_data_stores: args.event_data_stores.clone(),
    };
    let session = match args.raw {
        true => QuerySession::open_raw(vec![Location::parse(dataset)?], options)?,
        false => QuerySession::open(&Dataset::open(dataset)?, moment, options).await?,
    };
    for (name, url) in &args.datasets {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.chars().all(is_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Error::Usage(format!(
                "{name} cannot stand in SQL as it is: a name is of a-z, 0-9 and _"
            )));
        }
        session.add(name, &Dataset::open(url)?, Moment::Latest).await?;
    }
    Ok(session)
}

/// The SQL of the saved query that is asked for, if one is, and the values of parameters.
pub(super) fn saved(args: &SavedArgs) -> Result<(Option<String>, ParameterValues), Error> {
    let Some(name) = &args.saved else {
        let text = |(name, value): &(String, String)| (name.clone(), ParameterValue::text(value));
        return Ok((None, args.parameters.iter().map(text).collect()));
    };
    let library = library(args)?;
    let query = library.get(name).map_err(query::Error::from)?;
    let values = query.values(&args.parameters).map_err(query::Error::from)?;
    Ok((Some(query.sql.clone()), values))
}

/// The saved queries there are.
pub(super) fn library(args: &SavedArgs) -> Result<Library, Error> {
    Ok(Library::open(args.queries_dir.as_deref()).map_err(query::Error::from)?)
}

/// Says what is left out of an answer over logs.
pub(super) fn tell_rejects(count: u64) {
    match count {
        0 => {}
        1 => eprintln!("1 stretch of the logs is no event and is left out; convert keeps such"),
        count => {
            eprintln!("{count} stretches of the logs are no events and are left out; convert keeps such");
        }
    }
}
