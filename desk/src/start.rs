//! What is known when an episode begins: where the visitor is, what they chose and answered, what the page says of them.

use std::collections::BTreeMap;

use infra::validate::Check;
use serde::{Deserialize, Serialize};

use crate::contact::{VisitedPage, attributes_fit};
use crate::team::TeamId;

/// How many answers there may be.
const MOST_ANSWERS: usize = 20;

/// What is known when an episode begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConversationStart)]
pub struct Start {
    /// The team that the visitor chose.
    #[serde(default)]
    pub team_id: Option<TeamId>,
    /// Where the visitor is.
    #[serde(default)]
    pub page: Option<VisitedPage>,
    /// What was answered before the chat, by question; at most 20, of at most 500 characters.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// What the page says: a flat object of at most 50 texts, numbers and booleans. `intent` says what it is about.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub attributes: serde_json::Value,
}

impl Start {
    /// Within bounds: the page is cut to size, the rest is refused when it is too much.
    #[must_use]
    pub fn checked(self, field: &str, check: &mut Check) -> Self {
        if self.answers.len() > MOST_ANSWERS {
            check.refuse(&format!("{field}/answers"), "too_many", "At most 20.");
        }
        let mut answers = BTreeMap::new();
        for (key, answer) in self.answers.into_iter().take(MOST_ANSWERS) {
            let pointer = format!("{field}/answers");
            answers.insert(check.line(&pointer, &key, 1, 60), check.text(&pointer, &answer, 0, 500));
        }
        if !self.attributes.is_null() && !attributes_fit(&self.attributes) {
            check.refuse(
                &format!("{field}/attributes"),
                "attributes_invalid",
                "A flat object of at most 50 texts (1,000 characters), numbers and booleans.",
            );
        }
        Self { page: self.page.map(VisitedPage::tidy), answers, ..self }
    }
}
