-- Gross retention is a share, and never above net retention.
select *
from {{ ref('nrr_grr_by_month') }}
where grr < 0 or grr > 1 or grr > nrr
