"""The network's parts against their definitions: where points are found, what the export keeps."""

import numpy as np
import pytest
import torch

from face3d import codec
from face3d.camera import Pose
from face3d.codec import Geometry
from training.faces.poses import rotation
from training.heat_maps import MAP, POINTS, STEP, cell_positions
from training.network import FaceNetwork, NetworkConfig
from training.points import choose_points, point_codes, spread_points

SMALL = NetworkConfig(widths=(8, 8, 16, 16), blocks=(1, 1, 1), hidden=32, maps=8, lift=32)


@pytest.fixture(scope="module")
def network(model):
    torch.manual_seed(0)  # where a cell looks is seen in most, not in all draws of the weights
    return FaceNetwork(SMALL, point_codes(model)).eval()


def test_cells_lie_where_the_convolutions_look(network):
    """A lit pixel at a cell's place moves that cell of the fine feature map most."""
    positions = (cell_positions().view(MAP, MAP, 2) * 100 + 99.5).numpy()
    np.testing.assert_allclose(positions[3, 11], [11 * STEP, 3 * STEP])
    stem, stage = network.stem, network.stages[0]
    black = torch.zeros(1, 9, 200, 200, dtype=torch.uint8)
    lit = black.clone()
    lit[:, :, 3 * STEP - 1 : 3 * STEP + 2, 11 * STEP - 1 : 11 * STEP + 2] = 255
    with torch.no_grad():
        with_light, without = (stage(network.stem_norm(stem(image))) for image in (lit, black))
        change = (with_light - without).abs().sum((0, 1))
    assert divmod(int(change.argmax()), MAP) == (3, 11)


@pytest.mark.parametrize("yaw", [0, 25])
def test_prior_points_are_the_projected_vertices(model, network, yaw):
    prior = Geometry.mean(Pose(rotation(yaw, 5, 3), 700, np.array([140.0, 120.0])))
    image, crop = codec.encode(np.zeros((240, 320, 3), np.uint8), prior, model)
    with torch.no_grad():
        found = network.prior_points(torch.from_numpy(image[None]))[0].numpy() * 100 + 99.5
    vertices = codec.prior_shape(prior, model)[choose_points(model)]
    expected = prior.pose.to_crop(crop).project(vertices)[:, :2]
    assert np.median(np.linalg.norm(found - expected, axis=1)) < 3.0


def test_an_empty_prior_gives_finite_points(network):
    with torch.no_grad():
        points = network.prior_points(torch.zeros(2, 9, 200, 200, dtype=torch.uint8))
    assert points.shape == (2, POINTS, 2) and torch.isfinite(points).all()


def test_points_are_distinct_control_vertices_that_begin_with_the_landmarks(model):
    chosen = choose_points(model)
    assert len(chosen) == POINTS == len(set(chosen))
    np.testing.assert_array_equal(chosen[:68], model.anchors68)
    assert chosen.max() < model.control_count


def test_each_spread_point_is_the_farthest():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 3))
    chosen = [3]
    for point in spread_points(points, np.arange(50, 200), [3], 10):
        apart = np.linalg.norm(points[50:, None] - points[chosen][None], axis=2).min(1)
        assert point == 50 + apart.argmax()
        chosen.append(point)


def test_forward_and_answer_agree(network):
    image = torch.randint(0, 256, (2, 9, 200, 200), dtype=torch.uint8)
    with torch.no_grad():
        output, (coefficients, confidence) = network(image), network.answer(image)
    torch.testing.assert_close(output.coefficients, coefficients)
    torch.testing.assert_close(output.confidence, confidence)
    torch.testing.assert_close(output.partition, output.heat.logsumexp(2))
