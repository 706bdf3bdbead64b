//! The whole URL map on one page. Routing and documentation are one list, so they cannot drift.

use std::any::Any;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::{Problem, ScimError};
use crate::v1::Problems;
use crate::{App, contract, health, hooks, idempotency, layers, outbox_page, pages, v1, ws};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Frontdesk API",
        version = "1.0.0",
        description = "Customer service for websites and apps. Ids are TypeIDs, times are RFC 3339 in UTC, lists page by cursor, errors are RFC 9457 \
            problem details with a stable `code`. Writes take an `Idempotency-Key`. The realtime protocol is described in `realtime.json`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "Frontdesk", url = "https://github.com/frontdesk/frontdesk")
    ),
    components(schemas(Problem, ScimError, infra::FieldFault)),
    modifiers(&Bearer, &Problems),
    tags(
        (name = "signup", description = "A company signs up by itself"),
        (name = "auth", description = "Signing in and out"),
        (name = "security", description = "How one proves who one is, and where one is signed in"),
        (name = "sign-in", description = "How the members of the company sign in"),
        (name = "scim", description = "People and teams as a directory manages them (SCIM 2.0)"),
        (name = "account", description = "The company"),
        (name = "organisations", description = "Groups of companies"),
        (name = "agents", description = "Colleagues"),
        (name = "roles", description = "What colleagues may do, and what they see"),
        (name = "invitations", description = "Inviting colleagues"),
        (name = "api-keys", description = "Ways in for programs"),
        (name = "inboxes", description = "The doors customers come in by"),
        (name = "teams", description = "Who answers together"),
        (name = "brands", description = "Groups of inboxes and teams"),
        (name = "skills", description = "What agents can do"),
        (name = "business-hours", description = "When somebody answers"),
        (name = "assignment-policies", description = "How waiting conversations are given to agents"),
        (name = "routing-rules", description = "What a conversation asks for, by what is known of it"),
        (name = "waiting-content", description = "What those who wait are shown"),
        (name = "queue", description = "Who waits"),
        (name = "conversations", description = "Conversations, as agents see them"),
        (name = "messages", description = "Messages, as agents see them"),
        (name = "contacts", description = "The people who write"),
        (name = "surveys", description = "Ratings"),
        (name = "usage", description = "Plans and what was counted for billing"),
        (name = "billing", description = "What the company has bought, and what it pays"),
        (name = "audit-log", description = "Who did what"),
        (name = "data", description = "People's data: taken along, erased, and for how long it is kept"),
        (name = "safety", description = "What is masked or refused, and who is kept out"),
        (name = "widget", description = "What the chat widget calls, as a visitor")
    )
)]
struct Api;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An access token from signing in, an API key (`fdk_…`), or for the widget a visitor's token.",
            ))
            .build();
        document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
        document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    }
}

fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Api::openapi())
        .merge(entrance())
        .merge(company())
        .merge(waiting())
        .merge(talk())
        .merge(records())
        .merge(widget())
        .merge(house())
}

