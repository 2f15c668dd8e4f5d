//! What is asked of the text of an event's time is asked of the time.
//!
//! The views that show events as Athena and AWS's own tables do have their time as text, and published queries compare it with
//! texts: `eventtime >= '2025-03-01T00:00:00Z'`, `eventtime LIKE '2025-03%'`. [`event_time_text`] never changes the order of
//! whole seconds, so each of these is a question about the time itself, by which files are chosen.

use std::sync::Arc;

use chrono::DateTime;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, Like, LogicalPlan, Operator, TryCast, lit};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use crate::query::functions::{EVENT_TIME_TEXT, event_time_text};

/// The first second of the year 0, and the first behind the year 9999.
const CALENDAR: (i64, i64) = (-62_167_219_200, 253_402_300_800);

/// Replaces questions about texts of times.
#[derive(Debug)]
pub(in crate::query) struct TimeText;

impl OptimizerRule for TimeText {
    fn name(&self) -> &str {
        "time_text"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        // Elsewhere than in conditions an expression gives a column its name.
        match plan {
            LogicalPlan::Filter(_) | LogicalPlan::TableScan(_) | LogicalPlan::Join(_) => {
                plan.map_expressions(|expr| expr.transform_up(|expr| Ok(replace(expr))))
            }
            plan => Ok(Transformed::no(plan)),
        }
    }
}

fn replace(expr: Expr) -> Transformed<Expr> {
    let replaced = match &expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (time_of(left), text_of(right)) {
            (Some(time), Some(text)) => compare(time, *op, text),
            _ => match (time_of(right), text_of(left), op.swap()) {
                (Some(time), Some(text), Some(op)) => compare(time, op, text),
                _ => None,
            },
        },
        Expr::Like(Like { negated: false, expr, pattern, escape_char: None, case_insensitive: false }) => {
            time_of(expr).zip(text_of(pattern)).and_then(|(time, pattern)| begins_with(time, pattern))
        }
        Expr::Cast(Cast { expr, field }) => time_of(expr)
            .filter(|_| is_of_time(field.data_type()))
            .map(|time| Expr::Cast(Cast::new_from_field(Box::new(time.clone()), Arc::clone(field)))),
        Expr::TryCast(TryCast { expr, field }) => time_of(expr)
            .filter(|_| is_of_time(field.data_type()))
            .map(|time| Expr::Cast(Cast::new_from_field(Box::new(time.clone()), Arc::clone(field)))),
        _ => None,
    };
    match replaced {
        Some(replaced) => Transformed::yes(replaced),
        None => Transformed::no(expr),
    }
}

fn is_of_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64)
}

/// The time whose text an expression is.
fn time_of(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == EVENT_TIME_TEXT => args.first(),
        Expr::Cast(cast) if cast.field.data_type().is_string() => time_of(&cast.expr),
        _ => None,
    }
}

fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

fn compare(time: &Expr, op: Operator, text: &str) -> Option<Expr> {
    let from = || first(|candidate| candidate >= text);
    let behind = || first(|candidate| candidate > text);
    let time = || time.clone();
    Some(match op {
        Operator::Gt => time().gt_eq(behind()),
        Operator::GtEq => time().gt_eq(from()),
        Operator::Lt => time().lt(from()),
        Operator::LtEq => time().lt(behind()),
        Operator::Eq => time().gt_eq(from()).and(time().lt(behind())),
        Operator::NotEq => time().lt(from()).or(time().gt_eq(behind())),
        _ => return None,
    })
}

/// `LIKE '2025-03%'`
fn begins_with(time: &Expr, pattern: &str) -> Option<Expr> {
    let prefix = pattern.strip_suffix('%').filter(|prefix| !prefix.contains(['%', '_', '\\']))?;
    let from = first(|text| text >= prefix);
    let behind = first(|text| text > prefix && !text.starts_with(prefix));
    Some(time.clone().gt_eq(from).and(time.clone().lt(behind)))
}

/// The first second whose text is one that is meant, where all later ones are too; the end of the calendar if none is.
fn first(is_meant: impl Fn(&str) -> bool) -> Expr {
    let (mut before, mut found) = CALENDAR;
    while before < found {
        let middle = before + (found - before) / 2;
        let text = DateTime::from_timestamp(middle, 0).map(event_time_text);
        match text.is_some_and(|text| is_meant(&text)) {
            true => found = middle,
            false => before = middle + 1,
        }
    }
    lit(ScalarValue::TimestampMicrosecond(Some(found * 1_000_000), Some("UTC".into())))
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::col;
    use proptest::prelude::*;

    use super::*;

    fn bounds(expr: &Expr) -> Vec<String> {
        let text = expr.to_string();
        text.split("TimestampMicrosecond(")
            .skip(1)
            .map(|rest| rest.split(',').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn texts_that_are_no_whole_times_bound_times() {
        let march = "1740787200000000";
        for (op, text, expected) in [
            (Operator::GtEq, "2025-03-01", vec![march]),
            (Operator::Gt, "2025-03-01", vec![march]),
            (Operator::Lt, "2025-03-01", vec![march]),
            (Operator::Gt, "2025-03-01T00:00:00Z", vec!["1740787201000000"]),
            (Operator::LtEq, "2025-03-01 zzz", vec![march]),
            (Operator::Eq, "2025-03-01T00:00:00Z", vec![march, "1740787201000000"]),
            (Operator::Gt, "zzz", vec!["253402300800000000"]),
            (Operator::Gt, "", vec!["-62167219200000000"]),
        ] {
            assert_eq!(bounds(&compare(&col("t"), op, text).unwrap()), expected, "{op} {text}");
        }
        let month = begins_with(&col("t"), "2025-03%").unwrap();
        assert_eq!(bounds(&month), [march, "1743465600000000"]);
        assert!(begins_with(&col("t"), "2025-__%").is_none());
    }

    proptest! {
        /// Whatever the text: what is asked of the time is what was asked of its text.
        #[test]
        fn times_answer_as_their_texts(second in CALENDAR.0..CALENDAR.1, text in "[0-9]{0,4}(-[0-9]{1,2}){0,2}[T :Z0-9]{0,9}") {
            let own = event_time_text(DateTime::from_timestamp(second, 0).unwrap());
            for op in [Operator::Gt, Operator::GtEq, Operator::Lt, Operator::LtEq, Operator::Eq, Operator::NotEq] {
                let asked = compare(&col("t"), op, &text).unwrap();
                let bounds: Vec<i64> = bounds(&asked).iter().map(|bound| bound.parse::<i64>().unwrap() / 1_000_000).collect();
                let (of_time, of_text) = match op {
                    Operator::Gt => (second >= bounds[0], own > text),
                    Operator::GtEq => (second >= bounds[0], own >= text),
                    Operator::Lt => (second < bounds[0], own < text),
                    Operator::LtEq => (second < bounds[0], own <= text),
                    Operator::Eq => (second >= bounds[0] && second < bounds[1], own == text),
                    _ => (second < bounds[0] || second >= bounds[1], own != text),
                };
                prop_assert_eq!(of_time, of_text, "{} {} {}", own, op, text);
            }
        }
    }
}
