select
    {{ field('fieldKey') }} as field_key,
    {{ field('fieldLabel') }} as field_label
from {{ source('clientsuccess', 'custom_fields') }}
