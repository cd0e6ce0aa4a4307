{# Custom fields as columns, one for each definition of a resource (CLIENT, CONTACT, CONTRACT
   and so on) in the stream custom_fields. They come from the column `custom` of what the model
   selects from. Numbers and booleans are typed, everything else is text as the API sends it:
   so are dates, as the API may send one as a time whose day in UTC is another.

   Macros are named with their package: models of other projects call this one.

   A field that is added to the account is a new column after the next run of dbt. #}
{% macro custom_columns(resource) %}
  {%- set definitions -%}
select distinct {{ clientsuccess.field('fieldKey') }} as field_key, {{ clientsuccess.field('fieldTypeName') }} as field_type
from (select * from {{ clientsuccess.loaded('custom_fields') }}) as definitions
where {{ clientsuccess.field('resourceType') }} = '{{ resource }}' and {{ clientsuccess.field('fieldKey') }} is not null
order by 1, 2
  {%- endset -%}
  {%- set taken = [] -%}
  {%- for row in (run_query(definitions).rows if execute else []) -%}
    {%- set name = 'custom_' ~ modules.re.sub('[^a-z0-9]+', '_', row[0] | lower | replace('__cs', '')) -%}
    {%- set name = name[:50] ~ ('_' ~ loop.index if name[:50] in taken else '') -%}
    {%- do taken.append(name) -%}
    , {{ clientsuccess.custom_value(clientsuccess.json_text('custom', row[0] | replace("'", "''")), row[1]) }} as {{ adapter.quote(name) }}
    {% endfor -%}
{% endmacro %}

{# A custom field's text as what the type of its definition says. #}
{% macro custom_value(text, kind) %}
  {%- set kind = modules.re.sub('[^a-z]', '', (kind or '') | lower) -%}
  {%- if kind in ('integer', 'decimal', 'number', 'currency') -%} {{ clientsuccess.number(text) }}
  {%- elif kind in ('boolean', 'checkbox') -%}
case lower({{ text }}) when 'true' then true when 'false' then false end
  {%- else -%} {{ text }}
  {%- endif -%}
{% endmacro %}
