{# A field of a loaded table. Quoted, as some targets keep the API's mixed case. #}
{% macro field(name) %}{{ adapter.quote(name) }}{% endmacro %}

{# The text at a key of a JSON column, or null. #}
{% macro json_text(column, key) %}
  {{- return(adapter.dispatch('json_text', 'clientsuccess')(column, key)) -}}
{% endmacro %}

{% macro default__json_text(column, key) %}json_extract_string({{ clientsuccess.field(column) }}, '$."{{ key }}"'){% endmacro %}
{% macro postgres__json_text(column, key) %}({{ clientsuccess.field(column) }} ->> '{{ key }}'){% endmacro %}
{% macro snowflake__json_text(column, key) %}({{ clientsuccess.field(column) }}:"{{ key }}"::varchar){% endmacro %}
{% macro bigquery__json_text(column, key) %}json_value({{ clientsuccess.field(column) }}, '$."{{ key }}"'){% endmacro %}

{# The time in a text such as 2024-05-01T12:00:00+02:00, in UTC. #}
{% macro utc(text) %}
  {{- return(adapter.dispatch('utc', 'clientsuccess')(text)) -}}
{% endmacro %}

{% macro default__utc(text) %}cast({{ text }} as timestamp){% endmacro %}
{# PostgreSQL drops the offset when it makes a timestamp of a text. #}
{% macro postgres__utc(text) %}(cast({{ text }} as timestamptz) at time zone 'UTC'){% endmacro %}

{# The number in a text; null where it is none. #}
{% macro number(text) %}
  {{- return(adapter.dispatch('number', 'clientsuccess')(text)) -}}
{% endmacro %}

{% macro default__number(text) %}try_cast({{ text }} as decimal(38, 9)){% endmacro %}
{% macro postgres__number(text) -%}
case when {{ text }} ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,2})?$' then cast({{ text }} as numeric) end
{%- endmacro %}
{% macro bigquery__number(text) %}safe_cast({{ text }} as bignumeric){% endmacro %}

{# The variable `today`, or the current date. #}
{% macro today() %}
  {%- if var('today') -%} cast('{{ var("today") }}' as date)
  {%- else -%} current_date {%- endif -%}
{% endmacro %}

{# A day moved by some days, months and so on. #}
{% macro day_plus(day, count, part='day') -%}
cast({{ dbt.dateadd(part, count, day) }} as date)
{%- endmacro %}

{# The first day of a day's month. #}
{% macro month_of(day) -%}
cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}
