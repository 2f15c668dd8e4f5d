//! The columns of a batch, by the types they have in the table.

use std::ops::Range;

use arrow::array::{
    Array, AsArray as _, BooleanArray, Int64Array, LargeStringArray, ListArray, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;

use super::column::{Column, ColumnType, RESOURCE_MEMBERS};
use super::restore::RestoreError;

/// The values of a column.
#[derive(Debug)]
pub(super) enum Values<'b> {
    Text(Texts<'b>),
    Boolean(&'b BooleanArray),
    Integer(&'b Int64Array),
    Timestamp(&'b TimestampMicrosecondArray),
    TextList(TextList<'b>),
    Resources(Resources<'b>),
    /// Of a type that no field of an event has.
    Unused,
}

impl<'b> Values<'b> {
    /// Those of `column`, if the batch has it.
    ///
    /// # Errors
    /// If it is of another type than the table's.
    pub(super) fn find(
        batch: &'b RecordBatch,
        column: &'static Column,
    ) -> Result<Option<Self>, RestoreError> {
        let name = column.name.as_str();
        let Some(array) = batch.column_by_name(name) else {
            return Ok(None);
        };
        let wrong_type = || RestoreError::WrongType { column: name, found: array.data_type().clone() };
        Self::new(array.as_ref(), column.column_type).map(Some).ok_or_else(wrong_type)
    }

    /// The text of a row, if this column holds texts and one there.
    #[inline]
    pub(super) fn text(&self, row: usize) -> Option<&'b str> {
        match self {
            Self::Text(texts) => texts.value(row),
            _ => None,
        }
    }

    /// The time of a row in microseconds since 1970, if this column holds times and one there.
    pub(super) fn micros(&self, row: usize) -> Option<i64> {
        match self {
            Self::Timestamp(times) => times.is_valid(row).then(|| times.value(row)),
            _ => None,
        }
    }

    /// `None` if the array has not the type of the column.
    fn new(array: &'b dyn Array, column_type: ColumnType) -> Option<Self> {
        Some(match column_type {
            ColumnType::Text | ColumnType::Json => Self::Text(Texts::new(array)?),
            ColumnType::Boolean => Self::Boolean(array.as_boolean_opt()?),
            ColumnType::Int32 => Self::Unused,
            ColumnType::Int64 => Self::Integer(array.as_primitive_opt()?),
            ColumnType::Timestamp => Self::Timestamp(array.as_primitive_opt()?),
            ColumnType::TextList => {
                let list = array.as_list_opt()?;
                Self::TextList(TextList { list, items: Texts::new(list.values().as_ref())? })
            }
            ColumnType::Resources => Self::Resources(Resources::new(array.as_list_opt()?)?),
        })
    }

    pub(super) fn is_valid(&self, row: usize) -> bool {
        match self {
            Self::Text(texts) => texts.value(row).is_some(),
            Self::Boolean(array) => array.is_valid(row),
            Self::Integer(array) => array.is_valid(row),
            Self::Timestamp(array) => array.is_valid(row),
            Self::TextList(texts) => texts.list.is_valid(row),
            Self::Resources(resources) => resources.list.is_valid(row),
            Self::Unused => false,
        }
    }
}

/// Texts, in whichever layout the reader prefers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Texts<'b> {
    Plain(&'b StringArray),
    Large(&'b LargeStringArray),
    View(&'b StringViewArray),
}

impl<'b> Texts<'b> {
    fn new(array: &'b dyn Array) -> Option<Self> {
        match array.data_type() {
            DataType::Utf8 => array.as_string_opt().map(Self::Plain),
            DataType::LargeUtf8 => array.as_string_opt().map(Self::Large),
            DataType::Utf8View => array.as_string_view_opt().map(Self::View),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn value(&self, row: usize) -> Option<&'b str> {
        match self {
            Self::Plain(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }
}

/// Lists of texts.
#[derive(Debug)]
pub(super) struct TextList<'b> {
    list: &'b ListArray,
    items: Texts<'b>,
}

impl<'b> TextList<'b> {
    /// The texts of a row.
    pub(super) fn texts(&self, row: usize) -> impl Iterator<Item = &'b str> {
        items_of(self.list, row).filter_map(|item| self.items.value(item))
    }
}

/// Lists of resources.
#[derive(Debug)]
pub(super) struct Resources<'b> {
    list: &'b ListArray,
    /// In the order of [`RESOURCE_MEMBERS`].
    members: Vec<Texts<'b>>,
}

impl<'b> Resources<'b> {
    fn new(list: &'b ListArray) -> Option<Self> {
        let items = list.values().as_struct_opt()?;
        let member = |name: &str| Texts::new(items.column_by_name(name)?.as_ref());
        let members = RESOURCE_MEMBERS.iter().map(|(_, name)| member(name)).collect::<Option<_>>()?;
        Some(Self { list, members })
    }

    /// The resources of a row: of each, the members that it has, by name.
    pub(super) fn items(
        &self,
        row: usize,
    ) -> impl Iterator<Item = impl Iterator<Item = (&'static str, &'b str)>> {
        items_of(self.list, row).map(|item| {
            let members = RESOURCE_MEMBERS.iter().zip(&self.members);
            members.filter_map(move |((name, _), texts)| Some((*name, texts.value(item)?)))
        })
    }
}

/// Which items belong to a row: none if it is null.
fn items_of(list: &ListArray, row: usize) -> Range<usize> {
    let offsets = list.value_offsets();
    if list.is_null(row) { 0..0 } else { offsets[row] as usize..offsets[row + 1] as usize }
}
