//! The server: where it listens, which paths there are, and how it ends.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::auth::{self, Auth};
use super::guard::{self, Hosts};
use super::picture::Live;
use super::screens::Screens;
use super::{actions, api, assets, events, login};
use crate::base::{Error, Result, ResultExt};
use crate::town::Town;

/// The largest request that is read.
const LARGEST: usize = 128 * 1024;

/// Where and for whom.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port; 0 for any free one.
    pub port: u16,
    /// The address to listen on; loopback unless told otherwise.
    pub listen: IpAddr,
    /// Further host names it answers to.
    pub hosts: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 8080, listen: IpAddr::V4(Ipv4Addr::LOCALHOST), hosts: Vec::new() }
    }
}

/// A dashboard that has begun to listen.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its address without any secret.
    pub url: String,
    /// The address that logs a browser in, once.
    pub login: String,
    /// The file with the token, for every further browser.
    pub token_file: std::path::PathBuf,
}

/// What every handler shares.
pub struct Shared {
    pub town: Town,
    pub auth: Auth,
    pub hosts: Hosts,
    pub live: Arc<Live>,
    pub screens: Arc<Screens>,
    pub closing: watch::Sender<bool>,
}

/// Serves the dashboard of `town` until the process is told to end; `opened` is called once it listens.
///
/// # Errors
/// When the port is taken or the token can't be kept.
pub fn run(town: &Town, options: &Options, opened: impl FnOnce(&Opened) -> Result<()>) -> Result<()> {
    // Whatever is wrong with the ledger is said here, not in the browser.
    drop(crate::work::Desk::of(town.clone())?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the dashboard's threads")?;
    let outcome = runtime.block_on(serve(town, options, opened));
    runtime.shutdown_background();
    outcome
}

async fn serve(town: &Town, options: &Options, opened: impl FnOnce(&Opened) -> Result<()>) -> Result<()> {
    let address = SocketAddr::new(options.listen, options.port);
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program listens there; choose another port, or --port 0 for any free one"
            }
            std::io::ErrorKind::PermissionDenied => "ports below 1024 belong to the system; choose a higher one",
            _ => "check --listen",
        };
        Error::failed(format!("listen on {address}: {error}")).hint(hint)
    })?;
    let bound = listener.local_addr().context("the address listened on")?;
    let auth = Auth::of(town)?;
    let open = !options.listen.is_loopback();
    let live = Live::new(town.clone());
    let shared = Arc::new(Shared {
        hosts: Hosts::new(bound.port(), &options.hosts, open),
        screens: Screens::start(Arc::clone(&live)),
        town: town.clone(),
        closing: watch::Sender::new(false),
        auth,
        live,
    });
    let host = if options.listen.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { options.listen };
    let url = format!("http://{}/", SocketAddr::new(host, bound.port()));
    let code = shared.auth.code().unwrap_or_default();
    // Before anybody is told of it, so that who ends it at once ends it as well.
    let end = told_to_end();
    opened(&Opened { login: format!("{url}login?code={code}"), url, token_file: auth::token_file(town) })?;
    let closing = Arc::clone(&shared);
    axum::serve(listener, router(shared))
        .with_graceful_shutdown(async move {
            end.await;
            closing.closing.send_replace(true);
        })
        .await
        .context("serve")
}

/// Ends when the process gets one of the usual signals to end; from the call on, not from when it is first waited for.
fn told_to_end() -> impl Future<Output = ()> + Send + 'static {
    let waiting: Vec<_> = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()]
        .into_iter()
        .filter_map(|kind| signal(kind).ok())
        .map(|mut signal| Box::pin(async move { signal.recv().await }))
        .collect();
    async move {
        if waiting.is_empty() {
            std::future::pending::<()>().await;
        }
        futures_util::future::select_all(waiting).await;
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(assets::page))
        .route("/assets/{name}", get(assets::file))
        .route("/login", get(login::by_code).post(login::by_token))
        .route("/logout", post(login::out))
        .route("/events", get(events::stream))
        .route("/api/me", get(api::me))
        .route("/api/state", get(api::state))
        .route("/api/beads", get(api::beads))
        .route("/api/bead", get(api::bead))
        .route("/api/diff", get(api::diff))
        .route("/api/request", get(api::request))
        .route("/api/message", get(api::message))
        .route("/api/text", get(api::text))
        .route("/api/settings", get(api::settings))
        .route("/api/do", post(actions::act))
        .fallback(|| async { (StatusCode::NOT_FOUND, "not found\n") })
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::check))
        .with_state(shared)
}
