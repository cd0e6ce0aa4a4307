-- Contracts in force that end within 90 days (`renewal_days`) and are not renewed yet.
select
    contracts.contract_id,
    contracts.contract_name,
    contracts.client_id,
    clients.client_name,
    clients.csm_name,
    clients.segment,
    contracts.term_end,
    {{ dbt.datediff(today(), 'contracts.term_end', 'day') }} as days_left,
    contracts.auto_renew,
    contracts.currency,
    contracts.arr,
    contracts.arr_is_missing
from {{ ref('contracts_in_force') }} as contracts
inner join {{ ref('int_renewals') }} as renewals on renewals.contract_id = contracts.contract_id
left join {{ ref('stg_clients') }} as clients on clients.client_id = contracts.client_id
where
    not renewals.is_renewed
    and contracts.term_end <= {{ dbt.dateadd('day', var('renewal_days'), today()) }}
