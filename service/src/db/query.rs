//! Queries that a read sends: each builds its statement and names the type of its rows.

use sea_orm::{
    DbBackend, EntityTrait, Select, SelectModel, SelectTwo, SelectTwoModel, Selector, SelectorRaw,
    SelectorTrait, Statement,
};

/// Query with the type of its rows.
pub(crate) trait Query {
    /// Decoder of the rows.
    type Rows: SelectorTrait;

    /// Statement of the query.
    fn into_statement(self, backend: DbBackend) -> Statement;
}

impl<E: EntityTrait> Query for Select<E> {
    type Rows = SelectModel<E::Model>;

    fn into_statement(self, backend: DbBackend) -> Statement {
        self.into_model::<E::Model>().into_statement(backend)
    }
}

impl<E: EntityTrait, F: EntityTrait> Query for SelectTwo<E, F> {
    type Rows = SelectTwoModel<E::Model, F::Model>;

    fn into_statement(self, backend: DbBackend) -> Statement {
        self.into_model::<E::Model, F::Model>().into_statement(backend)
    }
}

impl<S: SelectorTrait> Query for Selector<S> {
    type Rows = S;

    fn into_statement(self, backend: DbBackend) -> Statement {
        Self::into_statement(self, backend)
    }
}

impl<S: SelectorTrait> Query for SelectorRaw<S> {
    type Rows = S;

    fn into_statement(self, _backend: DbBackend) -> Statement {
        Self::into_statement(self)
    }
}
