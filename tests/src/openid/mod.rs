//! A provider of `OpenID` Connect, as companies have one: discovery, a page that asks who one is, tokens, published keys that
//! change. What the server under test meets on the wire is what it would meet anywhere.

mod keys;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use infra::Clock;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::wait::fresh;

/// What the provider calls us.
pub const CLIENT_ID: &str = "frontdesk";
/// Our secret there.
pub const CLIENT_SECRET: &str = "a secret between the two";

/// With what it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// RSA.
    Rs256,
    /// An elliptic curve.
    Es256,
    /// The client's secret, as no provider should.
    Hs256,
    /// Not at all.
    Nothing,
    /// A key that is not its own, under the name of one that is.
    Stranger,
}

struct Grant {
    challenge: String,
    nonce: Option<String>,
    redirect_uri: String,
    email: String,
    name: String,
}

struct Inner {
    issuer: String,
    clock: Clock,
    grants: Mutex<HashMap<String, Grant>>,
    signing: Mutex<Signing>,
    published: Mutex<Vec<Signing>>,
    claims: Mutex<Value>,
    asked_for_keys: Mutex<usize>,
}

/// A provider. Gone when the last handle is.
#[derive(Clone)]
pub struct OpenIdProvider(Arc<Inner>, Arc<tokio::task::JoinHandle<()>>);

impl Drop for OpenIdProvider {
    fn drop(&mut self) {
        if Arc::strong_count(&self.1) == 1 {
            self.1.abort();
        }
    }
}

impl OpenIdProvider {
    /// Opens one that signs with RSA, on a port of its own.
    pub async fn open(clock: &Clock) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let inner = Arc::new(Inner {
            issuer,
            clock: clock.clone(),
            grants: Mutex::default(),
            signing: Mutex::new(Signing::Rs256),
            published: Mutex::new(vec![Signing::Rs256]),
            claims: Mutex::new(json!({})),
            asked_for_keys: Mutex::new(0),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(page).post(consent))
            .route("/token", axum::routing::post(token))
            .route("/jwks", get(jwks))
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self(inner, Arc::new(task))
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Signs with another key from now on, and publishes that one alone.
    pub fn rotates_to(&self, signing: Signing) {
        *self.0.signing.lock().unwrap() = signing;
        *self.0.published.lock().unwrap() = vec![signing];
    }

    /// Signs with something else and publishes what it did before.
    pub fn cheats_with(&self, signing: Signing) {
        *self.0.signing.lock().unwrap() = signing;
    }

    /// Says this in its tokens, over what it would say; null leaves something out.
    pub fn says(&self, claims: Value) {
        *self.0.claims.lock().unwrap() = claims;
    }

    /// How often its keys were asked for.
    pub fn asked_for_keys(&self) -> usize {
        *self.0.asked_for_keys.lock().unwrap()
    }

    /// What a browser does with the address it was sent to: opens the page, says who sits there, and is sent back. Gives `state`
    /// and `code`.
    ///
    /// # Panics
    /// When the provider does not send it back.
    #[expect(clippy::disallowed_methods, reason = "this client speaks to our own provider on loopback only")]
    pub async fn lets_in(&self, address: &str, email: &str, name: &str) -> (String, String) {
        let browser =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let page = browser.get(address).send().await.unwrap();
        assert_eq!(page.status(), 200, "{address}");
        let form = format!("email={}&name={}", email.replace('@', "%40").replace('+', "%2B"), name.replace(' ', "+"));
        let sent = browser
            .post(address)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .unwrap();
        let back = sent.headers()["location"].to_str().unwrap().to_owned();
        let back = reqwest::Url::parse(&back).unwrap();
        let part = |name: &str| back.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        (part("state"), part("code"))
    }
}

async fn discovery(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let at = &inner.issuer;
    Json(json!({
        "issuer": at,
        "authorization_endpoint": format!("{at}/authorize"),
        "token_endpoint": format!("{at}/token"),
        "jwks_uri": format!("{at}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile"],
    }))
}

/// The page that asks who one is.
async fn page(State(inner): State<Arc<Inner>>, Query(ask): Query<HashMap<String, String>>) -> Response {
    let fits = ask.get("client_id").is_some_and(|id| id == CLIENT_ID)
        && ask.get("response_type").is_some_and(|kind| kind == "code")
        && ask.get("scope").is_some_and(|scope| scope.split(' ').any(|word| word == "openid"))
        && ask.get("code_challenge_method").is_some_and(|method| method == "S256")
        && ["state", "nonce", "code_challenge", "redirect_uri"].iter().all(|name| ask.contains_key(*name));
    if !fits {
        return (StatusCode::BAD_REQUEST, format!("{}: not a request to sign in: {ask:?}", inner.issuer))
            .into_response();
    }
    let hint = ask.get("login_hint").map(|hint| hint.replace(['"', '<', '&'], "")).unwrap_or_default();
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><title>Blue Teapot sign-in</title><meta name=\"viewport\" content=\"width=device-width\">\
         <link rel=\"icon\" href=\"data:,\"></head>\
         <body style=\"font:18px/1.6 Georgia,serif;max-width:24rem;margin:4rem auto;color:#333\"><main><h1>Blue Teapot</h1>\
         <form method=\"post\"><p><label>Work e-mail<br><input name=\"email\" value=\"{hint}\"></label></p>\
         <p><label>Name<br><input name=\"name\" value=\"\"></label></p><button>Let me in</button></form></main></body></html>"
    ))
    .into_response()
}

