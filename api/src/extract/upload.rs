//! Extractor of files that are the whole body.

use std::io::{self, Seek, SeekFrom, Write};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Bytes};
use futures_util::{StreamExt, future::LocalBoxFuture};

use super::{Sender, content_length, cut_off};
use crate::{
    endpoints::Endpoint,
    error::{Code, Problem, Result},
};

/// Most bytes of an imported file.
pub const FILE_LIMIT: usize = 32 * 1024 * 1024;

/// Largest file that is kept in memory; others are written to disk.
const FILE_IN_MEMORY: usize = 512 * 1024;

/// Media types of files of books. Browsers on Windows send CSV files as those of Excel.
const FILE_TYPES: [&str; 10] = [
    "text/csv",
    "application/csv",
    "application/vnd.ms-excel",
    "text/tab-separated-values",
    "text/plain",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json",
    "application/octet-stream",
];

/// A file as the whole body, kept in memory while it is small and on disk when it is not. The stream of the connection
/// ends it if it is too slow.
pub struct Upload(pub tempfile::SpooledTempFile);

impl FromRequest for Upload {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = request.content_type().to_ascii_lowercase();
        let (length, limit) = (content_length(request), Endpoint::of(request).and_then(Endpoint::body_limit));
        let (sender, payload) = (Sender::of(request), payload.take());
        Box::pin(async move {
            if !FILE_TYPES.contains(&media_type.as_str()) {
                return Err(Problem::new(
                    Code::UnsupportedMediaType,
                    "send text/csv or application/x-ndjson",
                ));
            }
            sender.read(read_file(payload, length, limit?)).await.map(Self)
        })
    }
}

async fn read_file(
    mut payload: Payload,
    length: Option<usize>,
    limit: usize,
) -> Result<tempfile::SpooledTempFile> {
    let too_large = || Problem::new(Code::BodyTooLarge, format!("the body has more than {limit} bytes"));
    if length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut file = tempfile::spooled_tempfile(FILE_IN_MEMORY);
    let mut size = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| cut_off(&error))?;
        size += chunk.len();
        if size > limit {
            return Err(too_large());
        }
        file = spool(file, chunk).await?;
    }
    file.seek(SeekFrom::Start(0)).map_err(|error| disk(&error))?;
    Ok(file)
}

/// Writes a chunk, off this thread once the file is on disk.
async fn spool(mut file: tempfile::SpooledTempFile, chunk: Bytes) -> Result<tempfile::SpooledTempFile> {
    let written = if file.is_rolled() {
        tokio::task::spawn_blocking(move || file.write_all(&chunk).map(|()| file)).await
    } else {
        Ok(file.write_all(&chunk).map(|()| file))
    };
    written.map_err(|error| disk(&io::Error::other(error)))?.map_err(|error| disk(&error))
}

fn disk(error: &io::Error) -> Problem {
    Problem::caused(Code::Unavailable, "the file cannot be stored", error.to_string())
}
