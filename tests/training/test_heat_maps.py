"""Reading heat maps: against single torch operations and their gradients, and a Gaussian whose moments are known."""

import torch

from training.heat_maps import POINTS, Expectation, cell_positions, moments, read_maps


def test_expectation_and_partition_are_those_of_the_softmax():
    logits = 20.0 * torch.randn(3, 5, 40, generator=torch.Generator().manual_seed(0))
    values = torch.randn(40, 3, generator=torch.Generator().manual_seed(1))
    mean, partition = Expectation.apply(logits, values)
    torch.testing.assert_close(mean, logits.softmax(2) @ values)
    torch.testing.assert_close(partition, logits.logsumexp(2))


def test_gradient_of_expectation_is_the_numerical_one():
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(2, 3, 7, dtype=torch.float64, generator=generator).requires_grad_()
    values = torch.randn(7, 2, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(lambda x: Expectation.apply(x, values), (logits,))


def test_maps_are_read_as_centre_and_spread():
    """A Gaussian over the cells has its own mean and deviation."""
    cells = cell_positions()
    centre, spread = torch.tensor([0.13, -0.21]), 0.1
    logits = (-0.5 * (cells - centre).square().sum(1) / spread**2).expand(1, POINTS, -1)
    points, partition = read_maps(logits, cells)
    torch.testing.assert_close(points[0, 0], torch.tensor([0.13, -0.21, spread]), atol=2e-3, rtol=0)
    torch.testing.assert_close(partition, logits.logsumexp(2))


def test_moments_give_the_square_of_the_distance():
    positions = torch.tensor([[3.0, 4.0], [-1.0, 2.0]])
    torch.testing.assert_close(moments(positions), torch.tensor([[3.0, 4.0, 25.0], [-1.0, 2.0, 5.0]]))
