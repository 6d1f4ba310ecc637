//! What all pages of the desk have around them.

use askama::Template;
use axum::{
    http::header,
    response::{Html, IntoResponse as _, Response},
};

use super::{super::assets, Refusal, Shared, SignedIn};
use crate::store::Role;

/// A part of the desk, as the navigation names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) struct Section {
    pub label: &'static str,
    pub href: &'static str,
    who: Role,
}

/// The navigation, in its order: only what exists stands here, and only what somebody's role may use is shown to them.
const SECTIONS: &[Section] = &[
    Section { label: "Queue", href: "/desk", who: Role::Agent },
    Section { label: "Groups", href: "/desk/groups", who: Role::Agent },
    Section { label: "Promises", href: "/desk/promises", who: Role::Agent },
    Section { label: "Figures", href: "/desk/figures", who: Role::Agent },
    Section { label: "People", href: "/desk/people", who: Role::Admin },
    Section { label: "Audit", href: "/desk/audit", who: Role::Supervisor },
];

/// What `layout.html` needs. A page's template has it as `frame` and extends `desk/layout.html`.
pub(in crate::web) struct Frame {
    /// In the window's title.
    pub title: String,
    pub company: String,
    /// Of the assets.
    pub version: &'static str,
    /// None on pages for those who are not signed in.
    pub who: Option<SignedIn>,
    /// The page's own address, which the navigation marks.
    here: &'static str,
}

impl Frame {
    /// `here` is the address of the section that the page belongs to; any other marks none.
    pub fn new(shared: &Shared, who: Option<&SignedIn>, title: impl Into<String>, here: &'static str) -> Self {
        let company = shared.state.page.borrow().company.clone();
        Self { title: title.into(), company, version: assets::version(), who: who.cloned(), here }
    }

    /// What goes into each form as `csrf`.
    pub fn csrf(&self) -> &str {
        self.who.as_ref().map_or("", |who| &who.csrf)
    }

    pub fn sections(&self) -> impl Iterator<Item = &'static Section> {
        let role = self.who.as_ref().map(|who| who.role);
        SECTIONS.iter().filter(move |section| role >= Some(section.who))
    }

    pub fn is_here(&self, section: &Section) -> bool {
        self.here == section.href
    }
}

/// The policy of a page of the desk: nothing but our own files, no frame, forms to us alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      media-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A page as it is answered.
pub(in crate::web) fn page(template: &impl Template) -> Result<Response, Refusal> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "a page of the desk could not be rendered");
        Refusal::unavailable("the page could not be made")
    })?;
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response())
}

#[derive(Template)]
#[template(path = "desk/refusal.html")]
struct RefusalPage<'a> {
    frame: Frame,
    message: &'a str,
    words: Option<&'a str>,
}

/// A refusal as a page.
pub(super) fn refusal(shared: &Shared, who: Option<&SignedIn>, refusal: &Refusal) -> Response {
    let template = RefusalPage {
        frame: Frame::new(shared, who, refusal.title(), ""),
        message: &refusal.message,
        words: refusal.words.as_deref(),
    };
    match page(&template) {
        Ok(page) => (refusal.status, page).into_response(),
        Err(unavailable) => unavailable.into_response(),
    }
}
