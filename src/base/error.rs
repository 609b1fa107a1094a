//! Errors as values: what failed, why, and what to do next.

use std::fmt;

/// What an error means to the caller; each kind has its own exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The thing asked for could not be done (exit code 1).
    Failed,
    /// The command was used wrongly (exit code 2).
    Usage,
    /// A bead, rig, agent, file or town that was named does not exist (exit code 3).
    NotFound,
    /// Doing it would lose work, or it is locked, taken or over a budget (exit code 4).
    Refused,
}

/// An error with its context and, where there is one, the next step for the reader.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` whose `message` says what failed, on what and why.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, source: None }
    }

    /// The thing asked for could not be done.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// The command was used wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Something that was named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// Doing it would lose work, or something is locked, taken or over a budget.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// Adds what the reader can do about it; printed after `hint:`.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts `what` before the message: `what: message`.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Keeps the error underneath this one.
    #[must_use]
    pub fn source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// What the error means to the caller.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The message without its hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the reader can do about it.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The process exit code, 1 to 4.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotFound => 3,
            Kind::Refused => 4,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

macro_rules! from_library {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Error::failed(error.to_string()).source(error)
            }
        }
    )+};
}

from_library!(
    std::io::Error,
    std::fmt::Error,
    serde_json::Error,
    toml::de::Error,
    toml::ser::Error,
    git2::Error,
    nix::Error,
    postcard::Error,
);

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let hint = match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                Some("another process holds the ledger; try again")
            }
            Some(rusqlite::ErrorCode::DiskFull) => Some("free some disk space; nothing was changed"),
            Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) => {
                Some("check that the ledger's directory exists and is writable")
            }
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Some("move the database file aside; it is rebuilt from the issues.jsonl files")
            }
            _ => None,
        };
        let mut out = Error::failed(format!("ledger: {error}")).source(error);
        out.hint = hint.map(str::to_owned);
        out
    }
}

/// Adds context to the error of any result.
pub trait ResultExt<T> {
    /// Puts `what` before the error's message: `what: message`.
    ///
    /// # Errors
    /// The same error, with its context.
    fn context(self, what: impl fmt::Display) -> Result<T>;

    /// As [`ResultExt::context`], for a context that is costly to make.
    ///
    /// # Errors
    /// The same error, with its context.
    fn with_context<D: fmt::Display>(self, what: impl FnOnce() -> D) -> Result<T>;
}

impl<T, E: Into<Error>> ResultExt<T> for std::result::Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().context(what))
    }

    fn with_context<D: fmt::Display>(self, what: impl FnOnce() -> D) -> Result<T> {
        self.map_err(|error| error.into().context(what()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_goes_in_front_and_keeps_the_hint() {
        let error = Error::not_found("no such bead").hint("bd list").context("sling gt-abc12");
        assert_eq!(error.to_string(), "sling gt-abc12: no such bead");
        assert_eq!(error.hint_text(), Some("bd list"));
        assert_eq!(error.exit_code(), 3);
    }
}
