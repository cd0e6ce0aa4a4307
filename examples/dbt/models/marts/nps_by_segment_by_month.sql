-- Net Promoter Score per segment at the end of each month: of each contact, the latest answer
-- given by then. The API only has a contact's latest answer; the earlier ones are those that
-- the snapshot kept. Segments are those that the clients have today.
with known as (
    select
        months.month,
        history.client_id,
        history.score,
        row_number() over (
            partition by months.month, history.contact_id
            order by history.answered_at desc, history.dbt_valid_from desc
        ) as newest_first
    from {{ ref('int_months') }} as months
    inner join {{ ref('nps_answers_history') }} as history
        on cast(history.answered_at as date) <= months.month_end
)

select
    known.month,
    clients.segment,
    count(*) as answers,
    {{ nps('known.score') }} as nps
from known
left join {{ ref('stg_clients') }} as clients on clients.client_id = known.client_id
where known.newest_first = 1
group by known.month, clients.segment
