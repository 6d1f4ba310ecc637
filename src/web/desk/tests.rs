//! Each route of the desk, asked by everybody there is.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode, header},
    response::Response,
};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    super::{ChatPage, Embedding, Health, Limits, Places, WebState},
    *,
};
use crate::{
    channels::{Board, Door},
    reading::Language,
    store::{Store, Token},
};

fn dir_of_sample() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Who knows the sample crisis; made once, because learning takes a while.
fn sample() -> Arc<crate::responder::Responder> {
    use crate::{classifier::Classifier, knowledge, policy::Policy, responder};
    static SAMPLE: std::sync::LazyLock<Arc<responder::Responder>> = std::sync::LazyLock::new(|| {
        let knowledge = Arc::new(knowledge::load(&dir_of_sample(), Timestamp::now()).unwrap().knowledge.unwrap());
        let classifier = Arc::new(Classifier::train(&responder::lessons(&knowledge), None));
        Arc::new(responder::Responder::new(knowledge, &Policy::default(), classifier, None))
    });
    SAMPLE.clone()
}

/// A desk on a store of its own, in which nobody is.
async fn desk(dir: &tempfile::TempDir) -> Shared {
    let store = Store::open(&dir.path().join("store.db")).await.unwrap();
    let page = ChatPage {
        company: "Harbor Light & Power".to_owned(),
        default_language: Language::ENGLISH,
        introductions: BTreeMap::new(),
        phone: None,
    };
    let state = WebState {
        door: Door::new("web", store.clone(), Board::default()),
        store,
        page: watch::channel(page).1,
        responder: watch::channel(sample()).1,
        knowledge_dir: dir_of_sample(),
        learn_from_x: false,
        channels: Vec::new(),
        embedding: Embedding::anywhere(),
        limits: Limits::default(),
        places: Places { connections: 100, of_network: None, streams: 100 },
        probes_apart: false,
        site: Site::new(None, false),
        behind_proxy: false,
        health: watch::channel(Health::default()).1,
        ready: watch::channel(true).1,
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        shutdown: CancellationToken::new(),
    };
    Shared::new(state)
}

/// Somebody with an account and a session.
async fn somebody(shared: &Shared, name: &str, role: Role) -> Token {
    let (now, invitation, session) = (Timestamp::now(), Token::random().unwrap(), Token::random().unwrap());
    let store = &shared.state.store;
    store.invite(name, role, &invitation.hash(), None, now).await.unwrap();
    store.accept(&invitation.hash(), None, "a hash", now).await.unwrap();
    store.open_session(name, &session.hash(), now).await.unwrap();
    session
}

async fn ask(router: &Router, method: &Method, path: &str, who: Option<&Token>, csrf: bool, page: bool) -> Response {
    let mut request = Request::builder().method(method.clone()).uri(path);
    if page {
        request = request.header(header::ACCEPT, "text/html");
    }
    if let Some(token) = who {
        request = request.header(header::COOKIE, format!("evenkeel={}", token.expose()));
        if csrf {
            request = request.header("x-csrf", token.derive("evenkeel csrf"));
        }
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4_000))));
    TowerToHyperService::new(router.clone()).call(request).await.unwrap()
}

/// Whether the gate let it through: what the handler then makes of an empty request is its own affair.
fn let_through(response: &Response) -> bool {
    ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&response.status())
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let shared = desk(&dir).await;
    let rules = doors(&shared).rules().to_vec();
    assert!(rules.len() > 10);

    for rule in &rules {
        // Each starts anew: what one route changes must not decide how the next one answers.
        let dir = tempfile::tempdir().unwrap();
        let shared = desk(&dir).await;
        let router = routes(&shared).with_state(shared.clone());
        somebody(&shared, "Other Admin", Role::Admin).await;
        let disabled = somebody(&shared, "Disabled", Role::Admin).await;
        shared.state.store.disable("Disabled", None, Timestamp::now()).await.unwrap();
        let path = rule.path.replace("{token}", &"0".repeat(64)).replace("{id}", "1").replace(['{', '}'], "");
        let name = format!("{} {}", rule.method, rule.path);
        assert!(rule.path == "/desk" || rule.path.starts_with("/desk/"), "{name}");

        for (who, token) in [
            ("nobody", None),
            ("a disabled user", Some(&disabled)),
            ("a made-up session", Some(&Token::random().unwrap())),
        ] {
            let script = ask(&router, &rule.method, &path, token, true, false).await;
            let page = ask(&router, &rule.method, &path, token, true, true).await;
            if rule.who == Who::Anyone {
                assert!(let_through(&script), "{name} by {who}: {}", script.status());
            } else {
                assert_eq!(script.status(), StatusCode::UNAUTHORIZED, "{name} by {who}");
                assert_eq!(page.status(), StatusCode::SEE_OTHER, "{name} by {who}");
                let to = page.headers()[header::LOCATION].to_str().unwrap();
                assert!(to.starts_with("/desk/sign-in"), "{name} by {who}: {to}");
            }
        }
        for role in Role::ALL {
            let token = somebody(&shared, &format!("Somebody {role}"), role).await;
            let may = match rule.who {
                Who::Anyone => true,
                Who::From(least) => role >= least,
            };
            if rule.method == Method::POST && rule.who != Who::Anyone {
                let forged = ask(&router, &rule.method, &path, Some(&token), false, false).await;
                assert_eq!(forged.status(), StatusCode::FORBIDDEN, "{name} by {role} without the token");
            }
            let response = ask(&router, &rule.method, &path, Some(&token), true, false).await;
            assert_eq!(let_through(&response), may, "{name} by {role}: {}", response.status());
        }
    }
}

#[tokio::test]
async fn a_post_from_another_site_reaches_no_handler() {
    let dir = tempfile::tempdir().unwrap();
    let shared = desk(&dir).await;
    let router = routes(&shared).with_state(shared.clone());
    for rule in doors(&shared).rules().iter().filter(|rule| rule.method == Method::POST) {
        let token =
            somebody(&shared, &format!("A{}", rule.path.replace(|c: char| !c.is_alphabetic(), "")), Role::Admin).await;
        let request = Request::builder()
            .method(Method::POST)
            .uri(rule.path.replace("{token}", &"0".repeat(64)).replace("{id}", "1").replace(['{', '}'], ""))
            .header(header::COOKIE, format!("evenkeel={}", token.expose()))
            .header("x-csrf", token.derive("evenkeel csrf"))
            .header("sec-fetch-site", "cross-site");
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4_000))));
        let response = TowerToHyperService::new(router.clone()).call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{}", rule.path);
    }
}
