//! What every request has to pass before anything looks at it: the right host, the right origin, a session, and for every change of
//! state the session's CSRF token.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::assets;
use super::auth::Auth;
use super::serve::Shared;

/// The header that carries the CSRF token.
pub const CSRF_HEADER: &str = "x-gt-csrf";

/// Nothing but our own files, no inline code or style, no framing, and no way to make HTML out of text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// The hosts this dashboard answers to.
#[derive(Debug, Clone)]
pub struct Hosts {
    port: u16,
    names: Vec<String>,
    /// Any address will do, since it listens to more than this machine. An address, unlike a name, can't be made to point elsewhere.
    addresses: bool,
}

impl Hosts {
    /// Loopback under its usual names, and `more`; with `addresses` every literal address too.
    pub fn new(port: u16, more: &[String], addresses: bool) -> Self {
        let mut names: Vec<String> = ["127.0.0.1", "localhost", "[::1]"].map(str::to_owned).to_vec();
        names.extend(more.iter().map(|name| name.to_ascii_lowercase()));
        Self { port, names, addresses }
    }

    /// Whether a `Host` header, or what stands behind `http://` in an `Origin`, is one of ours.
    fn knows(&self, authority: &str) -> bool {
        let authority = authority.to_ascii_lowercase();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (authority.as_str(), Some(80)),
        };
        // Behind a forwarded port the browser's port is another than ours, and only names that were given stand for that.
        let ours = port == Some(self.port) || self.names.iter().skip(3).any(|name| name == host);
        let literal = || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        ours && (self.names.iter().any(|name| name == host) || (self.addresses && literal()))
    }
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

/// Why a request is turned away before anything else is looked at.
fn stranger(hosts: &Hosts, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let Some(host) = text(headers, header::HOST).filter(|_| headers.get_all(header::HOST).iter().count() == 1) else {
        return Some("the request names no host");
    };
    if !hosts.knows(host) {
        return Some("this dashboard does not answer to that host name (gt dashboard --host allows one)");
    }
    match text(headers, header::ORIGIN) {
        // The page that sent it has to be the one we served: scheme, host and port.
        Some(origin) if origin.strip_prefix("http://").or(origin.strip_prefix("https://")) != Some(host) => {
            return Some("the request comes from another site");
        }
        None if method != Method::GET && method != Method::HEAD => {
            return Some("the request does not say where it comes from");
        }
        _ => {}
    }
    match text(headers, "sec-fetch-site") {
        None | Some("same-origin" | "none") => None,
        // A link on another page may lead here; its code may not.
        Some(_) if method == Method::GET && text(headers, "sec-fetch-mode") == Some("navigate") => None,
        Some(_) => Some("the request comes from another site"),
    }
}

fn refuse(status: StatusCode, why: &str) -> Response {
    (status, axum::Json(serde_json::json!({"error": why}))).into_response()
}

/// Lets a request through to its handler, or turns it away.
pub async fn check(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let answer = if let Some(why) = stranger(&shared.hosts, request.method(), headers) {
        refuse(StatusCode::FORBIDDEN, why)
    } else if matches!(request.uri().path(), "/login" | "/assets/app.css" | "/assets/icon.svg") {
        next.run(request).await
    } else {
        match shared.auth.session(headers) {
            None if request.uri().path() == "/" => assets::login_page(StatusCode::OK),
            None => refuse(StatusCode::UNAUTHORIZED, "log in first"),
            Some(session) if request.method() != Method::GET && request.method() != Method::HEAD => {
                let sent = text(headers, CSRF_HEADER).unwrap_or_default();
                if Auth::may_change(&session, sent) {
                    next.run(request).await
                } else {
                    refuse(StatusCode::FORBIDDEN, "the page is out of date; load it again")
                }
            }
            Some(_) => next.run(request).await,
        }
    };
    with_headers(answer)
}

fn with_headers(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_hosts_are_known() {
        let hosts = Hosts::new(8080, &["Box.lan".into()], false);
        for good in [
            "127.0.0.1:8080",
            "localhost:8080",
            "[::1]:8080",
            "LOCALHOST:8080",
            "box.lan:8080",
            "box.lan:443",
            "box.lan",
        ] {
            assert!(hosts.knows(good), "{good}");
        }
        for bad in [
            "evil.example:8080",
            "127.0.0.1:81",
            "127.0.0.1",
            "localhost.evil.example:8080",
            "10.0.0.2:8080",
            "",
            ":8080",
            "[::1]",
        ] {
            assert!(!hosts.knows(bad), "{bad}");
        }
        let open = Hosts::new(8080, &[], true);
        assert!(open.knows("10.0.0.2:8080") && open.knows("[fe80::1]:8080") && !open.knows("evil.example:8080"));
    }

    #[test]
    fn requests_of_other_sites_are_strangers() {
        let hosts = Hosts::new(8080, &[], false);
        let turned_away = |method: Method, pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            stranger(&hosts, &method, &headers).is_some()
        };
        let ours = ("host", "127.0.0.1:8080");
        assert!(!turned_away(Method::GET, &[ours]));
        assert!(!turned_away(Method::POST, &[ours, ("origin", "http://127.0.0.1:8080")]));
        assert!(turned_away(Method::POST, &[ours]), "no origin");
        assert!(
            turned_away(Method::POST, &[ours, ("origin", "http://localhost:8080")]),
            "another host of ours is another site"
        );
        assert!(turned_away(Method::POST, &[ours, ("origin", "null")]));
        assert!(turned_away(Method::GET, &[ours, ("origin", "http://evil.example")]));
        assert!(turned_away(Method::GET, &[ours, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        assert!(!turned_away(Method::GET, &[ours, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(turned_away(Method::GET, &[ours, ours]), "two hosts");
        assert!(turned_away(Method::GET, &[]));
    }
}
