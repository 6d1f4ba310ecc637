//! Callers who do not read what we send are not waited for without end: what we hold for them is memory.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// How slowly a caller may read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How long sending may stand still in all.
    pub time: Duration,
    /// Bytes that win back a second of it.
    pub rate: u32,
}

impl Pace {
    /// A telephone at the edge of a network reads some 4 KB a second, and what its buffer and the kernel's take counts as read.
    pub const SLOWEST: Self = Self { time: Duration::from_secs(30), rate: 2 * 1024 };
}

/// A stream whose writing fails once the caller has read too slowly for too long. What was sent and nobody needs to wait for costs nothing,
/// so an event stream may be silent for days.
pub(super) struct Paced<S> {
    stream: S,
    pace: Pace,
    /// For how long sending has stood still, less what was won back.
    stalled: Duration,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    pub fn new(stream: S, pace: Pace) -> Self {
        Self { stream, pace, stalled: Duration::ZERO, since: None, timer: None }
    }

    fn wrote(&mut self, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.stalled += since.elapsed();
        }
        self.stalled =
            self.stalled.saturating_sub(Duration::from_secs(1).mul_f64(bytes as f64 / f64::from(self.pace.rate)));
    }

    fn watched(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.wrote(bytes);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let since = *self.since.get_or_insert_with(Instant::now);
                let until = since + self.pace.time.saturating_sub(self.stalled);
                let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
                if timer.deadline() != until {
                    timer.as_mut().reset(until);
                }
                ready!(timer.as_mut().poll(context));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the caller does not read what it asked for")))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.watched(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const PACE: Pace = Pace { time: Duration::from_millis(200), rate: 10_000 };

    #[tokio::test]
    async fn who_does_not_read_is_given_up() {
        let (here, _there) = duplex(64);
        let error = Paced::new(here, PACE).write_all(&[0; 1_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_reads_a_byte_now_and_then_is_given_up_too() {
        let (here, mut there) = duplex(64);
        tokio::spawn(async move {
            while there.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let error = Paced::new(here, PACE).write_all(&vec![0; 100_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_reads_slowly_but_steadily_gets_everything() {
        let (here, mut there) = duplex(1_000);
        // However long the pauses of a slow machine: each is won back by what is read after it.
        let pace = Pace { time: Pace::SLOWEST.time, rate: 1 };
        let reading = tokio::spawn(async move {
            let (mut piece, mut all) = ([0; 500], 0);
            while let Ok(bytes @ 1..) = there.read(&mut piece).await {
                all += bytes;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            all
        });
        let mut stream = Paced::new(here, pace);
        stream.write_all(&vec![0; 20_000]).await.unwrap();
        drop(stream);
        assert_eq!(reading.await.unwrap(), 20_000);
    }

    #[tokio::test]
    async fn silence_costs_nothing() {
        let (here, mut there) = duplex(64);
        let mut stream = Paced::new(here, PACE);
        stream.write_all(b"an event").await.unwrap();
        tokio::time::sleep(PACE.time * 2).await;
        stream.write_all(b"another").await.unwrap();
        let mut read = [0; 15];
        there.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"an eventanother");
    }
}
