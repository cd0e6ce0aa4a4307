-- One row a contract and state, from one run of dbt that found it to the next that found another.
select
    contract_id,
    client_id,
    contract_name,
    contract_status,
    lag(contract_status) over (
        partition by contract_id order by dbt_valid_from
    ) as previous_status,
    stage,
    currency,
    arr,
    arr - lag(arr) over (partition by contract_id order by dbt_valid_from) as arr_change,
    probability,
    cast(term_end_at as date) as term_end,
    dbt_valid_from as valid_from,
    dbt_valid_to as valid_to,
    {{ dbt.datediff('dbt_valid_from', 'coalesce(dbt_valid_to, ' ~ dbt.current_timestamp() ~ ')', 'day') }} as days
from {{ ref('contracts_history') }}
