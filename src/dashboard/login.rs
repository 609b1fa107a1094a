//! Logging in and out.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::assets;
use super::serve::Shared;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Code {
    code: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Token {
    token: String,
}

fn enter(cookie: Option<String>) -> Response {
    match cookie {
        // The code leaves the address bar with the redirection.
        Some(cookie) => {
            (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, "/".to_owned())]).into_response()
        }
        None => assets::login_page(StatusCode::UNAUTHORIZED),
    }
}

/// The address that `gt dashboard` prints; it works once.
pub async fn by_code(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Query(Code { code }): Query<Code>,
) -> Response {
    if code.is_empty() {
        return assets::login_page(StatusCode::OK);
    }
    if shared.auth.session(&headers).is_some() {
        return (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
    }
    enter(shared.auth.with_code(&code))
}

/// The form that asks for the token.
pub async fn by_token(State(shared): State<Arc<Shared>>, Form(Token { token }): Form<Token>) -> Response {
    enter(shared.auth.with_token(&token))
}

/// Ends the session.
pub async fn out(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    shared.auth.end(&headers);
    StatusCode::NO_CONTENT.into_response()
}
