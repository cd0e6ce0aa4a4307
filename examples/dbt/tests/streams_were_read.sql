-- Streams that did not end well in their last run, or whose full read does not end: it
-- has been in progress for longer than twice its interval.
{% set intervals = var('full_read_interval_days') %}
{% set hours = {} %}
{% for stream, days in intervals.items() %}
    {# In every run counts as every day. What is never due is never in progress. #}
    {% do hours.update({stream: (48 * (days or 1)) | int}) %}
{% endfor %}
with numbered as (
    select
        *,
        row_number() over (
            partition by stream order by started_at desc, requests desc
        ) as place,
        min(started_at) over (partition by stream) as first_read_at,
        max(case when kind in ('first', 'full') and status = 'complete' then ended_at end)
            over (partition by stream) as read_in_full_at
    from {{ ref('stg_sync_log') }}
),

latest as (
    select
        *,
        coalesce(read_in_full_at, first_read_at) as since
    from numbered
    where place = 1
)

select
    stream,
    status,
    why,
    started_at,
    since
from latest
where
    status in ('missing', 'in doubt', 'failed')
    or (
        status = 'in progress'
        and started_at > case stream
            {% for stream, length in hours.items() if stream != '*' %}
            when '{{ stream }}' then {{ dbt.dateadd('hour', length, 'since') }}
            {% endfor %}
            else {{ dbt.dateadd('hour', hours['*'], 'since') }}
        end
    )
