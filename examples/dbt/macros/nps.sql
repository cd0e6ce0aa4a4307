{# Net Promoter Score of the rows of a group: 9 and 10 promote, 0 to 6 detract. #}
{% macro nps(score) -%}
round(
        100.0 * sum(case when {{ score }} >= 9 then 1 when {{ score }} <= 6 then -1 else 0 end)
        / count(*), 1
    )
{%- endmacro %}
