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
    {{ json_text('stage', 'label') }} as stage,
    cast({{ field('probability') }} as numeric(18, 6)) as probability,
    upper(coalesce({{ json_text('meta', 'currentStatus') }}, ''))
        not in ('FORECASTED', 'LOST') as is_booked,
    cast({{ json_text('renews', 'id') }} as bigint) as renews_contract_id,
    cast({{ json_text('renewedBy', 'id') }} as bigint) as renewed_by_contract_id,
    cast({{ json_text('adjusts', 'id') }} as bigint) as adjusts_contract_id,
    cast({{ field('termStartDate') }} as timestamp) as term_start_at,
    cast({{ field('termEndDate') }} as timestamp) as term_end_at,
    cast(coalesce({{ field('terminatedEffectiveDate') }}, {{ field('terminatedDate') }}) as timestamp) as terminated_at,
    cast({{ field('createdTime') }} as timestamp) as created_at,
    cast({{ field('modifiedTime') }} as timestamp) as modified_at
from {{ loaded('contracts') }}
