//! What functions have in common that look at one value, row by row, and at arguments which are the same in every row.
//!
//! Such arguments (a path, a pattern, a network) are made ready once for a batch.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanBuilder, Int64Builder, StringViewArray, StringViewBuilder,
    TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, exec_err, plan_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

/// Microseconds, UTC: the times of events.
pub(super) fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// A function of one value.
pub(super) trait Function: Debug + Clone + PartialEq + Eq + Hash + Send + Sync + 'static {
    /// What it looks at.
    type Input: Input;
    /// What it makes of its further arguments before it looks at any row.
    type Ready;
    /// What it answers.
    type Answer<'v>: Answer;

    fn name(&self) -> &'static str;

    /// How it is called, and what it does.
    fn documentation(&self) -> (&'static str, &'static str);

    /// How many arguments it takes behind the first.
    fn further(&self) -> RangeInclusive<usize> {
        0..=0
    }

    /// Makes the further arguments ready. What is wrong with them otherwise.
    fn ready(&self, further: &[&str]) -> Result<Self::Ready, String>;

    /// The answer; none for a value that it says nothing of.
    fn answer<'v>(
        &self,
        value: <Self::Input as Input>::Value<'v>,
        ready: &'v Self::Ready,
    ) -> Option<Self::Answer<'v>>;

    /// What gives the same answers with less work, for these arguments.
    fn simplify(&self, _arguments: &[Expr]) -> Option<Expr> {
        None
    }

    /// What a text that stands in the query itself is not, if it has no answer: that is a mistake, where it would be a value
    /// like others in a column.
    fn mistake(&self) -> Option<&'static str> {
        None
    }
}

/// What a function looks at.
pub(super) trait Input {
    type Value<'v>;
    type Column;

    fn data_type() -> DataType;
    /// Whether values of a type are taken for it.
    fn takes(data_type: &DataType) -> bool;
    fn column(array: &ArrayRef) -> &Self::Column;
    fn value(column: &Self::Column, row: usize) -> Option<Self::Value<'_>>;
}

/// Text.
#[derive(Debug)]
pub(super) struct Text;

impl Input for Text {
    type Value<'v> = &'v str;
    type Column = StringViewArray;

    fn data_type() -> DataType {
        DataType::Utf8View
    }

    fn takes(data_type: &DataType) -> bool {
        data_type.is_null()
            || data_type.is_string()
            || matches!(data_type, DataType::Dictionary(_, value) if value.is_string())
    }

    fn column(array: &ArrayRef) -> &StringViewArray {
        array.as_string_view()
    }

    fn value(column: &StringViewArray, row: usize) -> Option<&str> {
        column.is_valid(row).then(|| column.value(row))
    }
}

/// A moment; of a date, its midnight.
#[derive(Debug)]
pub(super) struct Moment;

impl Input for Moment {
    type Value<'v> = DateTime<Utc>;
    type Column = TimestampMicrosecondArray;

    fn data_type() -> DataType {
        instant()
    }

    fn takes(data_type: &DataType) -> bool {
        Text::takes(data_type)
            || matches!(data_type, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64)
    }

    fn column(array: &ArrayRef) -> &TimestampMicrosecondArray {
        array.as_primitive::<TimestampMicrosecondType>()
    }

    fn value(column: &TimestampMicrosecondArray, row: usize) -> Option<DateTime<Utc>> {
        let valid = column.is_valid(row);
        valid.then(|| DateTime::from_timestamp_micros(column.value(row))).flatten()
    }
}

/// What a function answers.
pub(super) trait Answer: Sized {
    fn data_type() -> DataType;
    fn column(answers: impl Iterator<Item = Option<Self>>) -> ArrayRef;
}

impl Answer for Cow<'_, str> {
    fn data_type() -> DataType {
        DataType::Utf8View
    }

    fn column(answers: impl Iterator<Item = Option<Self>>) -> ArrayRef {
        let mut builder = StringViewBuilder::new();
        answers.for_each(|answer| builder.append_option(answer));
        Arc::new(builder.finish())
    }
}

impl Answer for bool {
    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn column(answers: impl Iterator<Item = Option<Self>>) -> ArrayRef {
        let mut builder = BooleanBuilder::new();
        answers.for_each(|answer| builder.append_option(answer));
        Arc::new(builder.finish())
    }
}

impl Answer for i64 {
    fn data_type() -> DataType {
        DataType::Int64
    }

