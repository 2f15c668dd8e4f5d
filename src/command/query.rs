//! `trailhouse query`

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use datafusion::sql::parser::Statement;
use tokio::runtime::Handle;

use super::answer::answer;
use super::output::{Output, refuse_binary};
use super::{prompt, session};
use crate::cli::{PlanFormat, QueryArgs, QueryFormat};
use crate::dataset::Moment;
use crate::error::{Error, Exit};
use crate::query::{self, Format, QuerySession, Style};

pub(super) async fn run(args: QueryArgs) -> Result<Exit, Error> {
    let format = Format::from(args.format);
    let (saved, values) = session::saved(&args.saved)?;
    let sql = saved.map_or_else(|| sql(&args), |sql| Ok(Some(sql)))?;
    if sql.as_ref().is_some_and(|sql| sql.trim().is_empty()) {
        return Err(Error::Usage("no SQL given".to_owned()));
    }
    if args.safe_csv && format != Format::Csv && sql.is_some() {
        return Err(Error::Usage("--safe-csv goes with --format csv".to_owned()));
    }
    if sql.is_none() && args.explain.is_some() {
        return Err(Error::Usage(
            "--explain needs SQL; at the prompt, put EXPLAIN before a statement".to_owned(),
        ));
    }
    if args.output.is_none() && args.explain.is_none() {
        refuse_binary(format, Output::stdout().screen)?;
    }
    let session = session::open(&args.dataset, moment(&args), &args.session, args.allow_write).await?;
    let Some(sql) = sql else {
        let library = session::library(&args.saved)?;
        let settings = prompt::Settings { style: style(&args), stats: args.stats, output: args.output };
        return prompt::run(&session, &library, settings).await;
    };
    let statements = session.parse(&sql, &values)?;
    if statements.is_empty() {
        return Err(Error::Usage("no SQL given".to_owned()));
    }
    if format.is_binary() && args.explain.is_none() && statements.len() > 1 {
        return Err(Error::Usage(
            "a Parquet file or Arrow stream holds one answer: give one statement".to_owned(),
        ));
    }
    match args.explain {
        Some(as_what) => explain(&session, statements, as_what, &args).await?,
        None => answer_all(&session, statements, &args).await?,
    }
    session::tell_rejects(session.rejects());
    Ok(Exit::Done)
}

async fn answer_all(
    session: &QuerySession,
    statements: Vec<Statement>,
    args: &QueryArgs,
) -> Result<(), Error> {
    let mut output = output(args)?;
    for (position, statement) in statements.into_iter().enumerate() {
        if position > 0 && args.format != QueryFormat::Ndjson {
            let mut out = output.writer();
            writeln!(out).and_then(|()| out.flush()).map_err(query::Error::Output)?;
        }
        let stats = answer(session, statement, &Handle::current(), style(args), &mut output).await?;
        if args.stats {
            eprint!("{stats}");
        }
    }
    Ok(())
}

/// Prints which files statements would open, and how they would be answered.
async fn explain(
    session: &QuerySession,
    statements: Vec<Statement>,
    as_what: PlanFormat,
    args: &QueryArgs,
) -> Result<(), Error> {
    let mut output = output(args)?;
    let mut out = output.writer();
    for (position, statement) in statements.into_iter().enumerate() {
        let explained = session.explain(statement).await?;
        let plan = match as_what {
            PlanFormat::Lines => explained.as_lines(),
            PlanFormat::Tree => explained.as_tree(),
        };
        let mut text = if position > 0 { "\n".to_owned() } else { String::new() };
        text += &format!("data files: {} of {}\n", explained.files.len(), explained.files_in_dataset);
        for file in &explained.files {
            text += &format!("  {}\n", file.path);
        }
        text += &format!("plan:\n{}\n", plan.trim_end());
        out.write_all(text.as_bytes()).map_err(query::Error::Output)?;
    }
    Ok(out.flush().map_err(query::Error::Output)?)
}

fn output(args: &QueryArgs) -> Result<Output, Error> {
    args.output.as_deref().map_or_else(|| Ok(Output::stdout()), Output::file)
}

fn style(args: &QueryArgs) -> Style {
    Style::from(Format::from(args.format)).safe_csv(args.safe_csv)
}

fn moment(args: &QueryArgs) -> Moment {
    match (args.version, args.as_of) {
        (Some(version), _) => Moment::Version(version),
        (None, Some(time)) => Moment::Time(time),
        (None, None) => Moment::Latest,
    }
}

/// The statements; none if they are to be typed one by one.
fn sql(args: &QueryArgs) -> Result<Option<String>, Error> {
    match (&args.sql, &args.file) {
        (Some(sql), _) => Ok(Some(sql.clone())),
        (None, Some(file)) => read(file).map(Some),
        (None, None) if io::stdin().is_terminal() => Ok(None),
        (None, None) => read(Path::new("-")).map(Some),
    }
}

fn read(file: &Path) -> Result<String, Error> {
    let text =
        if file == Path::new("-") { io::read_to_string(io::stdin()) } else { std::fs::read_to_string(file) };
    text.map_err(|source| Error::File { action: "read", file: file.display().to_string(), source })
}
