//! Objects of one kind in the order they were made, found by id.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// What can stand on a shelf.
pub(crate) trait Kept {
    /// What errors call it.
    const WHAT: &'static str;
    fn id(&self) -> &str;
}

/// Objects of one kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Shelf<T> {
    rows: BTreeMap<u64, T>,
    places: HashMap<String, u64>,
    next: u64,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), places: HashMap::new(), next: 0 }
    }
}

impl<T: Kept> Shelf<T> {
    /// Puts an object on it, or another in its place.
    pub(crate) fn put(&mut self, row: T) {
        let place = *self.places.entry(row.id().to_owned()).or_insert_with(|| {
            self.next += 1;
            self.next
        });
        self.rows.insert(place, row);
    }

    pub(crate) fn find(&self, id: &str) -> Option<&T> {
        self.rows.get(self.places.get(id)?)
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(self.places.get(id)?)
    }

    /// The object, or the refusal that there is none; `param` is where its id stood.
    pub(crate) fn get(&self, id: &str, param: &str) -> Result<&T, Refusal> {
        self.find(id).ok_or_else(|| Refusal::no_such(T::WHAT, id, param))
    }

    pub(crate) fn get_mut(&mut self, id: &str, param: &str) -> Result<&mut T, Refusal> {
        self.find_mut(id).ok_or_else(|| Refusal::no_such(T::WHAT, id, param))
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let place = self.places.remove(id)?;
        self.rows.remove(&place)
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.rows.values_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}
