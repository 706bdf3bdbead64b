//! The built pages, inside the binary: signup, console, portal, widget, demo shop. Security headers included.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Deserialize;

use crate::App;
use crate::v1::widget::allowed_ancestors;

/// In a debug build the files are read from disk as they are asked for; in a release build they are inside the binary.
#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Built;

pub(crate) fn routes() -> Router<Arc<App>> {
    let page = |name: &'static str| get(move |headers: HeaderMap| async move { app_page(name, &headers) });
    Router::new()
        .route("/", get(|| async { Redirect::to("/signup") }))
        .route("/signup", page("signup"))
        .route("/signup/{*rest}", page("signup"))
        .route("/login", page("signup"))
        .route("/login/{*rest}", page("signup"))
        .route("/console", page("console"))
        .route("/console/{*rest}", page("console"))
        .route("/portal", page("portal"))
        .route("/portal/{*rest}", page("portal"))
        .route("/demo", get(demo))
        .route("/demo/{*rest}", get(demo_file))
        .route("/assets/{*rest}", get(asset))
        .route("/widget.js", get(loader))
        .route("/widget/frame", get(frame))
        .route("/widget/{*rest}", get(widget_file))
        .route(
            "/favicon.ico",
            get(|headers: HeaderMap| async move { plain("favicon.ico", &headers, "public, max-age=86400") }),
        )
}

const APP_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; \
     connect-src 'self' ws: wss:; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The same, and what the company shows to those who wait, wherever it keeps it: the portal previews it.
const PORTAL_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; \
     media-src 'self' https:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-src 'self'; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";
const DEMO_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
/// The loader is looked for anew every five minutes. While nothing answers, and while it is looked for, the old one is good for a week:
/// a page that is opened during an outage is to show the launcher, and where else the company can be reached.
const LOADER: &str = "public, max-age=300, stale-while-revalidate=604800, stale-if-error=604800";
/// Hashed names never change what they hold.
const FOREVER: &str = "public, max-age=31536000, immutable";

fn serve(file: &EmbeddedFile, path: &str, headers: &HeaderMap, caching: &'static str) -> Response {
    let tag = format!("\"{}\"", infra::ids::encode(uuid::Uuid::from_bytes(first_half(&file.metadata.sha256_hash()))));
    let unchanged = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = if kind.type_() == mime_guess::mime::TEXT { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.data.clone().into_owned().into_response()
    };
    let all = response.headers_mut();
    for (name, value) in
        [(header::CONTENT_TYPE, kind.as_str()), (header::CACHE_CONTROL, caching), (header::ETAG, tag.as_str())]
    {
        if let Ok(value) = HeaderValue::from_str(value) {
            all.insert(name, value);
        }
    }
    response
}

fn first_half(hash: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    half
}

fn plain(path: &str, headers: &HeaderMap, caching: &'static str) -> Response {
    match Built::get(path) {
        Some(file) => serve(&file, path, headers, caching),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn with_policy(mut response: Response, policy: &str) -> Response {
    if let Ok(policy) = HeaderValue::from_str(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn app_page(name: &str, headers: &HeaderMap) -> Response {
    let path = format!("{name}/index.html");
    match Built::get(&path) {
        Some(file) => {
            let policy = if name == "portal" { PORTAL_POLICY } else { APP_POLICY };
            with_policy(serve(&file, &path, headers, "no-cache"), policy)
        }
        None => (StatusCode::SERVICE_UNAVAILABLE, "The pages are not built: run `npm ci && npm run build` in web/.")
            .into_response(),
    }
}

async fn asset(Path(rest): Path<String>, headers: HeaderMap) -> Response {
    plain(&format!("assets/{rest}"), &headers, FOREVER)
}

async fn demo(headers: HeaderMap) -> Response {
    with_policy(plain("demo/index.html", &headers, "no-cache"), DEMO_POLICY)
}

async fn demo_file(Path(rest): Path<String>, headers: HeaderMap) -> Response {
    plain(&format!("demo/{rest}"), &headers, "no-cache")
}

/// The loader runs on the company's own site, so any origin may load it.
async fn loader(headers: HeaderMap) -> Response {
    let mut response = plain("widget.js", &headers, LOADER);
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}

async fn widget_file(Path(rest): Path<String>, headers: HeaderMap) -> Response {
    plain(&format!("widget/{rest}"), &headers, if rest.starts_with("assets/") { FOREVER } else { "no-cache" })
}

#[derive(Deserialize)]
struct FrameQuery {
    #[serde(default)]
    key: String,
}

/// The panel's frame: shown only by the sites the inbox allows.
async fn frame(State(app): State<Arc<App>>, Query(query): Query<FrameQuery>, headers: HeaderMap) -> Response {
    let ancestors = match allowed_ancestors(&app, &query.key).await {
        Ok(ancestors) => ancestors,
        Err(problem) => return problem.into_response(),
    };
    // Pictures and videos for those who wait are wherever the company keeps them.
    let policy = format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; \
         media-src 'self' https:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    );
    with_policy(plain("widget/frame.html", &headers, "no-cache"), &policy)
}
