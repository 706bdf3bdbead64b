//! Places where a test may let the process die, to see what the others and the next one make of it. Not in a released program.

/// Dies here when `FRONTDESK_FAILPOINT` names this place, at the passage it names: `meter-sent:3`.
#[cfg(debug_assertions)]
pub(crate) fn pass(place: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static PASSED: AtomicU32 = AtomicU32::new(0);

    let Some((wanted, passage)) = infra::config::failpoint() else { return };
    if wanted == place && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == passage {
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn pass(_place: &str) {}
