select
    {{ field('id') }} as note_id,
    {{ field('clientId') }} as client_id,
    {{ field('subject') }} as subject,
    {{ field('author') }} as author,
    cast(coalesce({{ field('createdTime') }}, {{ field('createdDateTime') }}) as timestamp) as created_at,
    cast({{ field('modifiedTime') }} as timestamp) as modified_at
from {{ loaded('client_notes') }}
