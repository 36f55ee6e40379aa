"""Stamps become places in a video of constant rate."""

from face3d.timeline import Timeline

SECOND = 10**9


def test_a_timeline_leaves_room_for_what_is_missing() -> None:
    timeline = Timeline(25.0)
    stamps = [0.0, 0.04, 0.081, 0.119, 0.28, 0.32]  # jitter, then three images lost
    assert [timeline.place(round((7 + stamp) * SECOND)) for stamp in stamps] == [0, 1, 2, 3, 7, 8]
    assert timeline.place(7 * SECOND) == 0, "a late row goes where it belongs"


def test_a_timeline_goes_on_after_a_jump_of_the_stamps() -> None:
    for jump in (-60.0, 60.0):
        timeline = Timeline(25.0)
        first = [timeline.place(round((100 + n / 25) * SECOND)) for n in range(3)]
        then = [timeline.place(round((100 + jump + n / 25) * SECOND)) for n in range(3)]
        assert first + then == [0, 1, 2, 3, 4, 5]


def test_a_timeline_goes_on_when_a_short_recording_begins_again() -> None:
    timeline = Timeline(25.0)
    loop = [round((7 + n / 25) * SECOND) for n in range(75)]
    assert [timeline.place(stamp) for stamp in loop * 2] == list(range(150))
    assert timeline.place(loop[0]) == 150, "a state of the third round"
    assert timeline.place(loop[-1]) == 149, "a late overlay of the second"
    assert [timeline.place(stamp) for stamp in loop] == list(range(150, 225))
