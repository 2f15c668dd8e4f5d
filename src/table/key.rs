//! What makes two events the same.
//!
//! CloudTrail delivers at least once, and several trails deliver the same event. Copies agree in id, source, name,
//! time and recipient account. The id alone does not tell: AWS's own published examples reuse ids across services.
//! An event without an id, or without a readable time, is the same as another only if the whole record is, however
//! its keys are ordered.

use super::column::id;
use super::row::Row;
use crate::decode::{Event, canonical};

/// Equal for copies of one event, and only for them: 128 bits of BLAKE3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventKey(pub u128);

/// The fields that copies of an event agree in, as the table holds them.
#[derive(Debug, Clone, Copy)]
pub struct KeyFields<'a> {
    /// `event_id`; not empty.
    pub event_id: &'a str,
    /// `event_time`, microseconds since 1970.
    pub event_time: i64,
    /// `event_source`
    pub event_source: &'a str,
    /// `event_name`
    pub event_name: &'a str,
    /// `recipient_account_id`, else `user_identity_account_id`.
    pub account: &'a str,
}

impl EventKey {
    /// The key of `event`, flattened to `row`.
    pub fn new(event: &Event<'_>, row: &Row<'_>) -> Self {
        let (Some(event_id), Some(event_time)) = (row.filled_text(id::EVENT_ID), row.integer(id::EVENT_TIME))
        else {
            let mut record = Vec::with_capacity(2 * event.text().len());
            canonical::write(event.value(), &mut record);
            return Self::of_bytes(blake3::Hasher::new().update(b"record").update(&record));
        };
        let account = row
            .filled_text(id::RECIPIENT_ACCOUNT_ID)
            .or_else(|| row.filled_text(id::USER_IDENTITY_ACCOUNT_ID))
            .unwrap_or_default();
        Self::of_fields(KeyFields {
            event_id,
            event_time,
            event_source: row.text(id::EVENT_SOURCE).unwrap_or_default(),
            event_name: row.text(id::EVENT_NAME).unwrap_or_default(),
            account,
        })
    }

    /// The key of an event with an id and a time.
    pub fn of_fields(fields: KeyFields<'_>) -> Self {
        let mut bytes = Vec::with_capacity(192);
        bytes.extend_from_slice(&fields.event_time.to_le_bytes());
        for text in [fields.event_id, fields.event_source, fields.event_name, fields.account] {
            // Lengths keep fields apart whose content touches.
            bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Self::of_bytes(blake3::Hasher::new().update(&bytes))
    }

    fn of_bytes(hasher: &blake3::Hasher) -> Self {
        let mut half = [0; 16];
        hasher.finalize_xof().fill(&mut half);
        Self(u128::from_le_bytes(half))
    }
}
