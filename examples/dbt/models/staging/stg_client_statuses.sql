{{ config(enabled=var("v1_streams")) }}

select
    {{ field('id') }} as status_id
from {{ loaded('client_statuses') }}
