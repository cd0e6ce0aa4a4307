-- The custom fields of the clients, a column each: custom_industry and so on.
select
    {{ field('id') }} as client_id
    {{ custom_columns('CLIENT') }}
from {{ loaded('clients') }}
