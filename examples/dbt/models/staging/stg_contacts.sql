select
    {{ field('id') }} as contact_id,
    {{ field('tenantClientId') }} as client_id,
    {{ field('firstName') }} as first_name,
    {{ field('lastName') }} as last_name,
    {{ field('email') }} as email,
    {{ field('status') }} as status,
    cast({{ json_text('npsResult', 'lastCampaignScore') }} as integer) as campaign_score,
    {{ utc(json_text('npsResult', 'lastCampaignResponseDate')) }} as campaign_answered_at,
    cast({{ json_text('npsResult', 'lastResentScore') }} as integer) as resent_score,
    {{ utc(json_text('npsResult', 'lastResentTime')) }} as resent_answered_at,
    cast({{ field('createdTime') }} as timestamp) as created_at,
    cast({{ field('modifiedTime') }} as timestamp) as modified_at
from {{ loaded('contacts') }}
