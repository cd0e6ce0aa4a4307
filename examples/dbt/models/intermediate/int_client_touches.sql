-- When somebody was last in touch with a client: its last touch in ClientSuccess or a note
-- about it, whichever is later.
with notes as (
    select client_id, max(created_at) as last_note_at
    from {{ ref('stg_client_notes') }}
    group by client_id
)

select
    clients.client_id,
    case
        when notes.last_note_at is null then clients.last_touch_at
        when clients.last_touch_at is null then notes.last_note_at
        when notes.last_note_at > clients.last_touch_at then notes.last_note_at
        else clients.last_touch_at
    end as last_touch_at
from {{ ref('stg_clients') }} as clients
left join notes on notes.client_id = clients.client_id