/// How companies and people come in, and prove who they are.
fn entrance() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(v1::signup::state, v1::signup::sign_up))
        .routes(routes!(v1::auth::log_in))
        .routes(routes!(v1::auth::refresh))
        .routes(routes!(v1::auth::log_out))
        .routes(routes!(v1::auth::switch))
        .routes(routes!(v1::auth::who_am_i))
        .routes(routes!(v1::auth::verify_email))
        .routes(routes!(v1::auth::resend_verification))
        .routes(routes!(v1::auth::forgot_password))
        .routes(routes!(v1::auth::reset_password))
        .routes(routes!(v1::second_factor::finish))
        .routes(routes!(v1::second_factor::begin_passkey))
        .routes(routes!(v1::second_factor::finish_passkey))
        .routes(routes!(v1::sso::begin))
        .routes(routes!(v1::sso::finish))
        .routes(routes!(v1::security::show))
        .routes(routes!(v1::security::reauthenticate))
        .routes(routes!(v1::security::challenge))
        .routes(routes!(v1::security::begin_totp, v1::security::remove_totp))
        .routes(routes!(v1::security::confirm_totp))
        .routes(routes!(v1::security::renew_recovery_codes))
        .routes(routes!(v1::passkeys::begin))
        .routes(routes!(v1::passkeys::register))
        .routes(routes!(v1::passkeys::rename, v1::passkeys::remove))
        .routes(routes!(v1::credentials::change_password))
        .routes(routes!(v1::credentials::change_email))
        .routes(routes!(v1::credentials::confirm_email))
        .routes(routes!(v1::sessions::list, v1::sessions::end_others))
        .routes(routes!(v1::sessions::end))
        .routes(routes!(v1::sessions::of_agent, v1::sessions::end_all_of_agent))
        .routes(routes!(v1::sessions::end_of_agent))
        .routes(routes!(v1::lost_factor::take_off_second_factor))
        .routes(routes!(v1::sign_in::show))
        .routes(routes!(v1::sign_in::require_second_factor))
        .routes(routes!(v1::sign_in::set_sso, v1::sign_in::remove_sso))
        .routes(routes!(v1::sign_in::claim_domain))
        .routes(routes!(v1::sign_in::confirm_domain))
        .routes(routes!(v1::sign_in::remove_domain))
        .routes(routes!(v1::scim::list, v1::scim::create))
        .routes(routes!(v1::scim::show, v1::scim::replace, v1::scim::change, v1::scim::remove))
        .routes(routes!(v1::scim_groups::list_groups, v1::scim_groups::create_group))
        .routes(routes!(
            v1::scim_groups::show_group,
            v1::scim_groups::replace_group,
            v1::scim_groups::change_group,
            v1::scim_groups::remove_group
        ))
        .routes(routes!(v1::scim_discovery::provider))
        .routes(routes!(v1::scim_discovery::kinds))
        .routes(routes!(v1::scim_discovery::kind))
        .routes(routes!(v1::scim_discovery::schemas))
        .routes(routes!(v1::scim_discovery::schema))
}

/// What a company is made of.
fn company() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(v1::account::show, v1::account::change))
        .routes(routes!(v1::account::checklist))
        .routes(routes!(v1::support::show, v1::support::grant, v1::support::revoke))
        .routes(routes!(v1::support::enter))
        .routes(routes!(v1::emergency::show, v1::emergency::set))
        .routes(routes!(v1::masking::show_masking, v1::masking::set_masking))
        .routes(routes!(v1::address_blocks::list_addresses, v1::address_blocks::block_address))
        .routes(routes!(v1::address_blocks::unblock_address))
        .routes(routes!(v1::spam_guard::show_spam_guard, v1::spam_guard::set_spam_guard))
        .routes(routes!(v1::agents::list))
        .routes(routes!(v1::agents::change))
        .routes(routes!(v1::agents::leave))
        .routes(routes!(v1::agents::choose_availability))
        .routes(routes!(v1::agents::set_skills))
        .routes(routes!(v1::invitations::list, v1::invitations::invite))
        .routes(routes!(v1::invitations::revoke))
        .routes(routes!(v1::invitations::greet))
        .routes(routes!(v1::invitations::accept))
        .routes(routes!(v1::api_keys::list, v1::api_keys::create))
        .routes(routes!(v1::api_keys::revoke))
        .routes(routes!(v1::api_keys::rotate))
        .routes(routes!(v1::inboxes::list, v1::inboxes::create))
        .routes(routes!(v1::inboxes::show, v1::inboxes::change))
        .routes(routes!(v1::identity::show, v1::identity::change))
        .routes(routes!(v1::identity::create))
        .routes(routes!(v1::identity::rotate))
        .routes(routes!(v1::identity::revoke))
        .routes(routes!(v1::identity::check))
        .routes(routes!(v1::teams::list, v1::teams::create))
        .routes(routes!(v1::teams::show, v1::teams::replace, v1::teams::remove))
        .routes(routes!(v1::teams::set_members))
        .routes(routes!(v1::brands::list, v1::brands::create))
        .routes(routes!(v1::brands::show, v1::brands::replace, v1::brands::remove))
}

