select
    {{ field('id') }} as task_id,
    {{ field('clientId') }} as client_id,
    {{ field('name') }} as task_name,
    {{ field('completed') }} as is_completed,
    {{ field('dueDate') }} as due_date
from {{ source('clientsuccess', 'tasks') }}
