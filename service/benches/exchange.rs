//! Benchmark of import and export on PostgreSQL, compared with `COPY` and with single inserts of the same rows, and
//! their memory use. The rows combine values of real books.
//!
//! ```sh
//! TEST_POSTGRES_URL=postgres://… TEST_BOOK_FILES=folder cargo bench -p service --bench exchange -- 1000000
//! ```

#![expect(clippy::unwrap_used, reason = "a benchmark fails by it")]
#![expect(clippy::disallowed_methods, reason = "a benchmark's own settings")]
#![expect(clippy::cast_precision_loss, reason = "rates are rounded anyway")]

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use entity::books;
use flate2::read::GzDecoder;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, Statement, TransactionTrait,
    sqlx::postgres::PgPoolCopyExt,
};
use service::{
    Actor, Context, DbSettings, Keys, Shared,
    admission::Admission,
    books::{
        Filters,
        export::{self, ExportFormat, ExportQuery},
        import::{self, ImportOptions},
    },
    context::AccountPolicy,
};

/// Rows per statement, the same as in the import.
const BATCH: u64 = 1000;

/// One of this many rows is inserted by itself.
const SINGLE: u64 = 50;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let rows: u64 = arguments.find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let server = std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL names a server");
    let folder = std::env::var("TEST_BOOK_FILES").expect("TEST_BOOK_FILES names the folder of the files");
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("books.csv");
    permute(Path::new(&folder), &file, rows);
    println!("{rows} rows, {} MiB", fs::metadata(&file).unwrap().len() >> 20);

    let root = open(&server).await;
    for sql in ["DROP DATABASE IF EXISTS exchange_bench WITH (FORCE)", "CREATE DATABASE exchange_bench"] {
        root.db.connection().execute_unprepared(sql).await.unwrap();
    }
    let (address, _) = server.rsplit_once('/').unwrap();
    let url = format!("{address}/exchange_bench");
    migration::startup::up(&url).await.unwrap();
    let cx = open(&url).await;
    measure(&cx, &file, &scratch.path().join("books.table"), rows).await;
    cx.db.close().await.unwrap();
    root.db.connection().execute_unprepared("DROP DATABASE exchange_bench WITH (FORCE)").await.unwrap();
}

/// Measures imports, inserts, `COPY` and exports of the books of `file`. `table` is a scratch file.
async fn measure(cx: &Context, file: &Path, table: &Path, rows: u64) {
    let imported = import_books(cx, file, rows).await;
    copy_out(cx, table).await;
    for sql in ["CREATE TABLE kept AS TABLE books", "CREATE INDEX ON kept (id)"] {
        cx.db.connection().execute_unprepared(sql).await.unwrap();
    }
    let copied = copy_in(cx, table, rows).await;
    let inserted = insert(cx, rows, BATCH, true).await;
    let single = insert(cx, rows / SINGLE, 1, false).await;
    let copied_again = copy_in(cx, table, rows).await;
    let copied = f64::midpoint(copied, copied_again);
    println!("import / COPY {:.2}", imported / copied);
    println!("inserting alone / COPY {:.2}", inserted / copied);
    println!("import / one by one {:.1}", imported / single);
    for format in [ExportFormat::Csv, ExportFormat::Ndjson] {
        export_books(cx, format, rows).await;
    }
    let again = Instant::now();
    let report = import::run(
        cx,
        &Actor::Operator,
        Admission::of_operator(),
        File::open(file).unwrap(),
        ImportOptions::default(),
    )
    .await;
    assert_eq!(report.unwrap().unchanged, rows);
    print_rate("import again", rows, again.elapsed());
}

async fn open(url: &str) -> Context {
    let settings = DbSettings {
        url: url.to_owned(),
        max_connections: 4,
        min_connections: 0,
        acquire_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_mins(10),
        max_lifetime: Duration::from_mins(30),
        budget: Duration::from_mins(1),
        long: Duration::from_hours(1),
        echo: false,
    };
    let policy = AccountPolicy {
        issuer: "bookly".to_owned(),
        access_token_ttl: 900,
        bcrypt_cost: 4,
        email_verification: false,
        mail: false,
        public_url: None,
        books: u64::MAX,
    };
    let keys = Keys::new(&["a secret for benchmarks, of 32 bytes"]).unwrap();
    Context::open(Arc::new(Shared::new(url, keys, policy, false)), &settings).await.unwrap()
}

fn print_rate(name: &str, rows: u64, took: Duration) -> f64 {
    let rate = rows as f64 / took.as_secs_f64();
    println!("{name}: {rate:.0} rows/s");
    rate
}

/// Resets the peak memory of the process (proc(5), `clear_refs`); returns its current memory.
fn reset_memory() -> u64 {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    peak_memory()
}

fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn print_memory(name: &str, before: u64) {
    println!("{name}: memory grew by {} MiB at most", (peak_memory() - before) >> 10);
}

async fn import_books(cx: &Context, file: &Path, rows: u64) -> f64 {
    let (before, began) = (reset_memory(), Instant::now());
    let file = File::open(file).unwrap();
    let report = import::run(cx, &Actor::Operator, Admission::of_operator(), file, ImportOptions::default())
        .await
        .unwrap();
    assert_eq!((report.created, report.warnings), (rows, 0), "{report:?}");
    let rate = print_rate("import, atomic", rows, began.elapsed());
    print_memory("import", before);
    rate
}

async fn export_books(cx: &Context, format: ExportFormat, rows: u64) {
    let (before, began) = (reset_memory(), Instant::now());
    let query = ExportQuery { format };
    let mut export = export::open(cx, &Actor::Operator, Filters::default(), query).await.unwrap();
    let mut bytes = 0;
    while let Some(part) = export.next().await.unwrap() {
        bytes += part.len();
    }
    print_rate(&format!("export, {format:?}, {} MiB", bytes >> 20), rows, began.elapsed());
    print_memory("export", before);
}