/// Who answers whom, and when.
fn waiting() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(v1::skills::list, v1::skills::create))
        .routes(routes!(v1::skills::show, v1::skills::replace, v1::skills::remove))
        .routes(routes!(v1::business_hours::list, v1::business_hours::create))
        .routes(routes!(v1::business_hours::show, v1::business_hours::replace, v1::business_hours::remove))
        .routes(routes!(v1::business_hours::schedule))
        .routes(routes!(v1::assignment_policies::list, v1::assignment_policies::create))
        .routes(routes!(v1::assignment_policies::make_default))
        .routes(routes!(
            v1::assignment_policies::show,
            v1::assignment_policies::replace,
            v1::assignment_policies::remove
        ))
        .routes(routes!(v1::routing_rules::list, v1::routing_rules::create))
        .routes(routes!(v1::routing_rules::arrange))
        .routes(routes!(v1::routing_rules::test))
        .routes(routes!(v1::routing_rules::show, v1::routing_rules::replace, v1::routing_rules::remove))
        .routes(routes!(v1::waiting_content::list, v1::waiting_content::create))
        .routes(routes!(v1::waiting_content::arrange))
        .routes(routes!(v1::waiting_content::show, v1::waiting_content::replace, v1::waiting_content::remove))
        .routes(routes!(v1::queue::board))
        .routes(routes!(v1::queue::wait_estimates))
        .routes(routes!(v1::queue::show))
        .routes(routes!(v1::queue::leave))
        .routes(routes!(v1::queue_thresholds::show, v1::queue_thresholds::set))
}

/// What is talked about, with whom.
fn talk() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(v1::conversations::list))
        .routes(routes!(v1::conversations::counts))
        .routes(routes!(v1::conversations::show))
        .routes(routes!(v1::conversations::assign))
        .routes(routes!(v1::handover::assignments))
        .routes(routes!(v1::handover::accept))
        .routes(routes!(v1::handover::decline))
        .routes(routes!(v1::handover::transfer))
        .routes(routes!(v1::handover::take_over))
        .routes(routes!(v1::handover::join))
        .routes(routes!(v1::conversations::set_status))
        .routes(routes!(v1::conversations::set_priority))
        .routes(routes!(v1::conversations::read))
        .routes(routes!(v1::messages::list, v1::messages::send))
        .routes(routes!(v1::contacts::list))
        .routes(routes!(v1::contacts::show, v1::contacts::change))
        .routes(routes!(v1::contacts::block))
        .routes(routes!(v1::contacts::sign_out))
        .routes(routes!(v1::surveys::list))
        .routes(routes!(v1::surveys::summary))
}

/// What is counted, recorded and kept.
fn records() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(v1::usage::plans))
        .routes(routes!(v1::usage::show))
        .routes(routes!(v1::billing::show))
        .routes(routes!(v1::billing::catalogue))
        .routes(routes!(v1::billing::invoices))
        .routes(routes!(v1::billing::show_invoice))
        .routes(routes!(v1::billing::invoice_preview))
        .routes(routes!(v1::billing_changes::start_trial))
        .routes(routes!(v1::billing_changes::set_hard_limit))
        .routes(routes!(v1::billing_changes::set_alerts))
        .routes(routes!(v1::limits::show))
        .routes(routes!(v1::audit_log::list))
        .routes(routes!(v1::audit_log::export))
        .routes(routes!(v1::audit_log::integrity))
        .routes(routes!(v1::data_exports::list_exports, v1::data_exports::ask_for_export))
        .routes(routes!(v1::data_exports::show_export, v1::data_exports::withdraw_export))
        .routes(routes!(v1::data_exports::link_to_export))
        .routes(routes!(v1::data_exports::fetch_export))
        .routes(routes!(v1::erasure::preview_erasure))
        .routes(routes!(v1::erasure::erase_contact))
        .routes(routes!(v1::retention::show_retention, v1::retention::set_retention))
        .routes(routes!(v1::retention::preview_retention))
}

/// What a visitor's widget calls.
fn widget() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(v1::widget::config))
        .routes(routes!(v1::spam_guard::challenge))
        .routes(routes!(v1::widget_session::session))
        .routes(routes!(v1::widget_session::identify))
        .routes(routes!(v1::widget_session::log_out))
        .routes(routes!(v1::widget::send))
        .routes(routes!(v1::widget::list))
        .routes(routes!(v1::widget::read))
        .routes(routes!(v1::widget::deliver))
        .routes(routes!(v1::widget::rate))
        .routes(routes!(v1::widget::introduce))
        .routes(routes!(v1::waiting_content::choose))
        .routes(routes!(v1::waiting_content::note))
}

