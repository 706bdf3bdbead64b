//! A file system of its own in a file, for what needs a disk that can be filled up or lose power. Linux, as root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

use load::{Doing as _, Failed, Outcome};

const HELD_FOR: Duration = Duration::from_secs(10);

/// A mounted image. Unmounted when dropped.
pub(crate) struct Image {
    file: PathBuf,
    device: String,
    mount: PathBuf,
}

async fn run(program: &str, arguments: &[&str]) -> Outcome<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).stdin(Stdio::null()).output().await.doing(|| format!("run {program}"))?;
    let told = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() {
        return Ok(told);
    }
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failed::because(format!("`{program} {}` failed: {complaint}", arguments.join(" "))))
}

fn text(path: &Path) -> Outcome<&str> {
    path.to_str().ok_or_else(|| Failed::because(format!("{} is not text", path.display())))
}

/// The kernel may hold on for a moment to what killed processes had open.
async fn unmount(mount: &Path) -> Outcome<()> {
    let began = Instant::now();
    loop {
        let unmounted = run("umount", &[text(mount)?]).await.map(drop);
        if unmounted.is_ok() || began.elapsed() > HELD_FOR {
            return unmounted;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Image {
    /// Makes and mounts an empty one.
    pub(crate) async fn make(file: &Path, mount: &Path, megabytes: u64) -> Outcome<Self> {
        let _absent = fs::remove_file(file);
        let made = fs::File::create(file).and_then(|file| file.set_len(megabytes * 1024 * 1024));
        made.doing(|| format!("make {}", file.display()))?;
        // All of it at once: a kernel that still writes tables when the power fails is another test.
        let whole = "lazy_itable_init=0,lazy_journal_init=0,nodiscard";
        run("mkfs.ext4", &["-q", "-F", "-i", "65536", "-E", whole, text(file)?]).await?;
        Self::open(file, mount).await
    }

    /// Mounts one that exists. What is written goes past the memory of this machine into the file: a copy of the file holds
    /// what a disk would hold after the power was cut, no more.
    pub(crate) async fn open(file: &Path, mount: &Path) -> Outcome<Self> {
        fs::create_dir_all(mount).doing(|| format!("make {}", mount.display()))?;
        let device = run("losetup", &["--find", "--show", "--direct-io=on", text(file)?]).await?;
        let image = Self { file: file.to_owned(), device, mount: mount.to_owned() };
        // Only those who ask for it are brought to safety: the file system itself hardly ever asks.
        run("mount", &["-o", "commit=900", &image.device, text(mount)?]).await?;
        Ok(image)
    }

    /// The state of the disk at one moment, without a word to the file system on it. All who write there are frozen; what the
    /// kernel writes meanwhile makes a copy worthless, so it is made again.
    pub(crate) async fn photograph(&self, copy: &Path) -> Outcome<()> {
        for _ in 0..10 {
            let before = self.written()?;
            run("cp", &["--sparse=always", text(&self.file)?, text(copy)?]).await?;
            if self.written()? == before {
                return Ok(());
            }
        }
        Err(Failed::because("the disk does not hold still for its picture"))
    }

    /// How often anything was written to the device.
    fn written(&self) -> Outcome<u64> {
        let name = self.device.rsplit('/').next().unwrap_or_default();
        let path = format!("/sys/block/{name}/stat");
        let text = fs::read_to_string(&path).doing(|| format!("read {path}"))?;
        text.split_whitespace().nth(4).and_then(|field| field.parse().ok()).doing(|| format!("understand {path}"))
    }

    /// Loses power: what stands on the mount is from now on what was on the disk at the moment of the picture.
    /// Everybody who worked there was killed.
    pub(crate) async fn lose_power(&mut self, copy: &Path) -> Outcome<()> {
        unmount(&self.mount).await?;
        run("losetup", &["-d", &self.device]).await?;
        fs::rename(copy, &self.file).doing(|| format!("move {} into place", copy.display()))?;
        let again = Self::open(&self.file, &self.mount).await?;
        // The old device is gone already; the new one is ours to let go.
        std::mem::forget(std::mem::replace(self, again));
        Ok(())
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Unmounts it. Everybody who worked there has ended.
    pub(crate) async fn close(self) -> Outcome<()> {
        unmount(&self.mount).await?;
        run("losetup", &["-d", &self.device]).await?;
        std::mem::forget(self);
        Ok(())
    }

    /// Fills it up but for so many kilobytes. The ballast is a file, to be removed.
    pub(crate) async fn fill(&self, leave_kilobytes: u64) -> Outcome<PathBuf> {
        let answer = run("df", &["--output=avail", "-k", text(&self.mount)?]).await?;
        let free: u64 = answer.lines().last().unwrap_or_default().trim().parse().doing(|| "read df".to_owned())?;
        let ballast = self.mount.join("ballast");
        let length = format!("{}KiB", free.saturating_sub(leave_kilobytes).max(1));
        run("fallocate", &["-l", &length, text(&ballast)?]).await?;
        Ok(ballast)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // Lazily: somebody may still be ending there.
        let mut unmount = std::process::Command::new("umount");
        let _told = unmount.arg("-l").arg(&self.mount).stderr(Stdio::null()).status();
        let _told = std::process::Command::new("losetup").args(["-d", &self.device]).stderr(Stdio::null()).status();
    }
}
