-- Rows that share a key which has several columns; nulls count as equal.
select 'client_health_by_month' as mart, count(*) as copies
from {{ ref('client_health_by_month') }}
group by client_id, product_id, month
having count(*) > 1

union all

select 'arr_by_csm_and_segment', count(*)
from {{ ref('arr_by_csm_and_segment') }}
group by csm_id, segment, currency
having count(*) > 1

union all

-- No contract may be lost or counted twice.
select 'arr_by_csm_and_segment, total', 1
from (
    select
        (select count(*) from {{ ref('contracts_in_force') }})
        - (select sum(contracts) from {{ ref('arr_by_csm_and_segment') }}) as difference
) as totals
where difference <> 0
