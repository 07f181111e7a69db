//! Pages of lists: a keyset cursor bound to order and filters, optional offsets, and nulls last on every database.

mod window;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::DateTime;
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, ExprTrait, ModelTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, SelectorTrait, Value,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, Order as Direction},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use self::window::{Window, list_query};
use crate::{
    Context, Error, FieldCode, Keys, Result,
    db::{Class, Query},
};

/// Items of a page by default.
pub const DEFAULT_LIMIT: u64 = 20;

/// Parameters that select a part of a list, and fields of its items.
const WINDOW: [&str; 5] = ["limit", "cursor", "offset", "total", "fields"];

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// Items, in the requested order.
    pub items: Vec<T>,
    /// Start of the next page; null on the last page.
    #[schema(examples("ZHVuZSBtZXNzaWFoIGNoaWxk"))]
    pub next_cursor: Option<String>,
    /// Items of the whole list, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples(1965))]
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// Page of an empty list.
    pub(crate) fn empty(total: bool) -> Self {
        Self { items: Vec::new(), next_cursor: None, total: total.then_some(0) }
    }

    /// Page with each item converted.
    pub(crate) fn map<U>(self, become_item: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(become_item).collect();
        Page { items, next_cursor: self.next_cursor, total: self.total }
    }
}

/// Item that a query selects.
type Item<Q> = <<Q as Query>::Rows as SelectorTrait>::Item;

/// A sort order: a column, nulls last, then the id in the same direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<E: EntityTrait> {
    pub(crate) key: E::Column,
    pub(crate) id: E::Column,
    pub(crate) nullable: bool,
    pub(crate) descending: bool,
}

/// Position in a list: key and id of the row before it.
#[derive(Debug, Serialize, Deserialize)]
struct CursorPosition {
    key: Option<SortKey>,
    id: Uuid,
}

/// Sort key in a cursor.
#[derive(Debug, Serialize, Deserialize)]
enum SortKey {
    Text(String),
    Number(i64),
    /// Microseconds since 1970 UTC.
    Moment(i64),
}

impl SortKey {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => text.map(Self::Text),
            Value::BigInt(number) => number.map(Self::Number),
            Value::ChronoDateTimeWithTimeZone(moment) => moment.map(|m| Self::Moment(m.timestamp_micros())),
            other => unreachable!("no list is sorted by a column of this type: {other:?}"),
        }
    }

    fn to_value(&self) -> Result<Value> {
        Ok(match self {
            Self::Text(text) => text.clone().into(),
            Self::Number(number) => (*number).into(),
            Self::Moment(micros) => {
                let moment: DateTimeWithTimeZone =
                    DateTime::from_timestamp_micros(*micros).ok_or(Error::InvalidCursor)?.fixed_offset();
                moment.into()
            }
        })
    }
}

/// Name of a list with its filters and order, from both queries without the parameters of its window.
pub(crate) fn name(list: &str, filters: &impl Serialize, query: &impl Serialize) -> Result<String> {
    let filters = serde_json::to_value(filters).map_err(Error::internal)?;
    let mut query = serde_json::to_value(query).map_err(Error::internal)?;
    if let Some(query) = query.as_object_mut() {
        query.retain(|name, _| !WINDOW.contains(&name.as_str()));
    }
    Ok(format!("{list}?{filters}&{query}"))
}