/// Sends whoever said who they are back with a code.
async fn consent(
    State(inner): State<Arc<Inner>>,
    Query(ask): Query<HashMap<String, String>>,
    Form(person): Form<HashMap<String, String>>,
) -> Redirect {
    let code = fresh().simple().to_string();
    let grant = Grant {
        challenge: ask["code_challenge"].clone(),
        nonce: ask.get("nonce").cloned(),
        redirect_uri: ask["redirect_uri"].clone(),
        email: person["email"].clone(),
        name: person["name"].clone(),
    };
    let back = format!("{}?code={code}&state={}", grant.redirect_uri, ask["state"]);
    inner.grants.lock().unwrap().insert(code, grant);
    Redirect::to(&back)
}

fn is_us(headers: &HeaderMap, form: &HashMap<String, String>) -> bool {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
    match basic {
        Some(pair) => pair == format!("{CLIENT_ID}:{}", CLIENT_SECRET.replace(' ', "+")),
        None => form.get("client_secret").is_some_and(|secret| secret == CLIENT_SECRET),
    }
}

/// Gives a token for a code: once, to us, for the verifier of the challenge.
async fn token(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let refuse = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response();
    if !is_us(&headers, &form) {
        return refuse("invalid_client");
    }
    let grant = form.get("code").and_then(|code| inner.grants.lock().unwrap().remove(code));
    let Some(grant) = grant else { return refuse("invalid_grant") };
    let verifier = form.get("code_verifier").map(|text| URL_SAFE_NO_PAD.encode(Sha256::digest(text)));
    if verifier.as_deref() != Some(&grant.challenge) || form.get("redirect_uri") != Some(&grant.redirect_uri) {
        return refuse("invalid_grant");
    }
    let now = inner.clock.now().timestamp();
    let mut claims = json!({
        "iss": inner.issuer, "aud": CLIENT_ID, "sub": format!("person of {}", grant.email), "iat": now, "exp": now + 300,
        "email": grant.email, "email_verified": true, "name": grant.name, "nonce": grant.nonce,
    });
    for (name, value) in inner.claims.lock().unwrap().as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    let id_token = sign(*inner.signing.lock().unwrap(), &claims);
    Json(json!({ "access_token": "of no use", "token_type": "Bearer", "expires_in": 300, "id_token": id_token }))
        .into_response()
}

fn sign(signing: Signing, claims: &Value) -> String {
    let der = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let header = |algorithm, kid: &str| Header { kid: Some(kid.into()), ..Header::new(algorithm) };
    let (header, key) = match signing {
        Signing::Rs256 => (header(Algorithm::RS256, "rsa"), EncodingKey::from_rsa_der(&der(keys::RSA_DER))),
        Signing::Stranger => (header(Algorithm::RS256, "rsa"), EncodingKey::from_rsa_der(&der(keys::STRANGER_DER))),
        Signing::Es256 => (header(Algorithm::ES256, "ec"), EncodingKey::from_ec_der(&der(keys::EC_DER))),
        Signing::Hs256 => (Header::new(Algorithm::HS256), EncodingKey::from_secret(CLIENT_SECRET.as_bytes())),
        Signing::Nothing => {
            let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
            return format!("{}.{}.", part(json!({ "alg": "none" })), part(claims.clone()));
        }
    };
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

async fn jwks(State(inner): State<Arc<Inner>>) -> Json<Value> {
    *inner.asked_for_keys.lock().unwrap() += 1;
    let keys: Vec<Value> = inner
        .published
        .lock()
        .unwrap()
        .iter()
        .map(|signing| match signing {
            Signing::Es256 => json!({
                "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "ec", "x": keys::EC_X, "y": keys::EC_Y,
            }),
            Signing::Rs256 | Signing::Hs256 | Signing::Nothing | Signing::Stranger => json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "rsa", "n": keys::RSA_N, "e": "AQAB" }),
        })
        .collect();
    Json(json!({ "keys": keys }))
}
