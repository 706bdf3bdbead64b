//! Orders that people drag things into.

use std::collections::BTreeSet;

use infra::validate::{Check, Invalid};
use uuid::Uuid;

/// Refuses an order that is not one of exactly these: somebody has added or removed one meanwhile.
pub(crate) fn refuse_other(known: &[Uuid], wanted: &[Uuid]) -> Result<(), Invalid> {
    let mut check = Check::new();
    let (known, named): (BTreeSet<_>, BTreeSet<_>) = (known.iter().collect(), wanted.iter().collect());
    if known != named || named.len() != wanted.len() {
        check.refuse("ids", "order_incomplete", "Name every one of them once; read the list again.");
    }
    check.finish()
}
