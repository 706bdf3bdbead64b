//! A contact whom the company's own server vouches for. What was signed is believed and written over what was known; what a browser
//! says by itself never joins such a contact and never changes it.

use std::sync::Arc;

use infra::database::{Rows as _, sql};
use sea_orm::FromQueryResult;
use tenant::TenantTx;
use tenant::identity::{Refusal, Vouched};
use uuid::Uuid;

use super::{ContactError, ContactId, attributes_fit, find};
use crate::event::Event;
use crate::sight;

#[derive(FromQueryResult)]
struct Made {
    id: Uuid,
}

/// The contact with this external id, made if there is none, with what was signed of them. The row is locked from here on.
pub async fn vouch(tx: &mut TenantTx, vouched: &Vouched, locale: Option<String>) -> Result<ContactId, ContactError> {
    if !attributes_fit(&vouched.attributes) {
        let why = "attributes is a flat object of at most 50 texts, numbers and booleans";
        return Err(ContactError::Refused(Refusal::Claims(why.to_owned())));
    }
    let fresh: ContactId = tx.id();
    let made: Option<Made> = tx
        .one(sql(
            "insert into contact as c (id, external_id, verified, name, email, locale, attributes, created_at, last_seen_at) \
             values ($1, $2, true, $3, $4, $5, $6, $7, $7) \
             on conflict on constraint contact_external_key do update set verified = true, name = coalesce($3, c.name), \
             email = coalesce($4, c.email), locale = coalesce($5, c.locale), attributes = c.attributes || $6 \
             returning id",
            [
                fresh.uuid().into(),
                vouched.external_id.clone().into(),
                vouched.name.clone().into(),
                vouched.email.clone().into(),
                locale.into(),
                vouched.attributes.clone().into(),
                tx.now().into(),
            ],
        ))
        .await?;
    let id = ContactId::from_uuid(made.ok_or(ContactError::Unknown)?.id);
    let contact = find(tx, id).await?.ok_or(ContactError::Unknown)?;
    // Signed one by one they fit; with what was there already they may not.
    if !attributes_fit(&contact.attributes) {
        return Err(ContactError::Refused(Refusal::Claims(
            "with those known already, attributes are more than 50".into(),
        )));
    }
    let audiences = sight::audiences(tx, id).await?;
    Event::ContactUpdated { contact: Arc::new(contact), audiences }.tell(tx)?;
    Ok(id)
}
