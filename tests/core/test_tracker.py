"""The tracker with a network that knows the truth: beginning, following, losing, finding again, replaying."""

import math

import numpy as np
import pytest

from face3d import _core, codec
from face3d import rotation as so3
from face3d.camera import FRONTAL, Camera, Pose
from face3d.codec import Geometry
from face3d.crop import Crop, box_of_pose
from face3d.quarter import turned_geometry
from face3d.track import TrackerSettings, TrackerState
from face3d.tracker import Tracker
from tests.core.oracle import Oracle
from tests.core.pictures import photograph

CAMERA = Camera.from_fov(640, 480)
IMAGE = np.zeros((480, 640, 3), np.uint8)
FRAME = 33_333_333  # nanoseconds
RAW = TrackerSettings(smoothing="none")


def face_at(u: float, v: float, scale: float = 700.0, yaw: float = 0.0, seed: int = 0) -> Geometry:
    rng = np.random.default_rng(seed)
    rotation = FRONTAL @ so3.exp(np.array([0.0, yaw, 0.0]))
    expression = np.zeros(84)
    expression[rng.integers(0, 84, 3)] = 0.4
    return Geometry(rng.normal(size=200) * 0.5, expression, Pose(rotation, scale, (u, v)))


def box(face: Geometry) -> tuple[float, float, float, float]:
    return box_of_pose(face.pose)


def assert_close(found: Geometry, truth: Geometry, atol: float = 1e-4) -> None:
    assert np.allclose(found.pose.rotation, truth.pose.rotation, atol=atol)
    assert found.pose.scale == pytest.approx(truth.pose.scale, rel=atol)
    assert np.allclose(found.pose.translation, truth.pose.translation, atol=200 * atol)
    assert np.allclose(found.identity, truth.identity, atol=10 * atol)
    assert np.allclose(found.expression, truth.expression, atol=10 * atol)


def play(tracker: Tracker, frames: int, state: TrackerState, boxes=None, start: int = 0):
    """Run some frames; boxes go into the first one."""
    history = []
    for index in range(start, start + frames):
        faces, state = tracker.step(IMAGE, CAMERA, boxes, state, index * FRAME)
        history.append(faces)
        boxes = None
    return history, state


def test_iteration_converges_on_the_truth(model, monkeypatch) -> None:
    truth = face_at(320, 240, yaw=0.6)
    oracle = Oracle(monkeypatch, [truth], skill=0.7)
    tracker = Tracker(model, oracle, RAW)
    errors = []
    for iterations in (1, 2, 4):
        (face,) = tracker.reconstruct(IMAGE, [box(face_at(335, 225, 620))], iterations)
        errors.append(so3.angle(face.geometry.pose.rotation, truth.pose.rotation))
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] < math.radians(0.5)
    assert oracle.batches == [1] * 7


def test_truth_is_a_fixed_point(model, monkeypatch) -> None:
    truth = face_at(320, 240, yaw=-0.4)
    tracker = Tracker(model, Oracle(monkeypatch, [truth]), RAW)
    history, state = play(tracker, 50, TrackerState(), [box(truth)])
    for (face,) in history:
        assert face.id == 1
        assert_close(face.geometry, truth)
    assert state.counters.started == 1 and state.counters.missed == 0


def test_face_output_is_consistent(model, monkeypatch) -> None:
    truth = face_at(350, 220)
    tracker = Tracker(model, Oracle(monkeypatch, [truth]), RAW)
    ((face,),), _ = play(tracker, 1, TrackerState(), [box(truth)])
    assert face.vertices.shape == (model.vertex_count, 3) and face.vertices.dtype == np.float32
    assert face.landmarks.shape == (68, 3)
    raster = face.raster()
    assert np.allclose(raster[model.landmarks68[17:]], face.landmarks[17:], atol=0.05)
    x, y, width, height = face.box
    assert x < 350 < x + width and y < 220 < y + height
    metric = face.camera_vertices()
    assert np.allclose(CAMERA.project(metric), raster[:, :2], atol=12)  # perspective differs a little
    assert 0.5 < metric[:, 2].mean() < 1.2


