-- The months up to today's, as far back as 40 years, and the day that ends them: the last day
-- of the month, in the current month today.
with months as (
    select
        cast({{ dbt.dateadd('month', '1 - cast(generated_number as integer)', month_of(today())) }} as date) as month
    from ({{ dbt.generate_series(480) }}) as numbers
)

select
    month,
    least({{ day_plus(day_plus('month', 1, 'month'), -1) }}, {{ today() }}) as month_end
from months
