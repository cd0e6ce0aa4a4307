select
    {{ field('id') }} as pulse_id,
    {{ field('clientId') }} as client_id,
    {{ field('productId') }} as product_id,
    {{ field('currentScore') }} as score,
    {{ field('dispositionType') }} as disposition,
    cast({{ field('createdTimestamp') }} as timestamp) as created_at
from {{ loaded('pulses') }}