def test_first_step_iterates_and_tracking_takes_one_pass(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    play(Tracker(model, oracle), 4, TrackerState(), [box(truth)])
    assert oracle.batches == [1, 1, 1, 1, 1, 1]  # three for the beginning, then one a frame


def test_moving_face_is_followed_without_detections(model, monkeypatch) -> None:
    oracle = Oracle(monkeypatch, [face_at(200, 240)])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 1, TrackerState(), [box(oracle.truths[0])])
    for index in range(1, 60):
        truth = face_at(200 + 4 * index, 240 + 20 * math.sin(index / 5), 700 + 3 * index, 0.02 * index - 0.5)
        oracle.truths = [truth]
        (face,), state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
        assert_close(face.geometry, truth)
    assert face.id == 1


def test_several_faces_share_a_batch_and_keep_their_ids(model, monkeypatch) -> None:
    truths = [face_at(120, 200, 400, seed=1), face_at(330, 260, 500, seed=2), face_at(540, 240, 450, seed=3)]
    oracle = Oracle(monkeypatch, truths)
    tracker = Tracker(model, oracle, RAW)
    history, state = play(tracker, 3, TrackerState(), [box(truth) for truth in truths])
    assert oracle.batches == [3] * 5
    for faces in history:
        assert [face.id for face in faces] == [1, 2, 3]
        for face, truth in zip(faces, truths):
            assert_close(face.geometry, truth)
    # the second one leaves; a new face gets a new id
    oracle.truths = [truths[0], truths[2]]
    history, state = play(tracker, 20, state, start=3)
    assert [face.id for face in history[-1]] == [1, 3]
    oracle.truths = truths
    history, state = play(tracker, 1, state, [box(truth) for truth in truths], start=23)
    assert [face.id for face in history[-1]] == [1, 3, 4]


def test_replay_is_bit_for_bit(model, monkeypatch) -> None:
    truths = [face_at(180, 200, 500, seed=1), face_at(430, 260, 600, 0.4, seed=2)]
    image = photograph(model, truths)
    runs = []
    for _ in range(2):
        oracle = Oracle(monkeypatch, truths, skill=0.6)
        tracker, state, run = Tracker(model, oracle), TrackerState(), []
        for index in range(5):
            boxes = [box(truth) for truth in truths] if index == 0 else None
            faces, state = tracker.step(image, CAMERA, boxes, state, index * FRAME)
            run += [face.vertices.tobytes() + face.landmarks.tobytes() for face in faces]
        runs.append((run, [tensor.tobytes() for tensor in oracle.tensors]))
        monkeypatch.undo()
    assert runs[0] == runs[1]


