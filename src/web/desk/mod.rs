//! The desk: the pages on which agents work.
//!
//! Every route stands in [`doors`] with who may use it. [`gate::gate`] keeps that before a handler runs: who is signed in, what
//! their role may do, and that a request which changes something comes from a page of ours. So a handler can forget none of it, and takes
//! [`SignedIn`] to learn who asks.

mod audit;
mod chart;
mod clock;
mod conversation;
mod csrf;
mod doors;
mod events;
mod figures;
mod form;
mod frame;
mod gate;
mod groups;
mod history;
mod invitation;
mod own_account;
mod people;
mod promises;
mod queue;
mod refusal;
mod row;
mod session;
mod sign_in;
mod site;
mod steps;
#[cfg(test)]
mod tests;
mod writing;

use axum::Router;

pub(in crate::web) use self::{
    doors::{Doors, Who},
    frame::{Frame, page},
    refusal::Refusal,
    session::SignedIn,
};
pub use site::{Site, invitation_link};

use super::Shared;
use crate::store::Role;

/// What the handlers share among themselves.
pub(super) struct Desk {
    limits: sign_in::Limits,
    passwords: crate::desk::passwords::Passwords,
}

impl Desk {
    pub fn new() -> Self {
        Self { limits: sign_in::Limits::new(), passwords: crate::desk::passwords::Passwords::default() }
    }

    /// What does not go as it should at the desk's door, for `/health`.
    pub fn trouble(&self) -> Option<String> {
        self.limits.trouble(std::time::Instant::now())
    }
}

/// All routes of the desk.
pub(in crate::web) fn routes(shared: &Shared) -> Router<Shared> {
    doors(shared).into_router()
}

/// The one list of the desk's routes and of who may use them.
fn doors(shared: &Shared) -> Doors {
    use Who::{Anyone, From};
    Doors::new(shared)
        .get("/desk", From(Role::Agent), queue::show)
        .stream("/desk/events", From(Role::Agent), events::events)
        .post("/desk/next", From(Role::Agent), queue::take_next)
        .get("/desk/escalations/{id}", From(Role::Agent), conversation::show)
        .post("/desk/escalations/{id}/owner/{step}", From(Role::Agent), steps::handle)
        .post("/desk/escalations/{id}/hand-over", From(Role::Agent), steps::hand_over)
        .post("/desk/escalations/{id}/reply", From(Role::Agent), steps::reply)
        .post("/desk/escalations/{id}/resolve", From(Role::Agent), steps::resolve)
        .post("/desk/escalations/{id}/notes", From(Role::Agent), steps::note)
        .post("/desk/escalations/{id}/draft", From(Role::Agent), writing::draft)
        .post("/desk/escalations/{id}/typing", From(Role::Agent), writing::typing)
        .post("/desk/escalations/{id}/tone", From(Role::Agent), writing::tone)
        .get("/desk/groups", From(Role::Agent), groups::list)
        .get("/desk/groups/{id}", From(Role::Agent), groups::show)
        .post("/desk/groups/{id}/answer", From(Role::Agent), groups::answer)
        .post("/desk/groups/{id}/withdraw", From(Role::Agent), groups::withdraw)
        .post("/desk/groups/{id}/split", From(Role::Agent), groups::split)
        .post("/desk/groups/{id}/merge", From(Role::Agent), groups::merge)
        .post("/desk/groups/{id}/intent", From(Role::Admin), groups::draft_intent)
        .get("/desk/promises", From(Role::Agent), promises::list)
        .post("/desk/promises/{id}/{outcome}", From(Role::Agent), promises::settle)
        .get("/desk/figures", From(Role::Agent), figures::show)
        .get("/desk/sign-in", Anyone, sign_in::form)
        .post("/desk/sign-in", Anyone, sign_in::sign_in)
        .post("/desk/sign-out", From(Role::Agent), sign_in::sign_out)
        .get("/desk/invitation/{token}", Anyone, invitation::form)
        .post("/desk/invitation/{token}", Anyone, invitation::accept)
        .get("/desk/account", From(Role::Agent), own_account::show)
        .post("/desk/account/password", From(Role::Agent), own_account::set_password)
        .post("/desk/account/sign-out-everywhere", From(Role::Agent), own_account::sign_out_everywhere)
        .get("/desk/people", From(Role::Admin), people::list)
        .post("/desk/people/invite", From(Role::Admin), people::invite)
        .post("/desk/people/withdraw", From(Role::Admin), people::withdraw)
        .post("/desk/people/role", From(Role::Admin), people::set_role)
        .post("/desk/people/disable", From(Role::Admin), people::disable)
        .post("/desk/people/enable", From(Role::Admin), people::enable)
        .post("/desk/people/reset", From(Role::Admin), people::reset)
        .get("/desk/audit", From(Role::Supervisor), audit::list)
}
