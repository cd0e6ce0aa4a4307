{# The rows of a stream, without those that the target has marked as deleted.
   Only targets that are told to do so have the column `_sdc_deleted_at`. #}
{% macro loaded(stream) %}
  {%- set relation = source('clientsuccess', stream) -%}
  {{ relation }}
  {%- if execute -%}
    {%- for column in adapter.get_columns_in_relation(relation) if column.name | lower == '_sdc_deleted_at' %}
where {{ adapter.quote(column.name) }} is null
    {%- endfor -%}
  {%- endif -%}
{% endmacro %}
