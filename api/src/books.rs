//! `/books`: the catalogue, its import and its export.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    web::{self, Data, Path},
};
use service::{
    Context,
    access::Action,
    books::{
        self, Book, BookPatch, BookQuery, BookView, Facets, Filters, NewBook, SparseBook,
        export::{self, ExportQuery},
        import::{self, ATOMIC_MIB, ATOMIC_ROWS, ImportOptions, MAX_ROWS},
    },
    limit::RateLimit,
    page::Page,
    report::ImportReport,
};
use utoipa::ToSchema;

use crate::{
    endpoints::{Section, endpoint},
    error::{Code, Result},
    extract::{FILE_LIMIT, Filtered, Id, Json, Precondition, Query, SignedIn, Upload},
    response::{Created, Download, Paged, Sparse, Tagged, Versioned},
    throttle,
};

impl Versioned for Book {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for SparseBook {
    fn version(&self) -> i64 {
        self.version()
    }
}

/// Section of the endpoint table.
pub(crate) fn section() -> Section {
    Section {
        tag: "books",
        description: "The catalogue, its import and its export",
        endpoints: vec![
            endpoint!(books::list_of_user, Action::ListUserBooks)
                .expensive()
                .per_address_if_expensive(RateLimit::ExpensiveReads)
                .list_of(Book::name)
                .sparse(),
            endpoint!(books::list, Action::ListBooks)
                .expensive()
                .per_address_if_expensive(RateLimit::ExpensiveReads)
                .list_of(Book::name)
                .sparse(),
            endpoint!(books::create, Action::CreateBook)
                .resource(Book::name)
                .fails([Code::IsbnTaken, Code::TooManyBooks]),
            endpoint!(books::facets, Action::GetBookFacets)
                .expensive()
                .per_address(RateLimit::ExpensiveReads)
                .fails([Code::Overloaded]),
            endpoint!(books::import, Action::ImportBooks)
                .long()
                .per_account(RateLimit::Import)
                .file(FILE_LIMIT)
                .fails([
                    Code::MalformedBody,
                    Code::UnreadableFile,
                    Code::UnknownFormat,
                    Code::AtomicTooLarge,
                    Code::ImportFailed,
                    Code::ImportRunning,
                    Code::ImportsBusy,
                ]),
            endpoint!(books::export, Action::ExportBooks)
                .expensive()
                .per_account(RateLimit::Export)
                .fails([Code::Overloaded]),
            endpoint!(books::get_by_isbn, Action::GetBookByIsbn).resource(Book::name).sparse(),
            endpoint!(books::get, Action::GetBook).resource(Book::name).sparse(),
            endpoint!(books::update, Action::UpdateBook)
                .resource(Book::name)
                .if_match()
                .fails([Code::IsbnTaken]),
            endpoint!(books::delete, Action::DeleteBook).if_match(),
        ],
    }
}

/// List books
#[utoipa::path(get, path = "/api/v1/books", operation_id = "listBooks", tag = "books", params(Filters, BookQuery),
    responses((status = 200, body = Page<Book>, description = "Page of books")))]
pub async fn list(
    request: HttpRequest,
    cx: Data<Context>,
    Filtered(filters, query): Filtered<BookQuery>,
) -> Result<impl Responder> {
    if query.is_expensive(&filters) {
        throttle::count_expensive(&request).await?;
    }
    let sparse = query.fields.is_some();
    Ok(Sparse(sparse, Paged(books::list(&cx, filters, query).await?)))
}

/// List the books of an account
#[utoipa::path(get, path = "/api/v1/users/{id}/books", operation_id = "listUserBooks", tag = "books",
    params(("id" = Uuid, Path, description = "Id of the account", example = "01a1fc31-a23e-72a5-9ed9-5d2493985689"), Filters, BookQuery),
    responses((status = 200, body = Page<Book>, description = "Page of books")))]
pub async fn list_of_user(
    request: HttpRequest,
    cx: Data<Context>,
    Id(id): Id,
    Filtered(filters, query): Filtered<BookQuery>,
) -> Result<impl Responder> {
    if query.is_expensive(&filters) {
        throttle::count_expensive(&request).await?;
    }
    let sparse = query.fields.is_some();
    Ok(Sparse(sparse, Paged(books::list_of_user(&cx, id, filters, query).await?)))
}

/// Count books by facet
///
/// Counts the most frequent languages, authors, publishers and decades among the books that the filters match.
#[utoipa::path(get, path = "/api/v1/books/facets", operation_id = "getBookFacets", tag = "books", params(Filters),
    responses((status = 200, body = Facets, description = "Languages, authors, publishers and decades, each with its count")))]
pub async fn facets(cx: Data<Context>, Query(filters): Query<Filters>) -> Result<impl Responder> {
    Ok(web::Json(books::facets(&cx, filters).await?))
}

/// Create a book
#[utoipa::path(post, path = "/api/v1/books", operation_id = "createBook", tag = "books", request_body = NewBook,
    responses((status = 201, body = Book, description = "New book")))]
pub async fn create(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Json(new): Json<NewBook>,
) -> Result<impl Responder> {
    let book = books::create(&cx, &actor, new).await?;
    Ok(Created(format!("/api/v1/books/{}", book.id), book))
}

