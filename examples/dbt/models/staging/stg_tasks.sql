select
    {{ field('id') }} as task_id,
    coalesce(
        {{ field('clientId') }}, cast({{ json_text('client', 'id') }} as bigint)
    ) as client_id,
    {{ field('name') }} as task_name,
    coalesce({{ field('completed') }}, false) as is_completed,
    cast(substring({{ field('dueDate') }}, 1, 10) as date) as due_date
from {{ loaded('tasks') }}
