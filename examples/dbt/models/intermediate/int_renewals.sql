-- One row a booked contract whose term ends: whether another contract renews it, and the
-- client's health by the last pulse before the end (before today, if that is earlier).
-- An adjustment is renewed with the contract that it adjusts.
with links as (
    select contract_id as renewal_id, renews_contract_id as contract_id
    from {{ ref('stg_contracts') }}
    where renews_contract_id is not null
    union
    select renewed_by_contract_id, contract_id
    from {{ ref('stg_contracts') }}
    where renewed_by_contract_id is not null
),

renewals as (
    select
        links.contract_id,
        max(case when contracts.is_booked then 1 else 0 end) as is_renewed,
        max(
            case when upper(contracts.contract_status) = 'FORECASTED' then contracts.probability end
        ) / {{ var('full_probability') }} as probability
    from links
    inner join {{ ref('stg_contracts') }} as contracts on contracts.contract_id = links.renewal_id
    where links.renewal_id <> links.contract_id
    group by links.contract_id
),

terms as (
    select
        terms.*,
        least(terms.term_end, {{ today() }}) as health_on,
        greatest(coalesce(own.is_renewed, 0), coalesce(adjusted.is_renewed, 0)) = 1 as is_renewed,
        coalesce(own.probability, adjusted.probability) as probability
    from {{ ref('int_contract_terms') }} as terms
    left join renewals as own on own.contract_id = terms.contract_id
    left join renewals as adjusted on adjusted.contract_id = terms.adjusts_contract_id
    where terms.term_end is not null and terms.replaced_on is null
),

healths as (
    select
        terms.contract_id,
        pulses.disposition,
        row_number() over (
            partition by terms.contract_id order by pulses.created_at desc, pulses.pulse_id desc
        ) as newest_first
    from terms
    inner join {{ ref('stg_pulses') }} as pulses
        on
            pulses.client_id = terms.client_id
            and pulses.product_id is null
            and cast(pulses.created_at as date) <= terms.health_on
)

select
    terms.contract_id,
    terms.client_id,
    terms.currency,
    terms.arr,
    terms.auto_renew,
    terms.term_end,
    terms.is_in_force,
    terms.is_renewed,
    terms.probability,
    {{ health('healths.disposition') }} as health
from terms
left join healths on healths.contract_id = terms.contract_id and healths.newest_first = 1
