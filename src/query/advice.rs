//! What went wrong with a query, in words that help: the nearest right name, the place in the text, the way it is written.

use datafusion::arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use sqlparser::parser::ParserError;

/// How many letters a name may be off, and how many names are given.
const NEAR: usize = 4;
const NAMES: usize = 3;

/// Characters of a line that are shown before and behind what is wrong.
const AROUND: usize = 50;

/// Names of `known` that are like one that is not there, the nearest first.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    // AWS writes names in camel case, Athena without underscores.
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let wanted = plain(name);
    let distance = |known: &'n str| {
        let candidate = plain(known);
        let distance = strsim::damerau_levenshtein(&wanted, &candidate);
        let is_near =
            distance <= NEAR.min(wanted.len() / 3) || wanted.len() > 2 && candidate.contains(&wanted);
        is_near.then_some((distance, known))
    };
    let mut near: Vec<_> = known.filter_map(distance).collect();
    near.sort();
    near.dedup();
    if near.first().is_some_and(|(distance, _)| *distance == 0) {
        near.truncate(1);
    }
    near.into_iter().take(NAMES).map(|(_, known)| known).collect()
}

/// `; did you mean a or b?`, to go on with another sentence.
pub(super) fn did_you_mean(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    if names.is_empty() { ".".to_owned() } else { format!("; did you mean {}?", names.join(" or ")) }
}

/// What is wrong with the text of a query, and where.
pub(super) fn syntax(error: &DataFusionError, sql: &str) -> String {
    let DataFusionError::SQL(error, _) = error.find_root() else { return error.strip_backtrace() };
    let (ParserError::ParserError(message) | ParserError::TokenizerError(message)) = error.as_ref() else {
        return "it is nested too deep".to_owned();
    };
    let place = message.rsplit_once(" at Line: ").and_then(|(what, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((what, line.parse::<usize>().ok()?, column.trim().parse::<usize>().ok()?))
    });
    let Some((what, line, column)) = place else {
        return message.replace("Expected: ", "expected ").replace("found: EOF", "found its end");
    };
    let what = what.replace("Expected: ", "expected ").replace("found: ", "found ");
    let text = sql.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    // What is piped here by mistake may be a log.
    let from = column.saturating_sub(AROUND);
    let around: String = text.chars().skip(from).take(2 * AROUND).collect();
    let (text, caret) = (around, column - from);
    let missing = match what.contains("expected end of statement") {
        true => "; is a comma, an operator or a keyword such as AND missing before it?",
        false => "",
    };
    format!("{what}, at line {line}, column {column}{missing}\n  {text}\n  {:>caret$}", '^')
}

/// Why a query cannot be planned, or failed.
pub(super) fn failure(error: &DataFusionError) -> String {
    let root = error.find_root();
    if let DataFusionError::SchemaError(error, _) = root
        && let SchemaError::FieldNotFound { field, valid_fields } = error.as_ref()
    {
        let known: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
        let near = nearest(&field.name, known.iter().copied());
        let hint = match near.is_empty() {
            false => did_you_mean(&near),
            true if known.is_empty() => String::new(),
            true if field.relation.is_some() => "; DESCRIBE names the columns of a table".to_owned(),
            true => format!(
                "; a text stands between single quotes: '{}'. DESCRIBE names the columns of a table",
                field.name
            ),
        };
        return format!("there is no column {}{hint}", field.flat_name());
    }
    let message = match root {
        DataFusionError::External(error) => return error.to_string(),
        DataFusionError::ArrowError(error, _) => error.to_string(),
        root => root.message().into_owned(),
    };
    // What a function says of how it is called, without what DataFusion says around it.
    if let Some((said, _)) = message.split_once(". No function matches")
        && let Some((_, usage)) = said.rsplit_once("Error during planning: ")
    {
        return usage.to_owned();
    }
    let hint = if message.contains("is not Struct, Map") {
        "; JSON text is looked into so: request_parameters->>'bucketName', \
         json_extract_scalar(request_parameters, '$.bucketName')"
    } else if message.contains("Error parsing timestamp")
        || message.contains("Date32")
        || message.contains("Timestamp(")
    {
        "; a time is '2025-03-01' or '2025-03-01T08:30:00Z' (UTC), and try_cast(x AS ...) gives NULL for what does not convert"
    } else if message.contains("Cannot infer common argument type") {
        "; CAST(x AS ...) makes one the other's type. A boolean column needs no comparison: WHERE is_error, WHERE NOT is_error"
    } else if message.contains("not found in struct") {
        "; DESCRIBE names the members of a table's columns"
    } else if message.contains("must be in GROUP BY") {
        return in_group_by(&message);
    } else if matches!(root, DataFusionError::ResourcesExhausted(_)) {
        "; give more by --memory-limit, or ask for less at a time (fewer columns, a part of the time)"
    } else {
        ""
    };
    // Nobody needs to tell DataFusion's makers of a mistake in a query.
    let message = message
        .split("This issue was likely caused by a bug")
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_owned();
    format!("{}{hint}", message.replace(".\nDid you mean", "; did you mean").trim_end_matches('.'))
}

/// Why a query failed while it read: as [`failure`], without what stands between quotes, which may be a value.
pub(super) fn failure_on_values(error: &DataFusionError) -> String {
    if let DataFusionError::ArrowError(error, _) = error.find_root()
        && let ArrowError::CastError(_) | ArrowError::ParseError(_) | ArrowError::ComputeError(_) =
            error.as_ref()
    {
        return "a value of some event does not convert, or cannot be computed; try_cast(x AS ...) gives NULL for what does \
                not convert"
            .to_owned();
    }
    let message = failure(error);
    let mut parts = message.split('\'');
    let mut said = parts.next().unwrap_or_default().to_owned();
    // Outside, inside, outside, ...
    while let (Some(_), Some(outside)) = (parts.next(), parts.next()) {
        said.push('…');
        said.push_str(outside);
    }
    said
}

/// Without the list of all that is selected.
fn in_group_by(message: &str) -> String {
    let column = message.split("column \"").nth(1).and_then(|rest| rest.split('"').next());
    match column {
        Some(column) => format!("{column} is neither in GROUP BY nor in an aggregate such as min({column})"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_said() {
        let arrow = |error| DataFusionError::ArrowError(Box::new(error), None);
        let secret =
            arrow(ArrowError::CastError("Cannot cast string 'hunter2' to value of Int64 type".to_owned()));
        assert!(!failure_on_values(&secret).contains("hunter2"));
        let secret = DataFusionError::Execution("cannot read 'hunter2' as a 'path' of".to_owned());
        assert_eq!(failure_on_values(&secret), "cannot read … as a … of");
    }

    #[test]
    fn near_names_are_found() {
        let known = ["event_name", "event_source", "source_ip_address", "user_identity_arn", "date"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("eventName"), ["event_name"]);
        assert_eq!(near("event_nam"), ["event_name"]);
        assert_eq!(near("sourceipaddress"), ["source_ip_address"]);
        assert_eq!(near("arn"), ["user_identity_arn"]);
        assert_eq!(near("identity"), ["user_identity_arn"]);
        assert_eq!(near("s3"), [] as [&str; 0]);
        assert_eq!(near("dte"), ["date"]);
    }
}
