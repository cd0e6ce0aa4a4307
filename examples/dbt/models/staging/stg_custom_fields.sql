select
    {{ field('resourceType') }} as resource_type,
    {{ field('fieldKey') }} as field_key,
    {{ field('fieldLabel') }} as field_label,
    {{ field('fieldTypeName') }} as field_type
from {{ loaded('custom_fields') }}
