//! Ctrl-C and SIGTERM as a flag that long work looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::outcome::{Context, Outcome};

/// Whether somebody asked us to stop.
pub(crate) struct Signals(Arc<AtomicBool>);

impl Signals {
    /// The first signal asks; a second one ends this process at once, and its children with it.
    pub(crate) fn listen() -> Outcome<Self> {
        let raised = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // Order matters: registered the other way round, the first signal would already end the process.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&raised))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&raised)))
                .doing(|| "listen for Ctrl-C".to_owned())?;
        }
        Ok(Self(raised))
    }

    /// True after the first signal.
    pub(crate) fn raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
