-- Current clients whom nobody was in touch with for 60 days (`touch_days`), or ever. A touch
-- is the client's last touch in ClientSuccess or a note about it, whichever is later.
with notes as (
    select client_id, max(created_at) as last_note_at
    from {{ ref('stg_client_notes') }}
    group by client_id
),

touched as (
    select
        clients.client_id,
        clients.client_name,
        clients.csm_name,
        clients.segment,
        case
            when notes.last_note_at is null then clients.last_touch_at
            when clients.last_touch_at is null then notes.last_note_at
            when notes.last_note_at > clients.last_touch_at then notes.last_note_at
            else clients.last_touch_at
        end as last_touch_at
    from {{ ref('stg_clients') }} as clients
    left join notes on notes.client_id = clients.client_id
    where clients.is_current
)

select
    *,
    {{ dbt.datediff('cast(last_touch_at as date)', today(), 'day') }} as days_without_touch
from touched
where
    last_touch_at is null
    or {{ dbt.datediff('cast(last_touch_at as date)', today(), 'day') }} > {{ var('touch_days') }}
