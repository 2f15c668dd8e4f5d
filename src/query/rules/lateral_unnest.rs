//! `FROM events CROSS JOIN UNNEST(resources) AS t (resource)`: each row beside the elements of its own list.
//!
//! DataFusion plans the list as one of an outer query's, and has no way to run that. But a row's own columns beside the elements
//! of its list are what its `Unnest` gives anyway, where they are carried through it. As in Trino, rows without elements are
//! left out.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{JoinType, NullHandling, Result, ScalarValue, TableReference, UnnestOptions};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder, Projection, Unnest};
use datafusion::optimizer::AnalyzerRule;

/// Replaces joins with lists of the row itself.
#[derive(Debug)]
pub(in crate::query) struct LateralUnnest;

impl AnalyzerRule for LateralUnnest {
    fn name(&self) -> &str {
        "lateral_unnest"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let plan = plan.transform_up_with_subqueries(|plan| match &plan {
            LogicalPlan::Join(join) => match beside(join)? {
                Some(unnested) => Ok(Transformed::yes(unnested)),
                None => Ok(Transformed::no(plan)),
            },
            _ => Ok(Transformed::no(plan)),
        });
        Ok(plan?.data)
    }
}

/// The join's rows without a join, if its right side is made of its left one's lists.
fn beside(join: &Join) -> Result<Option<LogicalPlan>> {
    let is_true = |filter: &Expr| matches!(filter, Expr::Literal(ScalarValue::Boolean(Some(true)), _));
    let filter = join.filter.as_ref().filter(|filter| !is_true(filter));
    let without = match join.join_type {
        JoinType::Inner => NullHandling::Drop,
        // A row without elements stays, beside nothing.
        JoinType::Left if filter.is_none() => NullHandling::PreserveAndExpandEmpty,
        _ => return Ok(None),
    };
    if !join.on.is_empty() {
        return Ok(None);
    }
    let (alias, elements) = match join.right.as_ref() {
        LogicalPlan::SubqueryAlias(named) => (Some(&named.alias), named.input.as_ref()),
        plan => (None, plan),
    };
    // What is shown of the elements gets its names only beside the row's own columns, which may have the same.
    let mut shown: Vec<Expr> = elements.schema().columns().into_iter().map(Expr::Column).collect();
    let mut elements = inside(elements);
    while let LogicalPlan::Projection(projection) = elements {
        let through = shown.into_iter().map(|expr| through(expr, projection));
        shown = through.collect::<Result<_>>()?;
        elements = inside(&projection.input);
    }
    let Some(plan) = carry(&join.left, elements, without)? else { return Ok(None) };
    let own = join.left.schema().columns().into_iter().map(Expr::Column);
    let shown = shown
        .into_iter()
        .zip(join.right.schema().fields())
        .map(|(expr, field)| named(expr, alias, field.name()));
    let mut builder = LogicalPlanBuilder::from(plan).project(own.chain(shown))?;
    if let Some(filter) = filter {
        builder = builder.filter(filter.clone())?;
    }
    builder.build().map(Some)
}

/// A plan without the mark of a subquery.
fn inside(plan: &LogicalPlan) -> &LogicalPlan {
    match plan {
        LogicalPlan::Subquery(subquery) => &subquery.subquery,
        plan => plan,
    }
}

/// An expression on a projection's columns as one on its input's.
fn through(expr: Expr, projection: &Projection) -> Result<Expr> {
    let replaced = expr.transform(|expr| {
        let Expr::Column(column) = &expr else { return Ok(Transformed::no(expr)) };
        let index = projection.schema.index_of_column(column)?;
        Ok(Transformed::yes(projection.expr[index].clone().unalias()))
    });
    Ok(replaced?.data)
}

fn named(expr: Expr, relation: Option<&TableReference>, name: &str) -> Expr {
    match relation {
        Some(relation) => expr.alias_qualified(Some(relation.clone()), name),
        None => expr.alias(name),
    }
}

/// The unnesting of lists that are `rows`' own, carrying these along. None if it is not that.
fn carry(rows: &LogicalPlan, unnesting: &LogicalPlan, without: NullHandling) -> Result<Option<LogicalPlan>> {
    Ok(match unnesting {
        LogicalPlan::Unnest(Unnest { input, exec_columns, options, .. }) => {
            match carry(rows, input, without)? {
                Some(plan) => {
                    let options = UnnestOptions { null_handling: without, ..options.clone() };
                    Some(
                        LogicalPlanBuilder::from(plan)
                            .unnest_columns_with_options(exec_columns.clone(), options)?
                            .build()?,
                    )
                }
                None => None,
            }
        }
        LogicalPlan::Projection(Projection { input, expr, .. }) => {
            let plan = match input.as_ref() {
                LogicalPlan::EmptyRelation(_) if expr.iter().any(Expr::contains_outer) => rows.clone(),
                LogicalPlan::EmptyRelation(_) => return Ok(None),
                input => match carry(rows, input, without)? {
                    Some(plan) => plan,
                    None => return Ok(None),
                },
            };
            let own = rows.schema().columns().into_iter().map(Expr::Column);
            let lists = expr.iter().map(of_row).collect::<Result<Vec<_>>>()?;
            let projection = Projection::try_new(own.chain(lists).collect(), Arc::new(plan))?;
            Some(LogicalPlan::Projection(projection))
        }
        _ => None,
    })
}

/// An expression on an outer query's columns as one on the row's own, by the same name.
fn of_row(expr: &Expr) -> Result<Expr> {
    let name = expr.schema_name().to_string();
    let own = expr.clone().unalias().transform(|expr| match expr {
        Expr::OuterReferenceColumn(_, column) => Ok(Transformed::yes(Expr::Column(column))),
        expr => Ok(Transformed::no(expr)),
    });
    Ok(own?.data.alias(name))
}
