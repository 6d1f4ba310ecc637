//! People at the desk, as their browsers act.

use reqwest::{Client, RequestBuilder, Response, header, redirect::Policy};

use super::{Service, stdout};

/// A password that everybody here has.
pub const PASSWORD: &str = "nine gulls above the pier";

/// Somebody at the desk: a browser with its one cookie. Redirects are not followed, so that tests see them.
#[derive(Clone)]
pub struct Desk {
    pub http: Client,
    pub url: String,
    pub name: String,
    /// `evenkeel=…`; empty while nobody is signed in.
    pub cookie: String,
}

impl Desk {
    /// A browser in which nobody is signed in.
    pub fn stranger(service: &Service) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { http, url: service.url.clone(), name: String::new(), cookie: String::new() }
    }

    /// Makes the first admin, Ada, by the link that the service printed.
    pub async fn first_admin(service: &Service) -> Self {
        let link = service.first_admin.clone().expect("the service printed a link");
        let mut desk = Self::stranger(service);
        let answer = desk.accept(&link, Some("Ada"), PASSWORD).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        desk
    }

    /// Invites somebody and accepts for them: gives their browser, signed in.
    pub async fn invite(&self, name: &str, role: &str) -> Self {
        let page = self.post("/desk/people/invite", &[("name", name), ("role", role)]).await;
        let page = body(page, 200).await;
        let mut invited = Self { cookie: String::new(), ..self.clone() };
        let answer = invited.accept(&link_in(&page), None, PASSWORD).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        name.clone_into(&mut invited.name);
        invited
    }

    /// Somebody invited by `evenkeel users add`, signed in.
    pub async fn from_command_line(service: &Service, home: &super::Home, name: &str, role: &str) -> Self {
        let link = stdout(&home.run(&["users", "add", name, "--role", role]));
        let mut desk = Self::stranger(service);
        let answer = desk.accept(link.trim(), None, PASSWORD).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        name.clone_into(&mut desk.name);
        desk
    }

    /// Chooses a password by the link of an invitation; keeps the cookie.
    pub async fn accept(&mut self, link: &str, name: Option<&str>, password: &str) -> Response {
        let path = &link[link.find("/desk/").unwrap()..];
        let mut form = vec![("password", password), ("again", password)];
        form.extend(name.map(|name| ("name", name)));
        let answer = self.send(self.http.post(format!("{}{path}", self.url)).form(&form)).await;
        if let Some(name) = name {
            name.clone_into(&mut self.name);
        }
        self.keep_cookie(&answer);
        answer
    }

    pub async fn sign_in(&mut self, name: &str, password: &str) -> Response {
        let form = [("name", name), ("password", password)];
        let answer = self.send(self.http.post(format!("{}/desk/sign-in", self.url)).form(&form)).await;
        if answer.status() == 303 {
            name.clone_into(&mut self.name);
        }
        self.keep_cookie(&answer);
        answer
    }

    /// Asks for a page.
    pub async fn get(&self, path: &str) -> Response {
        self.send(self.http.get(format!("{}{path}", self.url))).await
    }

    /// A page that must be there.
    pub async fn page(&self, path: &str) -> String {
        body(self.get(path).await, 200).await
    }

    /// Sends a form as our pages do: with the session's token.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let csrf = self.csrf().await;
        self.post_with(path, form, &csrf).await
    }

    /// Sends a form with any token.
    pub async fn post_with(&self, path: &str, form: &[(&str, &str)], csrf: &str) -> Response {
        let mut form = form.to_vec();
        form.push(("csrf", csrf));
        self.send(self.http.post(format!("{}{path}", self.url)).form(&form)).await
    }

    /// The token that this session's pages carry.
    pub async fn csrf(&self) -> String {
        let page = self.page("/desk/account").await;
        between(&page, "<meta name=\"csrf\" content=\"", "\"").to_owned()
    }

    /// A request of one's own making, with this browser's cookie, sent by a page view.
    pub async fn send(&self, request: RequestBuilder) -> Response {
        let request = request.header(header::ACCEPT, "text/html").header(header::COOKIE, &self.cookie);
        request.send().await.unwrap()
    }

    /// A request with this browser's cookie, sent by a script.
    pub fn script(&self, request: RequestBuilder) -> RequestBuilder {
        request.header(header::COOKIE, &self.cookie)
    }

    fn keep_cookie(&mut self, answer: &Response) {
        if let Some(cookie) = answer.headers().get(header::SET_COOKIE) {
            cookie.to_str().unwrap().split(';').next().unwrap().clone_into(&mut self.cookie);
        }
    }
}

/// What a page says, which must have come with this status.
pub async fn body(answer: Response, status: u16) -> String {
    let (found, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(found, status, "{text}");
    text
}

/// The link of an invitation that a page shows.
pub fn link_in(page: &str) -> String {
    between(page, "id=\"link\">", "<").to_owned()
}

pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} is missing in {text}"));
    rest.split_once(after).unwrap().0
}
