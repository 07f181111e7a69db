//! Bodies in a content coding: whole ones, and streams that stay streams.

use std::{
    collections::HashMap,
    error::Error,
    io::{self, Write},
    pin::Pin,
    sync::{LazyLock, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};
use flate2::{Compression, write::GzEncoder};

use super::Coding;

/// Low levels: the next ones take twice the time to save another fiftieth.
const ZSTD_LEVEL: i32 = 1;
const BROTLI_QUALITY: u32 = 3;
const GZIP_LEVEL: u32 = 3;

/// Brotli's window, as a power of two. A larger one takes longer to set up than a page takes to compress.
const BROTLI_WINDOW: u32 = 18;

/// Bytes that Brotli gives out at a time.
const BROTLI_BUFFER: usize = 4096;

/// Compresses into memory.
enum Encoder {
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding) -> io::Result<Self> {
        Ok(match coding {
            Coding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
            Coding::Brotli => Self::Brotli(Box::new(brotli::CompressorWriter::new(
                Vec::new(),
                BROTLI_BUFFER,
                BROTLI_QUALITY,
                BROTLI_WINDOW,
            ))),
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL))),
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Zstd(encoder) => encoder,
            Self::Brotli(encoder) => encoder,
            Self::Gzip(encoder) => encoder,
        }
    }

    /// What is compressed so far and was not taken yet.
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Zstd(encoder) => encoder.get_mut(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Gzip(encoder) => encoder.get_mut(),
        })
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

/// Compresses a whole body.
pub(super) fn whole(coding: Coding, body: &[u8]) -> io::Result<Bytes> {
    let mut encoder = Encoder::new(coding)?;
    encoder.writer().write_all(body)?;
    Ok(encoder.finish()?.into())
}

/// Compresses a whole body on a thread that may be busy for long.
pub(super) async fn aside(coding: Coding, body: Bytes) -> io::Result<Bytes> {
    tokio::task::spawn_blocking(move || whole(coding, &body)).await.map_err(io::Error::other)?
}

/// Compresses a body that the program has, and keeps the outcome.
pub(super) async fn once(coding: Coding, body: Bytes) -> io::Result<Bytes> {
    static KEPT: LazyLock<Mutex<HashMap<(Coding, u128), Bytes>>> = LazyLock::new(Mutex::default);
    let key = (coding, twox_hash::XxHash3_128::oneshot(&body));
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(encoded) = kept().get(&key) {
        return Ok(encoded.clone());
    }
    let encoded = aside(coding, body).await?;
    kept().insert(key, encoded.clone());
    Ok(encoded)
}

/// A stream in a content coding. What the source has ready is compressed together; before the source is waited
/// for, all that it gave is sent.
pub(super) struct Encoded {
    source: BoxBody,
    encoder: Option<Encoder>,
    coding: Coding,
    begun: bool,
    unsent: bool,
}

impl Encoded {
    pub(super) fn new(coding: Coding, source: BoxBody) -> Self {
        Self { source, encoder: None, coding, begun: false, unsent: false }
    }

    /// What becomes of the next step of the source; none asks for another.
    fn step(&mut self, chunk: Poll<Option<Bytes>>) -> io::Result<Option<Poll<Option<Bytes>>>> {
        if !self.begun {
            (self.encoder, self.begun) = (Some(Encoder::new(self.coding)?), true);
        }
        let Some(encoder) = &mut self.encoder else { return Ok(Some(Poll::Ready(None))) };
        let encoded = match chunk {
            Poll::Ready(Some(chunk)) => {
                encoder.writer().write_all(&chunk)?;
                self.unsent = true;
                encoder.take()
            }
            Poll::Ready(None) => {
                let rest = self.encoder.take().map(Encoder::finish).transpose()?;
                return Ok(Some(Poll::Ready(rest.map(Bytes::from))));
            }
            Poll::Pending if self.unsent => {
                encoder.writer().flush()?;
                self.unsent = false;
                let encoded = encoder.take();
                let nothing = encoded.is_empty();
                return Ok(Some(if nothing { Poll::Pending } else { Poll::Ready(Some(encoded.into())) }));
            }
            Poll::Pending => return Ok(Some(Poll::Pending)),
        };
        // An empty chunk would end the answer.
        Ok((!encoded.is_empty()).then(|| Poll::Ready(Some(encoded.into()))))
    }
}

impl MessageBody for Encoded {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        loop {
            let chunk = match self.source.as_pin_mut().poll_next(context) {
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Ok(chunk))) => Poll::Ready(Some(chunk)),
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            };
            match self.step(chunk) {
                Ok(None) => {}
                Ok(Some(answer)) => return Poll::Ready(ready!(answer).map(Ok)),
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }
}
