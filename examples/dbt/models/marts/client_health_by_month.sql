-- One row per client, product and month with a pulse. A month's health is that of its last
-- pulse; of two at the same time, the one with the higher id.
with ranked as (
    select
        client_id,
        product_id,
        cast({{ dbt.date_trunc('month', 'created_at') }} as date) as month,
        score,
        disposition,
        count(*) over (
            partition by client_id, product_id, {{ dbt.date_trunc('month', 'created_at') }}
        ) as pulses,
        row_number() over (
            partition by client_id, product_id, {{ dbt.date_trunc('month', 'created_at') }}
            order by created_at desc, pulse_id desc
        ) as newest_first
    from {{ ref('stg_pulses') }}
    where created_at is not null
)

select
    ranked.client_id,
    clients.client_name,
    ranked.product_id,
    ranked.month,
    ranked.score,
    ranked.score - lag(ranked.score) over (
        partition by ranked.client_id, ranked.product_id order by ranked.month
    ) as score_change,
    ranked.disposition,
    ranked.pulses
from ranked
left join {{ ref('stg_clients') }} as clients on clients.client_id = ranked.client_id
where ranked.newest_first = 1
