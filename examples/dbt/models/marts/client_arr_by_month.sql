-- ARR of each client at the end of each month, per currency, and how it moved in the month.
-- A contract that begins and ends between two ends of months does not show.
with closing as (
    select
        terms.client_id,
        terms.currency,
        months.month,
        sum(
            case when terms.over_from is null or terms.over_from > months.month_end then terms.arr else 0 end
        ) as closing_arr
    from {{ ref('int_months') }} as months
    inner join {{ ref('int_contract_terms') }} as terms on terms.starts_on <= months.month_end
    group by terms.client_id, terms.currency, months.month
),

moved as (
    select
        *,
        coalesce(lag(closing_arr) over (partition by client_id, currency order by month), 0) as opening_arr,
        coalesce(
            max(closing_arr) over (
                partition by client_id, currency order by month
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as highest_before
    from closing
)

select
    client_id,
    currency,
    month,
    opening_arr,
    closing_arr - opening_arr as change_arr,
    closing_arr,
    case
        when closing_arr = opening_arr then 'none'
        when opening_arr <= 0 and closing_arr > 0 and highest_before > 0 then 'reactivation'
        when opening_arr <= 0 and closing_arr > 0 then 'new'
        when opening_arr > 0 and closing_arr <= 0 then 'churn'
        when closing_arr > opening_arr then 'expansion'
        else 'contraction'
    end as movement
from moved
where opening_arr <> 0 or closing_arr <> 0
