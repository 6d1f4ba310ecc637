//! Signing in and out.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    super::{
        limits::{Guard, Limit},
        visitors::Address,
    },
    Frame, Refusal, Shared, SignedIn, page,
    session::{cookie, device, device_cookie, no_cookie, own_path},
};
use crate::{
    policy::{HASHES_AT_ONCE, SIGN_INS_REFUSED, SIGN_INS_WAITING, SIGN_INS_WATCHED},
    store::{Token, TokenHash, name_key},
};

/// How often a password may be tried. Each try counts, whether it was right or not.
pub(super) struct Limits {
    /// By network: a whole shift signs in from one office.
    network: Guard<IpAddr>,
    /// By name and network: who forgot a password has some tries, who guesses has 2,880 a day.
    here: Guard<(String, IpAddr)>,
    /// By name, from everywhere: guessing by many machines is no quicker than 8,640 a day. Far above the limit for one network, so that no single
    /// stranger keeps an agent out.
    name: Guard<String>,
    /// By name and browser in which its owner signed in before, in place of all others: strangers cannot use up what it has.
    known: Guard<(String, TokenHash)>,
    /// Places of hashing that browsers which nobody knows may take: never all of them.
    strangers: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// By account: how often it is written down that tries are refused.
    written: Guard<String>,
    refused: Mutex<Refused>,
}

/// How many tries were refused lately.
#[derive(Default)]
struct Refused {
    count: u64,
    last: Option<Instant>,
}

impl Limits {
    pub fn new() -> Self {
        let limit = |burst, seconds| Limit { burst, refill: Duration::from_secs(seconds) };
        Self {
            network: Guard::new(limit(60, 2)),
            here: Guard::new(limit(10, 30)),
            name: Guard::new(limit(100, 10)),
            known: Guard::new(limit(10, 30)),
            strangers: Arc::new(Semaphore::new((HASHES_AT_ONCE - 1).max(1))),
            waiting: AtomicUsize::new(0),
            written: Guard::new(Limit { burst: 1, refill: SIGN_INS_WATCHED }),
            refused: Mutex::default(),
        }
    }

    pub fn check_network(&self, network: IpAddr) -> Result<(), Refusal> {
        self.network.wait(&network).map_or(Ok(()), |wait| Err(Refusal::too_many(wait)))
    }

    pub fn check(&self, name: &str, network: IpAddr) -> Result<(), Refusal> {
        self.check_network(network)?;
        let name = limited(name);
        let wait = self.here.wait(&(name.clone(), network)).or_else(|| self.name.wait(&name));
        wait.map_or(Ok(()), |wait| Err(Refusal::too_many(wait)))
    }

    /// The same for a browser in which this user signed in before.
    fn check_known(&self, name: &str, device: TokenHash) -> Result<(), Refusal> {
        self.known.wait(&(limited(name), device)).map_or(Ok(()), |wait| Err(Refusal::too_many(wait)))
    }

    /// A place among the strangers whose passwords are hashed; refused where too many wait for one.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        /// Counts down also where nobody waits for the answer any more.
        struct Waits<'a>(&'a AtomicUsize);
        impl Drop for Waits<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waits = Waits(&self.waiting);
        if before >= SIGN_INS_WAITING {
            return Err(Refusal::too_many(Duration::from_secs(5)));
        }
        let place = Arc::clone(&self.strangers).acquire_owned().await;
        place.map_err(|_| Refusal::unavailable("nobody can sign in at the moment"))
    }

    /// Notes that a try was refused.
    fn refuse(&self, now: Instant) {
        metrics::counter!("evenkeel_sign_ins_refused_total").increment(1);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.last.is_none_or(|last| now.duration_since(last) > SIGN_INS_WATCHED) {
            refused.count = 0;
        }
        refused.count += 1;
        refused.last = Some(now);
    }

    /// What the person on duty should know of it.
    pub fn trouble(&self, now: Instant) -> Option<String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = refused.last.is_some_and(|last| now.duration_since(last) <= SIGN_INS_WATCHED);
        (lately && refused.count >= SIGN_INS_REFUSED).then(|| {
            format!(
                "{} sign-ins at the desk were refused lately: somebody may be guessing passwords; the audit trail has whose",
                refused.count
            )
        })
    }
}

