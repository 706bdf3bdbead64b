//! Files that are kept for a while: in a folder of this machine, or in a bucket that speaks S3.
//!
//! Every path begins with its owner's id; who may read a file is decided by whoever asks for it. What must be absent: any file that
//! is made reachable from outside by its address.

use std::path::Path as LocalPath;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart};
use tokio::io::AsyncReadExt as _;

use crate::fault::{Fault, Kind};

/// How large a part of a file is written at once. S3 takes no part under 5 MiB but the last.
const PART: usize = 8 * 1024 * 1024;
/// How many parts may be on their way.
const PARTS_AT_ONCE: usize = 2;

/// How to reach the store.
#[derive(Debug, Clone, Default)]
pub struct BlobSettings {
    /// `file:/a/folder`, or `s3://bucket/prefix`.
    pub place: String,
    /// Where the bucket is, if not at Amazon.
    pub endpoint: Option<String>,
    /// The bucket's region.
    pub region: Option<String>,
    /// The name to sign with.
    pub key_id: Option<String>,
    /// The secret to sign with.
    pub secret: Option<String>,
}

/// Why a file could not be kept, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The settings name no place that can be used.
    #[error("FRONTDESK_BLOBS cannot be used: {0}")]
    Settings(String),
    /// The store, or this machine's disk.
    #[error("the store of files does not answer as it should: {0}")]
    Store(String),
}

impl Fault for BlobError {
    fn kind(&self) -> Kind {
        match self {
            Self::Missing => Kind::NotFound,
            Self::Settings(_) => Kind::Internal,
            Self::Store(_) => Kind::Unavailable(crate::fault::again_in(std::time::Duration::from_secs(10))),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Missing => "file_unknown",
            Self::Settings(_) => "internal",
            Self::Store(_) => "temporarily_unavailable",
        }
    }
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            Self::Missing
        } else {
            Self::Store(error.to_string())
        }
    }
}

impl From<std::io::Error> for BlobError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.to_string())
    }
}

/// The store of files.
#[derive(Debug, Clone)]
pub struct Blobs(Arc<dyn ObjectStore>);

impl Blobs {
    /// Opens the store. A folder is made when it is not there; a bucket is asked when it is first needed.
    pub fn open(settings: &BlobSettings) -> Result<Self, BlobError> {
        if let Some(folder) = settings.place.strip_prefix("file:") {
            let unusable = |error: &dyn std::fmt::Display| BlobError::Settings(format!("{folder}: {error}"));
            std::fs::create_dir_all(folder).map_err(|error| unusable(&error))?;
            let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| unusable(&error))?;
            return Ok(Self(Arc::new(store.with_automatic_cleanup(true).with_fsync(true))));
        }
        let Some(place) = settings.place.strip_prefix("s3://") else {
            return Err(BlobError::Settings("neither file:/a/folder nor s3://bucket/prefix".into()));
        };
        crate::http::choose_tls();
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
        builder = builder.with_region(settings.region.as_deref().unwrap_or("us-east-1"));
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        if let (Some(id), Some(secret)) = (&settings.key_id, &settings.secret) {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let store = builder.build().map_err(|error| BlobError::Settings(error.to_string()))?;
        Ok(if prefix.is_empty() { Self(Arc::new(store)) } else { Self(Arc::new(PrefixStore::new(store, prefix))) })
    }

    /// Keeps a few bytes.
    pub async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.0.put(&Path::from(path), PutPayload::from(bytes)).await?;
        Ok(())
    }

    /// Keeps a file of this machine: all of it or nothing. Says how many bytes there were.
    pub async fn put_file(&self, path: &str, file: &LocalPath) -> Result<u64, BlobError> {
        let mut file = tokio::fs::File::open(file).await?;
        let upload = self.0.put_multipart(&Path::from(path)).await?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, PART);
        let mut total = 0;
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = match file.read(&mut buffer).await {
                Ok(read) => read,
                Err(error) => {
                    writer.abort().await?;
                    return Err(error.into());
                }
            };
            if read == 0 {
                break;
            }
            total += u64::try_from(read).unwrap_or_default();
            writer.wait_for_capacity(PARTS_AT_ONCE).await?;
            writer.write(buffer.get(..read).unwrap_or_default());
        }
        writer.finish().await?;
        Ok(total)
    }

    /// Reads a file, part by part.
    pub async fn read(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, BlobError>> + Send + use<>, BlobError> {
        let found = self.0.get(&Path::from(path)).await?;
        Ok(found.into_stream().map_err(BlobError::from))
    }

    /// Removes a file; one that is not there is as good as removed.
    pub async fn remove(&self, path: &str) -> Result<(), BlobError> {
        match self.0.delete(&Path::from(path)).await.map_err(BlobError::from) {
            Ok(()) | Err(BlobError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The paths of all files below a folder.
    pub async fn list(&self, below: &str) -> Result<Vec<String>, BlobError> {
        let found = self.0.list(Some(&Path::from(below)));
        found.map_ok(|file| file.location.to_string()).map(|file| file.map_err(BlobError::from)).try_collect().await
    }

    /// Removes all files below a folder; says how many.
    pub async fn remove_all(&self, below: &str) -> Result<usize, BlobError> {
        let files = self.list(below).await?;
        for file in &files {
            self.remove(file).await?;
        }
        Ok(files.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_kept_found_listed_and_removed_and_never_outside_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        let place = format!("file:{}", inside.display());
        let blobs = Blobs::open(&BlobSettings { place, ..BlobSettings::default() }).unwrap();
        blobs.put("acct_1/a", b"tea".to_vec()).await.unwrap();
        let large = folder.path().join("large");
        std::fs::write(&large, vec![7; 9_000_000]).unwrap();
        assert_eq!(blobs.put_file("acct_1/exports/b", &large).await.unwrap(), 9_000_000);
        blobs.put("acct_2/c", b"coffee".to_vec()).await.unwrap();
        let parts: Vec<Bytes> = blobs.read("acct_1/exports/b").await.unwrap().try_collect().await.unwrap();
        assert_eq!(parts.iter().map(Bytes::len).sum::<usize>(), 9_000_000);
        blobs.put("../outside", b"x".to_vec()).await.ok();
        assert!(!folder.path().join("outside").exists());
        let mut all = blobs.list("acct_1").await.unwrap();
        all.sort();
        assert_eq!(all, ["acct_1/a", "acct_1/exports/b"]);
        assert_eq!(blobs.remove_all("acct_1").await.unwrap(), 2);
        blobs.remove("acct_1/a").await.unwrap();
        assert!(matches!(blobs.read("acct_1/a").await.err(), Some(BlobError::Missing)));
        assert!(blobs.read("acct_2/c").await.is_ok());
    }

    #[test]
    fn a_place_that_is_none_is_refused_in_words() {
        let place = "ftp://x".to_owned();
        let refused = Blobs::open(&BlobSettings { place, ..BlobSettings::default() }).err().unwrap().to_string();
        assert!(refused.contains("FRONTDESK_BLOBS"), "{refused}");
    }
}
