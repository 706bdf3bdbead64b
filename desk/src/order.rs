//! Orders that people drag things into.

use std::collections::BTreeSet;

use infra::validate::{Check, Invalid};
use uuid::Uuid;

/// The things that were named, first; then the others, as they were: somebody may have added one meanwhile.
pub(crate) fn arranged(known: &[Uuid], wanted: &[Uuid]) -> Result<Vec<Uuid>, Invalid> {
    let mut check = Check::new();
    let named: BTreeSet<&Uuid> = wanted.iter().collect();
    if named.len() < wanted.len() {
        check.refuse("ids", "named_twice", "Name each one once.");
    } else if !wanted.iter().all(|id| known.contains(id)) {
        check.refuse("ids", "order_unknown", "One of them is not there any more; read the list again.");
    }
    check.finish()?;
    let others = known.iter().filter(|id| !named.contains(id));
    Ok(wanted.iter().chain(others).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u128]) -> Vec<Uuid> {
        numbers.iter().map(|n| Uuid::from_u128(*n)).collect()
    }

    #[test]
    fn what_is_named_goes_first_and_what_is_not_keeps_its_order() {
        let known = ids(&[1, 2, 3, 4]);
        assert_eq!(arranged(&known, &ids(&[3, 1])).unwrap(), ids(&[3, 1, 2, 4]));
        assert_eq!(arranged(&known, &[]).unwrap(), known);
        for (wanted, code) in [(ids(&[1, 1]), "named_twice"), (ids(&[1, 9]), "order_unknown")] {
            assert_eq!(arranged(&known, &wanted).unwrap_err().0[0].code, code);
        }
    }
}
