//! `trailhouse queries`

use std::io::{self, Write};

use crate::cli::{QueriesAction, QueriesArgs};
use crate::error::{Error, Exit};
use crate::query::{Library, SavedQuery};

pub(super) fn run(args: &QueriesArgs) -> Result<Exit, Error> {
    let library = Library::open(args.queries_dir.as_deref()).map_err(crate::query::Error::from)?;
    let mut out = io::stdout().lock();
    match &args.action {
        QueriesAction::List { word } => list(&library, word.as_deref(), &mut out).map_err(Error::Output)?,
        QueriesAction::Show { name } => {
            let query = library.get(name).map_err(crate::query::Error::from)?;
            show(query, &mut out).map_err(Error::Output)?;
        }
    }
    Ok(Exit::Done)
}

fn list(library: &Library, word: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let word = word.unwrap_or_default().to_lowercase();
    let is_meant = |query: &&SavedQuery| {
        let SavedQuery { name, title, answers, references, .. } = query;
        [name, title, answers].into_iter().chain(references).any(|text| text.to_lowercase().contains(&word))
    };
    let queries: Vec<&SavedQuery> = library.queries().filter(is_meant).collect();
    let width = queries.iter().map(|query| query.name.len()).max().unwrap_or_default();
    for query in queries {
        writeln!(out, "{:width$}  {}", query.name, query.title)?;
    }
    Ok(())
}

/// As a file of it looks, so that it can be the beginning of one's own.
fn show(query: &SavedQuery, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "-- title: {}", query.title)?;
    writeln!(out, "-- answers: {}", query.answers)?;
    for reference in &query.references {
        writeln!(out, "-- reference: {reference}")?;
    }
    for parameter in &query.parameters {
        writeln!(out, "-- param {parameter}")?;
    }
    writeln!(out, "{}", query.sql)
}
