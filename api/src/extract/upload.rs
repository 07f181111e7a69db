//! Extractor of files that are the whole body.

use std::{
    io::{self, Seek, SeekFrom, Write},
    time::Duration,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Bytes};
use futures_util::{StreamExt, future::LocalBoxFuture};
use service::{Actor, Clock, Error, admission::Admission, books::import};

use super::{Sender, content_length, context, cut_off};
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

/// Bytes that a file gains in each second on average, after a start. A slow one keeps others from the disk.
const FILE_RATE: usize = 8 * 1024;

/// Time in which a file may be slower.
const FILE_START: Duration = Duration::from_secs(30);

/// A file as the whole body. The stream of the connection ends it if it stops.
pub struct Upload {
    /// The file, in memory while it is small and on disk when it is not.
    pub file: tempfile::SpooledTempFile,
    /// Admission of its import.
    pub admission: Admission,
    /// Charset that its media type names.
    pub charset: Option<String>,
}

impl FromRequest for Upload {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = request.content_type().to_ascii_lowercase();
        let charset = charset(request);
        let (length, limit) = (content_length(request), Endpoint::of(request).and_then(Endpoint::body_limit));
        let (sender, payload) = (Sender::of(request), payload.take());
        let parts = context(request).map(|cx| (cx.clone(), request.extensions().get::<Actor>().cloned()));
        Box::pin(async move {
            if !FILE_TYPES.contains(&media_type.as_str()) {
                return Err(Problem::new(
                    Code::UnsupportedMediaType,
                    "send text/csv, application/x-ndjson or application/json",
                ));
            }
            let (cx, actor) = parts?;
            let admission = import::admit(&cx, &actor.ok_or(Error::NotSignedIn)?).await?;
            let file = sender.read(read_file(payload, length, limit?, (cx.clock(), &admission))).await?;
            Ok(Self { file, admission, charset })
        })
    }
}

/// `charset` parameter of the media type.
fn charset(request: &HttpRequest) -> Option<String> {
    let media_type = request.mime_type().ok().flatten()?;
    media_type.get_param("charset").map(|charset| charset.to_string())
}

async fn read_file(
    mut payload: Payload,
    length: Option<usize>,
    limit: usize,
    (clock, admission): (&Clock, &Admission),
) -> Result<tempfile::SpooledTempFile> {
    let too_large = || Problem::new(Code::BodyTooLarge, format!("the body has more than {limit} bytes"));
    if length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    if length.is_some_and(|length| length > FILE_IN_MEMORY) {
        admission.store_file()?;
    }
    let (mut file, began) = (tempfile::spooled_tempfile(FILE_IN_MEMORY), clock.now());
    let mut size = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| cut_off(&error))?;
        size += chunk.len();
        if size > limit {
            return Err(too_large());
        }
        let elapsed = (clock.now() - began).to_std().unwrap_or_default();
        if elapsed > FILE_START + Duration::from_secs((size / FILE_RATE) as u64) {
            return Err(Problem::new(Code::RequestTimeout, "the file took too long"));
        }
        if size > FILE_IN_MEMORY {
            admission.store_file()?;
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
