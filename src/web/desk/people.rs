//! Who may work at the desk, for admins.

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;

use super::{
    Frame, Refusal, Shared, SignedIn,
    clock::{exact, zone_name},
    page,
    sign_in::fresh_token,
    site::invitation_link,
};
use crate::store::{Invitation, Role, StoreError, Token, User};

#[derive(Template)]
#[template(path = "desk/people.html")]
struct PeoplePage<'a> {
    frame: Frame,
    who: &'a SignedIn,
    users: Vec<User>,
    invitations: Vec<Invitation>,
    roles: [Role; 3],
    zone: TimeZone,
    /// A link that was just made, and for whom: this page is the only one that ever shows it.
    link: Option<(&'a str, String)>,
    trouble: Option<String>,
}

/// `GET /desk/people`
pub(super) async fn list(State(shared): State<Shared>, who: SignedIn) -> Result<Response, Refusal> {
    show(&shared, &who, None, None).await
}

#[derive(Deserialize)]
pub(super) struct Invited {
    name: String,
    role: Role,
}

/// `POST /desk/people/invite`
pub(super) async fn invite(
    State(shared): State<Shared>,
    who: SignedIn,
    headers: HeaderMap,
    Form(sent): Form<Invited>,
) -> Result<Response, Refusal> {
    let token = fresh_token()?;
    let made = shared.state.store.invite(&sent.name, sent.role, &token.hash(), Some(&who.name), Timestamp::now()).await;
    with_link(&shared, &who, &headers, &sent.name, &token, made).await
}

#[derive(Deserialize)]
pub(super) struct Named {
    name: String,
}

/// `POST /desk/people/reset`
pub(super) async fn reset(
    State(shared): State<Shared>,
    who: SignedIn,
    headers: HeaderMap,
    Form(sent): Form<Named>,
) -> Result<Response, Refusal> {
    let token = fresh_token()?;
    let made = shared.state.store.invite_to_reset(&sent.name, &token.hash(), Some(&who.name), Timestamp::now()).await;
    with_link(&shared, &who, &headers, &sent.name, &token, made).await
}

/// `POST /desk/people/withdraw`
pub(super) async fn withdraw(
    State(shared): State<Shared>,
    who: SignedIn,
    Form(sent): Form<Named>,
) -> Result<Response, Refusal> {
    let done = shared.state.store.withdraw(&sent.name, Some(&who.name), Timestamp::now()).await;
    back(&shared, &who, done).await
}

/// `POST /desk/people/role`
pub(super) async fn set_role(
    State(shared): State<Shared>,
    who: SignedIn,
    Form(sent): Form<Invited>,
) -> Result<Response, Refusal> {
    let done = shared.state.store.set_role(&sent.name, sent.role, Some(&who.name), Timestamp::now()).await;
    back(&shared, &who, done).await
}

/// `POST /desk/people/disable`
pub(super) async fn disable(
    State(shared): State<Shared>,
    who: SignedIn,
    Form(sent): Form<Named>,
) -> Result<Response, Refusal> {
    let done = shared.state.store.disable(&sent.name, Some(&who.name), Timestamp::now()).await;
    back(&shared, &who, done).await
}

/// `POST /desk/people/enable`
pub(super) async fn enable(
    State(shared): State<Shared>,
    who: SignedIn,
    Form(sent): Form<Named>,
) -> Result<Response, Refusal> {
    let done = shared.state.store.enable(&sent.name, Some(&who.name), Timestamp::now()).await;
    back(&shared, &who, done).await
}

/// To the list; or the list with what kept it from being done.
async fn back(shared: &Shared, who: &SignedIn, done: Result<(), StoreError>) -> Result<Response, Refusal> {
    match done {
        Ok(()) => Ok(Redirect::to("/desk/people").into_response()),
        Err(error) => show(shared, who, None, Some(error.into())).await,
    }
}

async fn with_link(
    shared: &Shared,
    who: &SignedIn,
    headers: &HeaderMap,
    name: &str,
    token: &Token,
    made: Result<(), StoreError>,
) -> Result<Response, Refusal> {
    match made {
        Ok(()) => {
            let link = invitation_link(&shared.state.site.base(headers), token);
            show(shared, who, Some((name.trim(), link)), None).await
        }
        Err(error) => show(shared, who, None, Some(error.into())).await,
    }
}

async fn show(
    shared: &Shared,
    who: &SignedIn,
    link: Option<(&str, String)>,
    trouble: Option<Refusal>,
) -> Result<Response, Refusal> {
    let status = trouble.as_ref().map_or(StatusCode::OK, |trouble| trouble.status);
    let store = &shared.state.store;
    let template = PeoplePage {
        frame: Frame::new(shared, Some(who), "People", "/desk/people"),
        who,
        users: store.users().await?,
        invitations: store.invitations(Timestamp::now()).await?,
        roles: Role::ALL,
        zone: shared.knowledge().zone().clone(),
        link,
        trouble: trouble.map(|trouble| trouble.message.into_owned()),
    };
    Ok((status, page(&template)?).into_response())
}