async fn copy_out(cx: &Context, table: &Path) {
    use futures_util::StreamExt;
    let connection = cx.db.connection();
    let pool = connection.get_postgres_connection_pool();
    let mut rows = pool.copy_out_raw("COPY books TO STDOUT").await.unwrap();
    let mut file = BufWriter::new(File::create(table).unwrap());
    while let Some(part) = rows.next().await {
        file.write_all(&part.unwrap()).unwrap();
    }
    file.flush().unwrap();
}

async fn empty(cx: &Context) {
    for sql in ["TRUNCATE books", "CHECKPOINT"] {
        cx.db.connection().execute_unprepared(sql).await.unwrap();
    }
}

async fn copy_in(cx: &Context, table: &Path, rows: u64) -> f64 {
    empty(cx).await;
    let began = Instant::now();
    let connection = cx.db.connection();
    let pool = connection.get_postgres_connection_pool();
    let mut copy = pool.copy_in_raw("COPY books FROM STDIN").await.unwrap();
    let mut file = BufReader::new(File::open(table).unwrap());
    let mut part = vec![0; 64 * 1024];
    loop {
        let length = file.read(&mut part).unwrap();
        if length == 0 {
            break;
        }
        copy.send(&part[..length]).await.unwrap();
    }
    assert_eq!(copy.finish().await.unwrap(), rows);
    print_rate("COPY", rows, began.elapsed())
}

/// Inserts prepared rows, by the statement of the import or one by one.
async fn insert(cx: &Context, rows: u64, batch: u64, checked: bool) -> f64 {
    empty(cx).await;
    let kept = cx.db.connection().begin().await.unwrap();
    let txn = cx.db.connection().begin().await.unwrap();
    let (mut took, mut last) = (Duration::ZERO, uuid::Uuid::nil());
    for _ in 0..rows.div_ceil(BATCH) {
        let models: Vec<books::Model> = books::Entity::find()
            .from_raw_sql(Statement::from_sql_and_values(
                DbBackend::Postgres,
                "SELECT * FROM kept WHERE id > $1 ORDER BY id LIMIT 1000",
                [last.into()],
            ))
            .all(&kept)
            .await
            .unwrap();
        last = models.last().unwrap().id;
        let rows: Vec<books::ActiveModel> =
            models.into_iter().map(|model| model.into_active_model().reset_all()).collect();
        let began = Instant::now();
        if checked {
            let insert = books::Entity::insert_many(rows).on_conflict_do_nothing_on([books::Column::Isbn]);
            insert.exec_without_returning(&txn).await.unwrap();
        } else {
            for row in rows {
                books::Entity::insert(row).exec_without_returning(&txn).await.unwrap();
            }
        }
        took += began.elapsed();
    }
    let began = Instant::now();
    txn.commit().await.unwrap();
    took += began.elapsed();
    kept.rollback().await.unwrap();
    print_rate(if checked { "statements of the import alone" } else { "one by one" }, rows.max(batch), took)
}

/// Writes `rows` books that combine titles, authors, years and covers of real ones, nine of ten with a unique ISBN.
fn permute(folder: &Path, file: &Path, rows: u64) {
    let goodbooks = GzDecoder::new(File::open(folder.join("goodbooks10k_books.csv.gz")).unwrap());
    let works = GzDecoder::new(File::open(folder.join("gutenberg_works_even.csv.gz")).unwrap());
    let goodbooks: Vec<_> = csv::Reader::from_reader(goodbooks).records().map(Result::unwrap).collect();
    let works: Vec<_> = csv::Reader::from_reader(works).records().map(Result::unwrap).collect();
    let (mut titles, mut authors) = (column(&works, 1), column(&works, 2));
    titles.extend(column(&goodbooks, 10));
    authors.extend(column(&goodbooks, 7));
    let covers: Vec<String> = goodbooks.iter().map(|record| record[21].to_owned()).collect();
    let mut writer = csv::Writer::from_path(file).unwrap();
    writer
        .write_record(["title", "author", "published_date", "page_count", "language", "isbn", "cover_url"])
        .unwrap();
    for number in 0..rows {
        let pick = |texts: &[String], step: u64| {
            texts[usize::try_from(number.wrapping_mul(step) % texts.len() as u64).unwrap()].clone()
        };
        let isbn = if number % 10 == 0 {
            String::new()
        } else {
            isbn(number * 7919 % 1_000_000_007 % 1_000_000_000)
        };
        writer
            .write_record([
                // A book without an ISBN is identified by its title.
                if isbn.is_empty() { format!("{}, {number}", pick(&titles, 1)) } else { pick(&titles, 1) },
                pick(&authors, 7),
                (1900 + number % 125).to_string(),
                (50 + number % 900).to_string(),
                ["en", "de", "fr"][usize::try_from(number % 3).unwrap()].to_owned(),
                isbn,
                pick(&covers, 3),
            ])
            .unwrap();
    }
    writer.flush().unwrap();
}

/// Texts of a column with at most 400 characters, with single spaces.
fn column(records: &[csv::StringRecord], index: usize) -> Vec<String> {
    let cells = records.iter().map(|record| record[index].split_whitespace().collect::<Vec<_>>().join(" "));
    cells
        .filter(|cell| (1..400).contains(&cell.chars().count()) && !cell.contains(char::is_control))
        .collect()
}

/// ISBN-13 of a number of nine digits.
fn isbn(number: u64) -> String {
    let digits = format!("978{number:09}");
    let sum: u32 = digits
        .bytes()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
