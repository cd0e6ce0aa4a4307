{# A field of a loaded table. Quoted, as some targets keep the API's mixed case. #}
{% macro field(name) %}{{ adapter.quote(name) }}{% endmacro %}

{# The text at a key of a JSON column, or null. #}
{% macro json_text(column, key) %}
  {{- return(adapter.dispatch('json_text', 'clientsuccess')(column, key)) -}}
{% endmacro %}

{% macro default__json_text(column, key) %}json_extract_string({{ field(column) }}, '$.{{ key }}'){% endmacro %}
{% macro postgres__json_text(column, key) %}({{ field(column) }} ->> '{{ key }}'){% endmacro %}
{% macro snowflake__json_text(column, key) %}({{ field(column) }}:"{{ key }}"::varchar){% endmacro %}
{% macro bigquery__json_text(column, key) %}json_value({{ field(column) }}, '$.{{ key }}'){% endmacro %}

{# The variable `today`, or the current date. #}
{% macro today() %}
  {%- if var('today') -%} cast('{{ var("today") }}' as date)
  {%- else -%} current_date {%- endif -%}
{% endmacro %}
