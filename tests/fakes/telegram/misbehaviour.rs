//! How the platform misbehaves.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::StreamExt as _;
use hyper::Response;
use tokio::time::sleep;

/// How a call goes wrong.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The API says no; nothing is done.
    Refuse { code: u16, description: &'static str, retry_after: Option<u64> },
    /// A page of a proxy instead of an answer; nothing is done.
    Page(u16),
    /// It is done, and a page of a proxy is the answer.
    DonePage(u16),
    /// No answer; nothing is done.
    Hang,
    /// No answer, but it is done.
    DoneHang,
    /// The connection breaks; nothing is done.
    Drop,
    /// It is done, then the connection breaks.
    DoneDrop,
    /// It is done, and the answer breaks off in the middle.
    HalfAnswer,
    /// It is done after a while.
    Slow(Duration),
}

/// A small generator (`SplitMix64`), so that a run can be repeated.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    pub(super) fn happens(&mut self, rate: f64) -> bool {
        (self.draw() >> 11) as f64 / (1_u64 << 53) as f64 <= rate && rate > 0.0
    }

    pub(super) fn fault(&mut self) -> Fault {
        match self.draw() % 12 {
            0 => Fault::Refuse { code: 429, description: "Too Many Requests: retry after 1", retry_after: Some(1) },
            1 => Fault::Refuse { code: 429, description: "Too Many Requests", retry_after: None },
            2 => Fault::Page(429),
            3 => Fault::Refuse { code: 500, description: "Internal Server Error", retry_after: None },
            4 => Fault::Page(502),
            5 => Fault::DonePage(504),
            6 => Fault::Page(503),
            7 => Fault::Drop,
            8 => Fault::DoneDrop,
            9 => Fault::HalfAnswer,
            10 if self.draw().is_multiple_of(4) => Fault::DoneHang,
            _ => Fault::Slow(Duration::from_millis(self.draw() % 1_500)),
        }
    }
}

/// The connection is broken on purpose.
#[derive(Debug)]
pub(super) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken on purpose")
    }
}

impl std::error::Error for Broken {}

pub(super) fn page(status: u16) -> Response<Body> {
    let body =
        format!("<html>\r\n<head><title>{status}</title></head>\r\n<center><h1>{status}</h1></center>\r\n</html>");
    Response::builder().status(status).header("content-type", "text/html").body(Body::from(body)).unwrap()
}

/// The first half of an answer, then the connection breaks.
pub(super) async fn half(response: Response<Body>) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let half = whole.slice(..whole.len() / 2);
    let first = futures::stream::once(async move { Ok::<Bytes, Broken>(half) });
    let rest = futures::stream::once(async {
        sleep(Duration::from_millis(20)).await;
        Err(Broken)
    });
    Response::from_parts(parts, Body::from_stream(first.chain(rest)))
}
