-- Net and gross revenue retention: of the clients that had ARR twelve months ago
-- (`retention_months`), the ARR today against the ARR then. Gross counts no client above what it
-- had. Segment and manager are those that the client has today. Do not average the rates of
-- several rows: add the amounts up, and divide.
with pairs as (
    select
        ends.month,
        starts.client_id,
        starts.currency,
        starts.closing_arr as starting_arr,
        coalesce(ends_arr.closing_arr, 0) as current_arr
    from {{ ref('client_arr_by_month') }} as starts
    inner join {{ ref('int_months') }} as ends
        on ends.month = {{ day_plus('starts.month', var('retention_months'), 'month') }}
    left join {{ ref('client_arr_by_month') }} as ends_arr
        on
            ends_arr.client_id = starts.client_id
            and coalesce(ends_arr.currency, '') = coalesce(starts.currency, '')
            and ends_arr.month = ends.month
    where starts.closing_arr > 0 and starts.client_id is not null
),

retained as (
    select
        *,
        greatest(least(current_arr, starting_arr), 0) as retained_arr
    from pairs
)

select
    retained.month,
    retained.currency,
    clients.segment,
    clients.csm_id,
    max(clients.csm_name) as csm_name,
    count(*) as starting_clients,
    sum(case when retained.current_arr > 0 then 1 else 0 end) as retained_clients,
    sum(retained.starting_arr) as starting_arr,
    sum(retained.retained_arr) as retained_arr,
    sum(retained.current_arr) as current_arr,
    round(sum(retained.current_arr) / sum(retained.starting_arr), 4) as nrr,
    round(sum(retained.retained_arr) / sum(retained.starting_arr), 4) as grr
from retained
left join {{ ref('stg_clients') }} as clients on clients.client_id = retained.client_id
group by retained.month, retained.currency, clients.segment, clients.csm_id
