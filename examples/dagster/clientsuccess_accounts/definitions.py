"""An asset with one partition an account, its schedule and its freshness."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from clientsuccess_accounts.accounts import account_environment, account_names
from clientsuccess_accounts.singer import Progress, State, SyncError, sync

FRESH_FOR = timedelta(hours=26)
"""A night, and two hours for the sync itself."""

RETRY_SECONDS = float(os.environ.get("CLIENTSUCCESS_RETRY_SECONDS", "60"))
"""Wait before the first retry of an account; the next one waits twice as long."""

MAX_RETRIES = 2

accounts = dg.StaticPartitionsDefinition(account_names())


class Warehouse(dg.ConfigurableResource):
    """Where the data goes: one DuckDB file an account, in a folder of its own."""

    folder: str
    rows_per_load: int

    def sync(
        self, account: str, state: State | None, keep: Callable[[State], None]
    ) -> list[Progress]:
        """Sync one account; see `singer.sync`."""
        folder = Path(self.folder) / account
        environment = account_environment(account)
        return sync(environment, folder, self.rows_per_load, state, keep)


class Options(dg.Config):
    """What can be chosen for one run."""

    full_refresh: bool = False


@dg.asset(
    partitions_def=accounts,
    retry_policy=dg.RetryPolicy(
        max_retries=MAX_RETRIES,
        delay=RETRY_SECONDS,
        backoff=dg.Backoff.EXPONENTIAL,
        jitter=dg.Jitter.PLUS_MINUS,
    ),
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=FRESH_FOR),
    kinds={"singer", "duckdb"},
)
def clientsuccess(
    context: dg.AssetExecutionContext, config: Options, warehouse: Warehouse
) -> dg.MaterializeResult:
    """All streams of a ClientSuccess account."""
    account = context.partition_key
    # A retry of a full refresh goes on where the try before it ended.
    refresh = config.full_refresh and not context.retry_number
    state = None if refresh else last_state(context.instance, account)

    def keep(confirmed: State) -> None:
        context.log_event(
            dg.AssetObservation(
                asset_key=context.asset_key,
                partition=account,
                metadata={"state": dg.MetadataValue.json(confirmed)},
            )
        )

    try:
        streams = warehouse.sync(account, state, keep)
    except SyncError as error:
        # Else the last failure would say that there were too many retries, not why.
        may_retry = error.retry_helps and context.retry_number < MAX_RETRIES
        raise dg.Failure(
            str(error), metadata(error.streams), allow_retries=may_retry
        ) from None
    return dg.MaterializeResult(metadata=metadata(streams))


def last_state(instance: dg.DagsterInstance, account: str) -> State | None:
    """Return the state of an account that was stored last.

    Each state is an observation of the account's partition, logged once the target has
    confirmed it. So it is in Dagster's storage, whatever becomes of the run.
    """
    of_account = dg.AssetRecordsFilter(clientsuccess.key, asset_partitions=[account])
    for record in instance.fetch_observations(of_account, limit=1).records:
        return record.asset_observation.metadata["state"].data
    return None


def metadata(streams: list[Progress]) -> dict[str, dg.MetadataValue]:
    """Return the tap's summary: totals, which Dagster plots, and a table."""
    columns = ("stream", "status", "records", "new", "requests", "retries", "seconds")
    rows = [
        dg.TableRecord(
            {column: stream[column] for column in columns}
            # Only a bookmark tells what is new.
            | {"new": stream["new"] or 0, "bookmark": stream["bookmark"] or ""}
        )
        for stream in streams
    ]
    totals = {
        name: sum(stream[name] or 0 for stream in streams)
        for name in ("records", "new", "requests", "retries", "seconds")
    }
    numbers = {name: dg.MetadataValue.float(float(n)) for name, n in totals.items()}
    return numbers | ({"streams": dg.MetadataValue.table(rows)} if rows else {})


@dg.asset_check(asset=clientsuccess)
def every_account_is_fresh(
    context: dg.AssetCheckExecutionContext,
) -> dg.AssetCheckResult:
    """Name the accounts without a complete sync in the last 26 hours.

    The freshness policy looks at the asset as a whole, so one account that works hides
    those that do not.
    """
    after = (datetime.now(UTC) - FRESH_FOR).timestamp()
    stale = [
        account
        for account in accounts.get_partition_keys()
        if not context.instance.fetch_materializations(
            dg.AssetRecordsFilter(
                clientsuccess.key, asset_partitions=[account], after_timestamp=after
            ),
            limit=1,
        ).records
    ]
    return dg.AssetCheckResult(passed=not stale, metadata={"stale": stale})


sync_job = dg.define_asset_job(
    "sync_account", dg.AssetSelection.assets(clientsuccess).without_checks()
)
freshness_job = dg.define_asset_job(
    "check_freshness", dg.AssetSelection.checks(every_account_is_fresh)
)


@dg.schedule(
    job=sync_job,
    cron_schedule="0 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly() -> list[dg.RunRequest]:
    """Request a run for each account; the queue in dagster.yaml spreads them."""
    return [dg.RunRequest(partition_key=name) for name in accounts.get_partition_keys()]


defs = dg.Definitions(
    assets=[clientsuccess],
    asset_checks=[every_account_is_fresh],
    jobs=[sync_job, freshness_job],
    schedules=[
        nightly,
        dg.ScheduleDefinition(
            job=freshness_job,
            cron_schedule="0 * * * *",
            default_status=dg.DefaultScheduleStatus.RUNNING,
        ),
    ],
    resources={
        "warehouse": Warehouse(
            folder=os.environ.get("CLIENTSUCCESS_DATA", "data"),
            rows_per_load=int(os.environ.get("CLIENTSUCCESS_ROWS_PER_LOAD", "10000")),
        )
    },
    # An account is a run of its own, with one step: nothing to spread within a run.
    executor=dg.in_process_executor,
)
