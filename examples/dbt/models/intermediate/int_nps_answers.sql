-- The latest NPS answer of each contact that gave one: to a survey, or to one sent again.
with answers as (
    select
        *,
        case
            when resent_score is null then false
            when campaign_score is null or campaign_answered_at is null then true
            else coalesce(resent_answered_at >= campaign_answered_at, false)
        end as is_resent
    from {{ ref('stg_contacts') }}
    where campaign_score is not null or resent_score is not null
)

select
    contact_id,
    client_id,
    case when is_resent then resent_score else campaign_score end as score,
    case when is_resent then resent_answered_at else campaign_answered_at end as answered_at
from answers
