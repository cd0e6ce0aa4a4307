{{ config(enabled=var("v1_streams")) }}

select
    {{ field('id') }} as employee_id,
    {{ field('firstName') }} as first_name,
    {{ field('lastName') }} as last_name,
    {{ field('email') }} as email,
    {{ field('active') }} as is_active
from {{ loaded('employees') }}