/// A name as tries are counted for it: as the store compares it, so that no spelling gets tries of its own. What is longer than any name is
/// nobody's.
fn limited(name: &str) -> String {
    name_key(&name.trim().chars().take(100).collect::<String>())
}

#[derive(Template)]
#[template(path = "desk/sign_in.html")]
struct SignInPage<'a> {
    frame: Frame,
    then: &'a str,
    name: &'a str,
    trouble: Option<&'a str>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    then: Option<String>,
}

/// `GET /desk/sign-in`
pub(super) async fn form(
    State(shared): State<Shared>,
    signed_in: Option<SignedIn>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    let then = own_path(asked.then.as_deref());
    if signed_in.is_some() {
        return Ok(Redirect::to(then).into_response());
    }
    page(&SignInPage { frame: Frame::new(&shared, None, "Sign in", ""), then, name: "", trouble: None })
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    then: Option<String>,
}

/// `POST /desk/sign-in`
pub(super) async fn sign_in(
    State(shared): State<Shared>,
    Address(network): Address,
    before: Option<SignedIn>,
    headers: HeaderMap,
    Form(sent): Form<Credentials>,
) -> Result<Response, Refusal> {
    let then = own_path(sent.then.as_deref());
    let refused = |status: StatusCode, trouble: &str| {
        let frame = Frame::new(&shared, None, "Sign in", "");
        let page = page(&SignInPage { frame, then, name: sent.name.trim(), trouble: Some(trouble) })?;
        Ok((status, page).into_response())
    };
    let (store, limits, now) = (&shared.state.store, &shared.desk.limits, Timestamp::now());
    let known = store.credentials(&sent.name).await?;
    let allowed = match own_device(&shared, &headers, &sent.name).await? {
        Some(device) => limits.check_known(&sent.name, device).map(|()| None),
        None => match limits.check(&sent.name, network) {
            Ok(()) => limits.place().await.map(Some),
            Err(refusal) => Err(refusal),
        },
    };
    let place = match allowed {
        Ok(place) => place,
        Err(refusal) => {
            limits.refuse(Instant::now());
            let name = known.as_ref().map(|known| known.name.as_str());
            if limits.written.wait(&name.unwrap_or_default().to_owned()).is_none() {
                store.sign_in_refused(name, now).await?;
            }
            return refused(refusal.status, &refusal.message);
        }
    };
    let right = verify(&shared, sent.password, known.as_ref().map(|known| known.password.clone()), place).await?;
    let Some(known) = known.filter(|_| right) else {
        store.sign_in_failed(&sent.name, now).await?;
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "This name and password do not belong together.");
    };
    if let Some(before) = before {
        store.end_session(&before.session, now).await?;
    }
    let cookie = open(&shared, &known.name, &headers).await?;
    Ok((cookie, Redirect::to(then)).into_response())
}

/// The browser's token, if this user signed in there before.
async fn own_device(shared: &Shared, headers: &HeaderMap, name: &str) -> Result<Option<TokenHash>, Refusal> {
    let Some(device) = device(headers, &shared.state.site).map(|device| device.hash()) else { return Ok(None) };
    let known = shared.state.store.knows_device(name, &device, Timestamp::now()).await?;
    Ok(known.then_some(device))
}

/// Checks a password; the place is held as long as that lasts, also where the browser has gone away.
async fn verify(
    shared: &Shared,
    password: String,
    hash: Option<String>,
    place: Option<OwnedSemaphorePermit>,
) -> Result<bool, Refusal> {
    let desk = Arc::clone(&shared.desk);
    let checking = tokio::spawn(async move {
        let right = desk.passwords.verify(&password, hash.as_deref()).await;
        drop(place);
        right
    });
    let right = checking.await.map_err(|error| {
        tracing::error!(%error, "a password could not be checked");
        Refusal::unavailable("passwords cannot be checked at the moment")
    })?;
    Ok(right?)
}

