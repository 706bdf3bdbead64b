//! What is masked or refused in messages.

use axum::Json;
use desk::masking::{self, Masking, MaskingRequest};
use serde_json::json;
use tenant::{Permission, audit};

use super::Problems;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Show what is masked in messages
#[utoipa::path(get, path = "/v1/safety/masking", tag = "safety", responses((status = 200, body = Masking), Problems))]
pub(crate) async fn show_masking(AsMember(scope): AsMember) -> Result<Json<Masking>, Problem> {
    scope.require(Permission::AccountManage)?;
    let tx = scope.begin().await?;
    Ok(Json(masking::find(&tx).await?))
}

/// Choose what is masked or refused in messages
///
/// Holds at once for every message that visitors write and that they are answered; what was written stays as it is. Notes among
/// colleagues are not touched. A message with a word that is refused is answered with 422 and `message_word_refused`.
#[utoipa::path(put, path = "/v1/safety/masking", tag = "safety", request_body = MaskingRequest,
    responses((status = 200, body = Masking), Problems))]
pub(crate) async fn set_masking(
    AsMember(scope): AsMember,
    Body(ask): Body<MaskingRequest>,
) -> Result<Json<Masking>, Problem> {
    scope.require(Permission::AccountManage)?;
    let tx = scope.begin().await?;
    let chosen = masking::set(&tx, ask).await?;
    let detail = json!({
        "card_numbers": chosen.card_numbers, "resident_ids": chosen.resident_ids, "words": chosen.words.len(),
        "words_action": chosen.words_action,
    });
    audit::note(&tx, &scope.actor(), "masking.updated", None, detail).await?;
    tx.commit().await?;
    Ok(Json(chosen))
}
