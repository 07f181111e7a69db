//! Compression of bodies: whole ones, and streams.

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

use super::coding::Coding;

/// Low levels: the next ones take twice the time to save another 2 %.
const ZSTD_LEVEL: i32 = 1;
const BROTLI_QUALITY: u32 = 3;
const GZIP_LEVEL: u32 = 3;

/// Brotli's window, as a power of two. Allocating a larger one takes longer than compressing a page.
const BROTLI_WINDOW: u32 = 18;

/// Bytes that Brotli writes at a time.
const BROTLI_BUFFER: usize = 4096;

/// Compressor that writes to memory.
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

    /// Compressed bytes since the last call.
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

/// Compresses a whole body on a thread that may block.
pub(super) async fn aside(coding: Coding, body: Bytes) -> io::Result<Bytes> {
    tokio::task::spawn_blocking(move || whole(coding, &body)).await.map_err(io::Error::other)?
}

/// Compresses an immutable body, and keeps the result.
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

/// Compressed stream. Chunks that are ready are compressed together; before waiting for the source, all compressed
/// bytes are sent.
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

    /// Result of a chunk of the source; none if the source must be polled again.
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
        // An empty chunk would end the response.
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
            if self.begun && self.encoder.is_none() {
                return Poll::Ready(None);
            }
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

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, io::Read};

    use actix_web::body::BodyStream;
    use futures_util::{FutureExt, stream};
    use tokio::sync::mpsc;

    use super::*;

    /// What can be read so far of what is compressed.
    fn plain(coding: Coding, encoded: &[u8]) -> Vec<u8> {
        let mut decoder: Box<dyn Read> = match coding {
            Coding::Zstd => Box::new(zstd::stream::read::Decoder::new(encoded).unwrap()),
            Coding::Brotli => Box::new(brotli::Decompressor::new(encoded, 4096)),
            Coding::Gzip => Box::new(flate2::read::GzDecoder::new(encoded)),
        };
        let (mut plain, mut buffer) = (Vec::new(), [0; 4096]);
        while let Ok(length @ 1..) = decoder.read(&mut buffer) {
            plain.extend_from_slice(&buffer[..length]);
        }
        plain
    }

    #[actix_web::test]
    async fn a_stream_sends_what_it_has_before_it_waits_for_more() {
        for coding in Coding::ALL {
            let (sender, receiver) = mpsc::unbounded_channel::<Bytes>();
            let source = stream::unfold(receiver, async |mut receiver| {
                let chunk = receiver.recv().await?;
                Some((Ok::<_, io::Error>(chunk), receiver))
            });
            let mut body = Encoded::new(coding, BoxBody::new(BodyStream::new(Box::pin(source))));
            let mut next = || poll_fn(|context| Pin::new(&mut body).poll_next(context)).now_or_never();
            let (mut encoded, mut expected) = (Vec::new(), Vec::new());
            for line in ["one\n", "", "two\n", "three\n"] {
                sender.send(line.into()).unwrap();
                expected.extend_from_slice(line.as_bytes());
                while let Some(chunk) = next() {
                    let chunk = chunk.unwrap().unwrap();
                    assert!(!chunk.is_empty(), "an empty chunk would end the answer");
                    encoded.extend_from_slice(&chunk);
                }
                assert_eq!(plain(coding, &encoded), expected, "{coding:?}");
            }
            drop(sender);
            while let Some(Some(chunk)) = next() {
                encoded.extend_from_slice(&chunk.unwrap());
            }
            assert!(matches!(next(), Some(None)), "the end is the end");
            assert_eq!(plain(coding, &encoded), expected, "{coding:?}");
        }
    }

    #[actix_web::test]
    async fn a_stream_that_breaks_off_breaks_off() {
        let source = stream::iter([Ok(Bytes::from_static(b"half")), Err(io::Error::other("gone"))]);
        let mut body = Encoded::new(Coding::Gzip, BoxBody::new(BodyStream::new(source)));
        let mut broken = false;
        while let Some(chunk) = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await {
            broken = chunk.is_err();
            if broken {
                break;
            }
        }
        assert!(broken, "nobody takes half of it for the whole");
    }
}
