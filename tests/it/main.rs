//! Stories about the product, told against real servers. The name of a test is a sentence about what Frontdesk does.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a story fails loudly, at the line that is wrong"
)]

mod address_blocks;
mod assignment;
mod audit;
mod auth;
mod bad_frames;
mod bad_input;
mod batches;
mod billing;
mod billing_changes;
mod billing_endings;
mod billing_failpoints;
mod billing_metering;
mod billing_probes;
mod billing_stripe;
mod billing_webhooks;
mod blocking;
mod brand_look;
mod browser;
mod browser_billing;
mod business_hours;
mod bypass;
mod cancel;
mod claims;
#[cfg(target_os = "linux")]
mod clocks;
mod degraded;
mod deploy;
mod directories;
mod directory_teams;
mod document;
mod emergency;
mod erasure;
mod events;
mod exports;
mod fails_closed;
mod floods;
mod founding;
mod group_probes;
mod guessing;
mod handover;
mod idempotency;
mod identity;
mod identity_probes;
mod isolation;
mod keys;
mod kill;
mod layers;
mod leaving;
mod lifecycle;
mod limits;
mod line;
mod losses;
mod main_job;
mod many_resumes;
mod masking;
mod nodes;
mod operations;
mod operators_page;
mod organisations;
mod outages;
mod passed_on;
mod policies;
mod postgres;
mod private_mode;
mod probes;
mod races;
mod read_back;
mod relocation;
mod resume;
mod retention;
mod revocation;
mod roles;
mod rotation;
mod routers;
mod safety_probes;
mod schema;
mod second_factor;
mod setup;
mod setup_probes;
mod sign_in_probes;
mod signup;
mod slow_sockets;
mod spam_guard;
mod sso;
mod stillness;
mod support_access;
mod tenants;
mod texts;
mod tokens;
mod visibility;
mod waiting_content;
mod waiting_room;
mod walls;
mod waves;
mod ways_around;
