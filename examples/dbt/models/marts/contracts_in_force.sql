-- Contracts whose term includes today and that are booked: neither terminated, nor lost, nor
-- only forecast. The term's last day belongs to it.
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
    cast(term_start_at as date) as term_start,
    cast(term_end_at as date) as term_end
from {{ ref('stg_contracts') }}
where
    cast(term_start_at as date) <= {{ today() }}
    and (term_end_at is null or cast(term_end_at as date) >= {{ today() }})
    and (terminated_at is null or cast(terminated_at as date) > {{ today() }})
    and upper(coalesce(contract_status, '')) not in ('FORECASTED', 'LOST', 'CHURNED')
