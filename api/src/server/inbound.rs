//! Bytes that a client sends, and which of them the HTTP library may see.

use tokio::time::Instant;

use super::{
    Limits,
    body::{BodyScanner, BodyState},
    framing::Framing,
    head::{HeadScan, HeadScanner, HeadState},
    pace::Pace,
    refusal::Refusal,
};

/// State of the bytes that a client sends.
///
/// The library sees one request at a time: the bytes after a request wait until its response is finished. So it cannot
/// apply the head of a later request to the response of an earlier one, as it does where it decodes them early.
#[derive(Debug)]
pub(super) struct Inbound {
    phase: Phase,
    /// Whether the connection closes after the present request.
    last: bool,
    /// Whether the body of the present request was too slow.
    cut: bool,
    /// Response to be written before the connection closes.
    refusal: Option<Refusal>,
}

/// Part of the conversation.
#[derive(Debug)]
enum Phase {
    /// The client is to send a head.
    Head { scanner: HeadScanner, first: bool, since: Option<Instant>, begun: Option<Instant> },
    /// The library has a whole head, and has not passed it to the application.
    Handed { since: Option<Instant> },
    /// The application handles a request whose body has not ended.
    Body { scanner: BodyScanner, pace: Pace },
    /// The application handles a request, all of which the library has.
    Answering,
    /// The response is finished and the body of its request is not: the library discards what is left of its
    /// allowance. Then the connection waits, for closing it with unread bytes could discard the response.
    Discarding { scanner: BodyScanner, left: usize, since: Instant },
    /// The library sees the end of the connection.
    Closed,
}

/// Bytes that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Admitted {
    /// Bytes to be dropped from the front.
    pub skipped: usize,
    /// Bytes after them that pass.
    pub passed: usize,
}

/// Time until which to wait for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Until(Instant),
    /// The application is to act, not the client.
    Unlimited,
    /// The time is over, and the connection closed.
    Over,
}

impl Inbound {
    /// State of a new connection.
    pub fn new(now: Instant) -> Self {
        Self { phase: Phase::head(Some(now), true), last: false, cut: false, refusal: None }
    }

    /// Whether bytes may pass at present.
    pub fn is_open(&self) -> bool {
        match self.phase {
            Phase::Head { .. } | Phase::Body { .. } => true,
            Phase::Discarding { left, .. } => left > 0,
            Phase::Handed { .. } | Phase::Answering | Phase::Closed => false,
        }
    }

    /// Whether nothing passes any more.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Whether the rest of a body is discarded.
    pub fn is_discarding(&self) -> bool {
        matches!(self.phase, Phase::Discarding { .. })
    }

    /// Whether the body of the present request was too slow, and cut off.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Response to be written before the connection closes.
    pub fn take_refusal(&mut self) -> Option<Refusal> {
        self.refusal.take()
    }