/// Get a book
#[utoipa::path(get, path = "/api/v1/books/{id}", operation_id = "getBook", tag = "books",
    params(("id" = Uuid, Path, description = "Id of the book", example = "01a1fc31-abbd-7546-935c-2dfd8b4ffcc1"), BookView),
    responses((status = 200, body = Book, description = "The book")))]
pub async fn get(cx: Data<Context>, Id(id): Id, Query(view): Query<BookView>) -> Result<impl Responder> {
    Ok(Sparse(view.fields.is_some(), Tagged(books::get(&cx, id, view).await?)))
}

/// Get a book by its ISBN
#[utoipa::path(get, path = "/api/v1/books/isbn/{isbn}", operation_id = "getBookByIsbn", tag = "books",
    params(("isbn" = String, Path, description = "ISBN-10 or ISBN-13, with or without hyphens", example = "978-0-441-01359-3"), BookView),
    responses((status = 200, body = Book, description = "The book")))]
pub async fn get_by_isbn(
    cx: Data<Context>,
    isbn: Path<String>,
    Query(view): Query<BookView>,
) -> Result<impl Responder> {
    Ok(Sparse(view.fields.is_some(), Tagged(books::get_by_isbn(&cx, &isbn, view).await?)))
}

/// Update a book
#[utoipa::path(patch, path = "/api/v1/books/{id}", operation_id = "updateBook", tag = "books", request_body = BookPatch,
    params(("id" = Uuid, Path, description = "Id of the book", example = "01a1fc31-abbd-7546-935c-2dfd8b4ffcc1")),
    responses((status = 200, body = Book, description = "Updated book")))]
pub async fn update(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
    Precondition(versions): Precondition,
    Json(patch): Json<BookPatch>,
) -> Result<impl Responder> {
    Ok(Tagged(books::update(&cx, &actor, id, versions, patch).await?))
}

/// Delete a book
#[utoipa::path(delete, path = "/api/v1/books/{id}", operation_id = "deleteBook", tag = "books",
    params(("id" = Uuid, Path, description = "Id of the book", example = "01a1fc31-abbd-7546-935c-2dfd8b4ffcc1")),
    responses((status = 204, description = "The book was deleted")))]
pub async fn delete(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
    Precondition(versions): Precondition,
) -> Result<impl Responder> {
    books::delete(&cx, &actor, id, versions).await?;
    Ok(HttpResponse::NoContent())
}

/// Description of the import in the OpenAPI document.
fn import_description() -> String {
    format!(
        "Accepts a file as the whole body: Bookly's own CSV or NDJSON, a JSON array of books, an export of Goodreads, \
         The StoryGraph, LibraryThing, calibre, BookWyrm, Openreads, BookBuddy, Libib or Zotero, `books.csv` of \
         goodbooks-10k, `pg_catalog.csv` of Project Gutenberg, a dump of Open Library's editions, or any table with a \
         title and an author under their usual names. `unread_columns` of the report names the columns that are not \
         read. Rows match existing books by ISBN, else by title and author among your own, so importing a file twice adds \
         nothing. An \
         atomic import has at most {ATOMIC_ROWS} rows and {ATOMIC_MIB} MiB, any other {MAX_ROWS} rows. An account has \
         one import at a time."
    )
}

/// Import books
#[utoipa::path(post, path = "/api/v1/books/import", operation_id = "importBooks", tag = "books", params(ImportOptions),
    description = import_description(),
    request_body(description = "File of books", content((String = "text/csv", example = "title,author,isbn\nDune,Frank Herbert,9780441013593\n"),
        (String = "application/x-ndjson", example = "{\"title\":\"Dune\",\"author\":\"Frank Herbert\"}\n"))),
    responses((status = 200, body = ImportReport, description = "Report of the import")))]
pub async fn import(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Query(mut options): Query<ImportOptions>,
    Upload { file, admission, charset }: Upload,
) -> Result<impl Responder> {
    options.charset = options.charset.or(charset);
    Ok(HttpResponse::Ok().json(import::run(&cx, &actor, admission, file, options).await?))
}

/// Export books
///
/// Streams the books that the filters match, the oldest first, as a file that can be imported. The file has the fields
/// of `NewBook`, without ids, times and owners. In CSV, cells that a spreadsheet would read as a formula begin with `'`;
/// the import removes it.
#[utoipa::path(get, path = "/api/v1/books/export", operation_id = "exportBooks", tag = "books", params(Filters, ExportQuery),
    responses((status = 200, description = "File of books",
        content((String = "text/csv", example = "title,author,subtitle,publisher,published_date,page_count,language,isbn,description,price_amount,price_currency,cover_url\nDune,Frank Herbert,,,1965,,,9780441013593,,,,\n"),
            (String = "application/x-ndjson", example = "{\"title\":\"Dune\",\"author\":\"Frank Herbert\"}\n")),
        headers(("Content-Disposition" = String, description = "Name of the file")))))]
pub async fn export(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Filtered(filters, query): Filtered<ExportQuery>,
) -> Result<impl Responder> {
    Ok(Download(export::open(&cx, &actor, filters, query).await?))
}
