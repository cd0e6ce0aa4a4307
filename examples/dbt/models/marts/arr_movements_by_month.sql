-- From the ARR at the start of a month to that at its end, per currency. Contraction and churn
-- are negative: opening and movements add up to closing.
select
    month,
    currency,
    sum(opening_arr) as opening_arr,
    {%- for movement in ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
    sum(case when movement = '{{ movement }}' then change_arr else 0 end) as {{ movement }}_arr,
    {%- endfor %}
    sum(closing_arr) as closing_arr,
    {%- for movement in ['new', 'churn', 'reactivation'] %}
    sum(case when movement = '{{ movement }}' then 1 else 0 end) as {{ movement }}_clients,
    {%- endfor %}
    sum(case when closing_arr > 0 then 1 else 0 end) as closing_clients
from {{ ref('client_arr_by_month') }}
group by month, currency
