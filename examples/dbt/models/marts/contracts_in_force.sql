-- Contracts whose term includes today and that are booked: neither terminated, nor lost, nor
-- only forecast. The term's last day belongs to it.
select
    contract_id,
    client_id,
    contract_name,
    contract_type,
    currency,
    arr,
    arr_is_missing,
    auto_renew,
    renewed_by_contract_id,
    starts_on as term_start,
    term_end
from {{ ref('int_contract_terms') }}
where is_in_force
