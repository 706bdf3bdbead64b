//! How the widget of an inbox looks and what it says.

use infra::validate::Check;
use serde::{Deserialize, Serialize};

use crate::look::is_color;

/// Which side of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Bottom right.
    Right,
    /// Bottom left.
    Left,
}

/// Light, dark, or as the visitor's system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the visitor's system.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How the widget looks and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct InboxSettings {
    /// Main colour, `#rrggbb`.
    #[schema(example = "#1f6feb")]
    pub color: String,
    /// Which side of the page.
    pub position: Position,
    /// Head line of the panel.
    pub title: String,
    /// What it says before the visitor writes.
    pub greeting: String,
    /// What it says while nobody is online.
    pub away_message: String,
    /// `auto` (as the visitor's browser), `en` or `zh-CN`.
    pub locale: String,
    /// Light, dark, or as the visitor's system.
    pub theme: Theme,
    /// Whether a resolved conversation asks for a rating.
    pub survey_enabled: bool,
    /// Sites that may show the widget (`shop.example`, `*.shop.example`); empty for any.
    pub allowed_domains: Vec<String>,
}

impl Default for InboxSettings {
    fn default() -> Self {
        Self {
            color: "#1f6feb".into(),
            position: Position::Right,
            title: String::new(),
            greeting: String::new(),
            away_message: String::new(),
            locale: "auto".into(),
            theme: Theme::Auto,
            survey_enabled: true,
            allowed_domains: Vec::new(),
        }
    }
}

/// Some of the settings; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InboxSettingsChange {
    /// Main colour, `#rrggbb`.
    pub color: Option<String>,
    /// Which side of the page.
    pub position: Option<Position>,
    /// Head line of the panel, at most 80 characters.
    pub title: Option<String>,
    /// What it says before the visitor writes, at most 500 characters.
    pub greeting: Option<String>,
    /// What it says while nobody is online, at most 500 characters.
    pub away_message: Option<String>,
    /// `auto`, `en` or `zh-CN`.
    pub locale: Option<String>,
    /// Light, dark, or as the visitor's system.
    pub theme: Option<Theme>,
    /// Whether a resolved conversation asks for a rating.
    pub survey_enabled: Option<bool>,
    /// Sites that may show the widget; at most 50.
    pub allowed_domains: Option<Vec<String>>,
}

impl InboxSettings {
    /// These settings with the change, bounds checked.
    pub(super) fn with(mut self, change: InboxSettingsChange, check: &mut Check) -> Self {
        if let Some(color) = change.color {
            if !is_color(&color) {
                check.refuse("settings/color", "color_invalid", "A colour like #1f6feb.");
            }
            self.color = color.to_lowercase();
        }
        if let Some(title) = change.title {
            self.title = check.line("settings/title", &title, 0, 80);
        }
        if let Some(greeting) = change.greeting {
            self.greeting = check.text("settings/greeting", &greeting, 0, 500);
        }
        if let Some(away) = change.away_message {
            self.away_message = check.text("settings/away_message", &away, 0, 500);
        }
        if let Some(locale) = change.locale {
            if !["auto", "en", "zh-CN"].contains(&locale.as_str()) {
                check.refuse("settings/locale", "locale_unknown", "One of: auto, en, zh-CN.");
            }
            self.locale = locale;
        }
        if let Some(domains) = change.allowed_domains {
            if domains.len() > 50 {
                check.refuse("settings/allowed_domains", "too_many", "At most 50.");
            }
            self.allowed_domains = domains
                .into_iter()
                .map(|domain| domain.trim().to_lowercase())
                .filter(|domain| !domain.is_empty())
                .collect();
            if !self.allowed_domains.iter().all(|domain| is_domain(domain)) {
                check.refuse(
                    "settings/allowed_domains",
                    "domain_invalid",
                    "Host names like shop.example or *.shop.example, with a port when it is not the usual one.",
                );
            }
        }
        self.position = change.position.unwrap_or(self.position);
        self.theme = change.theme.unwrap_or(self.theme);
        self.survey_enabled = change.survey_enabled.unwrap_or(self.survey_enabled);
        self
    }
}

/// A host name, perhaps with `*.` before and `:port` after. Nothing else: it becomes part of a security header.
fn is_domain(text: &str) -> bool {
    let text = text.strip_prefix("*.").unwrap_or(text);
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    !host.is_empty()
        && host.len() <= 253
        && port.parse::<u16>().is_ok()
        && host.split('.').all(|label| {
            !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_cannot_smuggle_a_directive_into_a_header() {
        for good in ["shop.example", "*.shop.example", "localhost:3000", "127.0.0.1:8080"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in ["", "*", "a b", "x; script-src *", "http://x", "x/y", "x'self'", "a..b", "x:99999"] {
            assert!(!is_domain(bad), "{bad}");
        }
    }
}