    fn column(answers: impl Iterator<Item = Option<Self>>) -> ArrayRef {
        let mut builder = Int64Builder::new();
        answers.for_each(|answer| builder.append_option(answer));
        Arc::new(builder.finish())
    }
}

impl Answer for DateTime<Utc> {
    fn data_type() -> DataType {
        instant()
    }

    fn column(answers: impl Iterator<Item = Option<Self>>) -> ArrayRef {
        let mut builder = TimestampMicrosecondBuilder::new().with_timezone("UTC");
        answers.for_each(|answer| builder.append_option(answer.map(|time| time.timestamp_micros())));
        Arc::new(builder.finish())
    }
}

/// A [`Function`] as DataFusion wants it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Scalar<F>(pub(super) F);

impl<F: Function> ScalarUDFImpl for Scalar<F> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        static COERCED: LazyLock<Signature> =
            LazyLock::new(|| Signature::user_defined(Volatility::Immutable));
        &COERCED
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [first, further @ ..] = given else { return self.misused() };
        if !F::Input::takes(first) || !self.0.further().contains(&further.len()) {
            return self.misused();
        }
        if !further
            .iter()
            .all(|further| Text::takes(further) || further.is_numeric() || *further == DataType::Boolean)
        {
            return self.misused();
        }
        Ok([F::Input::data_type()].into_iter().chain(further.iter().map(|_| DataType::Utf8View)).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(F::Answer::data_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ScalarFunctionArgs { args, number_rows, .. } = args;
        let [value, further @ ..] = args.as_slice() else { return self.misused() };
        // Of values that are all the same, one is looked at.
        let is_scalar = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_scalar { 1 } else { number_rows };
        let value = value.to_array(rows)?;
        let column = F::Input::column(&value);
        let answers = if further.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_))) {
            let further = further.iter().map(|arg| arg.to_array(1)).collect::<Result<Vec<_>>>()?;
            match self.ready(&further, 0)? {
                Some(ready) => {
                    let answer = |row| self.0.answer(F::Input::value(column, row)?, &ready);
                    F::Answer::column((0..rows).map(answer))
                }
                None => F::Answer::column((0..rows).map(|_| None)),
            }
        } else {
            let further = further.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<_>>>()?;
            // What stands there may be an event's, and is not said.
            let unsaid = |_| exec_datafusion_err!("{}: some row's arguments cannot be used", self.0.name());
            let ready =
                (0..rows).map(|row| self.ready(&further, row).map_err(unsaid)).collect::<Result<Vec<_>>>()?;
            let answer = |row: usize| self.0.answer(F::Input::value(column, row)?, ready[row].as_ref()?);
            F::Answer::column((0..rows).map(answer))
        };
        if is_scalar
            && let Some(mistake) = self.0.mistake()
            && args.iter().all(is_given)
            && answers.is_null(0)
        {
            return exec_err!("'{}' is {mistake}", given_text(&args[0]));
        }
        if is_scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answers, 0)?));
        }
        Ok(ColumnarValue::Array(answers))
    }

    fn simplify(&self, args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(match self.0.simplify(&args) {
            Some(simpler) => ExprSimplifyResult::Simplified(simpler),
            None => ExprSimplifyResult::Original(args),
        })
    }
}

fn is_given(argument: &ColumnarValue) -> bool {
    matches!(argument, ColumnarValue::Scalar(value) if !value.is_null())
}

fn given_text(argument: &ColumnarValue) -> &str {
    match argument {
        ColumnarValue::Scalar(value) => value.try_as_str().flatten().unwrap_or_default(),
        ColumnarValue::Array(_) => "",
    }
}

impl<F: Function> Scalar<F> {
    /// The further arguments of a row; none if one is NULL.
    fn ready(&self, further: &[ArrayRef], row: usize) -> Result<Option<F::Ready>> {
        let texts: Option<Vec<&str>> =
            further.iter().map(|column| Text::value(column.as_string_view(), row)).collect();
        let Some(texts) = texts else { return Ok(None) };
        let ready = self.0.ready(&texts);
        ready.map(Some).map_err(|wrong| exec_datafusion_err!("{}: {wrong}", self.0.name()))
    }

    fn misused<T>(&self) -> Result<T> {
        plan_err!("{} is called so: {}", self.0.name(), self.0.documentation().0)
    }
}
