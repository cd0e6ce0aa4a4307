{# What the disposition of a pulse says of a client, in one word. #}
{% macro health(disposition) -%}
case
        when {{ disposition }} in ('EXTREMELY_SATISFIED', 'VERY_SATISFIED', 'FAIRLY_SATISFIED') then 'healthy'
        when {{ disposition }} = 'NEUTRAL' then 'neutral'
        when {{ disposition }} is null or {{ disposition }} = 'NO_SCORE' then 'unknown'
        else 'at risk'
    end
{%- endmacro %}
