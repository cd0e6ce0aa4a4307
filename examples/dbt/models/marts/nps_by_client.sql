-- Net Promoter Score per client: of each contact, the latest answer. 9 and 10 promote, 0 to 6
-- detract. `reported_nps` is ClientSuccess's own figure, whose period is not known.
with answers as (
    select
        client_id,
        case
            when resent_score is null then campaign_score
            when campaign_score is null then resent_score
            when campaign_answered_at is null then resent_score
            when resent_answered_at >= campaign_answered_at then resent_score
            else campaign_score
        end as score
    from {{ ref('stg_contacts') }}
)

select
    answers.client_id,
    max(clients.client_name) as client_name,
    count(*) as answers,
    sum(case when answers.score >= 9 then 1 else 0 end) as promoters,
    sum(case when answers.score <= 6 then 1 else 0 end) as detractors,
    round(
        100.0 * sum(
            case when answers.score >= 9 then 1 when answers.score <= 6 then -1 else 0 end
        ) / count(*), 1
    ) as nps,
    max(clients.nps_score) as reported_nps
from answers
left join {{ ref('stg_clients') }} as clients on clients.client_id = answers.client_id
where answers.score is not null
group by answers.client_id
