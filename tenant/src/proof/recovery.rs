//! Recovery codes: ten, shown once, each good once, for whoever has lost the device of their second factor.

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;

use crate::hash::sha256;
use crate::login::LoginId;
use crate::proof::ProofError;
use crate::world::World;

/// How many are made at once.
const CODES: usize = 10;
/// Without letters and digits that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Twelve of them: 60 bits, of which five guesses are borne a challenge and ten a minute.
const LENGTH: usize = 12;

/// As it is compared: the reader's spaces, hyphens and capitals do not matter.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn keyed(login: LoginId, code: &str) -> Vec<u8> {
    // The hash of another person's equal code is another one.
    sha256(&format!("{login}\n{}", plain(code)))
}

/// Makes new ones in the place of all before, and gives them to be shown this once.
pub async fn renew(world: &World, login: LoginId) -> Result<Vec<String>, StoreError> {
    let mut codes = Vec::with_capacity(CODES);
    while codes.len() < CODES {
        let mut bytes = [0_u8; LENGTH];
        world.chance.fill(&mut bytes);
        let letters: Vec<char> = bytes
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
            .map(|letter| char::from(*letter))
            .collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        codes.push(groups.join("-"));
    }
    let tx = world.database.begin("".into()).await?;
    tx.run(sql("delete from shared.recovery_code where login_id = $1", [login.uuid().into()])).await?;
    for code in &codes {
        tx.run(sql(
            "insert into shared.recovery_code (login_id, code_hash) values ($1, $2)",
            [login.uuid().into(), keyed(login, code).into()],
        ))
        .await?;
    }
    tx.commit().await?;
    Ok(codes)
}

/// Uses one up.
pub async fn prove(world: &World, login: LoginId, code: &str) -> Result<(), ProofError> {
    let used = world
        .database
        .orm()
        .run(sql(
            "update shared.recovery_code set used_at = $3 where login_id = $1 and code_hash = $2 and used_at is null",
            [login.uuid().into(), keyed(login, code).into(), world.now().into()],
        ))
        .await?;
    if used > 0 { Ok(()) } else { Err(ProofError::Code) }
}

/// Takes them all away: without a second factor they stand in for nothing.
pub async fn forget(world: &World, login: LoginId) -> Result<(), StoreError> {
    world
        .database
        .orm()
        .run(sql("delete from shared.recovery_code where login_id = $1", [login.uuid().into()]))
        .await
        .map(drop)
}

/// How many are left.
pub(crate) async fn left(world: &World, login: LoginId) -> Result<i64, StoreError> {
    #[derive(FromQueryResult)]
    struct Left {
        left_over: i64,
    }
    let row: Option<Left> = world
        .database
        .orm()
        .one(sql(
            "select count(*) as left_over from shared.recovery_code where login_id = $1 and used_at is null",
            [login.uuid().into()],
        ))
        .await?;
    Ok(row.map_or(0, |row| row.left_over))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed_and_nobody_elses() {
        let (ana, bo) = (LoginId::from_uuid(uuid::Uuid::from_u128(1)), LoginId::from_uuid(uuid::Uuid::from_u128(2)));
        assert_eq!(keyed(ana, "abcd-efgh-jkmn"), keyed(ana, " ABCD EFGHJKMN"));
        assert_ne!(keyed(ana, "abcd-efgh-jkmn"), keyed(bo, "abcd-efgh-jkmn"));
        assert_ne!(keyed(ana, "abcd-efgh-jkmn"), keyed(ana, "abcd-efgh-jkmm"));
    }
}