    /// Start of the present wait for the client.
    pub fn waiting_since(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Head { since, begun, .. } => begun.or(*since),
            Phase::Body { pace, .. } => pace.waiting_since(),
            Phase::Discarding { since, .. } => Some(*since),
            Phase::Handed { .. } | Phase::Answering | Phase::Closed => None,
        }
    }

    /// Bytes of `bytes`, which the client sent, that pass. Others wait until [`Inbound::is_open`] changes.
    pub fn admit(&mut self, bytes: &[u8], limits: &Limits, now: impl FnOnce() -> Instant) -> Admitted {
        match &mut self.phase {
            Phase::Head { scanner, .. } => {
                let scan = scanner.scan(bytes, limits.head_bytes);
                self.admit_head(scan)
            }
            Phase::Body { scanner, pace } => {
                pace.progress(bytes.len(), now);
                let (passed, state) = scanner.scan(bytes);
                match state {
                    BodyState::Partial => {}
                    BodyState::Complete => self.phase = Phase::Answering,
                    BodyState::Broken => self.phase = Phase::Closed,
                }
                Admitted { skipped: 0, passed }
            }
            Phase::Discarding { scanner, left, .. } => {
                let (passed, state) = scanner.scan(&bytes[..bytes.len().min(*left)]);
                *left -= passed;
                match state {
                    BodyState::Partial => {}
                    BodyState::Complete => self.phase = self.after(None),
                    BodyState::Broken => self.phase = Phase::Closed,
                }
                Admitted { skipped: 0, passed }
            }
            Phase::Handed { .. } | Phase::Answering | Phase::Closed => Admitted::default(),
        }
    }

    fn admit_head(&mut self, scan: HeadScan) -> Admitted {
        match scan.state {
            HeadState::Partial => {}
            HeadState::Complete => self.phase = Phase::Handed { since: None },
            HeadState::Malformed => return self.refuse(Refusal::Malformed),
            HeadState::TooLong => return self.refuse(Refusal::HeadTooLong),
        }
        Admitted { skipped: scan.blank, passed: scan.length }
    }

    /// Time until which to wait for bytes; closes the connection when it is over.
    pub fn wait(&mut self, now: Instant, limits: &Limits) -> Wait {
        let deadline = match &mut self.phase {
            Phase::Head { scanner, begun, .. } if scanner.begun() => {
                Some(*begun.get_or_insert(now) + limits.head)
            }
            Phase::Head { first, since, .. } => {
                Some(*since.get_or_insert(now) + if *first { limits.head } else { limits.keep_alive })
            }
            Phase::Handed { since } => Some(*since.get_or_insert(now) + limits.head),
            Phase::Body { pace, .. } => pace.wait(now, limits),
            Phase::Discarding { since, .. } => Some(*since + limits.discard),
            Phase::Answering => return Wait::Unlimited,
            Phase::Closed => None,
        };
        match deadline {
            Some(deadline) if now < deadline => Wait::Until(deadline),
            _ => {
                if let Phase::Head { begun: Some(_), .. } = self.phase {
                    self.refuse(Refusal::HeadTimeout);
                }
                self.close();
                Wait::Over
            }
        }
    }

    /// Notes that the application received a request.
    pub fn begin(&mut self, framing: Framing) {
        // Where the library finds a request and this state found none, what follows cannot be trusted.
        let agreed = matches!(self.phase, Phase::Handed { .. });
        self.phase = match BodyScanner::new(framing).filter(|_| agreed) {
            Some(scanner) => Phase::Body { scanner, pace: Pace::default() },
            None if agreed => Phase::Answering,
            None => Phase::Closed,
        };
    }

    /// Notes that the connection closes after the present request.
    pub fn close_after_response(&mut self) {
        self.last = true;
    }

    /// Notes that the response is finished.
    pub fn end(&mut self, now: Instant, limits: &Limits) {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Body { scanner, .. } => {
                Phase::Discarding { scanner, left: limits.discard_bytes, since: now }
            }
            Phase::Answering => self.after(Some(now)),
            phase
            @ (Phase::Head { .. } | Phase::Handed { .. } | Phase::Discarding { .. } | Phase::Closed) => phase,
        };
    }

    /// Closes the connection: the library sees its end.
    pub fn close(&mut self) {
        self.cut |= matches!(self.phase, Phase::Body { .. });
        self.phase = Phase::Closed;
    }

    fn refuse(&mut self, refusal: Refusal) -> Admitted {
        self.phase = Phase::Closed;
        self.refusal = Some(refusal);
        Admitted::default()
    }

    /// Phase after a request and its response.
    fn after(&self, now: Option<Instant>) -> Phase {
        if self.last { Phase::Closed } else { Phase::head(now, false) }
    }
}

impl Phase {
    fn head(since: Option<Instant>, first: bool) -> Self {
        Self::Head { scanner: HeadScanner::default(), first, since, begun: None }
    }
}

#[cfg(test)]
mod tests;
