//! The databases that companies live in: the home, where the directory is too, and others by name.
//!
//! Which company lives where is a column of the directory.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra::Timestamp;
use infra::database::{Database, PipelineOptions, Rows as _, StoreError, sql};

/// One database.
#[derive(Clone)]
pub struct Site {
    /// Its name; none for the home.
    pub name: Option<Arc<str>>,
    /// Its pools.
    pub database: Database,
    /// How the writers of messages connect; none where they cannot.
    pub pipeline: Option<PipelineOptions>,
    /// Its address, for connections that are made for one long piece of work.
    pub url: Arc<str>,
}

/// All of them.
#[derive(Clone)]
pub struct Sites {
    home: Site,
    others: BTreeMap<Arc<str>, Site>,
}

impl Site {
    fn open(name: Option<&str>, url: &str, connections: u32) -> Result<Self, StoreError> {
        Ok(Self {
            name: name.map(Arc::from),
            database: Database::connect(url, connections)?,
            pipeline: PipelineOptions::read(url),
            url: url.into(),
        })
    }

    /// As people read it.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or("home")
    }
}

impl Sites {
    /// Makes the pools; connects when first asked. Each database has as many connections.
    pub fn open(home: &str, others: &BTreeMap<String, String>, connections: u32) -> Result<Self, StoreError> {
        let others =
            others.iter().map(|(name, url)| Ok((name.as_str().into(), Site::open(Some(name), url, connections)?)));
        Ok(Self { home: Site::open(None, home, connections)?, others: others.collect::<Result<_, StoreError>>()? })
    }

    /// Where the directory is.
    pub fn home(&self) -> &Site {
        &self.home
    }

    /// The database of this name; the home for none.
    pub fn get(&self, name: Option<&str>) -> Result<&Site, StoreError> {
        let Some(name) = name else { return Ok(&self.home) };
        self.others
            .get(name)
            .ok_or_else(|| StoreError::Unavailable(format!("this server has no address for the database {name}")))
    }

    /// Every one, the home first.
    pub fn all(&self) -> impl Iterator<Item = &Site> {
        std::iter::once(&self.home).chain(self.others.values())
    }

    /// Whether companies can live elsewhere than at home.
    pub fn are_several(&self) -> bool {
        !self.others.is_empty()
    }

    /// Closes every connection.
    pub async fn close(&self) {
        for site in self.all() {
            site.database.close().await;
        }
    }
}

/// Writes a further database into the directory, so that companies can be said to live there. A second time changes nothing.
pub async fn register(sites: &Sites, name: &str, setting: &str, now: Timestamp) -> Result<(), StoreError> {
    sites
        .home()
        .database
        .orm()
        .run(sql(
            "insert into shared.database (name, setting, created_at) values ($1, $2, $3) on conflict (name) do update set setting = excluded.setting",
            [name.into(), setting.into(), now.into()],
        ))
        .await
        .map(drop)
}
