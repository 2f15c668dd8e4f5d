//! The functions of SQL that DataFusion lacks: those that people's Athena and CloudTrail Lake queries use, by the names that
//! [Trino](https://trino.io/docs/current/functions.html) gives them; and some for addresses and ARNs.
//!
//! Functions on JSON by `->`, `->>` and `json_get...` are those of `datafusion-functions-json`.

mod arithmetic;
mod clock_format;
mod elements;
mod json;
mod json_path;
mod network;
mod scalar;
mod shape;
mod text;
mod time;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::logical_expr::{ScalarUDF, ScalarUDFImpl};
use datafusion::prelude::SessionContext;

pub(super) use json_path::JsonPath;
use scalar::Scalar;
pub(super) use time::{EVENT_TIME_TEXT, event_time_text};

/// Makes the functions known to a session.
pub(super) fn register(context: &mut SessionContext) -> Result<()> {
    datafusion_functions_json::register_all(context)?;
    for function in all() {
        context.register_udf(function);
    }
    Ok(())
}

/// The functions that are made here.
fn all() -> Vec<ScalarUDF> {
    let mut functions = vec![
        of(Scalar(json::Extract)),
        of(Scalar(json::ExtractScalar)),
        of(Scalar(json::ArrayLength)),
        of(Scalar(json::ArrayGet)),
        of(Scalar(json::ArrayContains)),
        of(Scalar(json::Size)),
        of(Scalar(json::Valid::Parse)),
        of(Scalar(json::Valid::Format)),
        of(Scalar(json::IsScalar)),
        of(json::TextList::default()),
        of(json::Object::default()),
        of(Scalar(network::InCidr)),
        of(Scalar(network::IsPrivate)),
        of(Scalar(network::Number)),
        of(Scalar(network::ArnPart)),
        of(Scalar(text::RegexpExtract)),
        of(Scalar(time::FromIso8601)),
        of(Scalar(time::DateParse)),
        of(Scalar(time::PayloadTime)),
        of(Scalar(time::DateFormat)),
        of(Scalar(time::EventTimeText)),
        of(Scalar(time::ToIso8601)),
        of(arithmetic::DateAdd::default()),
        of(arithmetic::DateDiff::default()),
        of(shape::Resources::Athena),
        of(shape::Resources::Lake),
        of(shape::EventJson),
        // These take the places of DataFusion's, which know maps and text alone.
        of(elements::ElementAt::default()),
        of(elements::Contains::default()),
        of(elements::MapKeys::default()),
    ];
    functions.extend(network::UrlPart::ALL.map(|part| of(Scalar(part))));
    functions.extend(time::Part::ALL.map(|part| of(Scalar(part))));
    functions
}

fn of(function: impl ScalarUDFImpl + 'static) -> ScalarUDF {
    ScalarUDF::new_from_shared_impl(Arc::new(function))
}

#[cfg(test)]
mod tests;
