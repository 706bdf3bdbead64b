//! What a newcomer is asked before a company in a crowd lets them in: some work of their browser. A person waits for a moment and
//! notices little; whoever wants to be thousands pays for each of them.
//!
//! Nothing is kept of a challenge. It is signed, lives for two minutes, and counts for one inbox and one address. An answer counts
//! twice, for one may be lost on its way, and then once a minute: the gate that counts it forgets it with the challenge.

use infra::validate::{Check, Invalid};
use infra::{Fault, Kind};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::gate::{Speed, Whose};
use crate::pace::Class;
use crate::scope::Tenant;
use crate::token::{Audience, BadToken};

/// How many zeros the hash begins with: some sixty thousand tries, a blink of a laptop and a second or two of a telephone.
const BITS: u32 = 16;

/// What kind of challenge. A client that does not know a kind cannot answer it, and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeKind {
    /// Find a number for which a hash begins with zeros.
    ProofOfWork,
}

/// What a newcomer is asked.
///
/// For `proof_of_work`: with `h` the SHA-256 of `challenge` as 64 lower-case hexadecimal digits, find a number such that the SHA-256
/// of `h` followed by the number, in decimal, begins with `bits` zero bits. The number is the answer.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct WidgetChallenge {
    /// What kind.
    pub kind: ChallengeKind,
    /// The question; give it back with the answer.
    pub challenge: String,
    /// How many zero bits are asked for.
    pub bits: u32,
    /// How long it counts, in seconds.
    pub expires_in: i64,
}

/// An answer to a challenge.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WidgetProof {
    /// The question, as it was asked.
    pub challenge: String,
    /// The answer; for `proof_of_work` a number of at most 20 digits.
    pub answer: String,
}

/// Why a newcomer is not let in yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// They are to answer one first.
    #[error("many newcomers are coming at once: answer a challenge of POST /v1/widget/challenge first")]
    Needed,
    /// The answer is wrong or late, was given too often, or is to another's question.
    #[error("this proof does not count, or does not count any more: answer a new challenge")]
    Failed,
}

impl Fault for ChallengeError {
    fn kind(&self) -> Kind {
        Kind::Forbidden
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Needed => "challenge_needed",
            Self::Failed => "challenge_failed",
        }
    }
}

impl WidgetProof {
    /// Within bounds, whether it is needed or not.
    pub fn checked(self) -> Result<Self, Invalid> {
        let mut check = Check::new();
        let challenge = check.line("proof/challenge", &self.challenge, 1, 2_000);
        let answer = check.line("proof/answer", &self.answer, 1, 2_000);
        check.finish()?;
        Ok(Self { challenge, answer })
    }
}

/// An inbox, and where somebody comes from.
fn place(inbox: Uuid, address: u64) -> Uuid {
    Uuid::from_u128(inbox.as_u128() ^ u128::from(address))
}

/// A challenge for whoever comes to an inbox from an address.
pub fn ask(tenant: &Tenant, inbox: Uuid, address: u64) -> Result<WidgetChallenge, BadToken> {
    let now = tenant.now();
    let id = tenant.chance().uuid(now);
    let keys = &tenant.world.keys;
    let challenge = keys.sign(Audience::Challenge, tenant.id().uuid(), id, place(inbox, address), now)?;
    let expires_in = Audience::Challenge.lifetime().num_seconds();
    Ok(WidgetChallenge { kind: ChallengeKind::ProofOfWork, challenge, bits: BITS, expires_in })
}

/// Whether somebody has answered. Never with a transaction open: see [`crate::gate::Gate::pass`].
pub async fn judge(tenant: &Tenant, inbox: Uuid, address: u64, proof: &WidgetProof) -> Result<(), ChallengeError> {
    let (world, now) = (&tenant.world, tenant.now());
    let claims = world.keys.verify(Audience::Challenge, &proof.challenge, now).map_err(|_| ChallengeError::Failed)?;
    let here = claims.tid == tenant.id().uuid() && claims.sid == place(inbox, address);
    if !here || !solves(&proof.challenge, &proof.answer, BITS) {
        return Err(ChallengeError::Failed);
    }
    let whose = once(claims.tid, claims.sub);
    world.gate.pass(&world.cache, whose, Speed::per_minute(1), now).await.map(drop).map_err(|_| ChallengeError::Failed)
}

/// The bucket in which an answer counts once. When a server has too many buckets, those of one company become one, as those of its
/// addresses do, and not one that the company's own pace is counted in.
fn once(company: Uuid, challenge: Uuid) -> Whose {
    let (_, random) = challenge.as_u64_pair();
    Whose { id: Uuid::from_u128(!company.as_u128()), address: random, class: Class::Visitors }
}

fn solves(challenge: &str, answer: &str, bits: u32) -> bool {
    let number = (1..=20).contains(&answer.len()) && answer.bytes().all(|byte| byte.is_ascii_digit());
    let question: String = Sha256::digest(challenge).iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = Sha256::new().chain_update(question).chain_update(answer).finalize();
    number && zeros(&hash) >= bits
}

/// With how many zero bits it begins.
fn zeros(hash: &[u8]) -> u32 {
    let whole = hash.iter().take_while(|byte| **byte == 0).count();
    let next = hash.get(whole).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(whole).unwrap_or(u32::MAX).saturating_mul(8).saturating_add(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_number_that_makes_zeros() {
        // The same figures as in the widget's own test: both sides mean the same.
        assert!(solves("abc.def", "38", 8) && !solves("abc.def", "37", 8));
        assert!(solves("abc.def", "1206", 12) && solves("abc.def", "60375", 16));
        assert!(!solves("abc.def", "60375", 23), "it has 22");
        for wrong in ["", "038", " 38", "+38", "38.0", "３８", &"1".repeat(21)] {
            assert!(!solves("abc.def", wrong, 8), "{wrong}");
        }
        assert!(!solves("abc.dee", "60375", 16));
    }

    #[test]
    fn zeros_are_counted_over_bytes() {
        for (hash, bits) in [([0x80, 0], 0), ([0x01, 0], 7), ([0, 0x10], 11), ([0, 0], 16)] {
            assert_eq!(zeros(&hash), bits, "{hash:?}");
        }
        assert_eq!(zeros(&[]), 0);
    }

    #[test]
    fn challenges_count_apart_and_become_one_when_there_are_too_many_to_keep() {
        let (one, other) = (Uuid::from_u128(7 << 100), Uuid::from_u128(8 << 100));
        let [first, second] = [1, 2].map(|n| once(one, Uuid::from_u128((1 << 63) | n)));
        assert_ne!(first, second);
        let merged = |whose: Whose| Whose { address: 0, ..whose };
        assert_eq!(merged(first), merged(second));
        assert_ne!(merged(first), merged(once(other, Uuid::from_u128((1 << 63) | 1))));
        assert_ne!(merged(first), Whose::all(one, Class::Visitors), "the company's own pace is another matter");
    }

    #[test]
    fn a_place_is_an_inbox_and_an_address() {
        let (one, other) = (Uuid::from_u128(1 << 100), Uuid::from_u128(1 << 101));
        assert_ne!(place(one, 7), place(one, 8));
        assert_ne!(place(one, 7), place(other, 7));
    }
}
