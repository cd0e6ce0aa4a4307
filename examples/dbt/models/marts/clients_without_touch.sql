-- Current clients whom nobody was in touch with for 60 days (`touch_days`), or ever.
select
    client_id,
    client_name,
    csm_name,
    segment,
    last_touch_at,
    days_without_touch
from {{ ref('client_360') }}
where is_current and (last_touch_at is null or days_without_touch > {{ var('touch_days') }})
