//! What DataFusion is taught about plans: to unnest lists beside their rows, and to ask of times what is asked of their text.

mod lateral_unnest;
mod time_text;

pub(super) use lateral_unnest::LateralUnnest;
pub(super) use time_text::TimeText;