/// Opens a session with a token that nobody has seen before, whatever the browser showed; gives its cookie, and the one by which the browser is
/// known as this user's.
pub(super) async fn open(
    shared: &Shared,
    name: &str,
    headers: &HeaderMap,
) -> Result<AppendHeaders<[(header::HeaderName, header::HeaderValue); 2]>, Refusal> {
    let (site, store, now) = (&shared.state.site, &shared.state.store, Timestamp::now());
    let token = fresh_token()?;
    let device = device(headers, site).map_or_else(fresh_token, Ok)?;
    store.open_session(name, &token.hash(), now).await?;
    store.remember_device(name, &device.hash(), now).await?;
    Ok(AppendHeaders([(header::SET_COOKIE, cookie(site, &token)), (header::SET_COOKIE, device_cookie(site, &device))]))
}

pub(super) fn fresh_token() -> Result<Token, Refusal> {
    Token::random().map_err(|error| {
        tracing::error!(%error, "the system has no random numbers");
        Refusal::unavailable("nobody can sign in at the moment")
    })
}

/// `POST /desk/sign-out`
pub(super) async fn sign_out(State(shared): State<Shared>, who: SignedIn) -> Result<Response, Refusal> {
    shared.state.store.end_session(&who.session, Timestamp::now()).await?;
    Ok(signed_out(&shared))
}

/// To the sign-in page, without a cookie.
pub(super) fn signed_out(shared: &Shared) -> Response {
    ([(header::SET_COOKIE, no_cookie(&shared.state.site))], Redirect::to("/desk/sign-in")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn no_spelling_of_a_name_gets_tries_of_its_own() {
        let limits = Limits::new();
        let spellings = ["Dana Ortiz", "dana  ortiz", "DANA ORTIZ", "Ｄａｎａ Ortiz", "Dana\u{3000}Ortiz"];
        for n in 0..10 {
            assert!(limits.check(spellings[n % spellings.len()], there(1)).is_ok());
        }
        for spelling in spellings {
            assert!(limits.check(spelling, there(1)).is_err(), "{spelling}");
        }
        assert!(limits.check("Dana Ortiz", there(2)).is_ok(), "from elsewhere");
    }

    #[test]
    fn who_is_guessed_at_from_everywhere_still_has_tries_in_a_known_browser() {
        let limits = Limits::new();
        for n in 0..110 {
            let _ = limits.check("Dana", there(n / 10));
        }
        assert!(limits.check("Dana", there(200)).is_err(), "a clean network that nobody knows");
        let device = Token::random().unwrap().hash();
        for _ in 0..10 {
            assert!(limits.check_known("dana", device.clone()).is_ok());
        }
        assert!(limits.check_known("dana", device).is_err(), "a stolen cookie is no way to guess");
    }

    #[tokio::test]
    async fn strangers_never_take_all_places_of_hashing_and_do_not_queue_without_end() {
        let limits = Arc::new(Limits::new());
        let held = limits.place().await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..SIGN_INS_WAITING {
            let limits = Arc::clone(&limits);
            waiting.push(tokio::spawn(async move { limits.place().await.map(drop).is_ok() }));
        }
        while limits.waiting.load(Ordering::Relaxed) < SIGN_INS_WAITING {
            tokio::task::yield_now().await;
        }
        assert!(limits.place().await.is_err(), "told to come again");
        drop(held);
        for one in waiting {
            assert!(one.await.unwrap());
        }
        assert!(limits.place().await.is_ok());
    }

    #[test]
    fn many_refused_sign_ins_are_told_until_they_end() {
        let (limits, now) = (Limits::new(), Instant::now());
        for _ in 1..SIGN_INS_REFUSED {
            limits.refuse(now);
        }
        assert_eq!(limits.trouble(now), None, "a few are forgetful people");
        limits.refuse(now);
        assert!(limits.trouble(now).unwrap().starts_with("20 sign-ins"));
        assert_eq!(limits.trouble(now + SIGN_INS_WATCHED + Duration::from_secs(1)), None);
    }
}