def test_step_is_pure(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    tracker = Tracker(model, Oracle(monkeypatch, [truth], skill=0.5))
    _, state = play(tracker, 3, TrackerState(), [box(truth)])
    first, _ = tracker.step(IMAGE, CAMERA, None, state, 3 * FRAME)
    tracker.step(IMAGE, CAMERA, None, state, 4 * FRAME)
    again, _ = tracker.step(IMAGE, CAMERA, None, state, 3 * FRAME)
    assert first[0].vertices.tobytes() == again[0].vertices.tobytes()


def test_a_moving_crop_does_not_change_the_result(model) -> None:
    """A synthetic face, its prior and its crop moved together give the same tensor and the moved result."""
    truth, prior = face_at(300, 230, 700, 0.3), face_at(305, 226, 690, 0.2)
    still = codec.encode(photograph_black(model, truth), prior, model)
    shift = np.array([37.0, -21.0])
    moved_truth, moved_prior = shifted(truth, shift), shifted(prior, shift)
    moving = codec.encode(photograph_black(model, moved_truth), moved_prior, model)
    assert np.abs(still[0].astype(int) - moving[0].astype(int)).max() <= 1
    output = codec.target(truth, prior, still[1])
    a, b = codec.decode(output, prior, still[1]), codec.decode(output, moved_prior, moving[1])
    assert_close(shifted(a, shift), b, atol=1e-7)


def test_any_crop_of_one_prior_gives_the_same_face(model) -> None:
    """The pose lives in image coordinates: seen in other crops, prior and face stay on top of each other."""
    truth = face_at(300, 230, 700, 0.3)
    image = photograph_black(model, truth)
    for crop in (Crop(300, 230, 175), Crop(290.3, 241.7, 200), Crop(320, 215, 260.5)):
        tensor, _ = codec.encode(image, truth, model, crop)
        face, prior = tensor[:3].any(0), tensor[6:].any(0)
        union = (face | prior).sum()
        assert (face & prior).sum() > 0.97 * union  # up to the outline's pixels
        output = codec.target(truth, face_at(310, 220), crop)
        assert_close(codec.decode(output, face_at(310, 220), crop), truth, atol=1e-5)


def test_lost_face_stops_output_and_is_found_again(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 5, TrackerState(), [box(truth)])
    oracle.truths = []
    history, state = play(tracker, 8, state, start=5)
    assert not any(history), "outputs stop, they do not repeat"
    assert len(state.tracks) == 1, "a short occlusion does not end the track"
    oracle.truths = [truth]
    history, state = play(tracker, 2, state, start=13)
    assert [face.id for face in history[-1]] == [1]
    oracle.truths = []
    history, state = play(tracker, 20, state, start=15)
    assert not any(history) and not state.tracks and state.counters.ended == 1
    oracle.truths = [truth]
    history, state = play(tracker, 1, state, [box(truth)], start=35)
    assert [face.id for face in history[-1]] == [2]


@pytest.mark.parametrize("rate", [15, 30, 60, 120])
def test_a_face_survives_three_tenths_of_a_second_behind_a_hand(model, monkeypatch, rate) -> None:
    oracle = Oracle(monkeypatch, [face_at(320, 240)])
    tracker, state = Tracker(model, oracle), TrackerState()
    found = {}
    for index in range(rate):
        seconds = index / rate
        hidden = 0.3 <= seconds < 0.6
        oracle.truths = [] if hidden else [face_at(320 + 60 * seconds, 240)]  # a slow head goes on, unseen
        boxes = [box(face_at(320, 240))] if index == 0 else None
        faces, state = tracker.step(IMAGE, CAMERA, boxes, state, round(seconds * 1e9))
        found[index] = [face.id for face in faces]
        assert not (hidden and faces), "no face is shown while there is none"
    assert all(found[index] == [1] for index in found if not 0.3 <= index / rate < 0.6)


def test_a_face_that_moved_far_behind_a_hand_is_found_with_the_next_detection(model, monkeypatch) -> None:
    """The detector searches ten times a second while nobody is seen: 0.2 s after it is back, the face is tracked."""
    oracle = Oracle(monkeypatch, [face_at(200, 240)])
    oracle.reach = 0.2
    tracker, state = Tracker(model, oracle), TrackerState()
    _, state = play(tracker, 5, state, [box(oracle.truths[0])])
    oracle.truths = []
    _, state = play(tracker, 9, state, start=5)
    oracle.truths = [face_at(400, 240)]
    back = None
    for index in range(14, 20):
        boxes = [box(oracle.truths[0])] if index % 3 == 1 else None
        faces, state = tracker.step(IMAGE, CAMERA, boxes, state, index * FRAME)
        if faces and back is None:
            back = index
    assert back is not None and (back - 14) / 30 <= 0.2


@pytest.mark.parametrize("left", [0.0, 0.1, 0.24])
def test_output_ends_within_five_frames_of_doubt(model, monkeypatch, left) -> None:
    """A face that is gone ends at once where the network is sure, and soon where it still half believes in it."""
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle)
    _, state = play(tracker, 30, TrackerState(), [box(truth)])
    oracle.spoil = lambda outputs, confidence: confidence.fill(left)
    history, state = play(tracker, 20, state, start=30)
    assert not any(history[4:]) and (left > 0.15 or not any(history))
    assert not state.tracks, "and the track after its patience"


