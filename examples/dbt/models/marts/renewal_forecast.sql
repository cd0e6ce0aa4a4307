-- ARR in force that comes up for renewal within `forecast_months` and is not renewed yet, by
-- the month in which the term ends and the client's health. The probability of a contract is
-- that of the forecast contract that is to renew it; without one, the share of contracts of
-- that health that were renewed in the last `renewal_rate_months` (of all contracts, where
-- fewer than `renewal_rate_contracts` had that health).
with past as (
    select
        month,
        health,
        contracts,
        renewed_contracts
    from {{ ref('renewal_rate_by_month') }}
    where month >= {{ day_plus(month_of(today()), '-' ~ var('renewal_rate_months'), 'month') }}
),

overall as (
    select 1.0 * sum(renewed_contracts) / sum(contracts) as rate from past
),

by_health as (
    select health, 1.0 * sum(renewed_contracts) / sum(contracts) as rate
    from past
    group by health
    having sum(contracts) >= {{ var('renewal_rate_contracts') }}
),

due as (
    select
        renewals.*,
        coalesce(by_health.rate, overall.rate) as past_rate
    from {{ ref('int_renewals') }} as renewals
    cross join overall
    left join by_health on by_health.health = renewals.health
    where
        renewals.is_in_force
        and not renewals.is_renewed
        and renewals.term_end <= {{ day_plus(today(), var('forecast_months'), 'month') }}
)

select
    {{ month_of('term_end') }} as month,
    currency,
    health,
    count(*) as contracts,
    sum(arr) as arr,
    sum(case when auto_renew then arr else 0 end) as auto_renew_arr,
    sum(case when probability is not null then 1 else 0 end) as contracts_with_own_probability,
    round(max(past_rate), 4) as past_renewal_rate,
    round(sum(arr * coalesce(probability, past_rate)), 2) as expected_arr,
    round(sum(arr * coalesce(probability, past_rate)) / nullif(sum(arr), 0), 4) as probability
from due
group by {{ month_of('term_end') }}, currency, health
