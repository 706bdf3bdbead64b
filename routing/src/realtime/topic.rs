//! Subjects on the bus. A [`Topic`] is the only way to make one, and the company is always the second token.

use desk::ContactId;
use infra::Id;
use tenant::AccountId;

/// Who listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Every agent of a company.
    Agents(AccountId),
    /// Every visitor of a company.
    Visitors(AccountId),
    /// One contact, on all their devices.
    Contact(AccountId, ContactId),
    /// The servers themselves: sockets to close.
    Control(AccountId),
}

impl Topic {
    /// Whose.
    pub const fn account(self) -> AccountId {
        match self {
            Self::Agents(account) | Self::Visitors(account) | Self::Contact(account, _) | Self::Control(account) => {
                account
            }
        }
    }

    /// As it stands on the bus.
    pub fn subject(self) -> String {
        let account = self.account().suffix();
        match self {
            Self::Agents(_) => format!("t.{account}.agents"),
            Self::Visitors(_) => format!("t.{account}.visitors"),
            Self::Contact(_, contact) => format!("t.{account}.contact.{}", contact.suffix()),
            Self::Control(_) => format!("t.{account}.control"),
        }
    }

    /// Everything of one company.
    pub fn all_of(account: AccountId) -> String {
        format!("t.{}.>", account.suffix())
    }

    /// The topic of a subject of this company; `None` for anything else, and for any other company's.
    pub fn parse(account: AccountId, subject: &str) -> Option<Self> {
        let mut tokens = subject.split('.');
        if tokens.next() != Some("t") || tokens.next() != Some(account.suffix().as_str()) {
            return None;
        }
        match (tokens.next(), tokens.next(), tokens.next()) {
            (Some("agents"), None, None) => Some(Self::Agents(account)),
            (Some("visitors"), None, None) => Some(Self::Visitors(account)),
            (Some("control"), None, None) => Some(Self::Control(account)),
            (Some("contact"), Some(contact), None) => {
                Some(Self::Contact(account, Id::from_uuid(infra::ids::decode(contact)?)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_subject_of_another_company_is_no_topic() {
        let (ours, theirs) = (Id::from_uuid(Uuid::from_u128(1)), Id::from_uuid(Uuid::from_u128(2)));
        for topic in [
            Topic::Agents(ours),
            Topic::Visitors(ours),
            Topic::Control(ours),
            Topic::Contact(ours, Id::from_uuid(Uuid::from_u128(3))),
        ] {
            assert_eq!(Topic::parse(ours, &topic.subject()), Some(topic));
            assert_eq!(Topic::parse(theirs, &topic.subject()), None);
        }
    }
}
