//! Whose screens hold all there is, client by client: the checkers count screens, and who comes back is to be counted as a person.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::truth::{self, Truth};
use crate::actors::Client;
use crate::outcome::Outcome;
use crate::stage::{Services, Tenant};

type Screens = HashMap<Uuid, Vec<Uuid>>;

/// How many of these show what is stored, all of it and in that order, of every conversation on their screens.
pub async fn whole(services: &Services, tenants: &[Tenant], clients: &[Arc<Client>]) -> Outcome<usize> {
    let mut admin = services.admin().await?;
    let mut stored = HashMap::new();
    for tenant in tenants.iter().filter(|tenant| clients.iter().any(|client| client.tenant == tenant.number)) {
        let truth = truth::read(&mut admin, tenant).await?;
        for is_agent in [false, true] {
            stored.insert((tenant.number, is_agent), visible(&truth, is_agent));
        }
    }
    let are_whole = clients.iter().filter(|client| {
        let stored = stored.get(&(client.tenant, client.is_agent));
        stored.is_some_and(|stored| is_whole(stored, &client.screens()))
    });
    Ok(are_whole.count())
}

/// What an agent or a visitor may see of each conversation, in order.
pub fn visible(truth: &Truth, is_agent: bool) -> HashMap<Uuid, Vec<Uuid>> {
    let mut screens = Screens::new();
    for message in truth.messages.iter().filter(|message| is_agent || message.public_seq.is_some()) {
        screens.entry(message.conversation).or_default().push(message.id);
    }
    screens
}

/// Whoever shows nothing has not come back.
fn is_whole(stored: &Screens, shown: &Screens) -> bool {
    !shown.is_empty() && shown.iter().all(|(id, ids)| stored.get(id).is_some_and(|stored| stored == ids))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::truth::Stored;

    const CHAT: Uuid = Uuid::from_u128(9);

    fn stored(seq: i64, public_seq: Option<i64>) -> Stored {
        let id = Uuid::from_u128(u128::from(seq.unsigned_abs()));
        Stored { id, conversation: CHAT, seq, public_seq, by_person: true, mark: 0, client_message_id: None }
    }

    #[test]
    fn a_screen_is_whole_when_it_shows_what_its_reader_may_see_and_nothing_else() {
        let messages = vec![stored(1, Some(1)), stored(2, None), stored(3, Some(2))];
        let truth = Truth { messages, ..Truth::default() };
        let shows = |ids: &[u128]| Screens::from([(CHAT, ids.iter().copied().map(Uuid::from_u128).collect())]);
        let (visitor, agent) = (visible(&truth, false), visible(&truth, true));
        assert!(is_whole(&visitor, &shows(&[1, 3])) && is_whole(&agent, &shows(&[1, 2, 3])));
        for wrong in [shows(&[1]), shows(&[3, 1]), shows(&[1, 2, 3]), Screens::new()] {
            assert!(!is_whole(&visitor, &wrong), "{wrong:?}");
        }
        assert!(!is_whole(&visitor, &Screens::from([(Uuid::nil(), Vec::new())])), "a conversation that is not theirs");
    }
}
