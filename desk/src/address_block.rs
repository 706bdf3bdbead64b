//! Networks from which a company lets no visitors in, for a while or for good. Who is vouched for is let in from anywhere: an office
//! has one address, and customers among those who share it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::setup;

/// How many there may be at once.
const MOST: usize = 500;
/// The widest network that can be blocked: beyond it whole countries would stand outside.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 16;

/// Marks ids of blocked networks.
#[derive(Debug)]
pub enum AddressBlockKind {}
impl ids::Prefixed for AddressBlockKind {
    const PREFIX: &'static str = "block";
}
/// The id of a blocked network.
pub type AddressBlockId = Id<AddressBlockKind>;

/// A network from which no visitors are let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AddressBlock {
    /// Its id.
    pub id: AddressBlockId,
    /// An address, or a range of them in CIDR notation.
    #[schema(example = "203.0.113.0/24")]
    pub network: String,
    /// Why, for colleagues.
    pub note: String,
    /// When it ends; null: never.
    pub ends_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A network that is to be blocked.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressBlockRequest {
    /// An IPv4 or IPv6 address, or a range of them in CIDR notation: /8 and narrower, for IPv6 /16 and narrower. An IPv6 address alone
    /// stands for its /64, which is one house.
    #[schema(example = "203.0.113.0/24")]
    pub network: String,
    /// Why, for colleagues; at most 200 characters.
    #[serde(default)]
    pub note: String,
    /// When it is to end; nothing for never.
    #[serde(default)]
    pub ends_at: Option<DateTime<Utc>>,
}

/// What can go wrong with a blocked network.
#[derive(Debug, thiserror::Error)]
pub enum AddressBlockError {
    /// No such one here.
    #[error("no such blocked network")]
    Unknown,
    /// There are as many as there may be.
    #[error("500 networks are blocked already")]
    TooMany,
    /// A visitor comes from one.
    #[error("this company takes no chats from this network; please reach it another way")]
    Blocked,
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for AddressBlockError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::TooMany => Kind::Conflict,
            Self::Blocked => Kind::Forbidden,
            Self::Invalid(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "address_block_unknown",
            Self::TooMany => "too_many_address_blocks",
            Self::Blocked => "address_blocked",
            Self::Invalid(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Unknown | Self::TooMany | Self::Blocked | Self::Store(_) => Vec::new(),
        }
    }
}

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    /// `None` for what is none.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().ok()?;
        let address = written.to_canonical();
        // An IPv4 address that is written as an IPv6 one.
        let mapped = if written == address { 0 } else { 96 };
        match (address, prefix) {
            (_, Some(prefix)) => Self::of(address, prefix.checked_sub(mapped)?),
            (IpAddr::V4(_), None) => Self::of(address, 32),
            (IpAddr::V6(_), None) => Self::of(address, 64),
        }
    }

    fn of(address: IpAddr, prefix: u8) -> Option<Self> {
        let (most, first) = match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32_u32.checked_sub(prefix.into())?).unwrap_or(0);
                (32, IpAddr::V4(Ipv4Addr::from(u32::from(address) & mask)))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix.into())?).unwrap_or(0);
                (128, IpAddr::V6(Ipv6Addr::from(u128::from(address) & mask)))
            }
        };
        (prefix <= most).then_some(Self { first, prefix })
    }

    const fn is_too_wide(self) -> bool {
        match self.first {
            IpAddr::V4(_) => self.prefix < WIDEST_V4,
            IpAddr::V6(_) => self.prefix < WIDEST_V6,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first.is_ipv4() && self.prefix == 32 {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}/{}", self.first, self.prefix)
        }
    }
}

impl AddressBlockRequest {
    fn checked(self, now: Timestamp) -> Result<(Network, String, Option<Timestamp>), Invalid> {
        let mut check = Check::new();
        let network = Network::parse(self.network.trim());
        match network {
            None => check.refuse("network", "network_invalid", "An IP address, or a range such as 203.0.113.0/24."),
            Some(network) if network.is_too_wide() => {
                check.refuse("network", "network_too_wide", "At the widest /8, or /16 for IPv6.");
            }
            Some(_) => {}
        }
        let note = check.line("note", &self.note, 0, 200);
        if self.ends_at.is_some_and(|end| end <= now) {
            check.refuse("ends_at", "end_not_ahead", "A time that is still to come.");
        }
        check.finish()?;
        // Without one it was refused above.
        network.map(|network| (network, note, self.ends_at)).ok_or_else(|| Invalid(Vec::new()))
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    network: String,
    note: String,
    ends_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl From<Row> for AddressBlock {
    fn from(row: Row) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            network: Network::parse(&row.network).map_or(row.network, |network| network.to_string()),
            note: row.note,
            ends_at: row.ends_at,
            created_at: row.created_at,
        }
    }
}

