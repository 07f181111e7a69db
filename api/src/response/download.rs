//! Streamed files: exports of books and of the account's own data.

use std::io;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::header,
    web::{Bytes, Data},
};
use futures_util::{Stream, StreamExt, stream};
use service::{Context, books::export::BookExport, own_data::OwnData};

use crate::error::Problem;

/// File of books, streamed from the database. After a failure the connection is cut, so that clients see that the
/// file is incomplete.
pub struct Download(pub BookExport);

impl Responder for Download {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let format = self.0.format();
        let parts = stream::try_unfold(self.0, |mut export| async {
            match export.next().await {
                Ok(part) => Ok(part.map(|part| (Bytes::from(part), export))),
                Err(error) => {
                    log::error!(error:%; "an export was cut off");
                    Err(error)
                }
            }
        });
        let disposition = format!("attachment; filename=\"{}\"", format.file_name());
        HttpResponse::Ok()
            .content_type(format.media_type())
            .insert_header((header::CONTENT_DISPOSITION, disposition))
            .streaming(parts)
    }
}

/// File of everything stored about an account.
pub struct Exported(pub Data<Context>, pub OwnData);

impl Responder for Exported {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let Self(cx, export) = self;
        let document = match serde_json::to_string(export.document()) {
            Ok(document) => document,
            Err(error) => return HttpResponse::from_error(io::Error::other(error)),
        };
        // A username has only letters, digits, dots, hyphens and underscores.
        let file = format!("attachment; filename=\"bookly-{}.json\"", export.document().account.username);
        // The list of books is last and still empty: its closing brackets follow after the books.
        let start = document.strip_suffix("]}").unwrap_or(&document).to_owned();
        let start = stream::iter([Ok(Bytes::from(start))]);
        HttpResponse::Ok()
            .insert_header((header::CONTENT_DISPOSITION, file))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("application/json")
            .streaming(start.chain(books(cx, export)).chain(stream::iter([Ok(Bytes::from_static(b"]}"))])))
    }
}

/// Books, with commas between them. After an error the connection is cut.
fn books(cx: Data<Context>, export: OwnData) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((cx, export, true), async |(cx, mut export, first)| {
        let books = export.next(&cx).await.map_err(|error| {
            let problem = Problem::from(error);
            log::error!(target: "bookly::request", cause = problem.cause().unwrap_or("-"); "export cut off");
            io::Error::other(problem.to_string())
        })?;
        let Some(books) = books else { return Ok(None) };
        let texts = books.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        let comma = if first || texts.is_empty() { "" } else { "," };
        let first = first && texts.is_empty();
        Ok(Some((Bytes::from(format!("{comma}{}", texts.join(","))), (cx, export, first))))
    })
}
