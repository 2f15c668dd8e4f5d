//! What becomes of what was typed.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use clap::ValueEnum as _;
use datafusion::sql::parser::Statement;
use tokio::runtime::Handle;

use super::super::answer::answer;
use super::super::output::{Output, refuse_binary};
use super::super::session::tell_rejects;
use super::command::{self, COMMANDS, Command, format_names};
use super::engine::Engine;
use super::{Next, Settings, say, terminal};
use crate::cli::QueryFormat;
use crate::error::Error;
use crate::query::{self, Format, Library, ParameterValues, QuerySession, QueryStats, Records, Style};

/// The state of a prompt between two answers.
pub(super) struct Page<'s> {
    session: &'s QuerySession,
    saved: &'s Library,
    style: Style,
    stats: bool,
    timing: bool,
    /// What was left out of earlier answers.
    rejects: u64,
    engine: Engine,
    /// Where answers go, if not to standard output.
    file: Option<Target>,
}

/// A file that answers go to.
struct Target {
    path: PathBuf,
    output: Output,
    /// Whether an answer is in it.
    used: bool,
}

impl Target {
    fn new(path: PathBuf) -> Result<Self, Error> {
        Ok(Self { output: Output::file(&path)?, path, used: false })
    }
}

impl<'s> Page<'s> {
    pub(super) fn new(
        session: &'s QuerySession,
        saved: &'s Library,
        settings: Settings,
    ) -> Result<Self, Error> {
        let Settings { style, stats, output } = settings;
        let file = output.map(Target::new).transpose()?;
        Ok(Self { session, saved, style, stats, timing: true, rejects: 0, engine: Engine::new(), file })
    }

    /// Does what was typed.
    ///
    /// # Errors
    /// If it makes no sense, or fails.
    pub(super) async fn answer(&mut self, text: &str) -> Result<Next, Error> {
        if !command::is_command(text) {
            self.run(text, &ParameterValues::new()).await?;
            return Ok(Next::Read);
        }
        match command::parse(text).map_err(Error::Usage)? {
            Command::Tables => self.tables().await?,
            Command::Columns(table) => self.columns(&table).await?,
            Command::SavedQueries => self.saved_queries().await?,
            Command::SavedQuery(name) => self.saved_query(&name).await?,
            Command::Timing(timing) => {
                self.timing = timing.unwrap_or(!self.timing);
                say(&format!("timing is {}", if self.timing { "on" } else { "off" }))?;
            }
            Command::Format(Some(format)) => {
                self.style.format = format.into();
                say(&format!("format is {}", self.format()))?;
            }
            Command::Format(None) => {
                say(&format!("format is {}; there are {}", self.format(), format_names().join(", ")))?;
            }
            Command::Output(path) => self.file = path.map(Target::new).transpose()?,
            Command::Records(records) => self.set_records(records)?,
            Command::Help => help()?,
            Command::Quit => return Ok(Next::Leave),
        }
        Ok(Next::Read)
    }

    async fn run(&mut self, sql: &str, values: &ParameterValues) -> Result<(), Error> {
        for statement in self.session.parse(sql, values)? {
            let threads = self.engine.handle().map_err(Error::Output)?;
            // Who stops waiting for an answer drops the statement.
            let answered = tokio::select! {
                answered = answer_one(self.session, statement, &threads, self.style, &mut self.file) => Some(answered?),
                interrupted = tokio::signal::ctrl_c() => {
                    interrupted.map_err(Error::Output)?;
                    None
                }
            };
            let Some(stats) = answered else {
                self.engine.abandon();
                return say("cancelled");
            };
            self.tell(&stats)?;
            let rejects = self.session.rejects();
            tell_rejects(rejects - self.rejects);
            self.rejects = rejects;
        }
        Ok(())
    }

    /// `(1 row, 0.123 s)`
    fn tell(&self, stats: &QueryStats) -> Result<(), Error> {
        let rows = if stats.rows == 1 { "row" } else { "rows" };
        let seconds = (stats.planning + stats.running).as_secs_f64();
        match self.timing {
            true => say(&format!("({} {rows}, {seconds:.3} s)", stats.rows))?,
            false => say(&format!("({} {rows})", stats.rows))?,
        }
        if self.stats {
            eprint!("{stats}");
        }
        Ok(())
    }

