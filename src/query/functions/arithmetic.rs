//! `date_add` and `date_diff`, [as Trino has them](https://trino.io/docs/current/functions/datetime.html#interval-functions).

use std::sync::Arc;

use chrono::{DateTime, Months, TimeDelta, Utc};
use datafusion::arrow::array::{Array as _, AsArray as _, Int64Array, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_datafusion_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::scalar::{Input as _, Moment, Text, instant};

/// What is counted.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Fixed(TimeDelta),
    Months(i64),
}

impl Unit {
    fn parse(text: &str) -> Result<Self> {
        Ok(match text.to_ascii_lowercase().trim_end_matches('s') {
            "millisecond" => Self::Fixed(TimeDelta::milliseconds(1)),
            "second" => Self::Fixed(TimeDelta::seconds(1)),
            "minute" => Self::Fixed(TimeDelta::minutes(1)),
            "hour" => Self::Fixed(TimeDelta::hours(1)),
            "day" => Self::Fixed(TimeDelta::days(1)),
            "week" => Self::Fixed(TimeDelta::weeks(1)),
            "month" => Self::Months(1),
            "quarter" => Self::Months(3),
            "year" => Self::Months(12),
            _ => {
                // What stands there may be an event's, and is not said.
                return Err(exec_datafusion_err!(
                    "no such unit of time; there are millisecond, second, minute, hour, day, week, month, quarter \
                     and year"
                ));
            }
        })
    }

    /// A time that much later. None beyond the calendar.
    fn add(self, time: DateTime<Utc>, count: i64) -> Option<DateTime<Utc>> {
        match self {
            Self::Fixed(unit) => {
                let milliseconds = unit.num_milliseconds().checked_mul(count)?;
                time.checked_add_signed(TimeDelta::try_milliseconds(milliseconds)?)
            }
            Self::Months(unit) => {
                let months = unit.checked_mul(count)?;
                let size = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
                if months < 0 { time.checked_sub_months(size) } else { time.checked_add_months(size) }
            }
        }
    }

    /// How many whole ones lie between two times; fewer than none if the second is the earlier.
    fn between(self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<i64> {
        match self {
            Self::Fixed(unit) => {
                let micros = to.timestamp_micros().checked_sub(from.timestamp_micros())?;
                Some(micros / unit.num_microseconds()?)
            }
            Self::Months(unit) => {
                let (early, late, sign) = if from <= to { (from, to, 1) } else { (to, from, -1) };
                // An estimate that is one too many at most.
                let days = (late - early).num_days();
                let mut count = days / (28 * unit) + 1;
                while self.add(early, count)? > late {
                    count -= 1;
                }
                Some(sign * count)
            }
        }
    }
}

/// `date_add`
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DateAdd {
    signature: Signature,
}

/// `date_diff`
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DateDiff {
    signature: Signature,
}

impl Default for DateAdd {
    fn default() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl Default for DateDiff {
    fn default() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

const ADD: &str = "date_add('day', -7, time)";
const DIFF: &str = "date_diff('hour', earlier, later)";

impl ScalarUDFImpl for DateAdd {
    fn name(&self) -> &str {
        "date_add"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [unit, count, time] if Text::takes(unit) && count.is_integer() && Moment::takes(time) => {
                Ok(vec![DataType::Utf8View, DataType::Int64, instant()])
            }
            _ => plan_err!("date_add is called so: {ADD}"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(instant())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let (units, counts) = (arrays[0].as_string_view(), arrays[1].as_primitive::<Int64Type>());
        let times = Moment::column(&arrays[2]);
        let answer = |row: usize| -> Result<Option<i64>> {
            let (Some(unit), Some(time)) = (Text::value(units, row), Moment::value(times, row)) else {
                return Ok(None);
            };
            let unit = Unit::parse(unit)?;
            let count = counts.is_valid(row).then(|| counts.value(row));
            Ok(count.and_then(|count| unit.add(time, count)).map(|time| time.timestamp_micros()))
        };
        let answers: TimestampMicrosecondArray = (0..times.len()).map(answer).collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(answers.with_timezone("UTC"))))
    }
}

impl ScalarUDFImpl for DateDiff {
    fn name(&self) -> &str {
        "date_diff"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [unit, from, to] if Text::takes(unit) && Moment::takes(from) && Moment::takes(to) => {
                Ok(vec![DataType::Utf8View, instant(), instant()])
            }
            _ => plan_err!("date_diff is called so: {DIFF}"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let units = arrays[0].as_string_view();
        let (from, to) = (Moment::column(&arrays[1]), Moment::column(&arrays[2]));
        let answer = |row: usize| -> Result<Option<i64>> {
            let (Some(unit), Some(from), Some(to)) =
                (Text::value(units, row), Moment::value(from, row), Moment::value(to, row))
            else {
                return Ok(None);
            };
            Ok(Unit::parse(unit)?.between(from, to))
        };
        let answers: Int64Array = (0..units.len()).map(answer).collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(answers)))
    }
}