/// Who may do what in a company, whose it is, and which others it belongs with.
fn house() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(v1::closing::close))
        .routes(routes!(v1::closing::restore))
        .routes(routes!(v1::suspending::suspend))
        .routes(routes!(v1::suspending::resume))
        .routes(routes!(v1::group_moves::of_account))
        .routes(routes!(v1::group_moves::ask_group, v1::group_moves::answer_group))
        .routes(routes!(v1::organisations::list, v1::organisations::found))
        .routes(routes!(v1::organisations::show, v1::organisations::rename))
        .routes(routes!(v1::organisations::overview))
        .routes(routes!(v1::organisations::add_account))
        .routes(routes!(v1::group_members::add_admin))
        .routes(routes!(v1::group_members::remove_admin))
        .routes(routes!(v1::group_members::list, v1::group_members::give_role))
        .routes(routes!(v1::group_moves::ask_account))
        .routes(routes!(v1::group_moves::answer_account))
        .routes(routes!(v1::ownership::hand_over))
        .routes(routes!(v1::roles::list, v1::roles::create))
        .routes(routes!(v1::roles::show, v1::roles::replace, v1::roles::remove))
}

/// What lasts longer than an ordinary answer may take, and bounds itself.
fn lasting() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(v1::widget_events::events)).routes(routes!(v1::widget_events::poll))
}

/// What waits for somebody else's answer, and so may take longer.
fn abroad() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(v1::billing_changes::check_out))
        .routes(routes!(v1::billing_changes::preview_plan))
        .routes(routes!(v1::billing_changes::set_plan))
        .routes(routes!(v1::billing_changes::set_seats))
        .routes(routes!(v1::billing_changes::set_cancellation))
        .routes(routes!(v1::billing_changes::open_portal))
}

/// The OpenAPI document.
pub fn document() -> Document {
    contract::finish(routes().merge(abroad()).merge(lasting()).into_openapi())
}

/// Everything that is served on the one port.
pub fn router(app: Arc<App>) -> Router {
    let (api, _) = routes().split_for_parts();
    let (abroad, _) = abroad().split_for_parts();
    let abroad = abroad
        .layer(middleware::from_fn_with_state(Arc::clone(&app), idempotency::remember))
        .layer(DefaultBodyLimit::max(idempotency::LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), layers::uncancelled_abroad));
    let (lasting, _) = lasting().split_for_parts();
    let api = api
        .layer(middleware::from_fn_with_state(Arc::clone(&app), idempotency::remember))
        .layer(DefaultBodyLimit::max(idempotency::LARGEST_BODY));
    let docs = utoipa_swagger_ui::SwaggerUi::new("/docs").url("/openapi.json", document());
    let all = Router::new()
        .merge(uncancelled(&app, api))
        .merge(abroad)
        .merge(lasting)
        .merge(docs)
        .merge(uncancelled(&app, hooks::routes()))
        .merge(uncancelled(&app, pages::routes().merge(outbox_page::routes())))
        .route("/v1/realtime", get(ws::upgrade))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready));
    dressed(app, all)
}

/// Routes whose work goes on to its end, whoever hangs up.
pub fn uncancelled(app: &Arc<App>, routes: Router<Arc<App>>) -> Router<Arc<App>> {
    routes.layer(middleware::from_fn_with_state(Arc::clone(app), layers::uncancelled))
}

/// Routes within what every request passes through. A panic ends its own request, wherever it comes to pass: what is not in a task of
/// its own, as sockets that are being opened are not, would end its connection without a word.
pub fn dressed(app: Arc<App>, routes: Router<Arc<App>>) -> Router {
    routes
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(Arc::clone(&app), layers::in_time))
        .layer(CatchPanicLayer::custom(|_: Box<dyn Any + Send + 'static>| layers::panicked()))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), layers::identify))
        .with_state(app)
}
