//! A condition on events as somebody typed it, made part of one statement.
//!
//! The condition is parsed by itself, as an expression up to its end, and put into a `SELECT` that is already a tree:
//! no text of it can end that statement or begin another.

use datafusion::error::DataFusionError;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use sqlparser::ast;
use sqlparser::parser::ParserError;

use super::Error;
use super::dialect::EventDialect;
use super::session::EVENTS;

/// `SELECT columns FROM events WHERE condition`
pub(super) fn select(columns: &[&str], condition: Option<&str>) -> Result<Statement, Error> {
    let sql = format!("SELECT {} FROM {EVENTS}", columns.join(", "));
    let mut parser =
        DFParserBuilder::new(sql.as_str()).with_dialect(&EventDialect).build().map_err(Error::Session)?;
    let mut statement = parser.parse_statement().map_err(Error::Session)?;
    if let Some(condition) = condition {
        let condition = parse(condition)?;
        if let Statement::Statement(statement) = &mut statement
            && let ast::Statement::Query(query) = statement.as_mut()
            && let ast::SetExpr::Select(select) = query.body.as_mut()
        {
            select.selection = Some(condition);
        }
    }
    Ok(statement)
}

fn parse(condition: &str) -> Result<ast::Expr, Error> {
    let parser = DFParserBuilder::new(condition).with_dialect(&EventDialect).build();
    let parsed = parser.and_then(|mut parser| parser.parse_into_expr()).map_err(not_sql)?;
    match parsed.alias {
        None => Ok(parsed.expr),
        Some(alias) => Err(Error::Condition(format!("it needs no name such as {}", alias.value))),
    }
}

/// The parser's own words, without DataFusion's around them.
fn not_sql(error: DataFusionError) -> Error {
    Error::Condition(match error {
        DataFusionError::SQL(error, _) => match *error {
            ParserError::ParserError(what) | ParserError::TokenizerError(what) => what,
            ParserError::RecursionLimitExceeded => "it is nested too deep".to_owned(),
        },
        error => error.strip_backtrace(),
    })
}

/// What went wrong while rows were chosen by a condition. Functions that fail on a value like to show it, and through
/// the Parquet reader their words come as its own; so only what cannot hold a value is passed on.
pub(super) fn failed(error: DataFusionError) -> Error {
    match error.find_root() {
        DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::ResourcesExhausted(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_) => Error::Query(error),
        _ => Error::ConditionFailed,
    }
}
