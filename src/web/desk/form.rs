//! A form whose fields may come more than once, as ticked boxes do.

use axum::extract::{Form, FromRequest, Request};

use super::{Refusal, Shared};

/// The fields in their order.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a field; empty where there is none.
    pub fn one<'a>(&'a self, name: &'a str) -> &'a str {
        self.all(name).next().unwrap_or_default()
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

impl FromRequest<Shared> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Refusal> {
        let form = Form::from_request(request, shared).await;
        form.map(|Form(fields)| Self(fields)).map_err(|_| Refusal::invalid("this is no form of ours"))
    }
}
