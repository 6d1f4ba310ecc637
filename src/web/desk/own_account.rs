//! One's own account: the password, and the browsers that are signed in.

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{super::visitors::Address, Frame, Refusal, Shared, SignedIn, invitation, page, sign_in};
use crate::policy::MIN_PASSWORD_CHARS;

#[derive(Template)]
#[template(path = "desk/account.html")]
struct AccountPage<'a> {
    frame: Frame,
    who: &'a SignedIn,
    min_chars: usize,
    changed: bool,
    trouble: Option<&'a str>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    changed: bool,
}

/// `GET /desk/account`
pub(super) async fn show(
    State(shared): State<Shared>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    account(&shared, &who, asked.changed, None)
}

#[derive(Deserialize)]
pub(super) struct NewPassword {
    present: String,
    password: String,
    again: String,
}

/// `POST /desk/account/password`
pub(super) async fn set_password(
    State(shared): State<Shared>,
    Address(network): Address,
    who: SignedIn,
    Form(sent): Form<NewPassword>,
) -> Result<Response, Refusal> {
    // Whoever finds a browser open must not guess the password at it either.
    shared.desk.limits.check(&who.name, network)?;
    let store = &shared.state.store;
    let known = store.credentials(&who.name).await?;
    let hash = known.as_ref().map(|known| known.password.as_str());
    if !shared.desk.passwords.verify(&sent.present, hash).await? {
        return account(&shared, &who, false, Some("Your present password is another one."));
    }
    if let Err(trouble) = invitation::judge(&shared, &who.name, &sent.password, &sent.again) {
        return account(&shared, &who, false, Some(&trouble));
    }
    let hash = shared.desk.passwords.hash(&sent.password).await?;
    store.set_password(&who.name, &hash, &who.session, Timestamp::now()).await?;
    Ok(Redirect::to("/desk/account?changed=true").into_response())
}

/// `POST /desk/account/sign-out-everywhere`
pub(super) async fn sign_out_everywhere(State(shared): State<Shared>, who: SignedIn) -> Result<Response, Refusal> {
    shared.state.store.end_sessions(&who.name, Timestamp::now()).await?;
    Ok(sign_in::signed_out(&shared))
}

fn account(shared: &Shared, who: &SignedIn, changed: bool, trouble: Option<&str>) -> Result<Response, Refusal> {
    let frame = Frame::new(shared, Some(who), "Your account", "/desk/account");
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = page(&AccountPage { frame, who, min_chars: MIN_PASSWORD_CHARS, changed, trouble })?;
    Ok((status, page).into_response())
}
