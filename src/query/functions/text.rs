//! Functions on text.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use regex::Regex;

use super::scalar::{Function, Text};

/// `regexp_extract`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RegexpExtract;

impl Function for RegexpExtract {
    type Input = Text;
    type Ready = (Regex, usize);
    type Answer<'v> = Cow<'v, str>;

    fn name(&self) -> &'static str {
        "regexp_extract"
    }

    fn documentation(&self) -> (&'static str, &'static str) {
        (
            "regexp_extract(text, pattern [, group])",
            "What a regular expression first matches, or what the group of that number matches there.",
        )
    }

    fn further(&self) -> RangeInclusive<usize> {
        1..=2
    }

    fn ready(&self, further: &[&str]) -> Result<Self::Ready, String> {
        let pattern = Regex::new(further[0]).map_err(|error| error.to_string())?;
        let group = match further.get(1) {
            None => 0,
            Some(group) => group.parse().map_err(|_| "the group is a whole number".to_owned())?,
        };
        if group >= pattern.captures_len() {
            return Err(format!("the pattern has no group {group}"));
        }
        Ok((pattern, group))
    }

    fn answer<'v>(&self, text: &'v str, (pattern, group): &'v Self::Ready) -> Option<Cow<'v, str>> {
        let found = match group {
            0 => pattern.find(text)?,
            group => pattern.captures(text)?.get(*group)?,
        };
        Some(Cow::Borrowed(found.as_str()))
    }
}
