//! Streamed files: exports of books and of the account's own data.

use std::io;

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, http::header, web::Bytes};
use futures_util::stream;
use service::{books::export::BookExport, own_data::OwnData};

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

/// File of everything stored about an account, streamed from the database. After a failure the connection is cut.
pub struct Exported(pub OwnData);

impl Responder for Exported {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        // A username has only letters, digits, dots, hyphens and underscores.
        let file = format!("attachment; filename=\"bookly-{}.json\"", self.0.username());
        let pieces = stream::try_unfold(self.0, async |mut export| match export.next().await {
            Ok(piece) => Ok(piece.map(|piece| (Bytes::from(piece), export))),
            Err(error) => {
                let problem = Problem::from(error);
                log::error!(target: "bookly::request", cause = problem.cause().unwrap_or("-"); "export cut off");
                Err(io::Error::other(problem.to_string()))
            }
        });
        HttpResponse::Ok()
            .insert_header((header::CONTENT_DISPOSITION, file))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("application/json")
            .streaming(pieces)
    }
}