/// Those that hold now, newest first.
pub async fn list(tx: &TenantTx) -> Result<Vec<AddressBlock>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, network::text as network, note, ends_at, created_at from address_block \
             where ends_at is null or ends_at > $1 order by created_at desc, id desc",
            [tx.now().into()],
        ))
        .await?;
    Ok(rows.into_iter().map(AddressBlock::from).collect())
}

/// Blocks a network from now on.
pub async fn create(tx: &TenantTx, ask: AddressBlockRequest) -> Result<AddressBlock, AddressBlockError> {
    let (network, note, ends_at) = ask.checked(tx.now())?;
    setup::take_turn(tx).await?;
    tx.run(sql("delete from address_block where ends_at <= $1", [tx.now().into()])).await?;
    if list(tx).await?.len() >= MOST {
        return Err(AddressBlockError::TooMany);
    }
    let id: AddressBlockId = tx.id();
    tx.run(sql(
        "insert into address_block (id, network, note, ends_at, created_at) values ($1, $2::text::cidr, $3, $4, $5)",
        [id.uuid().into(), network.to_string().into(), note.clone().into(), ends_at.into(), tx.now().into()],
    ))
    .await
    .map_err(taken)?;
    Ok(AddressBlock { id, network: network.to_string(), note, ends_at, created_at: tx.now() })
}

fn taken(error: StoreError) -> AddressBlockError {
    if !error.broke("address_block_network_key") {
        return error.into();
    }
    let mut check = Check::new();
    check.refuse("network", "network_taken", "This network is blocked already.");
    check.finish().map_or_else(AddressBlockError::from, |()| error.into())
}

/// Lets a network in again.
pub async fn remove(tx: &TenantTx, id: AddressBlockId) -> Result<AddressBlock, AddressBlockError> {
    setup::take_turn(tx).await?;
    let block = list(tx).await?.into_iter().find(|block| block.id == id).ok_or(AddressBlockError::Unknown)?;
    tx.run(sql("delete from address_block where id = $1", [id.uuid().into()])).await?;
    Ok(block)
}

#[derive(FromQueryResult)]
struct Blocked {
    yes: bool,
}

/// Refuses who comes from a blocked network.
pub async fn refuse_blocked(tx: &TenantTx, address: IpAddr) -> Result<(), AddressBlockError> {
    let blocked: Option<Blocked> = tx
        .one(sql(
            "select exists (select from address_block where network >>= $1::text::inet and (ends_at is null or ends_at > $2)) as yes",
            [address.to_canonical().to_string().into(), tx.now().into()],
        ))
        .await?;
    if blocked.is_some_and(|blocked| blocked.yes) { Err(AddressBlockError::Blocked) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Network::parse(text).map(|network| network.to_string())
    }

    #[test]
    fn networks_are_written_in_one_way() {
        for (written, network) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9/32", "203.0.113.9"),
            ("203.0.113.9/24", "203.0.113.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::1", "2001:db8::/64"),
            ("2001:db8::1/128", "2001:db8::1/128"),
            ("2001:db8:ffff::/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("::ffff:203.0.113.9/120", "203.0.113.0/24"),
        ] {
            assert_eq!(read(written).as_deref(), Some(network), "{written}");
            assert_eq!(read(network).as_deref(), Some(network), "{network}");
        }
        for none in ["", "/", "203.0.113", "203.0.113.9/33", "203.0.113.9/", "203.0.113.9/-1", "2001:db8::/129"] {
            assert_eq!(read(none), None, "{none}");
        }
        for none in ["::ffff:203.0.113.9/64", "203.0.113.9/24/8", "shop.example", "203.0.113.9 ", "１.1.1.1"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn every_refused_field_is_named() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let ask = |network: &str, note: &str, ends_at| AddressBlockRequest {
            network: network.to_owned(),
            note: note.to_owned(),
            ends_at,
        };
        let codes = |ask: AddressBlockRequest| {
            let refused = ask.checked(now).unwrap_err().0;
            refused.into_iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect::<Vec<_>>()
        };
        assert_eq!(
            codes(ask("nowhere", "a\nb", Some(now))),
            ["/network network_invalid", "/note text_line_breaks", "/ends_at end_not_ahead"]
        );
        for wide in ["0.0.0.0/0", "10.0.0.0/7", "2001::/15"] {
            assert_eq!(codes(ask(wide, "", None)), ["/network network_too_wide"]);
        }
        let soon = now + chrono::TimeDelta::seconds(1);
        let (network, note, ends_at) = ask(" 10.0.0.0/8 ", " A crowd ", Some(soon)).checked(now).unwrap();
        assert_eq!((network.to_string().as_str(), note.as_str(), ends_at), ("10.0.0.0/8", "A crowd", Some(soon)));
    }
}
