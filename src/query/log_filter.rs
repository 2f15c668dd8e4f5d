//! Which events a query asks for, as far as the keys of log objects tell: so that the others need not be opened.
//!
//! What is found here is asked of every row again; it only spares reading what would be left out: by the day, region and account
//! of a key, which are those of its events where AWS has written it.

use chrono::{DateTime, TimeDelta, Utc};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use crate::filter::Filter;

/// What all of `conditions` say together of times, accounts, regions and services.
pub(super) fn of(conditions: &[Expr]) -> Filter {
    let mut filter = Filter::default();
    for condition in conditions {
        if let Some((column, op, value)) = comparison(condition) {
            bound(&mut filter, column, op, value);
        }
        if let Some((column, values)) = choice(condition) {
            let chosen = match column {
                "recipient_account_id" => &mut filter.accounts,
                "region" => &mut filter.regions,
                "service" => &mut filter.services,
                _ => continue,
            };
            // Of two choices, one is enough. No key tells of an empty name.
            if chosen.is_empty() && !values.iter().any(String::is_empty) {
                *chosen = values;
            }
        }
    }
    filter
}

fn comparison(condition: &Expr) -> Option<(&str, Operator, &ScalarValue)> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = condition else { return None };
    match (left.as_ref(), right.as_ref()) {
        (Expr::Column(column), Expr::Literal(value, _)) => Some((column.name(), *op, value)),
        (Expr::Literal(value, _), Expr::Column(column)) => Some((column.name(), op.swap()?, value)),
        _ => None,
    }
}

/// Takes a bound of the time in, if the comparison is one.
fn bound(filter: &mut Filter, column: &str, op: Operator, value: &ScalarValue) {
    // The first moment that the value means, and the first one behind.
    let (first, behind) = match (column, value) {
        ("event_time", ScalarValue::TimestampMicrosecond(Some(micros), _)) => {
            let Some(time) = DateTime::from_timestamp_micros(*micros) else { return };
            let Some(behind) = time.checked_add_signed(TimeDelta::microseconds(1)) else { return };
            (time, behind)
        }
        ("date", ScalarValue::Date32(Some(days))) => {
            let midnight = |days: i32| DateTime::from_timestamp(i64::from(days) * 86_400, 0);
            let (Some(first), Some(behind)) = (midnight(*days), midnight(days.saturating_add(1))) else {
                return;
            };
            (first, behind)
        }
        _ => return,
    };
    let later =
        |limit: &mut Option<DateTime<Utc>>, time| *limit = Some(limit.map_or(time, |limit| limit.max(time)));
    let earlier =
        |limit: &mut Option<DateTime<Utc>>, time| *limit = Some(limit.map_or(time, |limit| limit.min(time)));
    match op {
        Operator::Gt => later(&mut filter.since, behind),
        Operator::GtEq => later(&mut filter.since, first),
        Operator::Lt => earlier(&mut filter.until, first),
        Operator::LtEq => earlier(&mut filter.until, behind),
        Operator::Eq => {
            later(&mut filter.since, first);
            earlier(&mut filter.until, behind);
        }
        _ => {}
    }
}

/// A column, and the texts of which it must be one.
pub(super) fn choice(condition: &Expr) -> Option<(&str, Vec<String>)> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { op: Operator::Eq, .. }) => {
            let (column, _, value) = comparison(condition)?;
            Some((column, vec![value.try_as_str()??.to_owned()]))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let ((column, mut values), (other, more)) = (choice(left)?, choice(right)?);
            values.extend(more);
            (column == other).then_some((column, values))
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            let Expr::Column(column) = expr.as_ref() else { return None };
            let value = |expr: &Expr| match expr {
                Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
                _ => None,
            };
            Some((column.name(), list.iter().map(value).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn times_and_names_choose_objects() {
        let micros = |text: &str| {
            lit(ScalarValue::TimestampMicrosecond(Some(time(text).timestamp_micros()), Some("UTC".into())))
        };
        let filter = of(&[
            col("event_time").gt_eq(micros("2025-03-01T10:00:00Z")),
            lit(ScalarValue::Date32(Some(20_149))).gt_eq(col("date")),
            col("service").eq(lit("s3")).or(col("service").eq(lit("sts"))),
            col("region").in_list(vec![lit("us-east-1"), lit("eu-west-1")], false),
            col("event_name").eq(lit("GetObject")),
        ]);
        assert_eq!(filter.since, Some(time("2025-03-01T10:00:00Z")));
        assert_eq!(filter.until, Some(time("2025-03-03T00:00:00Z")));
        assert_eq!(filter.services, ["s3", "sts"]);
        assert_eq!(filter.regions, ["us-east-1", "eu-west-1"]);
        assert!(filter.accounts.is_empty());
        let neither = of(&[
            col("service").eq(lit("s3")).or(col("region").eq(lit("x"))),
            col("region").in_list(vec![lit("a")], true),
            col("event_time").not_eq(micros("2025-03-01T10:00:00Z")),
        ]);
        assert_eq!(neither.fingerprint(), "");
    }
}
