-- ARR of the contracts in force, per customer success manager, segment and currency.
-- Amounts of different currencies are never added up.
select
    clients.csm_id,
    max(clients.csm_name) as csm_name,
    clients.segment,
    contracts.currency,
    count(distinct contracts.client_id) as clients,
    count(*) as contracts,
    sum(contracts.arr) as arr
from {{ ref('contracts_in_force') }} as contracts
left join {{ ref('stg_clients') }} as clients on clients.client_id = contracts.client_id
group by clients.csm_id, clients.segment, contracts.currency
