-- One row a client: who it is, what it pays, how it is, what is to be done, and the keys to
-- join it with other systems.
with contracts as (
    select
        client_id,
        count(*) as contracts_in_force,
        count(distinct coalesce(currency, '')) as arr_currencies,
        min(currency) as arr_currency,
        sum(arr) as arr
    from {{ ref('contracts_in_force') }}
    group by client_id
),

renewals as (
    select client_id, min(term_end) as next_renewal
    from {{ ref('int_renewals') }}
    where is_in_force and not is_renewed
    group by client_id
),

pulses as (
    select
        *,
        row_number() over (partition by client_id order by created_at desc, pulse_id desc) as newest_first
    from {{ ref('stg_pulses') }}
    where product_id is null and created_at is not null
),

tasks as (
    select
        client_id,
        count(*) as open_tasks,
        sum(case when due_date < {{ today() }} then 1 else 0 end) as overdue_tasks
    from {{ ref('stg_tasks') }}
    where not is_completed
    group by client_id
)

select
    clients.client_id,
    clients.client_name,
    clients.status,
    clients.is_current,
    clients.segment,
    clients.csm_id,
    clients.csm_name,
    clients.salesforce_account_id,
    clients.stripe_id,
    clients.zendesk_id,
    clients.external_id,
    coalesce(contracts.contracts_in_force, 0) as contracts_in_force,
    case
        when contracts.arr_currencies is null then 0
        when contracts.arr_currencies = 1 then contracts.arr
    end as arr,
    case when contracts.arr_currencies = 1 then contracts.arr_currency end as arr_currency,
    coalesce(contracts.arr_currencies, 0) as arr_currencies,
    renewals.next_renewal,
    clients.success_score,
    cast(pulses.created_at as date) as last_pulse,
    pulses.score as last_pulse_score,
    pulses.disposition as last_pulse_disposition,
    {{ health('pulses.disposition') }} as health,
    touches.last_touch_at,
    {{ dbt.datediff('cast(touches.last_touch_at as date)', today(), 'day') }} as days_without_touch,
    coalesce(tasks.open_tasks, 0) as open_tasks,
    coalesce(tasks.overdue_tasks, 0) as overdue_tasks,
    nps.nps,
    nps.answers as nps_answers,
    clients.nps_score as reported_nps
from {{ ref('stg_clients') }} as clients
left join contracts on contracts.client_id = clients.client_id
left join renewals on renewals.client_id = clients.client_id
left join pulses on pulses.client_id = clients.client_id and pulses.newest_first = 1
left join {{ ref('int_client_touches') }} as touches on touches.client_id = clients.client_id
left join tasks on tasks.client_id = clients.client_id
left join {{ ref('nps_by_client') }} as nps on nps.client_id = clients.client_id
