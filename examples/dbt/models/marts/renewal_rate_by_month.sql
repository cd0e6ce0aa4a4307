-- Of the contracts whose term ended in a month before today, how many and how much ARR was
-- renewed. One that was terminated counts, as not renewed, in the month in which it would have
-- ended.
select
    {{ month_of('term_end') }} as month,
    currency,
    health,
    count(*) as contracts,
    sum(case when is_renewed then 1 else 0 end) as renewed_contracts,
    sum(arr) as arr,
    sum(case when is_renewed then arr else 0 end) as renewed_arr,
    round(1.0 * sum(case when is_renewed then 1 else 0 end) / count(*), 4) as renewal_rate
from {{ ref('int_renewals') }}
where term_end < {{ today() }}
group by {{ month_of('term_end') }}, currency, health
