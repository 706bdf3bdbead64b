-- What companies have bought and owe. Usage itself stays in each company's schema; what is here was read from there.

-- One row for each company that has ever tried, bought or set anything. What a provider says of the subscription is kept as it was
-- last seen, so that nobody's plan depends on whether the provider answers.
create table shared.subscription (
    account_id        uuid primary key references shared.account,
    plan              text not null,
    state             text not null check (state in ('free', 'trialing', 'active', 'grace', 'restricted', 'ended')),
    provider          text check (provider in ('local', 'stripe')),
    status            text,
    currency          text check (currency in ('usd', 'eur', 'cny')),
    every             text check (every in ('month', 'year')),
    seats             integer check (seats between 1 and 100000),
    period_from       timestamptz,
    period_to         timestamptz,
    cancels_at_end    boolean not null default false,
    trial_started_at  timestamptz,
    trial_ends_at     timestamptz,
    payment_failed_at timestamptz,
    -- Usage from before it is not charged.
    metered_from      timestamptz,
    began_at          timestamptz,
    -- What a downgrade has left over, to be used up by the next invoices; the local gateway's only.
    credit_minor      bigint not null default 0 check (credit_minor >= 0),
    customer          text constraint subscription_customer_key unique,
    provider_id       text,
    hard_limit        boolean not null default false,
    alert_included    boolean not null default true,
    budget_minor      bigint check (budget_minor >= 0),
    -- When the provider was last asked, and who is asking now: a look whose token is gone by its end changes nothing.
    seen_at           timestamptz,
    look_token        uuid,
    look_until        timestamptz,
    -- Up to which hour usage was rolled up, and by whom.
    rolled_to         timestamptz,
    roll_token        uuid,
    roll_until        timestamptz,
    checked_at        timestamptz,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    check ((provider is null) = (status is null)),
    check (status is null or (currency is not null and every is not null and seats is not null))
);
create index subscription_state on shared.subscription (state);

-- Copies of invoices, so that they can be read while the provider is away. The local gateway's are originals.
create table shared.invoice (
    id             uuid primary key,
    account_id     uuid not null references shared.account,
    provider       text not null check (provider in ('local', 'stripe')),
    provider_id    text not null constraint invoice_provider_key unique,
    number         text,
    status         text not null check (status in ('draft', 'open', 'paid', 'void', 'uncollectible')),
    currency       text not null,
    subtotal_minor bigint not null,
    tax_minor      bigint,
    total_minor    bigint not null,
    paid_minor     bigint not null,
    period_from    timestamptz not null,
    period_to      timestamptz not null,
    lines          jsonb not null,
    hosted_url     text,
    pdf_url        text,
    issued_at      timestamptz not null,
    updated_at     timestamptz not null
);
create index invoice_account on shared.invoice (account_id, issued_at desc, id desc);

-- Every event a provider has told us, once. It is done in the transaction of its effect.
create table shared.stripe_event (
    id          text primary key,
    kind        text not null,
    livemode    boolean not null,
    api_version text,
    customer    text,
    body        text not null,
    state       text not null check (state in ('pending', 'done', 'ignored')),
    note        text,
    attempts    integer not null default 0,
    try_at      timestamptz not null,
    received_at timestamptz not null,
    done_at     timestamptz
);
create index stripe_event_pending on shared.stripe_event (try_at) where state = 'pending';
create index stripe_event_customer on shared.stripe_event (customer) where state = 'pending';

-- What was rolled up of a company's usage, an hour and a meter at a time, on its way to the provider. A later revision of an hour
-- holds the difference to the earlier ones. A repair makes the provider's sum agree with ours and is no usage of its own.
create table shared.meter_batch (
    account_id   uuid not null references shared.account,
    meter        text not null,
    hour         timestamptz not null,
    revision     integer not null check (revision > 0),
    kind         text not null check (kind in ('usage', 'repair')),
    quantity     bigint not null check (quantity <> 0),
    identifier   text not null constraint meter_batch_identifier_key unique,
    -- The instant that the provider is told, by which it finds the period.
    counted_at   timestamptz not null,
    state        text not null check (state in ('pending', 'sent', 'accepted', 'confirmed', 'stopped')),
    claim_token  uuid,
    claim_until  timestamptz,
    try_at       timestamptz not null,
    attempts     integer not null default 0,
    last_error   text,
    first_try_at timestamptz,
    accepted_at  timestamptz,
    confirmed_at timestamptz,
    created_at   timestamptz not null,
    primary key (account_id, meter, hour, revision)
);
create index meter_batch_due on shared.meter_batch (try_at) where state in ('pending', 'sent');
create index meter_batch_unconfirmed on shared.meter_batch (account_id, meter, counted_at) where state = 'accepted';
create index meter_batch_counted on shared.meter_batch (account_id, meter, counted_at);

-- What was found to differ between our books and the provider's, and what was done about it.
create table shared.meter_difference (
    id          uuid primary key,
    account_id  uuid not null references shared.account,
    meter       text not null,
    hour        timestamptz not null,
    ours        bigint not null,
    theirs      bigint not null,
    repaired_by text,
    found_at    timestamptz not null
);
create index meter_difference_recent on shared.meter_difference (found_at desc);

-- Which letters about usage and money have been sent, so that each is sent once a period.
create table shared.billing_alert (
    account_id  uuid not null references shared.account,
    period_from timestamptz not null,
    subject     text not null,
    threshold   integer not null,
    sent_at     timestamptz not null,
    primary key (account_id, period_from, subject, threshold)
);

-- What of the price list the provider knows under which name.
create table shared.billing_catalogue (
    provider    text not null check (provider in ('stripe')),
    livemode    boolean not null,
    key         text not null,
    provider_id text not null,
    fingerprint text not null,
    synced_at   timestamptz not null,
    primary key (provider, livemode, key)
);

-- When the next request to a provider may go: the pace of all processes together.
create table shared.billing_pace (
    provider text primary key,
    next_at  timestamptz not null
);
