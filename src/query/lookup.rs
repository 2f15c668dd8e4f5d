//! Which files a query for single values need open, as far as the dataset's copies of their bloom filters tell.
//!
//! What is found here is asked of every row again; it only spares opening files.

use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::log_filter::choice;
use crate::dataset::{Lookup, StoredFile};

/// So few files are opened without looking further.
const FEW_FILES: usize = 4;

/// A column, and the texts of which it must be one.
type Choice<'a> = (&'a str, Vec<String>);

/// Those of `files`, each with its number, that may hold events for which all `conditions` are true.
pub(super) async fn choose<'f>(
    lookup: &Lookup,
    conditions: &[&Expr],
    mut files: Vec<(usize, &'f StoredFile)>,
) -> Vec<(usize, &'f StoredFile)> {
    let conditions: Vec<Vec<Choice<'_>>> =
        conditions.iter().filter_map(|condition| choices(condition)).collect();
    for choices in conditions {
        if files.len() <= FEW_FILES {
            break;
        }
        let stored: Vec<&StoredFile> = files.iter().map(|(_, stored)| *stored).collect();
        let mut passes = vec![false; files.len()];
        for (column, values) in choices {
            let may_hold = lookup.may_hold(column, &values, &stored).await;
            passes.iter_mut().zip(may_hold).for_each(|(passes, may_hold)| *passes |= may_hold);
        }
        let mut passes = passes.into_iter();
        files.retain(|_| passes.next().unwrap_or(true));
    }
    files
}

/// Choices one of which is met by all rows that pass a condition; `None` if there is no such choice.
fn choices(condition: &Expr) -> Option<Vec<Choice<'_>>> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            choices(left).or_else(|| choices(right))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let mut either = choices(left)?;
            either.append(&mut choices(right)?);
            Some(either)
        }
        _ => choice(condition).map(|choice| vec![choice]),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    fn chosen(condition: &Expr) -> Option<Vec<(String, Vec<String>)>> {
        Some(choices(condition)?.into_iter().map(|(column, values)| (column.to_owned(), values)).collect())
    }

    #[test]
    fn choices_are_found_in_conditions() {
        let id = |value: &str| col("event_id").eq(lit(value));
        let one = |column: &str, values: &[&str]| {
            (column.to_owned(), values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&id("a")), Some(vec![one("event_id", &["a"])]));
        assert_eq!(chosen(&lit("a").eq(col("event_id"))), Some(vec![one("event_id", &["a"])]));
        assert_eq!(
            chosen(&col("event_id").in_list(vec![lit("a"), lit("b")], false)),
            Some(vec![one("event_id", &["a", "b"])])
        );
        let other = col("request_id").eq(lit("r")).and(col("event_name").like(lit("Get%")));
        let either = vec![one("event_id", &["a"]), one("request_id", &["r"])];
        assert_eq!(chosen(&id("a").or(other)), Some(either));
        for condition in [
            id("a").or(col("event_name").like(lit("Get%"))),
            id("a").or(col("is_error")),
            col("event_id").in_list(vec![lit("a")], true),
            col("event_id").not_eq(lit("a")),
            col("event_id").gt(lit("a")),
            col("event_id").eq(col("request_id")),
            col("event_id").in_list(vec![lit("a"), col("request_id")], false),
            Expr::IsNull(Box::new(col("event_id"))),
            Expr::Not(Box::new(id("a"))),
        ] {
            assert_eq!(chosen(&condition), None, "{condition}");
        }
    }
}
