//! Functions on times. Those of events are UTC, and so are all times here.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike as _, SecondsFormat, Timelike as _, Utc};
use datafusion::arrow::compute::kernels::cast_utils::string_to_datetime;
use datafusion::common::Result;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::ScalarFunction;

use super::clock_format::ClockFormat;
use super::scalar::{Function, Moment, Text};

/// The name of [`EventTimeText`].
pub(in crate::query) const EVENT_TIME_TEXT: &str = "event_time_text";

/// `from_iso8601_timestamp`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct FromIso8601;

impl Function for FromIso8601 {
    type Input = Text;
    type Ready = ();
    type Answer<'v> = DateTime<Utc>;

    fn name(&self) -> &'static str {
        "from_iso8601_timestamp"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        ("from_iso8601_timestamp(text)", "The time that a text such as 2025-03-01T08:30:00Z tells.")
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer<'v>(&self, text: &'v str, (): &'v ()) -> Option<DateTime<Utc>> {
        iso8601(text.trim())
    }

    fn simplify(&self, arguments: &[Expr]) -> Option<Expr> {
        of_event_time_text(arguments.first()?)
    }

    fn mistake(&self) -> Option<&'static str> {
        Some("no time of ISO 8601; one is 2025-03-01T08:30:00Z")
    }
}

/// A time of ISO 8601, which may end with the month, the day, the hour or the minute.
fn iso8601(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = string_to_datetime(&Utc, text) {
        return Some(time);
    }
    let (clock, zone) = match text.strip_suffix('Z') {
        Some(clock) => (clock, "Z"),
        None => (text, "Z"),
    };
    // Up to where a shorter text is right: 2025, 2025-03, 2025-03-01, 2025-03-01T10, 2025-03-01T10:20.
    let rest = "0000-01-01T00:00:00".get(clock.len()..)?;
    let is_right = [4, 7, 10, 13, 16].contains(&clock.len()) && clock.is_ascii();
    is_right.then(|| string_to_datetime(&Utc, &format!("{clock}{rest}{zone}")).ok()).flatten()
}

/// `payload_time`: a time as payloads hold it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PayloadTime;

impl Function for PayloadTime {
    type Input = Text;
    type Ready = ();
    type Answer<'v> = DateTime<Utc>;

    fn name(&self) -> &'static str {
        "payload_time"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "payload_time(text)",
            "The time that a text in a payload tells: ISO 8601, or seconds or milliseconds since 1970.",
        )
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer<'v>(&self, text: &'v str, (): &'v ()) -> Option<DateTime<Utc>> {
        /// As seconds, this would be the year 5138.
        const MILLISECONDS_FROM: f64 = 1e11;
        if let Some(number) = text.parse::<f64>().ok().filter(|number| number.is_finite()) {
            let seconds = if number >= MILLISECONDS_FROM { number / 1e3 } else { number };
            return DateTime::from_timestamp_micros((seconds * 1e6) as i64);
        }
        let iso = string_to_datetime(&Utc, text).ok();
        // Java's way to write an offset.
        iso.or_else(|| {
            DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|time| time.to_utc())
        })
    }
}

/// `date_parse`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DateParse;

impl Function for DateParse {
    type Input = Text;
    type Ready = ClockFormat;
    type Answer<'v> = DateTime<Utc>;

    fn name(&self) -> &'static str {
        "date_parse"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        ("date_parse(text, '%Y-%m-%dT%H:%i:%sZ')", "The time that a text tells in a format of MySQL.")
    }

    fn further(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn ready(&self, further: &[&str]) -> Result<ClockFormat, String> {
        ClockFormat::parse(further[0])
    }

    fn answer<'v>(&self, text: &'v str, format: &'v ClockFormat) -> Option<DateTime<Utc>> {
        format.read(text)
    }

    fn simplify(&self, arguments: &[Expr]) -> Option<Expr> {
        let [text, Expr::Literal(format, _)] = arguments else { return None };
        let is_iso =
            ["%Y-%m-%dT%H:%i:%sZ", "%Y-%m-%dT%TZ", "%Y-%m-%dT%H:%i:%SZ"].contains(&format.try_as_str()??);
        of_event_time_text(text).filter(|_| is_iso)
    }

    fn mistake(&self) -> Option<&'static str> {
        Some("no time of that format")
    }
}

/// `date_format`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DateFormat;

