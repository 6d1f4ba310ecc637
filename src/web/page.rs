//! The chat page: at `/` on its own, at `/chat` inside another site's frame.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderName, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    ChatPage, Shared, assets,
    error::ApiError,
    headers::{embedded_policy, page_policy},
    markdown::{self, Breaks},
    words::{self, Words},
};
use crate::{policy, reading::Language};

#[derive(Template)]
#[template(path = "chat.html")]
struct Chat<'a> {
    company: &'a str,
    phone: Option<&'a str>,
    words: &'a Words,
    words_json: String,
    title: String,
    introduction: String,
    introduction_language: Language,
    embedded: bool,
    version: &'a str,
    max_bytes: usize,
}

/// What the address may say about the page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wish {
    /// A language code that goes before those of the browser.
    lang: Option<String>,
}

/// `GET /`.
pub(super) async fn full(
    State(shared): State<Shared>,
    wish: Query<Wish>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let html = render(&shared.state.page.borrow(), &wish, &headers, false)?;
    Ok(answer(html, page_policy("'none'")))
}

/// `GET /chat`: what `/widget.js` shows.
pub(super) async fn embedded(
    State(shared): State<Shared>,
    wish: Query<Wish>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let html = render(&shared.state.page.borrow(), &wish, &headers, true)?;
    // Pages with `Cross-Origin-Embedder-Policy: require-corp` show only frames that demand the same of what they load.
    let isolation = [
        (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    Ok((isolation, answer(html, embedded_policy(&shared.state.embedding))).into_response())
}

fn answer(html: String, policy: String) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::VARY, "Accept-Language".to_owned()),
    ];
    (headers, Html(html)).into_response()
}

fn render(page: &ChatPage, wish: &Wish, headers: &HeaderMap, embedded: bool) -> Result<String, ApiError> {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut wanted = words::wanted(wish.lang.as_deref().unwrap_or_default());
    wanted.extend(words::wanted(accepted));
    let (words, introduction_language) = choose(page, &wanted);
    let introduction = page.introductions.get(&introduction_language).map_or("", String::as_str);
    Chat {
        company: &page.company,
        phone: page.phone.as_deref(),
        words,
        words_json: words.json(),
        title: words.title.replace("{company}", &page.company),
        introduction: markdown::to_html(introduction, Breaks::Wrapped),
        introduction_language,
        embedded,
        version: assets::version(),
        max_bytes: policy::MAX_TEXT_BYTES,
    }
    .render()
    .map_err(|error| {
        tracing::error!(%error, "the chat page could not be rendered");
        ApiError::unavailable("the page could not be made")
    })
}

/// The first wanted language that both the page and the admins speak; otherwise the admins' default, with the page around it in that
/// language if it speaks it.
fn choose(page: &ChatPage, wanted: &[Language]) -> (&'static Words, Language) {
    let both = wanted.iter().filter(|language| page.introductions.contains_key(language));
    let chosen = both.copied().find(|&language| Words::of(language).is_some()).unwrap_or(page.default_language);
    (Words::of(chosen).unwrap_or_else(Words::fallback), chosen)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn page() -> ChatPage {
        ChatPage {
            company: "Light & Power <b>".to_owned(),
            default_language: Language::ENGLISH,
            introductions: BTreeMap::from([
                (Language::ENGLISH, "I'm the **automated assistant**.".to_owned()),
                (Language::SPANISH, "Soy el asistente automático.".to_owned()),
            ]),
            phone: Some("555-0100".to_owned()),
        }
    }

    fn rendered(accept: &str, lang: Option<&str>) -> String {
        let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, accept.parse().unwrap())]);
        render(&page(), &Wish { lang: lang.map(str::to_owned) }, &headers, false).unwrap()
    }

    #[test]
    fn the_page_speaks_the_visitors_language() {
        assert!(rendered("es-MX,en;q=0.5", None).contains("Soy el asistente"));
        assert!(rendered("en", None).contains("automated assistant"));
        assert!(rendered("fr, de", None).contains("automated assistant"));
        assert!(rendered("en", Some("es")).contains("lang=\"es\""));
    }

    #[test]
    fn a_language_that_only_the_admins_speak_is_still_theirs() {
        let french: Language = "fr".parse().unwrap();
        let mut page = page();
        page.default_language = french;
        page.introductions = BTreeMap::from([(french, "Bonjour.".to_owned())]);
        let (words, language) = choose(&page, &[Language::SPANISH]);
        assert_eq!((words.language, language), (Language::ENGLISH, french));
    }

    #[test]
    fn the_company_s_name_is_text() {
        let html = rendered("en", None);
        assert!(html.contains("Light &#38; Power &#60;b&#62;") && !html.contains("Power <b>"), "{html}");
    }
}