def test_single_frames_of_doubt_do_not_end_a_track(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle)
    frame = [0]

    def spoil(outputs, confidence) -> None:
        frame[0] += 1
        if frame[0] % 4 == 0:
            confidence.fill(0.2)

    oracle.spoil = spoil
    history, _ = play(tracker, 60, TrackerState(), [box(truth)])
    assert all([face.id for face in faces] == [1] for faces in history[1:])


def test_a_network_that_is_content_does_not_keep_a_face_flying(model, monkeypatch) -> None:
    """The next frame is looked for ahead. Where the network says yes to everything, the face must come to rest."""
    oracle = Oracle(monkeypatch, [face_at(150, 240)])
    tracker = Tracker(model, oracle)
    _, state = play(tracker, 1, TrackerState(), [box(oracle.truths[0])])
    for index in range(1, 20):
        oracle.truths = [face_at(150 + 10 * index, 240)]
        _, state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
    oracle.skill = 0.0
    history, _ = play(tracker, 60, state, start=20)
    flight = history[-1][0].geometry.pose.translation[0] - (150 + 10 * 19)
    assert 0 <= flight < 3 * 10, "three frames' worth"
    assert history[-1][0].geometry.pose.translation[0] == pytest.approx(
        history[-20][0].geometry.pose.translation[0], abs=0.1
    )


def test_looking_ahead_keeps_a_fast_face(model, monkeypatch) -> None:
    """A network that corrects two thirds of what it is off, and sees no farther than a third of its crop."""
    oracle = Oracle(monkeypatch, [face_at(60, 240)], skill=0.67)
    oracle.reach = 0.33
    tracker = Tracker(model, oracle)
    _, state = play(tracker, 1, TrackerState(), [box(oracle.truths[0])])
    for index in range(1, 20):
        oracle.truths = [face_at(60 + 28 * index, 240)]  # 1.2 m/s
        faces, state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
        assert [face.id for face in faces] == [1], index
    lag = 60 + 28 * 19 - faces[0].geometry.pose.translation[0]
    assert 0 <= lag < 28, "less than a frame, the network's own included"


def test_identity_rests_while_the_mouth_moves(model, monkeypatch) -> None:
    """A network whose identity wavers with the open jaw and from frame to frame; the identity of the track does not."""
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    jaw = model.expression_names.index("arkit/jawOpen")
    leak, rng = np.random.default_rng(1).normal(size=200), np.random.default_rng(2)

    def spoil(outputs, confidence) -> None:
        outputs[:, :200] += 0.5 * outputs[:, 200 + jaw] * leak + 0.2 * rng.normal(size=200)

    oracle.spoil = spoil
    tracker, state, history = Tracker(model, oracle), TrackerState(), []
    for index in range(300):
        opening = 0.4 + 0.4 * math.sin(2 * math.pi * 2.0 * index / 30)
        expression = np.zeros(84)
        expression[jaw] = opening
        oracle.truths = [Geometry(truth.identity, expression, truth.pose)]
        boxes = [box(truth)] if index == 0 else None
        (face,), state = tracker.step(IMAGE, CAMERA, boxes, state, index * FRAME)
        history.append(
            (face.geometry.identity, face.geometry.expression[jaw], face.identity_deviation, opening)
        )
    identity, shown, deviation, opened = (np.array(column) for column in zip(*history[90:]))
    wander = np.sqrt(((identity - identity.mean(0)) ** 2).mean())
    raw = np.sqrt(0.5**2 * opened.std() ** 2 + 0.2**2)
    assert wander < 0.1 * raw
    assert shown.std() > 0.9 * opened.std() and np.corrcoef(shown, opened)[0, 1] > 0.98
    falling = np.array([row[2] for row in history])
    assert falling[0] == 1.0 and (np.diff(falling[:60]) < 0).all() and deviation.max() < 0.05


