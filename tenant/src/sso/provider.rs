//! What providers say of themselves: read when first needed, believed for an hour, and read again when a token is signed with a key
//! that was not there yet.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use infra::Timestamp;
use infra::outbound::{Outbound, OutboundError};
use openidconnect::core::CoreProviderMetadata;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, IssuerUrl};

use crate::sso::SsoError;
use crate::world::World;

/// How long a provider's keys and addresses are believed.
const BELIEVED: TimeDelta = TimeDelta::hours(1);
/// How soon they may be read again because a key was not among them: a forger's key names must not make us ask without end.
const AGAIN_AFTER: TimeDelta = TimeDelta::seconds(30);
/// How many providers are remembered.
const MOST: usize = 1_000;

#[derive(Clone)]
struct Known {
    metadata: Arc<CoreProviderMetadata>,
    read_at: Timestamp,
}

/// A short memory of providers.
#[derive(Default)]
pub struct Providers(Mutex<HashMap<String, Known>>);

impl Providers {
    fn known(&self, issuer: &str) -> Option<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(issuer).cloned()
    }

    fn remember(&self, issuer: &str, known: Known) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(issuer.to_owned(), known);
    }
}

/// The provider as it was within the hour.
pub(super) async fn recent(world: &World, issuer: &str) -> Result<Arc<CoreProviderMetadata>, SsoError> {
    match world.providers.known(issuer) {
        Some(known) if world.now() - known.read_at < BELIEVED => Ok(known.metadata),
        _ => fresh(world, issuer).await,
    }
}

/// The provider as it is, unless it was asked a moment ago: then nothing, for nothing new would be learnt.
pub(super) async fn newer(world: &World, issuer: &str) -> Result<Option<Arc<CoreProviderMetadata>>, SsoError> {
    match world.providers.known(issuer) {
        Some(known) if world.now() - known.read_at < AGAIN_AFTER => Ok(None),
        _ => fresh(world, issuer).await.map(Some),
    }
}

/// The provider as it is.
pub(super) async fn fresh(world: &World, issuer: &str) -> Result<Arc<CoreProviderMetadata>, SsoError> {
    let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| SsoError::Provider(error.to_string()))?;
    let asked = Asked::of(world);
    let metadata =
        CoreProviderMetadata::discover_async(url, &asked).await.map_err(|error| SsoError::Provider(told(&error)))?;
    let known = Known { metadata: Arc::new(metadata), read_at: world.now() };
    world.providers.remember(issuer, known.clone());
    Ok(known.metadata)
}

/// Our way out, as the library asks by it.
pub(super) struct Asked(Outbound);

impl Asked {
    pub(super) fn of(world: &World) -> Self {
        Self(world.outbound.clone())
    }
}

impl<'c> AsyncHttpClient<'c> for Asked {
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutboundError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.0.ask(request))
    }
}

/// What went wrong, with its causes, in one short line: admins set this up by it.
pub(super) fn told(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words = format!("{words}: {next}");
        cause = next.source();
    }
    words.chars().filter(|c| !c.is_control()).take(200).collect()
}
