"""`manage.py cron`: the recurring jobs for help desks without worker and beat."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.api.cron import run_due_jobs, run_job
from helpdesk.health.job_runs import job_runs
from helpdesk.schedule import RECURRING_JOBS


class Command(BaseCommand):
    """Runs every recurring job whose time has come."""

    help = (
        "Run the recurring jobs that are due and end: for a crontab, every minute or as often as wanted, where no "
        "worker and no beat run. The same as POST /api/tasks/cron. While another run is under way nothing happens."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name of a job, or the wish to see all of them."""
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--job", metavar="NAME", help="Run this job now, whether it is due or not.")
        choice.add_argument("--list", action="store_true", help="Show the jobs with their last runs, and run nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run them and name those that ran. Raises CommandError for a job that is unknown, or that fails."""
        if options["list"]:
            self._list()
        elif options["job"]:
            self._run_one(options["job"])
        else:
            for name in run_due_jobs():
                self.stdout.write(name)

    def _list(self) -> None:
        runs = job_runs()
        for name, job in sorted(RECURRING_JOBS.items()):
            run = runs.get(job["task"])
            if run is None:
                self.stdout.write(f"{name}: has not run")
                continue
            ended = "" if run.seconds is None else f", {run.seconds:.1f} s"
            result = f", {run.result}" if run.result else ""
            self.stdout.write(f"{name}: {run.at:%Y-%m-%d %H:%M:%S %Z}, {run.state}{ended}{result}")

    def _run_one(self, name: str) -> None:
        if name not in RECURRING_JOBS:
            raise CommandError(f"There is no job {name!r}; --list names them.")
        if not run_job(name):
            raise CommandError(f"The job {name!r} failed; the log says why.")
        self.stdout.write(name)
