//! Functions on JSON text, as [Trino has them](https://trino.io/docs/current/functions/json.html). What is no JSON, or lacks
//! what is asked for, gives NULL.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, AsArray as _, ListBuilder, StringViewBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use serde::de::IgnoredAny;

use super::json_path::{self, JsonPath};
use super::scalar::{Function, Text};

/// `json_extract`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Extract;

impl Function for Extract {
    type Input = Text;
    type Ready = JsonPath;
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        "json_extract"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        ("json_extract(json, '$.path')", "The value at a path, as JSON text.")
    }

    fn further(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn ready(&self, further: &[&str]) -> Result<JsonPath, String> {
        JsonPath::parse(further[0])
    }

    fn answer<'v>(&self, json: &'v str, path: &'v JsonPath) -> Option<Cow<'v, str>> {
        path.find(json)
    }
}

/// `json_extract_scalar`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ExtractScalar;

impl Function for ExtractScalar {
    type Input = Text;
    type Ready = JsonPath;
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        "json_extract_scalar"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "json_extract_scalar(json, '$.path')",
            "The text, number or boolean at a path, as text; NULL for an object, an array or null.",
        )
    }

    fn further(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn ready(&self, further: &[&str]) -> Result<JsonPath, String> {
        JsonPath::parse(further[0])
    }

    fn answer<'v>(&self, json: &'v str, path: &'v JsonPath) -> Option<Cow<'v, str>> {
        match path.find(json)? {
            Cow::Borrowed(found) => json_path::scalar(found),
            // An array.
            Cow::Owned(_) => None,
        }
    }
}

/// `json_array_length`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ArrayLength;

impl Function for ArrayLength {
    type Input = Text;
    type Ready = ();
    type Answer<'v> = i64;

    fn name(&self) -> &'static str {
        "json_array_length"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        ("json_array_length(json)", "How many elements an array has; NULL for what is no array.")
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer<'v>(&self, json: &'v str, (): &'v ()) -> Option<i64> {
        Some(serde_json::from_str::<Vec<IgnoredAny>>(json).ok()?.len() as i64)
    }
}

/// `json_array_get`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ArrayGet;

impl Function for ArrayGet {
    type Input = Text;
    type Ready = i64;
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        "json_array_get"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "json_array_get(json, index)",
            "The element of an array at an index from 0, or from the end if it is negative, as JSON text.",
        )
    }

    fn further(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn ready(&self, further: &[&str]) -> Result<i64, String> {
        further[0].parse().map_err(|_| "the index is a whole number".to_owned())
    }

    fn answer<'v>(&self, json: &'v str, index: &'v i64) -> Option<Cow<'v, str>> {
        let elements = json_path::elements(json)?;
        let from_start = usize::try_from(*index).ok();
        let from_end = || elements.len().checked_sub(index.unsigned_abs() as usize);
        elements.get(from_start.or_else(from_end)?).map(|json| Cow::Borrowed(*json))
    }
}

/// `json_array_contains`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ArrayContains;

impl Function for ArrayContains {
    type Input = Text;
    type Ready = String;
    type Answer<'v> = bool;

    fn name(&self) -> &'static str {
        "json_array_contains"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        ("json_array_contains(json, value)", "Whether an array holds a text, number or boolean.")
    }

    fn further(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn ready(&self, further: &[&str]) -> Result<String, String> {
        Ok(further[0].to_owned())
    }

    fn answer<'v>(&self, json: &'v str, value: &'v String) -> Option<bool> {
        let same = |element: &&str| json_path::scalar(element).is_some_and(|text| text == value.as_str());
        Some(json_path::elements(json)?.iter().any(same))
    }
}

/// `json_size`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Size;

impl Function for Size {
    type Input = Text;
    type Ready = JsonPath;
    type Answer<'v> = i64;

