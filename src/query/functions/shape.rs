//! What the views make of events: their resources under AWS's names, and the whole event as JSON.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, GenericListArray, RecordBatch, StringViewBuilder, StructArray,
};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use datafusion::common::{Result, exec_datafusion_err, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use crate::table::Restorer;

/// `athena_resources` and `lake_resources`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Resources {
    /// Those that Athena's table has, in its order.
    Athena,
    /// Those of a data store of CloudTrail Lake.
    Lake,
}

impl Resources {
    /// Names there, and in `events`.
    fn members(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Athena => &[("arn", "arn"), ("accountid", "account_id"), ("type", "type")],
            Self::Lake => {
                &[("accountid", "account_id"), ("type", "type"), ("arn", "arn"), ("arnprefix", "arn_prefix")]
            }
        }
    }

    fn element(&self) -> FieldRef {
        let members = self.members().iter().map(|(name, _)| Field::new(*name, DataType::Utf8, true));
        Arc::new(Field::new_list_field(DataType::Struct(members.collect()), true))
    }
}

static ANY: LazyLock<Signature> = LazyLock::new(|| Signature::variadic_any(Volatility::Immutable));

impl ScalarUDFImpl for Resources {
    fn name(&self) -> &str {
        match self {
            Self::Athena => "athena_resources",
            Self::Lake => "lake_resources",
        }
    }

    fn signature(&self) -> &Signature {
        &ANY
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(self.element()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [resources] = args.args.as_slice() else { return plan_err!("{} takes resources", self.name()) };
        let resources = resources.to_array(args.number_rows)?;
        let Some(resources) = resources.as_list_opt::<i32>() else {
            return exec_err!("{} takes the resources of events", self.name());
        };
        let Some(elements) = resources.values().as_struct_opt() else {
            return exec_err!("{} takes the resources of events", self.name());
        };
        let members = self.members().iter().map(|(_, name)| {
            let column: Option<&ArrayRef> = elements.column_by_name(name);
            column.cloned().ok_or_else(|| exec_datafusion_err!("resources have no {name}"))
        });
        let element = self.element();
        let DataType::Struct(fields) = element.data_type().clone() else {
            return exec_err!("{} makes structs", self.name());
        };
        let renamed =
            StructArray::try_new(fields, members.collect::<Result<_>>()?, elements.nulls().cloned())?;
        let list = GenericListArray::try_new(
            element,
            resources.offsets().clone(),
            Arc::new(renamed),
            resources.nulls().cloned(),
        )?;
        Ok(ColumnarValue::Array(Arc::new(list)))
    }
}

/// `event_json`: the event as it was, of the columns that hold it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct EventJson;

impl ScalarUDFImpl for EventJson {
    fn name(&self) -> &str {
        "event_json"
    }

    fn signature(&self) -> &Signature {
        &ANY
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns =
            args.args.iter().map(|arg| arg.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        let fields = Restorer::columns().zip(&columns);
        let fields: Fields =
            fields.map(|(name, column)| Field::new(name, column.data_type().clone(), true)).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        let failed = |error| exec_datafusion_err!("event_json: {error}");
        let restorer = Restorer::try_new(&batch).map_err(failed)?;
        let mut events = StringViewBuilder::new();
        let mut event = Vec::new();
        for row in 0..batch.num_rows() {
            event.clear();
            restorer.write(row, &mut event).map_err(failed)?;
            events.append_value(String::from_utf8_lossy(&event));
        }
        Ok(ColumnarValue::Array(Arc::new(events.finish())))
    }
}
