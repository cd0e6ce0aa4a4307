-- Rows that share a key which has several columns; nulls count as equal.
{% set keys = {
    'client_health_by_month': 'client_id, product_id, month',
    'arr_by_csm_and_segment': 'csm_id, segment, currency',
    'client_arr_by_month': 'client_id, currency, month',
    'arr_movements_by_month': 'month, currency',
    'nrr_grr_by_month': 'month, currency, segment, csm_id',
    'renewal_rate_by_month': 'month, currency, health',
    'renewal_forecast': 'month, currency, health',
    'client_score_history': 'client_id, valid_from',
    'contract_status_history': 'contract_id, valid_from',
    'nps_by_segment_by_month': 'month, segment',
} %}
{%- for mart, key in keys.items() %}
select '{{ mart }}' as mart, count(*) as copies
from {{ ref(mart) }}
group by {{ key }}
having count(*) > 1

union all
{% endfor %}
-- No contract may be lost or counted twice.
select 'arr_by_csm_and_segment, total', 1
from (
    select
        (select count(*) from {{ ref('contracts_in_force') }})
        - (select sum(contracts) from {{ ref('arr_by_csm_and_segment') }}) as difference
) as totals
where difference <> 0
