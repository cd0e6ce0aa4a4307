select
    {{ field('run_id') }} as run_id,
    {{ field('stream') }} as stream,
    cast({{ field('started_at') }} as timestamp) as started_at,
    cast({{ field('ended_at') }} as timestamp) as ended_at,
    {{ field('kind') }} as kind,
    {{ field('reason') }} as reason,
    {{ field('status') }} as status,
    {{ field('why') }} as why,
    {{ field('records') }} as records,
    {{ field('new_records') }} as new_records,
    {{ field('missing') }} as missing,
    {{ field('requests') }} as requests,
    cast({{ field('next_full_read_at') }} as timestamp) as next_full_read_at
from {{ source('clientsuccess', 'sync_log') }}
