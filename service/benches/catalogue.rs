//! Benchmark of lists, searches and counts in a large catalogue.
//!
//! `cargo bench --package service --bench catalogue -- --database URL --rows 1000000 FILE.csv…` on a database that
//! `cargo migrate up` has created: it fills the database with books that combine titles, authors, languages and years
//! of the files, and prints the time of a page at the front and 50,000 pages later, of searches and of facets.

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use clap::Parser;
use entity::books;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, PaginatorTrait, TransactionTrait};
use service::{
    Context, DbSettings, Keys, Shared,
    books::{BookQuery, BookSort, Filters},
    context::AccountPolicy,
};
use uuid::Uuid;

type Anything<T> = Result<T, Box<dyn std::error::Error>>;

/// Command line arguments.
#[derive(Parser)]
struct Arguments {
    /// URL of the database, with its migrations applied
    #[arg(long)]
    database: String,
    /// Number of books in the database
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Measurements of each operation
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// Number of pages of twenty books to read
    #[arg(long, default_value_t = 50_000)]
    pages: u64,
    /// Files of real books, as CSV with the columns title and author, or authors
    files: Vec<std::path::PathBuf>,
    /// Flag that cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// Book of an input file.
struct Real {
    title: String,
    author: String,
    language: Option<String>,
    year: Option<String>,
}

#[tokio::main]
async fn main() -> Anything<()> {
    let arguments = Arguments::parse();
    let mut real = Vec::new();
    for file in &arguments.files {
        read(file, &mut real)?;
    }
    let settings = DbSettings {
        url: arguments.database.clone(),
        max_connections: 4,
        min_connections: 0,
        acquire_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_mins(10),
        max_lifetime: Duration::from_hours(1),
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
    let keys = Keys::new(&["a secret for benchmarks, of 32 bytes"])?;
    let shared = Shared::new(&arguments.database, keys, policy, false);
    let cx = Context::open(Arc::new(shared), &settings).await?;
    fill(&cx, &real, arguments.rows).await?;
    let bench = Bench { cx, rounds: arguments.rounds };
    bench.pages(arguments.pages).await?;
    bench.searches(&real).await?;
    bench.facets().await
}

fn read(file: &std::path::Path, real: &mut Vec<Real>) -> Anything<()> {
    let mut reader = csv::Reader::from_path(file)?;
    let headers = reader.headers()?.clone();
    let at =
        |names: &[&str]| headers.iter().position(|header| names.contains(&header.to_lowercase().as_str()));
    let title = at(&["title"]).ok_or("no column title")?;
    let author = at(&["author", "authors"]).ok_or("no column author")?;
    let (language, year) = (at(&["language", "language_code"]), at(&["original_publication_year"]));
    for row in reader.records() {
        let row = row?;
        let cell = |at: Option<usize>| {
            let text = row.get(at?)?.split_whitespace().collect::<Vec<_>>().join(" ");
            (!text.is_empty()).then(|| text.chars().take(500).collect::<String>())
        };
        let (Some(title), Some(author)) = (cell(Some(title)), cell(Some(author))) else { continue };
        let year = cell(year).and_then(|year| year.split('.').next().map(str::to_owned));
        let year = year.filter(|year| year.len() == 4 && !year.starts_with('-'));
        let language = cell(language).filter(|tag| tag.len() == 2 || tag.len() == 5);
        real.push(Real { title, author, language, year });
    }
    Ok(())
}

async fn fill(cx: &Context, real: &[Real], rows: u64) -> Anything<()> {
    let connection = cx.db.connection();
    let there = books::Entity::find().count(&connection).await?;
    if there >= rows {
        return Ok(());
    }
    if real.is_empty() {
        return Err("name a file of books to fill the database from".into());
    }
    let started = Instant::now();
    let count = real.len() as u64;
    let pick = |number: u64, stride: u64| {
        let at = (number.wrapping_mul(stride) + number / count) % count;
        real.get(usize::try_from(at).unwrap_or_default()).ok_or("out of the file")
    };
    let start = Utc::now();
    for batch in (there..rows).step_by(50_000) {
        let transaction = connection.begin().await?;
        for chunk in (batch..rows.min(batch + 50_000)).step_by(1_000) {
            let mut new = Vec::with_capacity(1_000);
            for number in chunk..rows.min(chunk + 1_000) {
                let (one, other) = (pick(number, 7_919)?, pick(number, 104_729)?);
                new.push(row(number, one, other, start)?);
            }
            books::Entity::insert_many(new).exec_without_returning(&transaction).await?;
        }
        transaction.commit().await?;
        eprint!("\r{} books", rows.min(batch + 50_000));
        std::io::stderr().flush()?;
    }
    eprintln!("\rfilled with {} books in {:.0} s", rows - there, started.elapsed().as_secs_f64());
    if connection.get_database_backend() == sea_orm::DbBackend::Postgres {
        connection.execute_unprepared("VACUUM ANALYZE").await?;
    } else if connection.get_database_backend() == sea_orm::DbBackend::Sqlite {
        connection.execute_unprepared("ANALYZE").await?;
    }
    Ok(())
}

fn row(number: u64, one: &Real, other: &Real, start: DateTime<Utc>) -> Anything<books::ActiveModel> {
    let moment = start + chrono::TimeDelta::microseconds(i64::try_from(number)?);
    Ok(books::ActiveModel {
        id: Set(Uuid::now_v7()),
        title: Set(one.title.clone()),
        subtitle: Set(None),
        author: Set(other.author.clone()),
        publisher: Set(number
            .is_multiple_of(3)
            .then(|| format!("{} Press", other.author.split(' ').next().unwrap_or("A")))),
        published_date: Set(one.year.clone()),
        page_count: Set(Some(i64::try_from(number % 900)? + 1)),
        language: Set(one.language.clone()),
        isbn: Set(Some(isbn(number))),
        description: Set(number.is_multiple_of(10).then(|| format!("By the author of {}.", other.title))),
        price_amount: Set(None),
        price_currency: Set(None),
        cover_url: Set(None),
        owner_id: Set(None),
        work_key: Set(None),
        version: Set(1),
        created_at: Set(moment.fixed_offset()),
        updated_at: Set(moment.fixed_offset()),
    })
}

/// ISBN-13 with its check digit.
fn isbn(number: u64) -> String {
    let body = format!("978{number:09}");
    let digits =
        body.bytes().enumerate().map(|(at, digit)| u32::from(digit - b'0') * if at % 2 == 0 { 1 } else { 3 });
    format!("{body}{}", (10 - digits.sum::<u32>() % 10) % 10)
}

struct Bench {
    cx: Context,
    rounds: usize,
}

impl Bench {
    async fn list(&self, filters: Filters, query: BookQuery) -> Anything<(Duration, Option<String>, usize)> {
        let started = Instant::now();
        let page = service::books::list(&self.cx, filters, query).await?;
        Ok((started.elapsed(), page.next_cursor, page.items.len()))
    }

    /// Times the first page against one far behind it, alternately.
    async fn pages(&self, pages: u64) -> Anything<()> {
        for sort in [BookSort::CreatedAtDescending, BookSort::Title] {
            let mut cursor = None;
            for _ in 1..pages {
                let (_, next, _) = self
                    .list(Filters::default(), BookQuery { sort: Some(sort), cursor, ..Default::default() })
                    .await?;
                cursor = next;
                if cursor.is_none() {
                    return Err("the catalogue has not so many pages".into());
                }
            }
            let (mut front, mut far) = (Vec::new(), Vec::new());
            for _ in 0..self.rounds {
                front.push(
                    self.list(Filters::default(), BookQuery { sort: Some(sort), ..Default::default() })
                        .await?
                        .0,
                );
                let cursor = cursor.clone();
                far.push(
                    self.list(
                        Filters::default(),
                        BookQuery { sort: Some(sort), cursor, ..Default::default() },
                    )
                    .await?
                    .0,
                );
            }
            let ratio = median(&mut far).as_secs_f64() / median(&mut front).as_secs_f64();
            print(&format!("page 1 by {sort:?}"), &mut front);
            print(&format!("page {pages} by {sort:?} ({ratio:.2} × page 1)"), &mut far);
        }
        Ok(())
    }

    async fn searches(&self, real: &[Real]) -> Anything<()> {
        let step = (real.len() / 300).max(1);
        let sampled = || real.iter().step_by(step).take(300);
        let begin = |text: &str| text.chars().take(40).collect::<String>();
        let titles: Vec<String> = sampled().map(|real| begin(&real.title)).collect();
        let typed: Vec<String> = sampled().map(|real| real.title.chars().take(6).collect()).collect();
        let authors: Vec<String> = sampled().map(|real| begin(&real.author)).collect();
        let fixed = |query: &str| vec![query.to_owned(); self.rounds.min(20)];
        for (name, queries) in [
            ("300 titles", titles),
            ("the first 6 letters of 300 titles", typed),
            ("300 authors", authors),
            ("a word that no book has", fixed("xyzzy ")),
            ("a word that many books have", fixed("the ")),
            ("one letter", fixed("t")),
        ] {
            for sort in [BookSort::Relevance, BookSort::CreatedAtDescending] {
                let mut times = Vec::new();
                for query in &queries {
                    let filters = Filters { q: Some(query.clone()), ..Default::default() };
                    let query = BookQuery { sort: Some(sort), ..Default::default() };
                    times.push(self.list(filters, query).await?.0);
                }
                print(&format!("search for {name} by {sort:?}"), &mut times);
            }
        }
        Ok(())
    }

    async fn facets(&self) -> Anything<()> {
        for query in ["{}", r#"{"language":"en"}"#, r#"{"q":"history "}"#, r#"{"q":"history of england"}"#] {
            let mut times = Vec::new();
            for _ in 0..self.rounds.min(5) {
                let filters: Filters = serde_json::from_str(query)?;
                let started = Instant::now();
                service::books::facets(&self.cx, filters).await?;
                times.push(started.elapsed());
            }
            print(&format!("facets of {query}"), &mut times);
        }
        Ok(())
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn print(name: &str, times: &mut [Duration]) {
    let middle = median(times);
    let last = times[(times.len() * 99 / 100).min(times.len() - 1)];
    println!("{name}: p50 {:.2} ms, p99 {:.2} ms", middle.as_secs_f64() * 1e3, last.as_secs_f64() * 1e3);
}
