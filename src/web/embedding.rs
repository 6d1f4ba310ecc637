//! Which sites may show the chat in a frame.

/// The sites that may show `/chat` in a frame, as the value of the `frame-ancestors` directive.
///
/// Any site is the default. A frame around the chat cannot read it, and browsers keep the storage of a framed page apart for each site around
/// it, so a strange site that frames the chat gets a fresh, empty conversation: there is nothing to steal clicks for. What a list
/// of origins adds is that nobody can pass the company's chat off as part of their own site. The full page at `/` holds
/// the visitor's own conversation and can never be framed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedding(String);

/// A text in the list of sites is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an origin: write one such as `https://www.example.com`, `https://*.example.com` or `http://localhost:3000`"
)]
pub struct NotAnOrigin(pub String);

impl Default for Embedding {
    fn default() -> Self {
        Self::anywhere()
    }
}

impl Embedding {
    /// Any site.
    #[must_use]
    pub fn anywhere() -> Self {
        Self("*".to_owned())
    }

    /// Only these sites; none of them if the list is empty.
    pub fn only<S: AsRef<str>>(origins: &[S]) -> Result<Self, NotAnOrigin> {
        if origins.is_empty() {
            return Ok(Self("'none'".to_owned()));
        }
        let mut sources = Vec::with_capacity(origins.len());
        for origin in origins {
            let origin = origin.as_ref().trim_end_matches('/');
            if !is_origin(origin) {
                return Err(NotAnOrigin(origin.to_owned()));
            }
            sources.push(origin);
        }
        Ok(Self(sources.join(" ")))
    }

    /// The sources of `frame-ancestors`.
    pub(super) fn frame_ancestors(&self) -> &str {
        &self.0
    }
}

/// Scheme, host and perhaps a port. The alphabet is narrow, so that nothing can end the directive or the header.
fn is_origin(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let (host, port) = rest.rsplit_once(':').unwrap_or((rest, "443"));
    let host = host.strip_prefix("*.").unwrap_or(host);
    let labels = host
        .split('.')
        .all(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    labels && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://www.example.com")]
    #[case("https://*.example.com")]
    #[case("http://localhost:3000")]
    #[case("http://127.0.0.1:8080/")]
    fn an_origin_is_taken(#[case] origin: &str) {
        assert_eq!(Embedding::only(&[origin]).unwrap().frame_ancestors(), origin.trim_end_matches('/'));
    }

    #[rstest]
    #[case("example.com")]
    #[case("https://")]
    #[case("https://a.example/path")]
    #[case("https://a.example;script-src *")]
    #[case("https://a.example https://b.example")]
    #[case("https://a.example,")]
    #[case("https://a.example:99999")]
    #[case("javascript:alert(1)")]
    #[case("*")]
    #[case("https://a.example\r\nX: y")]
    fn what_is_no_origin_is_refused(#[case] origin: &str) {
        assert!(Embedding::only(&[origin]).is_err());
    }

    #[test]
    fn an_empty_list_allows_no_site() {
        assert_eq!(Embedding::only::<&str>(&[]).unwrap().frame_ancestors(), "'none'");
    }
}