def test_a_frontal_look_counts_more_for_identity_than_a_profile(model, monkeypatch) -> None:
    who, another = np.zeros(200), np.ones(200)
    weights = {}
    for name, yaw in (("front", 0.0), ("side", math.radians(70))):
        oracle = Oracle(monkeypatch, [Geometry(who, np.zeros(84), face_at(320, 240).pose)])
        tracker = Tracker(model, oracle, TrackerSettings(max_turn=math.pi))
        _, state = play(tracker, 10, TrackerState(), [box(oracle.truths[0])])
        oracle.truths = [Geometry(another, np.zeros(84), face_at(320, 240, yaw=yaw).pose)]
        history, _ = play(tracker, 5, state, start=10)
        weights[name] = history[-1][0].geometry.identity.mean()
        monkeypatch.undo()
    assert 0.2 < weights["front"] < 0.5 and weights["side"] < 0.3 * weights["front"]


def test_occluded_face_that_moved_keeps_its_id_through_a_detection(model, monkeypatch) -> None:
    truth = face_at(250, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 5, TrackerState(), [box(truth)])
    oracle.truths = []
    _, state = play(tracker, 4, state, start=5)
    oracle.truths = [face_at(290, 250, 640)]
    oracle.reach = 0.05  # the old place is too far away for the network
    history, state = play(tracker, 1, state, [box(oracle.truths[0])], start=9)
    assert [face.id for face in history[0]] == [1]
    assert_close(history[0][0].geometry, oracle.truths[0], atol=1e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_invalid_network_output_keeps_the_state(model, monkeypatch, value) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle)
    _, state = play(tracker, 5, TrackerState(), [box(truth)])
    before = state.tracks[0].memory

    def spoil(outputs, confidence) -> None:
        outputs[:, 7] = value

    oracle.spoil = spoil
    history, state = play(tracker, 3, state, start=5)
    assert not any(history) and state.tracks[0].memory is before
    assert state.counters.invalid == 3 and state.counters.missed == 3
    oracle.spoil = None
    history, state = play(tracker, 1, state, start=8)
    assert [face.id for face in history[0]] == [1] and state.tracks[0].misses == 0


def test_invalid_confidence_and_first_frame(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])

    def spoil(outputs, confidence) -> None:
        confidence[:] = np.nan

    oracle.spoil = spoil
    history, state = play(Tracker(model, oracle), 2, TrackerState(), [box(truth)])
    assert not any(history) and not state.tracks and state.counters.refused == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda outputs: outputs.__setitem__((slice(None), 284), 1.2),  # turns by 69 degrees
        lambda outputs: outputs.__setitem__((slice(None), 287), 0.6),  # grows by 80 %
        lambda outputs: outputs.__setitem__((slice(None), 288), 0.45),  # jumps by half a crop
        lambda outputs: outputs.__setitem__((slice(None), slice(0, 200)), 9.0),  # nobody's identity
        lambda outputs: outputs.__setitem__((slice(None), 287), 1e3),  # overflows
    ],
)
def test_implausible_estimates_are_refused(model, monkeypatch, spoil) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle)
    _, state = play(tracker, 3, TrackerState(), [box(truth)])
    oracle.spoil = lambda outputs, confidence: spoil(outputs)
    history, state = play(tracker, 1, state, start=3)
    assert not any(history)
    assert state.counters.implausible + state.counters.invalid == 1


def test_face_that_leaves_the_image_ends(model, monkeypatch) -> None:
    oracle = Oracle(monkeypatch, [face_at(560, 240)])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 1, TrackerState(), [box(oracle.truths[0])])
    seen = []
    for index in range(1, 40):
        oracle.truths = [face_at(560 + 8 * index, 240)]
        faces, state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
        seen.append(bool(faces))
    assert seen[5] and not any(seen[10:]) and not state.tracks


def test_confidence_has_hysteresis(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle)
    low = {"value": 0.4}
    oracle.spoil = lambda outputs, confidence: confidence.fill(low["value"])
    history, state = play(tracker, 1, TrackerState(), [box(truth)])
    assert not history[0], "0.4 does not start a track"
    low["value"] = 0.9
    _, state = play(tracker, 1, state, [box(truth)], start=1)
    low["value"] = 0.4
    history, state = play(tracker, 30, state, start=2)
    assert all(history), "0.4 keeps one"
    low["value"] = 0.2
    history, state = play(tracker, 10, state, start=32)
    assert history[0] and not any(history[5:]), "one dip is bridged, several are not"


