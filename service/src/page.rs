//! Lists by the page: a keyset cursor that is bound to its order and its filters, page numbers beside
//! it, and nulls last on every database.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::DateTime;
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbBackend, DbErr, EntityTrait, ExprTrait, ModelTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select, Value,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, Order as Direction},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Db, Error, Keys, Result};

/// Items of a page, if the caller does not say.
pub const DEFAULT_LIMIT: u64 = 20;

/// The parameters that say which part of a list is wanted, and how much of each item.
const WINDOW: [&str; 5] = ["limit", "cursor", "offset", "total", "fields"];

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// Items in the requested order.
    pub items: Vec<T>,
    /// Cursor of the next page; null on the last one.
    #[schema(examples("ZHVuZSBtZXNzaWFoIGNoaWxk"))]
    pub next_cursor: Option<String>,
    /// Number of items of the whole list; only with `total`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples(1965))]
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// The page of a list that has nothing.
    pub(crate) fn empty(total: bool) -> Self {
        Self { items: Vec::new(), next_cursor: None, total: total.then_some(0) }
    }

    /// The page of what becomes of each item.
    pub(crate) fn map<U>(self, become_item: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(become_item).collect();
        Page { items, next_cursor: self.next_cursor, total: self.total }
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Default)]
pub(crate) struct Window<'q> {
    pub(crate) limit: Option<u64>,
    pub(crate) cursor: Option<&'q str>,
    pub(crate) offset: Option<u64>,
    pub(crate) total: bool,
}

/// A sort order: a column, nulls last, then the id in the same direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<E: EntityTrait> {
    pub(crate) key: E::Column,
    pub(crate) id: E::Column,
    pub(crate) nullable: bool,
    pub(crate) descending: bool,
}

/// A place in a list: the key and the id of the row before it.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    key: Option<Key>,
    id: Uuid,
}

/// A sort key as a cursor holds it.
#[derive(Debug, Serialize, Deserialize)]
enum Key {
    Text(String),
    Number(i64),
    /// Microseconds since 1970 UTC.
    Moment(i64),
}

