-- One row a booked contract: from which day on its ARR counts, and from which day on it no
-- longer does (`over_from`, null if it has no end). The term's last day still counts.
-- A contract is over after its term, when its termination takes effect, or today where its
-- status is Churned. What an adjusted contract counts for is the variable `adjusted_contracts`.
with booked as (
    select
        *,
        cast(term_start_at as date) as starts_on,
        cast(term_end_at as date) as term_end
    from {{ ref('stg_contracts') }}
    where is_booked and term_start_at is not null
),

replacements as (
    select adjusts_contract_id as contract_id, min(starts_on) as replaced_on
    from booked
    where {{ "adjusts_contract_id is not null" if var('adjusted_contracts') == 'replaced' else "false" }}
    group by adjusts_contract_id
),

ends as (
    select
        booked.*,
        replacements.replaced_on,
        nullif(
            least(
                coalesce({{ day_plus('booked.term_end', 1) }}, date '9999-12-31'),
                coalesce(cast(booked.terminated_at as date), date '9999-12-31'),
                coalesce(replacements.replaced_on, date '9999-12-31'),
                case
                    when upper(booked.contract_status) = 'CHURNED' then {{ today() }}
                    else date '9999-12-31'
                end
            ),
            date '9999-12-31'
        ) as over_from
    from booked
    left join replacements on replacements.contract_id = booked.contract_id
)

select
    contract_id,
    client_id,
    contract_name,
    contract_type,
    currency,
    coalesce(arr, 0) as arr,
    arr is null as arr_is_missing,
    auto_renew,
    renewed_by_contract_id,
    adjusts_contract_id,
    replaced_on,
    starts_on,
    term_end,
    over_from,
    starts_on <= {{ today() }} and (over_from is null or over_from > {{ today() }}) as is_in_force
from ends
where {{ "adjusts_contract_id is null" if var('adjusted_contracts') == 'included' else "true" }}
