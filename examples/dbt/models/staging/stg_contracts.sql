select
    {{ field('id') }} as contract_id,
    coalesce(
        {{ field('tenantClientId') }}, cast({{ json_text('client', 'id') }} as bigint)
    ) as client_id,
    {{ field('name') }} as contract_name,
    {{ field('currency') }} as currency,
    cast({{ field('arr') }} as numeric(18, 2)) as arr,
    {{ field('recurring') }} as is_recurring,
    {{ field('autoRenew') }} as auto_renew,
    {{ json_text('meta', 'type') }} as contract_type,
    {{ json_text('meta', 'currentStatus') }} as contract_status,
    cast({{ json_text('renewedBy', 'id') }} as bigint) as renewed_by_contract_id,
    cast({{ field('termStartDate') }} as timestamp) as term_start_at,
    cast({{ field('termEndDate') }} as timestamp) as term_end_at,
    cast(coalesce({{ field('terminatedEffectiveDate') }}, {{ field('terminatedDate') }}) as timestamp) as terminated_at,
    cast({{ field('createdTime') }} as timestamp) as created_at,
    cast({{ field('modifiedTime') }} as timestamp) as modified_at
from {{ source('clientsuccess', 'contracts') }}
