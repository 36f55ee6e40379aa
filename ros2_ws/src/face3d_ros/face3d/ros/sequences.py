"""What is missing between the messages of a topic, by the numbers that their publishers give them."""

from __future__ import annotations

_RESTART = 1000  # a step that large is a publisher that has begun anew, not loss


class Sequences:
    """The last number of every publisher of a topic.

    Each publisher numbers its own messages, and rclpy does not say whose a message is: a number is taken for the next
    one of the publisher whose last is closest below. Where that is wrong, the sum is right all the same: lost is what
    all numbers together have gone on by, less what has come.
    """

    def __init__(self) -> None:
        self._last: list[int] = []  # the one that came last at the end

    def missing(self, number: int | None, publishers: int = 1) -> int:
        """How many messages got lost before this one.

        number      None or 0: the middleware does not count
        publishers  of the topic, now. While fewer are known, a number that does not follow another one is a new one's
        """
        if not number:
            self._last.clear()
            return 0
        before = max((last for last in self._last if last < number < last + _RESTART), default=0)
        if not before or (number - before > 1 and len(self._last) < publishers):
            before = number - 1
        else:
            self._last.remove(before)
        self._last = [*self._last, number][-max(publishers, 1) :]  # who has gone is forgotten
        return number - before - 1
