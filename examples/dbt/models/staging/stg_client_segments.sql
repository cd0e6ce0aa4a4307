{{ config(enabled=var("v1_streams")) }}

select
    {{ field('id') }} as segment_id,
    {{ field('title') }} as segment
from {{ loaded('client_segments') }}
