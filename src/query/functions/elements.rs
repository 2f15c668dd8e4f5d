//! `element_at`, `contains` and `map_keys`, which Trino has for more types than DataFusion.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray as _, StringViewBuilder};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_nested::expr_fn::{array_element, array_has, map_extract};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, cast, lit,
};
use datafusion_functions_json::udfs::json_object_keys_udf;

use super::json_path::{self, JsonPath};
use super::scalar::{Input as _, Text};

/// `element_at`
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ElementAt {
    signature: Signature,
}

impl Default for ElementAt {
    fn default() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

const SYNTAX: &str = "element_at(json, 'key')";

/// A member of a struct, by its name in whatever case: AWS writes it in camel case.
fn member<'f>(fields: &'f Fields, name: &str) -> Result<&'f FieldRef> {
    match fields.iter().find(|field| field.name().eq_ignore_ascii_case(name)) {
        Some(field) => Ok(field),
        None => plan_err!("the struct has no member {name}"),
    }
}

impl ScalarUDFImpl for ElementAt {
    fn name(&self) -> &str {
        "element_at"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [text, key] if Text::takes(text) && (Text::takes(key) || key.is_integer()) => {
                Ok(vec![DataType::Utf8View, DataType::Utf8View])
            }
            [list @ (DataType::List(_) | DataType::LargeList(_)), index] if index.is_integer() => {
                Ok(vec![list.clone(), DataType::Int64])
            }
            [members @ DataType::Struct(_), name] if Text::takes(name) => {
                Ok(vec![members.clone(), DataType::Utf8])
            }
            [map @ DataType::Map(entries, _), _] => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => {
                    Ok(vec![map.clone(), fields[0].data_type().clone()])
                }
                _ => plan_err!("element_at is called so: {SYNTAX}"),
            },
            _ => plan_err!("element_at is called so: {SYNTAX}, element_at(list, 1) or element_at(map, key)"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("element_at has its type from its arguments")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let answer = match args.arg_fields[0].data_type() {
            DataType::Struct(fields) => {
                match args.scalar_arguments[1].and_then(ScalarValue::try_as_str).flatten() {
                    Some(name) => member(fields, name)?.data_type().clone(),
                    None => return plan_err!("element_at of a struct takes the name of a member"),
                }
            }
            DataType::List(element) | DataType::LargeList(element) => element.data_type().clone(),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) => fields[1].data_type().clone(),
                other => return plan_err!("{other} is no map"),
            },
            _ => DataType::Utf8View,
        };
        Ok(Arc::new(Field::new(self.name(), answer, true)))
    }

    /// Lists, maps and structs have functions of DataFusion's.
    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let [value, key] =
            <[Expr; 2]>::try_from(args).or_else(|_| plan_err!("element_at is called so: {SYNTAX}"))?;
        Ok(match info.get_data_type(&value)? {
            DataType::Struct(fields) => match &key {
                Expr::Literal(name, _) => {
                    let name = name.try_as_str().flatten().unwrap_or_default();
                    ExprSimplifyResult::Simplified(get_field(value, member(&fields, name)?.name()))
                }
                _ => return plan_err!("element_at of a struct takes the name of a member"),
            },
            DataType::List(_) | DataType::LargeList(_) => {
                ExprSimplifyResult::Simplified(array_element(value, key))
            }
            DataType::Map(..) => {
                let found = map_extract(value, key);
                ExprSimplifyResult::Simplified(array_element(found, cast(lit(1), DataType::Int64)))
            }
            _ => ExprSimplifyResult::Original(vec![value, key]),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value, key] = args.args.as_slice() else {
            return exec_err!("element_at is called so: {SYNTAX}");
        };
        if value.data_type() != DataType::Utf8View {
            return exec_err!("element_at of lists and maps is to be replaced before it is run");
        }
        let rows = args.number_rows;
        let (value, keys) = (value.to_array(rows)?, key.to_array(rows)?);
        let (value, keys) = (value.as_string_view(), keys.as_string_view());
        let mut found = StringViewBuilder::new();
        // The key is mostly the same in all rows.
        let mut last: Option<(&str, JsonPath, Option<JsonPath>)> = None;
        for row in 0..rows {
            let (Some(json), Some(key)) = (Text::value(value, row), Text::value(keys, row)) else {
                found.append_null();
                continue;
            };
            if last.as_ref().is_none_or(|(last, ..)| *last != key) {
                // Lists are counted from one.
                let index = key.parse::<usize>().ok().and_then(|index| index.checked_sub(1));
                last = Some((key, JsonPath::key(key), index.map(JsonPath::index)));
            }
            let path = last.as_ref().and_then(|(_, key, index)| match json.trim_start().starts_with('[') {
                true => index.as_ref(),
                false => Some(key),
            });
            found.append_option(path.and_then(|path| path.find(json)).as_deref().and_then(json_path::any));
        }
        Ok(ColumnarValue::Array(Arc::new(found.finish())))
    }
}

/// `contains`, of a list; of a text, DataFusion's.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Contains {
    signature: Signature,
}

impl Default for Contains {
    fn default() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Contains {
    fn name(&self) -> &str {
        "contains"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [list @ (DataType::List(element) | DataType::LargeList(element)), value] => {
                match comparison_coercion(element.data_type(), value) {
                    Some(common) if common == *element.data_type() => Ok(vec![list.clone(), common]),
                    Some(common) => Ok(vec![DataType::new_list(common.clone(), true), common]),
                    None => plan_err!("contains looks for a value of the type that the list's elements have"),
                }
            }
            [text, part] if Text::takes(text) && Text::takes(part) => {
                Ok(vec![DataType::Utf8View, DataType::Utf8View])
            }
            _ => plan_err!("contains is called so: contains(list, element) or contains(text, part)"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let [whole, part] =
            <[Expr; 2]>::try_from(args).or_else(|_| plan_err!("contains takes two arguments"))?;
        Ok(ExprSimplifyResult::Simplified(match info.get_data_type(&whole)? {
            DataType::List(_) | DataType::LargeList(_) => array_has(whole, part),
            _ => datafusion::functions::string::expr_fn::contains(whole, part),
        }))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        exec_err!("contains is to be replaced before it is run")
    }
}

/// `map_keys`, of JSON text; of a map, DataFusion's.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct MapKeys {
    signature: Signature,
}

impl Default for MapKeys {
    fn default() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for MapKeys {
    fn name(&self) -> &str {
        "map_keys"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        match &given[0] {
            DataType::Map(..) => datafusion::functions_nested::map_keys::map_keys_udf().return_type(given),
            text if Text::takes(text) => json_object_keys_udf().return_type(given),
            _ => plan_err!("map_keys is called so: map_keys(json) or map_keys(map)"),
        }
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let keys = match info.get_data_type(&args[0])? {
            DataType::Map(..) => datafusion::functions_nested::map_keys::map_keys_udf(),
            _ => json_object_keys_udf(),
        };
        Ok(ExprSimplifyResult::Simplified(keys.call(args)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        exec_err!("map_keys is to be replaced before it is run")
    }
}
