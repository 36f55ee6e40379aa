"""Heat maps: where in the crop named vertices of the face are seen, and how sure that is."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from face3d.camera import IMAGE_SIZE

POINTS = 128
"""Vertices that are located in the image; training/points.py says which."""
MAP, STEP = 25, 8
"""Side of the heat maps, and pixels of the crop from one cell to the next; cell 0 lies on pixel 0."""


def cell_positions() -> Tensor:
    """(MAP * MAP, 2) position (x, y) of every cell of a heat map, in half crops about the crop's centre."""
    axis = (STEP * torch.arange(MAP) - 0.5 * (IMAGE_SIZE - 1)) / (0.5 * IMAGE_SIZE)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y], -1).view(-1, 2)


def moments(positions: Tensor) -> Tensor:
    """(N, 2) positions to (N, 3): x, y and x^2 + y^2, whose means under a heat map give its centre and spread."""
    return torch.cat([positions, positions.square().sum(1, keepdim=True)], 1)


class HeatMaps(nn.Module):
    """Heat maps of the points from the feature maps of the three stages (25, 13 and 7 cells wide), the coarse ones
    brought up to the fine one (Lin et al., CVPR 2017)."""

    def __init__(self, widths: tuple[int, int, int], channels: int):
        super().__init__()
        self.lateral = nn.ModuleList([nn.Conv2d(width, channels, 1) for width in widths])
        self.mix = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.maps = nn.Conv2d(channels, POINTS, 1)

    def forward(self, stages: list[Tensor]) -> Tensor:
        """(B, POINTS, MAP * MAP) logits, float32 and contiguous."""
        fine, middle, coarse = (lateral(stage) for lateral, stage in zip(self.lateral, stages))
        half = MAP // 2 + 1
        middle = middle + functional.interpolate(coarse, scale_factor=2.0)[:, :, :half, :half]
        fine = fine + functional.interpolate(middle, scale_factor=2.0)[:, :, :MAP, :MAP]
        return self.maps(self.mix(fine)).flatten(2).float().contiguous()


class Expectation(torch.autograd.Function):
    """Means of `values` (N, K) under the softmax of `logits` (B, P, N), and the softmax's log partition (B, P).

    Both follow from one softmax, forwards and backwards: with p the softmax, m = p v and z the log partition,
    dz/dl = p and dm/dl = p (v - m). The maps are the largest float32 tensors of a training step, and built from
    single operations these lines took a third of it.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        share = logits.softmax(2)
        mean = share @ values
        # the largest share is at least 1 / N: its logarithm is exact
        partition = logits.amax(2) - share.amax(2).log()
        ctx.save_for_backward(share, mean, values)
        return mean, partition

    @staticmethod
    def backward(ctx: Any, d_mean: Tensor, d_partition: Tensor) -> tuple[Tensor, None]:
        share, mean, values = ctx.saved_tensors
        constant = d_partition - (d_mean * mean).sum(2)
        slope = torch.cat([d_mean, constant[:, :, None]], 2)
        return (slope @ functional.pad(values, (0, 1), value=1.0).T).mul_(share), None


def read_maps(heat: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Points (B, P, 3), x and y and spread in half crops, of logits (B, P, N) at `cells` (N, 2), and their log
    partitions (B, P)."""
    with torch.autocast("cpu", enabled=False):  # differences of squares need their digits
        mean, partition = Expectation.apply(heat, moments(cells))
        variance = 0.5 * (mean[:, :, 2:] - mean[:, :, :2].square().sum(2, keepdim=True))
        return torch.cat([mean[:, :, :2], variance.clamp(min=1e-4).sqrt()], 2), partition