    async fn tables(&self) -> Result<(), Error> {
        let vocabulary = self.session.vocabulary().await;
        let tables = &vocabulary.tables;
        let columns = tables.values().map(|table| table.columns.len().to_string());
        self.list([
            ("name", texts(tables.keys().cloned().map(Some))),
            ("kind", texts(tables.values().map(|table| Some(table.kind.to_owned())))),
            ("columns", texts(columns.map(Some))),
        ])
        .await
    }

    async fn columns(&self, name: &str) -> Result<(), Error> {
        let vocabulary = self.session.vocabulary().await;
        let Some(table) = vocabulary.tables.get(name) else {
            return Err(Error::Usage(format!("there is no table or view {name}; \\d lists them")));
        };
        let columns = &table.columns;
        let names = texts(columns.iter().map(|column| Some(column.name.clone())));
        let types = texts(columns.iter().map(|column| Some(column.data_type.clone())));
        if columns.iter().all(|column| column.doc.is_none()) {
            return self.list([("column", names), ("type", types)]).await;
        }
        // What is not known is no NULL.
        let docs = texts(columns.iter().map(|column| Some(column.doc.clone().unwrap_or_default())));
        self.list([("column", names), ("type", types), ("what it holds", docs)]).await
    }

    async fn saved_queries(&self) -> Result<(), Error> {
        let names = texts(self.saved.queries().map(|query| Some(query.name.clone())));
        let titles = texts(self.saved.queries().map(|query| Some(query.title.clone())));
        self.list([("name", names), ("title", titles)]).await
    }

    /// `NAME` and values of parameters, `NAME=VALUE`.
    async fn saved_query(&mut self, typed: &str) -> Result<(), Error> {
        let mut words = typed.split_whitespace();
        let query = self.saved.get(words.next().unwrap_or_default()).map_err(query::Error::from)?;
        let pair = |word: &str| {
            let pair = word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            pair.ok_or_else(|| Error::Usage(format!("{word} is no parameter: one is since=2025-03-01")))
        };
        let given = words.map(pair).collect::<Result<Vec<_>, _>>()?;
        let values = query.values(&given).map_err(query::Error::from)?;
        say(&format!("-- {}\n{}", query.title, query.sql.trim_end()))?;
        self.run(&query.sql, &values).await
    }

    /// Shows a table of its own.
    async fn list<const N: usize>(&self, columns: [(&str, ArrayRef); N]) -> Result<(), Error> {
        let batch = RecordBatch::try_from_iter(columns).map_err(query::Error::Format)?;
        let mut output = terminal();
        let style = Style { screen: output.screen, records: self.style.records, ..Format::Table.into() };
        let mut out = output.writer();
        query::print_batch(batch, &style, &mut out).await?;
        out.flush().map_err(Error::Output)
    }

    fn set_records(&mut self, records: Option<Records>) -> Result<(), Error> {
        let other = if self.style.records == Records::Always { Records::Auto } else { Records::Always };
        self.style.records = records.unwrap_or(other);
        say(match self.style.records {
            Records::Always => "rows are shown one below the other",
            Records::Never => "rows are shown in tables",
            Records::Auto => "rows are shown one below the other where no table fits",
        })
    }

    fn format(&self) -> String {
        let formats = QueryFormat::value_variants().iter();
        let mut own = formats.filter(|format| Format::from(**format) == self.style.format);
        let value = own.next().and_then(QueryFormat::to_possible_value);
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

async fn answer_one(
    session: &QuerySession,
    statement: Statement,
    threads: &Handle,
    style: Style,
    file: &mut Option<Target>,
) -> Result<QueryStats, Error> {
    let Some(target) = file else {
        let mut output = terminal();
        refuse_binary(style.format, output.screen)?;
        return Ok(answer(session, statement, threads, style, &mut output).await?);
    };
    if style.format.is_binary() && target.used {
        let file = target.path.display();
        return Err(Error::Usage(format!(
            "{file} holds an answer, and has no room for another: \\o another"
        )));
    }
    target.used = true;
    Ok(answer(session, statement, threads, style, &mut target.output).await?)
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn help() -> Result<(), Error> {
    let mut text = "A statement ends with a semicolon and may take several lines. Tab completes, the arrows and Ctrl-R\n\
                    bring back what was typed before, Ctrl-C stops a query.\n"
        .to_owned();
    for command in COMMANDS {
        let usage = format!("{} {}", command.name, command.argument);
        text += &format!("\n  {usage:<18} {}", command.help);
    }
    say(&text)
}
