//! What can be named in a statement: tables, their columns, functions, words of SQL.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::arrow::datatypes::Field;
use datafusion::catalog::TableProvider;
use datafusion::catalog::information_schema::INFORMATION_SCHEMA;
use datafusion::logical_expr::TableType;

use super::session::{EVENTS, QuerySession};
use super::views::views;
use crate::table::column::table_schema;

/// The words of SQL that questions are made of.
const KEYWORDS: &str = "ALL, ANALYZE, AND, ANY, ARRAY, AS, ASC, AT TIME ZONE, BETWEEN, BY, CASE, CAST, COPY, CREATE, \
    CROSS JOIN, CURRENT ROW, CURRENT_DATE, CURRENT_TIMESTAMP, DATE, DESC, DESCRIBE, DISTINCT, ELSE, END, \
    ESCAPE, EXCEPT, EXISTS, EXPLAIN, EXTRACT, FALSE, FILTER, FIRST, FOLLOWING, FROM, FULL JOIN, \
    GROUP BY, HAVING, ILIKE, IN, INNER JOIN, INTERSECT, INTERVAL, IS, JOIN, LAST, LATERAL, LEFT JOIN, \
    LIKE, LIMIT, NOT, NULL, NULLS, OFFSET, ON, OR, ORDER BY, OVER, PARTITION BY, PRECEDING, QUALIFY, \
    RANGE, RECURSIVE, RIGHT JOIN, ROWS, SELECT, SHOW, SIMILAR TO, THEN, TIMESTAMP, TRUE, TRY_CAST, \
    UNBOUNDED, UNION, UNNEST, USING, VALUES, WHEN, WHERE, WINDOW, WITH";

/// What can be named in statements of a session.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// The tables, by name.
    pub tables: BTreeMap<String, NamedTable>,
    /// The names of all functions.
    pub functions: BTreeSet<String>,
}

/// A table or a view.
#[derive(Debug)]
pub struct NamedTable {
    /// What it is: `table` or `view`.
    pub kind: &'static str,
    /// Its columns, in their order.
    pub columns: Vec<NamedColumn>,
}

/// A column.
#[derive(Debug)]
pub struct NamedColumn {
    /// Its name.
    pub name: String,
    /// Its type, as Arrow calls it.
    pub data_type: String,
    /// What it holds, if that is known.
    pub doc: Option<String>,
}

impl Vocabulary {
    /// The words of SQL that questions are made of, in capitals.
    pub fn keywords() -> impl Iterator<Item = &'static str> {
        KEYWORDS.split(", ")
    }
}

impl QuerySession {
    /// What can be named now.
    pub async fn vocabulary(&self) -> Vocabulary {
        let state = self.context.state();
        let functions = [
            state.scalar_functions().keys().collect::<Vec<_>>(),
            state.aggregate_functions().keys().collect(),
            state.window_functions().keys().collect(),
            state.table_functions().keys().collect(),
        ];
        let functions = functions.into_iter().flatten().cloned().collect();
        let options = &state.config_options().catalog;
        let mut tables = BTreeMap::new();
        if let Some(catalog) = self.context.catalog(&options.default_catalog) {
            // That schema describes the others.
            for schema in catalog.schema_names().into_iter().filter(|name| name != INFORMATION_SCHEMA) {
                let Some(provider) = catalog.schema(&schema) else { continue };
                for table in provider.table_names() {
                    let Ok(Some(provider)) = provider.table(&table).await else { continue };
                    let described = NamedTable::new(&table, provider.as_ref());
                    let is_default = schema == options.default_schema;
                    let name = if is_default { table } else { format!("{schema}.{table}") };
                    tables.insert(name, described);
                }
            }
        }
        Vocabulary { tables, functions }
    }
}

impl NamedTable {
    fn new(name: &str, table: &dyn TableProvider) -> Self {
        // Views of services show columns of `events` under their names, and their own.
        let view = views().get(name).filter(|view| !view.columns.is_empty());
        let documented = (name == EVENTS || view.is_some()).then(table_schema);
        let own = |column: &str| view?.columns.get(column).cloned();
        let comment = |field: &Field| field.metadata().get("comment").cloned();
        let schema = table.schema();
        let columns = schema.fields().iter().map(|field| {
            let known = || comment(documented.as_ref()?.field_with_name(field.name()).ok()?);
            NamedColumn {
                name: field.name().clone(),
                data_type: field.data_type().to_string(),
                doc: own(field.name()).or_else(|| comment(field)).or_else(known),
            }
        });
        let columns = columns.collect();
        Self { kind: if table.table_type() == TableType::View { "view" } else { "table" }, columns }
    }
}