    fn name(&self) -> &'static str {
        "json_size"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "json_size(json, '$.path')",
            "How many elements the array or object at a path has; 0 for another value.",
        )
    }

    fn further(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn ready(&self, further: &[&str]) -> Result<JsonPath, String> {
        JsonPath::parse(further[0])
    }

    fn answer<'v>(&self, json: &'v str, path: &'v JsonPath) -> Option<i64> {
        let found = path.find(json)?;
        let size = match found.as_bytes().first()? {
            b'[' => serde_json::from_str::<Vec<IgnoredAny>>(&found).ok()?.len(),
            b'{' => serde_json::from_str::<HashMap<Cow<'_, str>, IgnoredAny>>(&found).ok()?.len(),
            _ => 0,
        };
        Some(size as i64)
    }
}

/// `json_parse` and `json_format`: JSON is text here already.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Valid {
    Parse,
    Format,
}

impl Function for Valid {
    type Input = Text;
    type Ready = ();
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        match self {
            Self::Parse => "json_parse",
            Self::Format => "json_format",
        }
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        const DOES: &str = "The text as it is, if it is JSON.";
        match self {
            Self::Parse => ("json_parse(text)", DOES),
            Self::Format => ("json_format(json)", DOES),
        }
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer<'v>(&self, json: &'v str, (): &'v ()) -> Option<Cow<'v, str>> {
        serde_json::from_str::<IgnoredAny>(json).is_ok().then_some(Cow::Borrowed(json))
    }
}

/// `json_text_list`: what `CAST(json AS ARRAY(VARCHAR))` and `CAST(json AS ARRAY(JSON))` are in Trino.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct TextList {
    signature: Signature,
}

impl Default for TextList {
    fn default() -> Self {
        Self { signature: Signature::string(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for TextList {
    fn name(&self) -> &str {
        "json_text_list"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let json = args.args[0].to_array(args.number_rows)?;
        let json = cast(&json, &DataType::Utf8View)?;
        let json = json.as_string_view();
        let mut lists = ListBuilder::new(StringViewBuilder::new());
        for row in 0..json.len() {
            let elements = json.is_valid(row).then(|| json_path::elements(json.value(row))).flatten();
            for element in elements.iter().flatten() {
                lists.values().append_option(json_path::any(element));
            }
            lists.append(elements.is_some());
        }
        Ok(ColumnarValue::Array(Arc::new(lists.finish())))
    }
}

/// `is_json_scalar`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct IsScalar;

impl Function for IsScalar {
    type Input = Text;
    type Ready = ();
    type Answer<'v> = bool;

    fn name(&self) -> &'static str {
        "is_json_scalar"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "is_json_scalar(json)",
            "Whether a value is a text, number, boolean or null: no object and no array.",
        )
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer<'v>(&self, json: &'v str, (): &'v ()) -> Option<bool> {
        // Scalars out of JSON are texts without quotes here.
        Some(!json.trim_start().starts_with(['{', '[']))
    }
}

/// `json_object`: what a map of CloudTrail Lake is here.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Object {
    signature: Signature,
}

impl Default for Object {
    fn default() -> Self {
        Self { signature: Signature::variadic(vec![DataType::Utf8View], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Object {
    fn name(&self) -> &str {
        "json_object"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    /// `json_object(key, text, key, text, ...)`: without keys whose text is NULL, and NULL if none is left.
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns =
            args.args.iter().map(|arg| arg.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        let mut objects = StringViewBuilder::new();
        for row in 0..args.number_rows {
            let text = |column: usize| {
                let column = columns[column].as_string_view();
                column.is_valid(row).then(|| column.value(row))
            };
            let pairs =
                (0..columns.len() / 2).filter_map(|pair| Some((text(2 * pair)?, text(2 * pair + 1)?)));
            let pairs: Vec<String> =
                pairs.map(|(key, text)| format!("{}:{}", quoted(key), quoted(text))).collect();
            objects.append_option((!pairs.is_empty()).then(|| format!("{{{}}}", pairs.join(","))));
        }
        Ok(ColumnarValue::Array(Arc::new(objects.finish())))
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
