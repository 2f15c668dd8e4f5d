//! stub
use std::path::Path;
pub struct Options {
    pub events: u64,
    pub seed: u64,
    pub files: Option<u64>,
    pub start: chrono::NaiveDate,
    pub days: u32,
    pub duplicate_percent: f64,
    pub damaged_percent: f64,
}
#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct Error;
pub struct Ev {
    pub read: u64,
}
pub struct Truth {
    pub objects: u64,
    pub events: Ev,
}
pub fn generate(_: &Options, _: &Path, _: &dyn Fn(u64)) -> Result<Truth, Error> {
    Err(Error)
}