impl Function for DateFormat {
    type Input = Moment;
    type Ready = ClockFormat;
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        "date_format"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "date_format(time, '%Y-%m-%d %H:%i:%s')",
            "A time as text, in a format of MySQL; to_char takes those of strftime.",
        )
    }

    fn further(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn ready(&self, further: &[&str]) -> Result<ClockFormat, String> {
        ClockFormat::parse(further[0])
    }

    fn answer<'v>(&self, time: DateTime<Utc>, format: &'v ClockFormat) -> Option<Cow<'v, str>> {
        format.write(time).map(Cow::Owned)
    }
}

/// `event_time_text`: the time of an event as CloudTrail writes it. In whole seconds, so that the order of texts is that of
/// times, and what is asked of the text can be asked of the time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct EventTimeText;

impl Function for EventTimeText {
    type Input = Moment;
    type Ready = ();
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        EVENT_TIME_TEXT
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        ("event_time_text(time)", "A time in whole seconds as CloudTrail writes it: 2025-03-01T08:30:00Z.")
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer<'v>(&self, time: DateTime<Utc>, (): &'v ()) -> Option<Cow<'v, str>> {
        Some(Cow::Owned(event_time_text(time)))
    }
}

/// A time as CloudTrail writes it.
pub(in crate::query) fn event_time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What `event_time_text` was given, if a column's values come from it.
fn of_event_time_text(text: &Expr) -> Option<Expr> {
    match text {
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == EVENT_TIME_TEXT => {
            args.first().cloned()
        }
        Expr::Cast(cast) if cast.field.data_type().is_string() => of_event_time_text(&cast.expr),
        _ => None,
    }
}

/// `to_iso8601`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ToIso8601;

impl Function for ToIso8601 {
    type Input = Moment;
    type Ready = ();
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        "to_iso8601"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "to_iso8601(time)",
            "A time as text: 2025-03-01T08:30:00Z, with as many digits of seconds as it has.",
        )
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer<'v>(&self, time: DateTime<Utc>, (): &'v ()) -> Option<Cow<'v, str>> {
        Some(Cow::Owned(time.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
    }
}

/// Parts of a time, each a function of its own name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hour,
    Minute,
    Second,
}

impl Part {
    pub(super) const ALL: [Self; 11] = [
        Self::Year,
        Self::Quarter,
        Self::Month,
        Self::Week,
        Self::Day,
        Self::DayOfMonth,
        Self::DayOfWeek,
        Self::DayOfYear,
        Self::Hour,
        Self::Minute,
        Self::Second,
    ];
}

impl Function for Part {
    type Input = Moment;
    type Ready = ();
    type Answer<'v> = i64;

    fn name(&self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Quarter => "quarter",
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
            Self::DayOfMonth => "day_of_month",
            Self::DayOfWeek => "day_of_week",
            Self::DayOfYear => "day_of_year",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
        }
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        match self {
            Self::Year => ("year(time)", "The year."),
            Self::Quarter => ("quarter(time)", "The quarter of the year, from 1."),
            Self::Month => ("month(time)", "The month, from 1."),
            Self::Week => ("week(time)", "The week of the year, as ISO 8601 counts them."),
            Self::Day => ("day(time)", "The day of the month, from 1."),
            Self::DayOfMonth => ("day_of_month(time)", "The day of the month, from 1."),
            Self::DayOfWeek => {
                ("day_of_week(time)", "The day of the week, from 1 for Monday to 7 for Sunday.")
            }
            Self::DayOfYear => ("day_of_year(time)", "The day of the year, from 1."),
            Self::Hour => ("hour(time)", "The hour of the day, from 0."),
            Self::Minute => ("minute(time)", "The minute of the hour, from 0."),
            Self::Second => ("second(time)", "The second of the minute, from 0."),
        }
    }

    fn ready(&self, _: &[&str]) -> Result<(), String> {
        Ok(())
    }

    fn answer(&self, time: DateTime<Utc>, (): &()) -> Option<i64> {
        Some(i64::from(match self {
            Self::Year => return Some(time.year().into()),
            Self::Quarter => time.quarter(),
            Self::Month => time.month(),
            Self::Week => time.iso_week().week(),
            Self::Day | Self::DayOfMonth => time.day(),
            Self::DayOfWeek => time.weekday().number_from_monday(),
            Self::DayOfYear => time.ordinal(),
            Self::Hour => time.hour(),
            Self::Minute => time.minute(),
            Self::Second => time.second(),
        }))
    }
}
