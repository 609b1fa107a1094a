//! The page, which is part of the binary.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Every file of the page by its name.
const FILES: &[(&str, &str, &str)] = &[
    ("app.css", CSS, include_str!("../../assets/dashboard/app.css")),
    ("app.js", JS, include_str!("../../assets/dashboard/app.js")),
    ("dialogs.js", JS, include_str!("../../assets/dashboard/dialogs.js")),
    ("dom.js", JS, include_str!("../../assets/dashboard/dom.js")),
    ("icon.svg", SVG, include_str!("../../assets/dashboard/icon.svg")),
    ("live.js", JS, include_str!("../../assets/dashboard/live.js")),
    ("panels.js", JS, include_str!("../../assets/dashboard/panels.js")),
    ("screen.js", JS, include_str!("../../assets/dashboard/screen.js")),
    ("settings.js", JS, include_str!("../../assets/dashboard/settings.js")),
];

/// A file of the page. Names are looked up, never joined to a path.
pub async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, _, _)| *known == name) {
        Some((_, kind, text)) => {
            ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "no-cache")], *text).into_response()
        }
        None => (StatusCode::NOT_FOUND, "not found\n").into_response(),
    }
}

/// The page itself.
pub async fn page() -> Response {
    ([(header::CONTENT_TYPE, HTML)], include_str!("../../assets/dashboard/index.html")).into_response()
}

/// The page that asks for the token.
pub fn login_page(status: StatusCode) -> Response {
    let text = include_str!("../../assets/dashboard/login.html");
    let note = if status == StatusCode::OK { "" } else { "That is not the token of this town." };
    (status, [(header::CONTENT_TYPE, HTML)], text.replace("{note}", note)).into_response()
}
