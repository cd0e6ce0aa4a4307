-- One row a client and state, from one run of dbt that found it to the next that found another.
select
    client_id,
    client_name,
    segment,
    csm_name,
    status,
    success_score,
    success_score - lag(success_score) over (
        partition by client_id order by dbt_valid_from
    ) as success_score_change,
    nps_score as reported_nps,
    dbt_valid_from as valid_from,
    dbt_valid_to as valid_to,
    {{ dbt.datediff('dbt_valid_from', 'coalesce(dbt_valid_to, ' ~ dbt.current_timestamp() ~ ')', 'day') }} as days
from {{ ref('clients_history') }}
