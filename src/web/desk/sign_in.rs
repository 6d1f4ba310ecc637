//! Signing in and out.

use std::{net::IpAddr, time::Duration};

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    super::{
        limits::{Guard, Limit},
        visitors::Address,
    },
    Frame, Refusal, Shared, SignedIn, page,
    session::{cookie, no_cookie, own_path},
};
use crate::store::Token;

/// How often a password may be tried. Each try counts, whether it was right or not.
pub(super) struct Limits {
    /// By network: a whole shift signs in from one office.
    network: Guard<IpAddr>,
    /// By name and network: who forgot a password has some tries, who guesses has 2,880 a day.
    here: Guard<(String, IpAddr)>,
    /// By name, from everywhere: guessing by many machines is no quicker than 8,640 a day. Far above the limit for one network, so that no single
    /// stranger keeps an agent out.
    name: Guard<String>,
}

impl Limits {
    pub fn new() -> Self {
        let limit = |burst, seconds| Limit { burst, refill: Duration::from_secs(seconds) };
        Self { network: Guard::new(limit(60, 2)), here: Guard::new(limit(10, 30)), name: Guard::new(limit(100, 10)) }
    }

    pub fn check_network(&self, network: IpAddr) -> Result<(), Refusal> {
        self.network.wait(&network).map_or(Ok(()), |wait| Err(Refusal::too_many(wait)))
    }

    pub fn check(&self, name: &str, network: IpAddr) -> Result<(), Refusal> {
        self.check_network(network)?;
        // Longer than any name: then it is nobody's.
        let name: String = name.trim().chars().take(100).flat_map(char::to_lowercase).collect();
        let wait = self.here.wait(&(name.clone(), network)).or_else(|| self.name.wait(&name));
        wait.map_or(Ok(()), |wait| Err(Refusal::too_many(wait)))
    }
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
    Form(sent): Form<Credentials>,
) -> Result<Response, Refusal> {
    let then = own_path(sent.then.as_deref());
    let refused = |status: StatusCode, trouble: &str| {
        let frame = Frame::new(&shared, None, "Sign in", "");
        let page = page(&SignInPage { frame, then, name: sent.name.trim(), trouble: Some(trouble) })?;
        Ok((status, page).into_response())
    };
    if let Err(refusal) = shared.desk.limits.check(&sent.name, network) {
        return refused(refusal.status, &refusal.message);
    }
    let store = &shared.state.store;
    let known = store.credentials(&sent.name).await?;
    let hash = known.as_ref().map(|known| known.password.as_str());
    let right = shared.desk.passwords.verify(&sent.password, hash).await?;
    let Some(known) = known.filter(|_| right) else {
        store.sign_in_failed(&sent.name, Timestamp::now()).await?;
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "This name and password do not belong together.");
    };
    if let Some(before) = before {
        store.end_session(&before.session, Timestamp::now()).await?;
    }
    let cookie = open(&shared, &known.name).await?;
    Ok((cookie, Redirect::to(then)).into_response())
}

/// Opens a session with a token that nobody has seen before, whatever the browser showed; gives its cookie.
pub(super) async fn open(
    shared: &Shared,
    name: &str,
) -> Result<AppendHeaders<[(header::HeaderName, header::HeaderValue); 1]>, Refusal> {
    let token = fresh_token()?;
    shared.state.store.open_session(name, &token.hash(), Timestamp::now()).await?;
    Ok(AppendHeaders([(header::SET_COOKIE, cookie(&shared.state.site, &token))]))
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
