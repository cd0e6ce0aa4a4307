-- Opening ARR and the movements make the closing ARR; the next month opens with it; the last
-- month closes with the ARR in force.
with months as (
    select
        *,
        coalesce(lead(opening_arr) over (partition by currency order by month), closing_arr) as next_opening_arr
    from {{ ref('arr_movements_by_month') }}
),

in_force as (
    select coalesce(currency, '') as currency, sum(arr) as arr
    from {{ ref('contracts_in_force') }}
    group by coalesce(currency, '')
)

select month, currency, 'movements' as what
from months
where opening_arr + new_arr + expansion_arr + contraction_arr + churn_arr + reactivation_arr <> closing_arr

union all

select month, currency, 'next month'
from months
where closing_arr <> next_opening_arr

union all

select months.month, in_force.currency, 'in force'
from in_force
left join months
    on
        coalesce(months.currency, '') = in_force.currency
        and months.month = {{ month_of(today()) }}
where coalesce(months.closing_arr, 0) <> in_force.arr
