"""What looks like a face and is none."""

import numpy as np

from training.faces import FaceConfig, FaceGenerator
from training.faces.lookalikes import Lookalikes
from training.faces.noise import NoiseBank


def test_they_change_the_place_where_a_face_would_be():
    lookalikes, rng = Lookalikes(NoiseBank()), np.random.default_rng(2)
    for _ in range(40):
        clear = np.full((288, 288, 3), 90, np.uint8)
        image = lookalikes.draw(clear.copy(), rng, np.array([150.0, 140.0]), 70.0)
        assert image.shape == clear.shape and image.dtype == np.uint8
        assert (np.abs(image.astype(int) - clear).sum(-1)[100:180, 110:190] > 6).mean() > 0.3


def test_their_samples_have_no_face():
    config = FaceConfig(negative=1.0, back_of_head=0.0, things_only=0.0, lookalike=1.0)
    generator = FaceGenerator(config, seed=3)
    for _ in range(5):
        sample = generator.draw(1.0)
        assert not sample.face and not sample.identity.any() and not sample.expression.any()


def test_ground_and_noise_fill_the_picture_and_differ():
    lookalikes, clear = Lookalikes(NoiseBank()), np.full((288, 288, 3), 90, np.uint8)
    for draw in (lookalikes._ground, lookalikes._noise):
        images = [draw(clear, np.random.default_rng(seed)) for seed in (1, 2, 1)]
        assert all(image.shape == clear.shape and image.dtype == np.uint8 for image in images)
        assert np.array_equal(images[0], images[2]) and (images[0] != images[1]).mean() > 0.5
        for quarter in (images[0][:144, :144], images[0][144:, 144:]):
            assert quarter.std() > 2
