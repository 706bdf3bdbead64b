//! Somebody who reads a conversation on from the last place they have seen, again and again while others write. Neither requests nor
//! sockets. Whatever becomes visible behind that place later is never read: whoever goes by a cursor has to be able to trust it.

use uuid::Uuid;

/// How far somebody has read.
#[derive(Debug, Default, Clone)]
pub struct Cursor {
    after: i64,
    read: Vec<Uuid>,
    skipped: u64,
}

impl Cursor {
    /// The last place that was read; 0 in the beginning.
    pub const fn after(&self) -> i64 {
        self.after
    }

    /// What was read, in the order in which it came.
    pub fn read(&self) -> &[Uuid] {
        &self.read
    }

    /// How many places were passed over, or came a second time.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Reads what lies behind, as the server gives it.
    pub fn take(&mut self, page: &[(i64, Uuid)]) {
        for (place, id) in page {
            self.skipped += (place - self.after - 1).unsigned_abs();
            self.after = *place;
            self.read.push(*id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pages: &[&[i64]]) -> Cursor {
        let mut cursor = Cursor::default();
        for page in pages {
            let page: Vec<(i64, Uuid)> = page.iter().map(|place| (*place, Uuid::from_u128(7))).collect();
            cursor.take(&page);
        }
        cursor
    }

    #[test]
    fn what_follows_without_a_gap_is_read_and_what_is_passed_over_or_comes_again_is_counted() {
        let whole = read(&[&[1, 2], &[], &[3], &[4, 5]]);
        assert_eq!((whole.after(), whole.read().len(), whole.skipped()), (5, 5, 0));
        assert_eq!(read(&[&[2]]).skipped(), 1, "the first one");
        assert_eq!(read(&[&[1], &[4]]).skipped(), 2, "between two pages");
        assert_eq!(read(&[&[1, 2, 5]]).skipped(), 2, "within one");
        assert_eq!(read(&[&[1], &[1, 2]]).skipped(), 1, "twice");
    }
}
