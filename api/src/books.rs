//! `/books`: the catalogue, its import and its export.

use actix_web::{
    HttpResponse, Responder,
    web::{self, Data, Path},
};
use service::{
    books::{self, Book, BookPatch, BookQuery, BookView, Excerpt, FacetQuery, Facets, NewBook},
    export::{self, ExportQuery},
    import::{self, Options, Report},
    page::Page,
};

use crate::{
    State,
    error::Result,
    extract::{Id, IfMatch, Json, Query, SignedIn, Upload},
    response::{Created, Download, Paged, Sparse, Tagged, Versioned},
};

impl Versioned for Book {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for Excerpt {
    fn version(&self) -> i64 {
        self.version()
    }
}

/// Most rows of an imported file. Other writes wait while it is written.
const IMPORTED_ROWS: usize = 200_000;

/// List books
#[utoipa::path(get, path = "/api/v1/books", operation_id = "listBooks", tag = "books", params(BookQuery),
    responses((status = 200, body = Page<Book>, description = "Page of books")))]
pub async fn list(state: Data<State>, Query(query): Query<BookQuery>) -> Result<impl Responder> {
    let sparse = query.fields.is_some();
    Ok(Sparse(sparse, Paged(books::list(&state.db, &state.keys, query).await?)))
}

/// List the books of an account
#[utoipa::path(get, path = "/api/v1/users/{id}/books", operation_id = "listUserBooks", tag = "books",
    params(("id" = Uuid, Path, description = "Id of the account", example = "01a1fc31-a23e-72a5-9ed9-5d2493985689"), BookQuery),
    responses((status = 200, body = Page<Book>, description = "Page of books")))]
pub async fn list_of_user(
    state: Data<State>,
    Id(id): Id,
    Query(query): Query<BookQuery>,
) -> Result<impl Responder> {
    let sparse = query.fields.is_some();
    Ok(Sparse(sparse, Paged(books::list_of_user(&state.db, &state.keys, id, query).await?)))
}

/// Count books by facet
///
/// Counts the most frequent languages, authors, publishers and decades among the books that the filters match.
#[utoipa::path(get, path = "/api/v1/books/facets", operation_id = "getBookFacets", tag = "books", params(FacetQuery),
    responses((status = 200, body = Facets, description = "Languages, authors, publishers and decades, each with its count")))]
pub async fn facets(state: Data<State>, Query(query): Query<FacetQuery>) -> Result<impl Responder> {
    Ok(web::Json(books::facets(&state.db, query).await?))
}

/// Create a book
#[utoipa::path(post, path = "/api/v1/books", operation_id = "createBook", tag = "books", request_body = NewBook,
    responses((status = 201, body = Book, description = "New book")))]
pub async fn create(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Json(new): Json<NewBook>,
) -> Result<impl Responder> {
    let book = books::create(&state.db, &actor, new).await?;
    Ok(Created(format!("/api/v1/books/{}", book.id), book))
}

/// Get a book
#[utoipa::path(get, path = "/api/v1/books/{id}", operation_id = "getBook", tag = "books",
    params(("id" = Uuid, Path, description = "Id of the book", example = "01a1fc31-abbd-7546-935c-2dfd8b4ffcc1"), BookView),
    responses((status = 200, body = Book, description = "The book")))]
pub async fn get(state: Data<State>, Id(id): Id, Query(view): Query<BookView>) -> Result<impl Responder> {
    Ok(Sparse(view.fields.is_some(), Tagged(books::get(&state.db, id, view).await?)))
}

/// Get a book by its ISBN
#[utoipa::path(get, path = "/api/v1/books/isbn/{isbn}", operation_id = "getBookByIsbn", tag = "books",
    params(("isbn" = String, Path, description = "ISBN-10 or ISBN-13, with or without hyphens", example = "978-0-441-01359-3"), BookView),
    responses((status = 200, body = Book, description = "The book")))]
pub async fn get_by_isbn(
    state: Data<State>,
    isbn: Path<String>,
    Query(view): Query<BookView>,
) -> Result<impl Responder> {
    Ok(Sparse(view.fields.is_some(), Tagged(books::get_by_isbn(&state.db, &isbn, view).await?)))
}

/// Update a book
#[utoipa::path(patch, path = "/api/v1/books/{id}", operation_id = "updateBook", tag = "books", request_body = BookPatch,
    params(("id" = Uuid, Path, description = "Id of the book", example = "01a1fc31-abbd-7546-935c-2dfd8b4ffcc1")),
    responses((status = 200, body = Book, description = "Updated book")))]
pub async fn update(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
    IfMatch(versions): IfMatch,
    Json(patch): Json<BookPatch>,
) -> Result<impl Responder> {
    Ok(Tagged(books::update(&state.db, &actor, id, versions, patch).await?))
}

/// Delete a book
#[utoipa::path(delete, path = "/api/v1/books/{id}", operation_id = "deleteBook", tag = "books",
    params(("id" = Uuid, Path, description = "Id of the book", example = "01a1fc31-abbd-7546-935c-2dfd8b4ffcc1")),
    responses((status = 204, description = "The book was deleted")))]
pub async fn delete(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
    IfMatch(versions): IfMatch,
) -> Result<impl Responder> {
    books::delete(&state.db, &actor, id, versions).await?;
    Ok(HttpResponse::NoContent())
}

/// Description of the import in the OpenAPI document.
fn import_description() -> String {
    format!(
        "Accepts a file as the whole body, with at most {IMPORTED_ROWS} rows: Bookly's own CSV or NDJSON, a library \
         export of Goodreads, `books.csv` of goodbooks-10k, `pg_catalog.csv` of Project Gutenberg, or a dump of Open \
         Library's editions. Rows match existing books by ISBN, else by title and author among your own, so importing \
         a file twice adds nothing."
    )
}

/// Import books
#[utoipa::path(post, path = "/api/v1/books/import", operation_id = "importBooks", tag = "books", params(Options),
    description = import_description(),
    request_body(description = "File of books", content((String = "text/csv", example = "title,author,isbn\nDune,Frank Herbert,9780441013593\n"),
        (String = "application/x-ndjson", example = "{\"title\":\"Dune\",\"author\":\"Frank Herbert\"}\n"))),
    responses((status = 200, body = Report, description = "Report of the import")))]
pub async fn import(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Query(options): Query<Options>,
    Upload(file): Upload,
) -> Result<impl Responder> {
    Ok(HttpResponse::Ok().json(import::run(&state.db, &actor, file, options, Some(IMPORTED_ROWS)).await?))
}

/// Export books
///
/// Streams the books that the filters match, the oldest first, as a file that can be imported. The file has the fields
/// of `NewBook`, without ids, times and owners. In CSV, cells that a spreadsheet would read as a formula begin with `'`;
/// the import removes it.
#[utoipa::path(get, path = "/api/v1/books/export", operation_id = "exportBooks", tag = "books", params(ExportQuery),
    responses((status = 200, description = "File of books",
        content((String = "text/csv", example = "title,author,subtitle,publisher,published_date,page_count,language,isbn,description,price_amount,price_currency,cover_url\nDune,Frank Herbert,,,1965,,,9780441013593,,,,\n"),
            (String = "application/x-ndjson", example = "{\"title\":\"Dune\",\"author\":\"Frank Herbert\"}\n")),
        headers(("Content-Disposition" = String, description = "Name of the file")))))]
pub async fn export(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Query(query): Query<ExportQuery>,
) -> Result<impl Responder> {
    Ok(Download(export::open(&state.db, &actor, query).await?))
}
