//! Who is signed in, by their browser's cookie.
//!
//! The cookie is `SameSite=Lax` and not `Strict`: a link to the desk in a mail or a staff thread opens it signed in. What Lax lets through from
//! other sites are page views, which change nothing; what changes something is a POST and shows its token (`csrf.rs`).

use std::fmt::Write as _;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use jiff::{SignedDuration, Timestamp};

use super::{Refusal, Shared, Site};
use crate::{
    policy::{DEVICE_LIFE, SESSION_LONGEST},
    store::{Role, Store, StoreError, Token, TokenHash},
};

/// Who sent a request. As an extractor it is there on every route that is not for anyone; `Option<SignedIn>` on all.
#[derive(Debug, Clone)]
pub(in crate::web) struct SignedIn {
    /// What customers read, and what the store knows them by.
    pub name: String,
    pub role: Role,
    /// What a form of this session carries as `csrf`, and a script in the header `x-csrf`.
    pub csrf: String,
    pub session: TokenHash,
}

impl SignedIn {
    /// Whether their role may what this role may.
    pub fn may(&self, role: Role) -> bool {
        self.role >= role
    }

    /// Whether they still are signed in with the role that they had: a long answer asks when [`Store::desk_changed`] fires, and ends if not.
    pub async fn still(&self, store: &Store) -> Result<bool, StoreError> {
        let now = store.session(&self.session, false, Timestamp::now()).await?;
        Ok(now.is_some_and(|session| session.role == self.role))
    }
}

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Refusal::sign_in)
    }
}

impl OptionalFromRequestParts<Shared> for SignedIn {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// Whose cookie the request carries, if the session still counts.
pub(super) async fn find(shared: &Shared, headers: &HeaderMap) -> Result<Option<SignedIn>, StoreError> {
    let Some(token) = shown(headers, shared.state.site.cookie()) else {
        return Ok(None);
    };
    let hash = token.hash();
    let session = shared.state.store.session(&hash, true, Timestamp::now()).await?;
    Ok(session.map(|session| SignedIn {
        name: session.name,
        role: session.role,
        csrf: token.derive("evenkeel csrf"),
        session: hash,
    }))
}

/// The token in the cookie. With two of that name nobody can tell whose the second is: neither counts.
fn shown(headers: &HeaderMap, cookie: &str) -> Option<Token> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    let mut ours = pairs.filter(|(name, _)| *name == cookie).map(|(_, value)| value);
    let value = ours.next()?;
    if ours.next().is_some() { None } else { Token::parse(value) }
}

/// By what the browser is known, if somebody signed in there before.
pub(super) fn device(headers: &HeaderMap, site: &Site) -> Option<Token> {
    shown(headers, site.device_cookie())
}

/// The cookie that signs a browser in.
pub(super) fn cookie(site: &Site, token: &Token) -> HeaderValue {
    set_cookie(site, site.cookie(), token.expose(), SESSION_LONGEST)
}

/// The cookie by which the browser is known from now on. It stays when its user signs out.
pub(super) fn device_cookie(site: &Site, device: &Token) -> HeaderValue {
    set_cookie(site, site.device_cookie(), device.expose(), DEVICE_LIFE)
}

/// The cookie that signs it out.
pub(super) fn no_cookie(site: &Site) -> HeaderValue {
    set_cookie(site, site.cookie(), "", SignedDuration::ZERO)
}

fn set_cookie(site: &Site, name: &str, value: &str, life: SignedDuration) -> HeaderValue {
    let secure = if site.is_https() { "; Secure" } else { "" };
    let seconds = life.as_secs();
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    // Hexadecimal digits and constants are always a header's value.
    let mut cookie = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
    cookie.set_sensitive(true);
    cookie
}

/// The address of the sign-in page, from which one comes back to `asked`.
pub(super) fn sign_in_at(asked: &str) -> String {
    if asked == "/desk" {
        return "/desk/sign-in".to_owned();
    }
    let mut escaped = String::from("/desk/sign-in?then=");
    for byte in asked.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// Where to go after signing in: a path of the desk, and nothing that a browser could take for another site.
pub(super) fn own_path(then: Option<&str>) -> &str {
    let own = |path: &&str| {
        let rest = path.strip_prefix("/desk");
        let ends = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        ends && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    then.filter(own).unwrap_or("/desk")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_one_stays_at_the_desk() {
        for path in ["/desk", "/desk/people", "/desk?mine=1", "/desk/escalations/12?x=%20"] {
            assert_eq!(own_path(Some(path)), path);
        }
        let elsewhere = [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/desk.evil.example",
            "/desk\\@evil",
            "/",
            "/desk\r\nx: y",
        ];
        for path in elsewhere {
            assert_eq!(own_path(Some(path)), "/desk", "{path:?}");
        }
        assert_eq!(own_path(None), "/desk");
    }

    #[test]
    fn the_way_back_is_one_value() {
        assert_eq!(sign_in_at("/desk/audit?kind=reply&x=1"), "/desk/sign-in?then=/desk/audit%3Fkind%3Dreply%26x%3D1");
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let token = Token::random().unwrap();
        let cookie = |url| cookie(&Site::new(url, false), &token).to_str().unwrap().to_owned();
        let plain = cookie(None);
        assert!(
            plain.starts_with("evenkeel=") && plain.contains("; HttpOnly; SameSite=Lax") && !plain.contains("Secure")
        );
        let secure = cookie(Some("https://desk.example"));
        assert!(secure.starts_with("__Host-evenkeel=") && secure.contains("; Path=/;") && secure.ends_with("; Secure"));
    }

    #[test]
    fn of_two_cookies_none_counts() {
        let token = Token::random().unwrap();
        let site = Site::new(None, false);
        let one = format!("other=1; evenkeel={}", token.expose());
        let headers = |text: String| HeaderMap::from_iter([(header::COOKIE, text.parse().unwrap())]);
        assert!(shown(&headers(one.clone()), site.cookie()).is_some());
        assert!(shown(&headers(format!("{one}; evenkeel={}", token.expose())), site.cookie()).is_none());
        assert!(shown(&headers(format!("__Host-evenkeel={}", token.expose())), site.cookie()).is_none());
    }
}