def test_duplicates_start_one_track_and_overlapping_tracks_merge(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle, RAW)
    x, y, w, h = box(truth)
    history, state = play(tracker, 1, TrackerState(), [(x, y, w, h), (x + 4, y - 3, w, h)])
    assert len(history[0]) == 1 and state.counters.started == 1
    two = [face_at(200, 240, 500), face_at(420, 240, 500)]
    oracle.truths = two
    _, state = play(tracker, 1, TrackerState(), [box(face) for face in two])
    for index in range(1, 60):  # they walk into each other
        oracle.truths = [
            face_at(200 + 3 * min(index, 34), 240, 500),
            face_at(420 - 3 * min(index, 34), 240, 500),
        ]
        faces, state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
    assert [face.id for face in faces] == [1] and state.counters.merged == 1


def test_a_lost_track_gives_way_to_a_good_one(model, monkeypatch) -> None:
    left, right = face_at(200, 240, 500), face_at(420, 240, 500)
    oracle = Oracle(monkeypatch, [left, right])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 1, TrackerState(), [box(left), box(right)])
    oracle.reach = 0.3
    for index in range(1, 9):  # the first one vanishes, the second one walks to its place
        oracle.truths = [face_at(420 - 27.5 * index, 240, 500)]
        faces, state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
    assert [face.id for face in faces] in ([1], [2]) and len(state.tracks) == 1


def test_slipped_track_is_taken_over_by_a_contradicting_box(model, monkeypatch) -> None:
    truth = face_at(320, 240, 900)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 2, TrackerState(), [box(truth)])
    small = face_at(340, 250, 350)
    oracle.truths = [small]

    def spoil(outputs, confidence) -> None:
        if len(confidence) == 2:  # the first pass: the old place and the box
            confidence[0] = 0.4

    oracle.spoil = spoil
    history, state = play(tracker, 1, state, [box(small)], start=2)
    assert [face.id for face in history[0]] == [1]
    assert_close(history[0][0].geometry, small, atol=1e-3)


def test_a_box_that_half_agrees_gives_a_doubted_track_a_new_beginning(model, monkeypatch) -> None:
    """A track that shrank on its face is as sure of itself as a new one: the detector's word decides."""
    shrunk, truth = face_at(330, 235, 480), face_at(320, 240, 700)
    oracle = Oracle(monkeypatch, [shrunk])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 2, TrackerState(), [box(shrunk)])
    oracle.skill = 0.0  # the network is content with what it is given

    def spoil(outputs, confidence) -> None:
        confidence.fill(0.95)

    oracle.spoil = spoil
    history, state = play(tracker, 1, state, [box(truth)], start=2)
    assert [face.id for face in history[0]] == [1]
    assert history[0][0].geometry.pose.scale == pytest.approx(700, rel=0.01)
    oracle.batches.clear()
    play(tracker, 1, state, [box(truth)], start=3)
    assert oracle.batches == [1], "a box that agrees costs nothing"


def test_a_head_may_tilt_all_the_way_round(model, monkeypatch) -> None:
    """The network is shown it upright, in an image that is turned by quarters."""
    truth = face_at(400, 250)
    oracle = Oracle(monkeypatch, [truth])
    tracker = Tracker(model, oracle, RAW)
    _, state = play(tracker, 1, TrackerState(), [box(truth)])
    for index in range(1, 40):
        roll = so3.exp(np.array([0.0, 0.0, math.radians(10 * index)]))
        wanted = Geometry(truth.identity, truth.expression, Pose(roll @ FRONTAL, 700, (400, 250)))
        oracle.truths = [turned_geometry(wanted, quarters, *IMAGE.shape[1::-1]) for quarters in range(4)]
        (face,), state = tracker.step(IMAGE, CAMERA, None, state, index * FRAME)
        assert so3.angle(face.geometry.pose.rotation, wanted.pose.rotation) < 0.02


