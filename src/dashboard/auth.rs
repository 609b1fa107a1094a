//! Who may come in: a token that only the town's owner can read, exchanged once for a session cookie.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::header;
use sha2::{Digest, Sha256};

use crate::base::{Result, ResultExt, files};
use crate::town::Town;

/// At most so many browsers are logged in at once; the oldest has to log in again.
const SESSIONS: usize = 64;

/// 256 random bits as hexadecimal digits.
fn secret() -> Result<String> {
    let mut bytes = [0; 32];
    std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("random numbers")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether two secrets are equal. Their digests are compared, so that the time it takes tells nothing about them.
fn same(a: &str, b: &str) -> bool {
    Sha256::digest(a.as_bytes()) == Sha256::digest(b.as_bytes())
}

/// A logged-in browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// What every change of state has to bring along.
    pub csrf: String,
    number: u64,
}

#[derive(Debug, Default)]
struct Inner {
    /// The code of the printed address, until it was used.
    code: Option<String>,
    sessions: HashMap<String, Session>,
    made: u64,
}

/// The token, the one-time code and the browsers that are logged in.
#[derive(Debug)]
pub struct Auth {
    token: String,
    cookie: String,
    inner: Mutex<Inner>,
}

/// Where a town keeps the token.
pub fn token_file(town: &Town) -> PathBuf {
    town.runtime_dir().join("dashboard.token")
}

impl Auth {
    /// The token of `town`, made when there is none, and a fresh code.
    ///
    /// # Errors
    /// When the token can't be read or written.
    pub fn of(town: &Town) -> Result<Self> {
        let path = token_file(town);
        let kept = files::read_optional(&path)?.map(|text| text.trim().to_owned()).filter(|token| token.len() >= 32);
        let token = match kept {
            Some(token) => token,
            None => {
                let token = secret()?;
                files::write_atomic(&path, format!("{token}\n").as_bytes(), 0o600)?;
                token
            }
        };
        let inner = Inner { code: Some(secret()?), ..Inner::default() };
        // Cookies do not tell ports apart, so that two towns on one host need different names.
        Ok(Self { token, cookie: format!("gt_{}", town.id), inner: Mutex::new(inner) })
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The code of the address to print; `None` once it was used.
    pub fn code(&self) -> Option<String> {
        self.inner().code.clone()
    }

    /// Takes the one-time code: the value of a new session's `Set-Cookie`, or `None` when it is another or was used.
    pub fn with_code(&self, code: &str) -> Option<String> {
        let good = self.inner().code.take_if(|kept| same(kept, code)).is_some();
        good.then(|| self.begin()).flatten()
    }

    /// Takes the token: the value of a new session's `Set-Cookie`.
    pub fn with_token(&self, token: &str) -> Option<String> {
        same(&self.token, token.trim()).then(|| self.begin()).flatten()
    }

    fn begin(&self) -> Option<String> {
        let (name, csrf) = (secret().ok()?, secret().ok()?);
        let mut inner = self.inner();
        inner.made += 1;
        let session = Session { csrf, number: inner.made };
        inner.sessions.insert(name.clone(), session);
        if inner.sessions.len() > SESSIONS
            && let Some(oldest) =
                inner.sessions.iter().min_by_key(|(_, session)| session.number).map(|(name, _)| name.clone())
        {
            inner.sessions.remove(&oldest);
        }
        Some(format!("{}={name}; HttpOnly; SameSite=Strict; Path=/", self.cookie))
    }

    /// The session that the request's cookie names.
    pub fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let name = self.cookie_value(headers)?;
        self.inner().sessions.get(&name).cloned()
    }

    /// Ends the session of the request.
    pub fn end(&self, headers: &HeaderMap) {
        if let Some(name) = self.cookie_value(headers) {
            self.inner().sessions.remove(&name);
        }
    }

    fn cookie_value(&self, headers: &HeaderMap) -> Option<String> {
        let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = pairs.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.cookie).map(|(_, value)| value.to_owned())
    }

    /// Whether `sent` is the session's own CSRF token.
    pub fn may_change(session: &Session, sent: &str) -> bool {
        same(&session.csrf, sent)
    }
}
