//! SQL over a dataset, by an embedded DataFusion.

mod advice;
mod catalog;
mod columns;
mod condition;
mod counted;
mod dialect;
mod footers;
mod functions;
mod log_filter;
mod lookup;
mod order;
mod print;
mod raw;
mod reader;
mod rules;
mod running;
mod saved;
mod schema;
mod session;
mod stats;
mod told;
mod trino;
mod typed;
mod views;
mod vocabulary;

use std::io;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;

pub use catalog::Events;
pub use print::{Format, Records, Screen, Style, harmless, print, print_batch};
pub use running::{Explained, Meter, Running};
pub use saved::{Library, Parameter, ParameterKind, ParameterValue, ParameterValues, SavedError, SavedQuery};
pub use session::{EVENTS, EventBatches, QuerySession, SessionOptions};
pub use stats::{ChosenFile, FileStats, PageStats, QueryStats, RowGroupStats, SpillStats};
pub use typed::is_complete;
pub use views::{View, views};
pub use vocabulary::{NamedColumn, NamedTable, Vocabulary};

use crate::dataset;

/// Why a query could not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The dataset cannot be read.
    #[error(transparent)]
    Dataset(#[from] dataset::Error),
    /// DataFusion could not be set up, which would be a bug.
    #[error("cannot set up the query engine: {0}")]
    Session(DataFusionError),
    /// The text is not SQL.
    #[error("not SQL: {0}")]
    Syntax(String),
    /// A date or a time without quotes is a sum.
    #[error("{text} is a subtraction; a date stands between single quotes: '{text}'")]
    UnquotedDate {
        /// As typed.
        text: String,
    },
    /// A part of SQL that would have no effect.
    #[error("{0}")]
    PassedOver(&'static str),
    /// There is no such table.
    #[error("there is no table {name}{} SHOW TABLES names them", advice::did_you_mean(.near))]
    NoTable {
        /// As typed.
        name: String,
        /// Those whose names are like it.
        near: Vec<String>,
    },
    /// The text is no condition on events.
    #[error("not a SQL condition: {0}; one would be: service = 's3' AND is_error")]
    Condition(String),
    /// A condition could not be computed.
    #[error(
        "the condition fails on a value of some event, or a data file is damaged; in a condition, \
         try_cast(x AS BIGINT) gives NULL for what does not convert"
    )]
    ConditionFailed,
    /// A saved query that cannot be used.
    #[error(transparent)]
    Saved(#[from] SavedError),
    /// A parameter without a value.
    #[error("the statement has a parameter ${name}; say what it is by --param {name}=VALUE")]
    ParameterNotGiven {
        /// Its name.
        name: String,
    },
    /// Two datasets of one name.
    #[error("there is a dataset {name} already; give this one another name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The statement writes, or changes the catalogue.
    #[error("{what} is refused: queries only read; add --allow-write if you mean it")]
    NotAllowed {
        /// The kind of statement.
        what: String,
    },
    /// The query failed on the way. What it says of values is left out: they are those of events.
    #[error("{}", advice::failure_on_values(.0))]
    Failed(DataFusionError),
    /// The query is wrong.
    #[error("{}", advice::failure(.0))]
    Query(DataFusionError),
    /// The result could not be formatted.
    #[error("cannot print the result: {0}")]
    Format(ArrowError),
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Output(io::Error),
}

impl Error {
    fn from_arrow(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, error) => Self::Output(error),
            error => Self::Format(error),
        }
    }
}
