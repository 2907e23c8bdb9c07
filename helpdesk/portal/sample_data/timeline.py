"""When the steps of a sample ticket happened: at working hours, one after the other, all in the past."""

from datetime import datetime, timedelta
from random import Random

OPENS, CLOSES = 7, 19
SHORTEST = timedelta(minutes=1)


class Timeline:
    """Moments that only go forward, from the first one up to `end` (both aware, UTC)."""

    def __init__(self, start: datetime, end: datetime, random: Random) -> None:
        """Begin at `start`, moved into working hours where that is possible."""
        self.end = end
        self._random = random
        self.moment = min(self._in_working_hours(start), end - timedelta(minutes=15))

    def next(self, days_later: float = 0) -> datetime:
        """Give the moment of the next step: about so many days later, or some hours (nights not counted)."""
        gap = timedelta(days=days_later, hours=self._random.uniform(*((0, 4) if days_later else (0.2, 20))))
        wanted = self._in_working_hours(self.moment + gap)
        if wanted >= self.end:
            wanted = self.moment + (self.end - self.moment) / 3
        self.moment = max(wanted, self.moment + SHORTEST)
        return self.moment

    def _in_working_hours(self, moment: datetime) -> datetime:
        """Move what falls into the night to the next morning."""
        if OPENS <= moment.hour < CLOSES:
            return moment
        morning = moment.replace(hour=OPENS, minute=0) + timedelta(minutes=self._random.uniform(5, 170))
        return morning + timedelta(days=1) if moment.hour >= CLOSES else morning
