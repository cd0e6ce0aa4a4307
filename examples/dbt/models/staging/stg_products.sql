select
    {{ field('id') }} as product_id,
    {{ field('name') }} as product_name,
    {{ field('active') }} as is_active
from {{ loaded('products') }}
