-- Since when nothing that was used is told to the payment provider, because prices are being changed there. A look that sees how that has
-- ended ends it, and no passing of time.
alter table shared.subscription rename column usage_held_until to usage_held_at;
