//! Stream between a client and the HTTP library, which keeps the client to the limits.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::rt::net::TcpStream;
use actix_web::web::{Buf, BytesMut};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use super::{
    alarm::Alarm,
    connection::Connection,
    inbound::{Admitted, Wait},
    registry::Membership,
};

/// Most bytes that are read ahead while the application works, to notice a client that hangs up.
const READ_AHEAD: usize = 8 * 1024;

/// Most bytes that the system holds of a response without having sent them. They count as progress of the client, so
/// there should be few.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 32 * 1024;

/// Stream between a client and the HTTP library.
pub(super) struct Guarded {
    io: TcpStream,
    connection: Rc<Connection>,
    /// Bytes that may not pass yet.
    stash: BytesMut,
    /// Whether the client has sent everything.
    ended: bool,
    alarm: Alarm,
    _membership: Membership<Connection>,
}

impl Guarded {
    pub fn new(io: TcpStream, connection: Rc<Connection>, membership: Membership<Connection>) -> Self {
        // Small responses are not held back. Where an option fails, the connection still works.
        io.set_nodelay(true).ok();
        #[cfg(target_os = "linux")]
        SockRef::from(&io).set_tcp_notsent_lowat(UNSENT).ok();
        let (stash, alarm) = (BytesMut::new(), Alarm::default());
        Self { io, connection, stash, ended: false, alarm, _membership: membership }
    }

    /// State that the application shares.
    pub fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    fn admit(&self, bytes: &[u8]) -> Admitted {
        self.connection.inbound.borrow_mut().admit(bytes, &self.connection.limits, Instant::now)
    }

    /// Passes bytes of the stash; returns whether there were any.
    fn release(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let fitting = self.stash.len().min(buf.remaining());
        let Admitted { skipped, passed } = self.admit(&self.stash[..fitting]);
        self.stash.advance(skipped);
        buf.put_slice(&self.stash[..passed]);
        self.stash.advance(passed);
        if self.stash.is_empty() {
            // An idle connection keeps no memory.
            self.stash = BytesMut::new();
        }
        passed > 0
    }

    /// Reads from the client into `buf`, and moves what may not pass yet to the stash; returns whether bytes pass.
    fn receive(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let start = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let received = &buf.filled()[start..];
        self.ended = received.is_empty();
        let Admitted { skipped, passed } = self.admit(received);
        if skipped > 0 {
            self.stash.extend_from_slice(&received[skipped..]);
            buf.set_filled(start);
            buf.put_slice(&self.stash[..passed]);
            self.stash.advance(passed);
        } else {
            self.stash.extend_from_slice(&received[passed..]);
            buf.set_filled(start + passed);
        }
        Poll::Ready(Ok(passed > 0))
    }

    /// Reads ahead, so that a reset by the client is noticed.
    fn read_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.ended && self.stash.len() < READ_AHEAD {
            ready!(self.io.poll_read_ready(cx))?;
            let mut bytes = [0; READ_AHEAD];
            let mut buf = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf))?;
            self.ended = buf.filled().is_empty();
            self.stash.extend_from_slice(buf.filled());
        }
        Poll::Pending
    }

    /// Waits for the client or the application; ready once the client's time is over.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (now, limits) = (Instant::now(), &self.connection.limits);
        let deadline = match self.connection.inbound.borrow_mut().wait(now, limits) {
            Wait::Until(deadline) => deadline,
            // The next phase may begin without a read.
            Wait::Unlimited => now + limits.keep_alive,
            Wait::Over => return Poll::Ready(()),
        };
        self.alarm.set(cx, deadline);
        self.connection.pending.set(self.ended || !self.stash.is_empty());
        self.connection.set_reader(cx);
        Poll::Pending
    }

    /// Sends the reason of a closed connection, unless a response is being sent or the client does not read.
    fn refuse(&mut self, cx: &mut Context<'_>) {
        let refusal = self.connection.inbound.borrow_mut().take_refusal();
        if let Some(refusal) = refusal.filter(|_| self.connection.outbound.borrow().waiting_since().is_none())
        {
            log::debug!("connection refused: {refusal:?}");
            // The connection closes, whether or not the client receives all of it.
            drop(Pin::new(&mut self.io).poll_write(cx, &refusal.response()));
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while buf.remaining() > 0 {
            let (open, closed) = {
                let inbound = this.connection.inbound.borrow();
                (inbound.is_open(), inbound.is_closed())
            };
            if closed {
                this.refuse(cx);
                return Poll::Ready(Ok(()));
            }
            if open && !this.stash.is_empty() {
                if this.release(buf) {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            if open && this.ended {
                return Poll::Ready(Ok(()));
            }
            let received = if open { this.receive(cx, buf)? } else { this.read_ahead(cx)?.map(|()| false) };
            match received {
                Poll::Ready(true) => return Poll::Ready(Ok(())),
                Poll::Ready(false) => {}
                Poll::Pending => ready!(this.wait(cx)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Poll::Ready(written) = Pin::new(&mut this.io).poll_write(cx, bytes)? {
            this.connection.outbound.borrow_mut().progress(written, Instant::now);
            return Poll::Ready(Ok(written));
        }
        let deadline = this.connection.outbound.borrow_mut().wait(Instant::now(), &this.connection.limits);
        if let Some(deadline) = deadline.filter(|_| !this.connection.is_evicted()) {
            this.alarm.set(cx, deadline);
            return Poll::Pending;
        }
        // The system gives up what it holds for this client, too.
        SockRef::from(&this.io).set_linger(Some(Duration::ZERO)).ok();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