def test_time_going_backwards_starts_over(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    tracker = Tracker(model, Oracle(monkeypatch, [truth]))
    _, state = play(tracker, 5, TrackerState(), [box(truth)], start=100)
    history, state = play(tracker, 1, state, start=0)
    assert not history[0] and not state.tracks and state.counters.resets == 1
    history, state = play(tracker, 1, state, [box(truth)], start=1)
    assert [face.id for face in history[0]] == [2], "ids do not return"


def test_a_long_gap_ends_tracks_and_standing_stamps_do_not(model, monkeypatch) -> None:
    truth = face_at(320, 240)
    tracker = Tracker(model, Oracle(monkeypatch, [truth]))
    _, state = play(tracker, 2, TrackerState(), [box(truth)])
    _, gone = tracker.step(IMAGE, CAMERA, None, state, 5_000_000_000)
    assert not gone.tracks and gone.counters.ended == 1 and gone.counters.resets == 0
    for _ in range(3):
        faces, state = tracker.step(IMAGE, CAMERA, None, state, FRAME)
        assert [face.id for face in faces] == [1]


def test_max_faces(model, monkeypatch) -> None:
    truths = [face_at(80 + 120 * k, 240, 300, seed=k) for k in range(5)]
    tracker = Tracker(model, Oracle(monkeypatch, truths), TrackerSettings(max_faces=3))
    history, _ = play(tracker, 2, TrackerState(), [box(truth) for truth in truths])
    assert [len(faces) for faces in history] == [3, 3]


def test_smoothing_steadies_a_still_face_and_prior_choice_matters(model, monkeypatch) -> None:
    rng = np.random.default_rng(8)
    spread = {}
    for name, settings in {
        "raw": RAW,
        "smooth": TrackerSettings(),
        "old": TrackerSettings(prior="raw"),
    }.items():
        oracle = Oracle(monkeypatch, [face_at(320, 240)])
        tracker, state = Tracker(model, oracle, settings), TrackerState()
        places = []
        for index in range(60):
            u, v = 320 + 0.2 * rng.normal(size=2)  # 0.3 mm at the face: three times what was measured
            oracle.truths = [face_at(u, v - 80)]
            boxes = [box(oracle.truths[0])] if index == 0 else None
            faces, state = tracker.step(IMAGE, CAMERA, boxes, state, index * FRAME)
            places.append(faces[0].geometry.pose.translation)
        spread[name] = np.std(places[10:], axis=0).mean()
        monkeypatch.undo()
    assert spread["smooth"] < 0.7 * spread["raw"] and spread["old"] < 0.7 * spread["raw"]


def test_bad_input_is_refused_and_state_survives(model, monkeypatch) -> None:
    tracker = Tracker(model, Oracle(monkeypatch, []))
    for image in (IMAGE[..., 0], IMAGE.astype(np.float32), IMAGE[:0], IMAGE[:, ::2], None):
        with pytest.raises(ValueError, match="image"):
            tracker.step(image, CAMERA, None, TrackerState(), 0)
    with pytest.raises(ValueError, match="face box"):
        tracker.step(IMAGE, CAMERA, [(0, 0, -5, 5)], TrackerState(), 0)
    with pytest.raises(ValueError, match="iteration"):
        tracker.reconstruct(IMAGE, [], 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"smoothing": "kalman"},
        {"prior": "none"},
        {"keep_confidence": 0.9},
        {"first_iterations": 0},
        {"max_zoom": 1.0},
    ],
)
def test_wrong_settings_are_refused(wrong) -> None:
    with pytest.raises(ValueError):
        TrackerSettings(**wrong)


def shifted(face: Geometry, shift: np.ndarray) -> Geometry:
    pose = face.pose
    return Geometry(face.identity, face.expression, Pose(pose.rotation, pose.scale, pose.translation + shift))


def photograph_black(model, face: Geometry) -> np.ndarray:
    """The face alone, drawn from the mesh that the prior uses, before black."""
    raster = face.pose.project(model.shape(face.identity, face.expression, lod=True))
    normals = _core.vertex_normals(raster, model.lod_triangles)
    _, index, weights = _core.rasterize(raster, model.lod_triangles, 640, 480)
    colors = (128 + 100 * normals).astype(np.float32)
    return _core.interpolate(index, weights, model.lod_triangles, colors).astype(np.uint8)
