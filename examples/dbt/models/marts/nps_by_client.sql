-- Net Promoter Score per client: of each contact, the latest answer. 9 and 10 promote, 0 to 6
-- detract. `reported_nps` is ClientSuccess's own figure, whose period is not known.
select
    answers.client_id,
    max(clients.client_name) as client_name,
    count(*) as answers,
    sum(case when answers.score >= 9 then 1 else 0 end) as promoters,
    sum(case when answers.score <= 6 then 1 else 0 end) as detractors,
    {{ nps('answers.score') }} as nps,
    max(clients.nps_score) as reported_nps
from {{ ref('int_nps_answers') }} as answers
left join {{ ref('stg_clients') }} as clients on clients.client_id = answers.client_id
group by answers.client_id
