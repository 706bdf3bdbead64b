//! HTTP itself: the server's connections, and the client that brings webhooks.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::door::{Asked, Door, Reply};
use super::post::Parcel;

/// Longer than anybody waits for an answer.
const SILENCE: Duration = Duration::from_mins(2);
const MOST_BYTES: usize = 1024 * 1024;

/// Takes connections for ever.
pub(crate) async fn serve(listener: TcpListener, door: Arc<Door>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let door = Arc::clone(&door);
        tokio::spawn(async move {
            let service = service_fn(move |request| one(Arc::clone(&door), request));
            let server = hyper::server::conn::http1::Builder::new();
            // A connection that ends in the middle is what the script asked for.
            drop(server.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn one(door: Arc<Door>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(io::Error::other)?.to_bytes();
    let asked = Asked {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        key: header("idempotency-key"),
        authorization: header("authorization").unwrap_or_default(),
    };
    let slow = door.enter().faults.slowness(&asked.path);
    if !slow.is_zero() {
        tokio::time::sleep(slow).await;
    }
    let reply = door.answer(&asked);
    if matches!(reply, Reply::Silence) {
        tokio::time::sleep(SILENCE).await;
    }
    if matches!(reply, Reply::Nothing | Reply::Silence) {
        return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the script ends this connection"));
    }
    written(reply).map_err(io::Error::other)
}

fn written(reply: Reply) -> Result<Response<Full<Bytes>>, http::Error> {
    let response = Response::builder();
    match reply {
        Reply::Json { status, body, replayed, request_id } => {
            let mut response = response
                .status(status)
                .header("content-type", "application/json")
                .header("request-id", request_id)
                .header("stripe-version", crate::books::VERSION);
            if replayed {
                response = response.header("idempotent-replayed", "true");
            }
            // Trying again helps with these, and with no other refusal.
            match status {
                200..300 => {}
                429 | 500 | 503 if !replayed => response = response.header("stripe-should-retry", "true"),
                _ => response = response.header("stripe-should-retry", "false"),
            }
            response.body(Full::new(Bytes::from(serde_json::to_vec_pretty(&body).unwrap_or_default())))
        }
        Reply::Page { status, html } => response
            .status(status)
            .header("content-type", "text/html; charset=utf-8")
            .header("cache-control", "no-store")
            .body(Full::new(Bytes::from(html))),
        Reply::Pdf(bytes) => response
            .header("content-type", "application/pdf")
            .header("content-disposition", "attachment; filename=\"invoice.pdf\"")
            .body(Full::new(Bytes::from(bytes))),
        Reply::Redirect(to) => response.status(303).header("location", to).body(Full::default()),
        Reply::Nothing | Reply::Silence => response.status(500).body(Full::default()),
    }
}

/// Delivers webhooks for ever.
pub(crate) async fn deliver(door: Arc<Door>) {
    loop {
        while let Some(parcel) = door.next_parcel(false) {
            hand_over(&door, &parcel).await;
        }
        // Tries that become due by the clock alone are looked for now and then.
        drop(tokio::time::timeout(Duration::from_millis(250), door.bell.notified()).await);
    }
}

/// Hands one webhook over; the status of the answer, 0 for none.
pub(crate) async fn hand_over(door: &Door, parcel: &Parcel) -> u16 {
    let answered = tokio::time::timeout(Duration::from_secs(10), post(parcel)).await;
    let status = answered.ok().and_then(Result::ok).unwrap_or(0);
    door.note(parcel, status);
    status
}

async fn post(parcel: &Parcel) -> io::Result<u16> {
    let uri: http::Uri = parcel.url.parse().map_err(io::Error::other)?;
    let authority = uri.authority().ok_or_else(|| io::Error::other("no address"))?.clone();
    let target = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(target).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let driver = tokio::spawn(async move { drop(connection.await) });
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let request = Request::post(path)
        .header("host", authority.as_str())
        .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", &parcel.signature)
        .body(Full::new(Bytes::from(parcel.body.clone())))
        .map_err(io::Error::other)?;
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = answer.status().as_u16();
    drop(answer.into_body().collect().await);
    driver.abort();
    Ok(status)
}
