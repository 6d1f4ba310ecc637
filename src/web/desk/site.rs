//! Where browsers find the desk.

use axum::http::{HeaderMap, header};

/// The desk's address as browsers know it.
#[derive(Debug, Clone)]
pub struct Site {
    /// Scheme and host, without a path.
    url: Option<String>,
    https: bool,
}

impl Site {
    /// `url` is the operator's word for it; without one, a reverse proxy is taken to speak https, and there is none without it.
    pub fn new(url: Option<&str>, behind_proxy: bool) -> Self {
        let https = url.map_or(behind_proxy, |url| url.starts_with("https://"));
        Self { url: url.map(str::to_owned), https }
    }

    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    pub(in crate::web) fn is_https(&self) -> bool {
        self.https
    }

    /// The name of the session's cookie. With `__Host-` browsers take it from this host alone and over https alone.
    pub(super) fn cookie(&self) -> &'static str {
        if self.https { "__Host-evenkeel" } else { "evenkeel" }
    }

    /// The name of the cookie by which a browser is known in which somebody signed in before.
    pub(super) fn device_cookie(&self) -> &'static str {
        if self.https { "__Host-evenkeel-device" } else { "evenkeel-device" }
    }

    /// The beginning of links: the configured address, else the one that the reader's own browser used.
    pub(super) fn base(&self, headers: &HeaderMap) -> String {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let scheme = if self.https { "https" } else { "http" };
        self.url.clone().unwrap_or_else(|| format!("{scheme}://{host}"))
    }
}

/// The address of an invitation, to which its token is the only key.
pub fn invitation_link(base: &str, token: &crate::store::Token) -> String {
    format!("{base}/desk/invitation/{}", token.expose())
}
