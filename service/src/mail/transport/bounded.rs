//! Connection to a mail server that ends when the server sends too much without being asked. The SMTP client buffers a
//! whole line before it checks its length.

use std::{
    fmt::Debug,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most bytes of the server between two commands. A reply has up to 512 bytes a line (RFC 5321, section 4.5.3.1.5); a
/// TLS handshake with a long chain of certificates has some 10 KiB. The client's buffer doubles as it grows, so it
/// reaches twice this size.
const MAX_REPLY: usize = 32 << 10;

/// Connection that reads at most [`MAX_REPLY`] bytes between two writes, and fails for good beyond it.
#[derive(Debug)]
pub(super) struct Bounded<S> {
    stream: S,
    peer: SocketAddr,
    /// Bytes that may still be read before the next write.
    left: usize,
}

impl<S> Bounded<S> {
    /// Bounds `stream`, a connection to `peer`.
    pub(super) fn new(stream: S, peer: SocketAddr) -> Self {
        Self { stream, peer, left: MAX_REPLY }
    }

    fn check(&self) -> io::Result<()> {
        match self.left {
            0 => Err(io::Error::other("the server sent too much without being asked")),
            _ => Ok(()),
        }
    }

    /// Renews the bound after bytes were written.
    fn written(&mut self, count: usize) -> usize {
        if count > 0 {
            self.left = MAX_REPLY;
        }
        count
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.left = self.left.saturating_sub(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        Poll::Ready(Ok(self.written(count)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin> AsyncTokioStream for Bounded<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    /// Connection whose server has sent `sent` bytes.
    async fn after(sent: usize) -> (Bounded<DuplexStream>, DuplexStream) {
        let (ours, mut server) = duplex(4 * MAX_REPLY);
        server.write_all(&vec![b'x'; sent]).await.unwrap();
        (Bounded::new(ours, (Ipv4Addr::LOCALHOST, 25).into()), server)
    }

    /// Bytes that a client reads before the connection fails or the server has sent nothing more.
    async fn read_all(connection: &mut Bounded<DuplexStream>) -> (usize, bool) {
        let (mut read, mut part) = (0, [0; 4096]);
        loop {
            match futures_util::future::poll_immediate(Box::pin(connection.read(&mut part))).await {
                None => return (read, true),
                Some(Ok(count)) => read += count,
                Some(Err(_)) => return (read, false),
            }
        }
    }

    #[tokio::test]
    async fn a_reply_beyond_the_bound_ends_the_connection_for_good() {
        let (mut connection, _server) = after(3 * MAX_REPLY).await;
        let (read, is_usable) = read_all(&mut connection).await;
        assert!(!is_usable && (MAX_REPLY..MAX_REPLY + 4096).contains(&read), "{read}");
        assert!(connection.write_all(b"QUIT\r\n").await.is_err());
        assert_eq!(read_all(&mut connection).await, (0, false));
    }

    #[tokio::test]
    async fn each_command_renews_the_bound() {
        let (mut connection, mut server) = after(0).await;
        for _ in 0..10 {
            server.write_all(&[b'x'; MAX_REPLY / 2]).await.unwrap();
            assert_eq!(read_all(&mut connection).await, (MAX_REPLY / 2, true));
            connection.write_all(b"NOOP\r\n").await.unwrap();
        }
    }
}
