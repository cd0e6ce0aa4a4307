select
    {{ field('id') }} as client_id,
    {{ field('uuid') }} as client_uuid,
    {{ field('name') }} as client_name,
    {{ field('status') }} as status,
    coalesce({{ field('status') }}, 'ACTIVE') not in ('TERMINATED', 'INACTIVE') as is_current,
    {{ json_text('segment', 'title') }} as segment,
    cast({{ json_text('managedByEmployee', 'id') }} as bigint) as csm_id,
    {{ json_text('managedByEmployee', 'name') }} as csm_name,
    {{ field('salesforceAccountId') }} as salesforce_account_id,
    {{ field('stripeId') }} as stripe_id,
    {{ field('zendeskId') }} as zendesk_id,
    {{ field('externalId') }} as external_id,
    {{ field('successScore') }} as success_score,
    {{ field('npsScore') }} as nps_score,
    cast({{ field('lastTouchDateTime') }} as timestamp) as last_touch_at,
    cast({{ field('createdTime') }} as timestamp) as created_at,
    cast({{ field('modifiedTime') }} as timestamp) as modified_at
from {{ loaded('clients') }}