/// Reads one page of `select`. `list` is its [`name`]: a cursor of another list is rejected. `query` adds the columns
/// of an item, whose row `row` returns.
pub(crate) async fn fetch<E, Q>(
    cx: &Context,
    (class, select, order, window): (Class, Select<E>, Order<E>, Window<'_>),
    list: &str,
    query: impl Fn(Select<E>) -> Q,
    row: impl Fn(&Item<Q>) -> &E::Model,
) -> Result<Page<Item<Q>>>
where
    E: EntityTrait,
    Q: Query,
{
    reject_cursor_with_offset(&window)?;
    let limit = window.limit.unwrap_or(DEFAULT_LIMIT);
    let (db, keys) = (&cx.db, cx.keys());
    let class = if window.skips_many() { Class::Expensive } else { class };
    let position = window.cursor.map(|cursor| open(keys, list, cursor)).transpose()?;
    let mut rows = Vec::new();
    for part in parts(db.backend(), &select, order, position.as_ref(), window.offset)? {
        // One extra row shows whether there is a next page.
        let missing = limit + 1 - rows.len() as u64;
        rows.extend(db.read(class, query(part.limit(missing))).all().await?);
        if rows.len() as u64 > limit {
            break;
        }
    }
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = match rows.last() {
        Some(last) if more => Some(seal(keys, list, &position_of::<E>(row(last), order)?)?),
        _ => None,
    };
    let total = if window.total { Some(db.count(Class::Expensive, select).await?) } else { None };
    Ok(Page { items: rows, next_cursor, total })
}

/// Page of a list in memory. Its cursors are indexes into the list.
pub(crate) fn part(
    keys: &Keys,
    window: &Window<'_>,
    list: &str,
    ids: Vec<Uuid>,
    total: Option<u64>,
) -> Result<Page<Uuid>> {
    reject_cursor_with_offset(window)?;
    let position = window.cursor.map(|cursor| open(keys, list, cursor)).transpose()?;
    let start = match position {
        Some(CursorPosition { key: Some(SortKey::Number(position)), .. }) => {
            usize::try_from(position).map_err(|_| Error::InvalidCursor)?
        }
        Some(_) => return Err(Error::InvalidCursor),
        None => usize::try_from(window.offset.unwrap_or(0)).unwrap_or(usize::MAX),
    };
    let limit = usize::try_from(window.limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX);
    let end = start.saturating_add(limit);
    let next_cursor = if end < ids.len() {
        let key = i64::try_from(end).ok().map(SortKey::Number);
        Some(seal(keys, list, &CursorPosition { key, id: Uuid::nil() })?)
    } else {
        None
    };
    Ok(Page { items: ids.into_iter().skip(start).take(limit).collect(), next_cursor, total })
}

fn reject_cursor_with_offset(window: &Window<'_>) -> Result<()> {
    if window.cursor.is_some() && window.offset.is_some() {
        return Err(Error::invalid("/offset", FieldCode::Conflict, "cannot be used together with cursor"));
    }
    Ok(())
}

/// Queries that together fill a page, in this order. Rows with a key and rows without are two ranges of the same
/// index, so nulls are last without a sort, in both directions, on every database.
fn parts<E: EntityTrait>(
    backend: DbBackend,
    select: &Select<E>,
    order: Order<E>,
    position: Option<&CursorPosition>,
    offset: Option<u64>,
) -> Result<Vec<Select<E>>> {
    let direction = if order.descending { Direction::Desc } else { Direction::Asc };
    let select = select.clone();
    if let Some(offset) = offset {
        let mut numbered = select;
        if order.nullable {
            numbered = numbered.order_by(order.key.is_null(), Direction::Asc);
        }
        let numbered = numbered.order_by(order.key, direction.clone()).order_by(order.id, direction);
        return Ok(vec![numbered.offset(offset)]);
    }
    let mut parts = Vec::new();
    let id_after = |id: Uuid| if order.descending { order.id.lt(id) } else { order.id.gt(id) };
    if position.is_none_or(|position| position.key.is_some()) {
        let mut keyed = select.clone();
        if order.nullable {
            keyed = keyed.filter(order.key.is_not_null());
        }
        if let Some(CursorPosition { key: Some(key), id }) = position {
            keyed = keyed.filter(after(backend, order, key.to_value()?, *id));
        }
        parts.push(keyed.order_by(order.key, direction.clone()).order_by(order.id, direction.clone()));
    }
    if order.nullable {
        let mut keyless = select.filter(order.key.is_null());
        if let Some(CursorPosition { key: None, id }) = position {
            keyless = keyless.filter(id_after(*id));
        }
        parts.push(keyless.order_by(order.id, direction));
    }
    Ok(parts)
}

/// Condition of the rows after a key and an id, in a form that the database executes as one index range.
fn after<E: EntityTrait>(backend: DbBackend, order: Order<E>, key: Value, id: Uuid) -> Condition {
    if backend == DbBackend::MySql {
        let beyond = |column: E::Column, value: Value| {
            if order.descending { column.lt(value) } else { column.gt(value) }
        };
        let tied = order.key.eq(key.clone()).and(beyond(order.id, id.into()));
        return Condition::any().add(beyond(order.key, key)).add(tied);
    }
    let row = Expr::tuple([order.key.into_expr(), order.id.into_expr()]);
    let last = Expr::tuple([Expr::value(key), Expr::value(id)]);
    Condition::all().add(if order.descending { row.lt(last) } else { row.gt(last) })
}

fn position_of<E: EntityTrait>(row: &E::Model, order: Order<E>) -> Result<CursorPosition> {
    match row.get(order.id) {
        Value::Uuid(Some(id)) => Ok(CursorPosition { key: SortKey::from_value(row.get(order.key)), id }),
        other => Err(Error::internal(format!("a row's id is {other:?}"))),
    }
}

/// Bytes of the code at the start of a cursor.
const MAC_LENGTH: usize = 16;

fn seal(keys: &Keys, list: &str, position: &CursorPosition) -> Result<String> {
    let position = serde_json::to_vec(position).map_err(Error::internal)?;
    let mac = keys.sign_cursor(&[list.as_bytes(), &position]);
    Ok(BASE64_URL_SAFE_NO_PAD.encode([&mac[..MAC_LENGTH], &position].concat()))
}

fn open(keys: &Keys, list: &str, cursor: &str) -> Result<CursorPosition> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::InvalidCursor)?;
    let (mac, position) = sealed.split_at_checked(MAC_LENGTH).ok_or(Error::InvalidCursor)?;
    if !keys.verify_cursor(&[list.as_bytes(), position], mac) {
        return Err(Error::InvalidCursor);
    }
    serde_json::from_slice(position).map_err(|_| Error::InvalidCursor)
}