impl Key {
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

/// Names a list with its order and filters: the query without what says which part is wanted.
pub(crate) fn context(list: &str, query: &impl Serialize) -> Result<String> {
    let mut query = serde_json::to_value(query).map_err(|error| Error::Internal(error.to_string()))?;
    if let Some(query) = query.as_object_mut() {
        query.retain(|name, _| !WINDOW.contains(&name.as_str()));
    }
    Ok(format!("{list}?{query}"))
}

/// Reads one page of `select`. `context` names the list, its order and its filters: a cursor of another
/// context is refused. `load` fetches the rows, each with what is joined to it.
pub(crate) async fn fetch<E, X>(
    db: &Db,
    keys: &Keys,
    (select, order, window): (Select<E>, Order<E>, Window<'_>),
    context: &str,
    load: impl AsyncFn(&DatabaseConnection, Select<E>) -> std::result::Result<Vec<(E::Model, X)>, DbErr>,
) -> Result<Page<(E::Model, X)>>
where
    E: EntityTrait,
    E::Model: Sync,
{
    refuse_both(&window)?;
    let limit = window.limit.unwrap_or(DEFAULT_LIMIT);
    let place = window.cursor.map(|cursor| open(keys, context, cursor)).transpose()?;
    let mut rows = Vec::new();
    for part in parts(db.backend(), &select, order, place.as_ref(), window.offset)? {
        // One row more than asked for tells whether there is a next page.
        let missing = limit + 1 - rows.len() as u64;
        rows.extend(db.read(async |conn| load(conn, part.clone().limit(missing)).await).await?);
        if rows.len() as u64 > limit {
            break;
        }
    }
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = match rows.last() {
        Some((last, _)) if more => Some(seal(keys, context, &place_of::<E>(last, order)?)?),
        _ => None,
    };
    let total =
        if window.total { Some(db.read(async |conn| select.clone().count(conn).await).await?) } else { None };
    Ok(Page { items: rows, next_cursor, total })
}

/// One page of a list that is at hand, whose cursors are positions in it.
pub(crate) fn part(
    keys: &Keys,
    window: &Window<'_>,
    context: &str,
    ids: Vec<Uuid>,
    total: Option<u64>,
) -> Result<Page<Uuid>> {
    refuse_both(window)?;
    let place = window.cursor.map(|cursor| open(keys, context, cursor)).transpose()?;
    let start = match place {
        Some(Place { key: Some(Key::Number(position)), .. }) => {
            usize::try_from(position).map_err(|_| Error::InvalidCursor)?
        }
        Some(_) => return Err(Error::InvalidCursor),
        None => usize::try_from(window.offset.unwrap_or(0)).unwrap_or(usize::MAX),
    };
    let limit = usize::try_from(window.limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX);
    let end = start.saturating_add(limit);
    let next_cursor = if end < ids.len() {
        let key = i64::try_from(end).ok().map(Key::Number);
        Some(seal(keys, context, &Place { key, id: Uuid::nil() })?)
    } else {
        None
    };
    Ok(Page { items: ids.into_iter().skip(start).take(limit).collect(), next_cursor, total })
}

fn refuse_both(window: &Window<'_>) -> Result<()> {
    if window.cursor.is_some() && window.offset.is_some() {
        return Err(Error::invalid("/offset", "conflict", "cannot be used together with cursor"));
    }
    Ok(())
}

/// The queries that make up a page, to be read one after the other until it is full. The rows with a key
/// and those without are two ranges of the same index: so nulls are last without a sort, in both
/// directions, on every database.
fn parts<E: EntityTrait>(
    backend: DbBackend,
    select: &Select<E>,
    order: Order<E>,
    place: Option<&Place>,
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
    if place.is_none_or(|place| place.key.is_some()) {
        let mut keyed = select.clone();
        if order.nullable {
            keyed = keyed.filter(order.key.is_not_null());
        }
        if let Some(Place { key: Some(key), id }) = place {
            keyed = keyed.filter(after(backend, order, key.to_value()?, *id));
        }
        parts.push(keyed.order_by(order.key, direction.clone()).order_by(order.id, direction.clone()));
    }
    if order.nullable {
        let mut keyless = select.filter(order.key.is_null());
        if let Some(Place { key: None, id }) = place {
            keyless = keyless.filter(id_after(*id));
        }
        parts.push(keyless.order_by(order.id, direction));
    }
    Ok(parts)
}

/// The rows behind a key and an id, in the form that the database reads as one range of the index.
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

fn place_of<E: EntityTrait>(row: &E::Model, order: Order<E>) -> Result<Place> {
    match row.get(order.id) {
        Value::Uuid(Some(id)) => Ok(Place { key: Key::from_value(row.get(order.key)), id }),
        other => Err(Error::Internal(format!("a row's id is {other:?}"))),
    }
}

/// Bytes of the code that a cursor begins with.
const MAC_LENGTH: usize = 16;

fn seal(keys: &Keys, context: &str, place: &Place) -> Result<String> {
    let place = serde_json::to_vec(place).map_err(|error| Error::Internal(error.to_string()))?;
    let mac = keys.sign_cursor(&[context.as_bytes(), &place]);
    Ok(BASE64_URL_SAFE_NO_PAD.encode([&mac[..MAC_LENGTH], &place].concat()))
}

fn open(keys: &Keys, context: &str, cursor: &str) -> Result<Place> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::InvalidCursor)?;
    let (mac, place) = sealed.split_at_checked(MAC_LENGTH).ok_or(Error::InvalidCursor)?;
    if !keys.verify_cursor(&[context.as_bytes(), place], mac) {
        return Err(Error::InvalidCursor);
    }
    serde_json::from_slice(place).map_err(|_| Error::InvalidCursor)
}
