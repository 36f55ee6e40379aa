"""The coarse network: a ResNet of basic blocks from 9 x 200 x 200 to 290 coefficients and a confidence.

After Richardson et al. (CVPR 2017), with three changes, each measured in docs/TRAINING.md:

- the stem takes 4 x 4 pixel steps at once: a pass costs a tenth of ResNet-18;
- the last feature map is flattened instead of averaged: pose is a position, and averages forget where things are;
- between the image and the coefficients stand *points*: heat maps say where named vertices of the face are seen, and
  a small perceptron lifts these 2D points to identity, expression and pose. Heat maps learn positions from far fewer
  images than a linear layer does, and the lifting can be trained without any image (training/lifting.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from face3d.codec import EXPRESSION, IDENTITY, OUTPUTS
from training.heat_maps import POINTS, STEP, HeatMaps, cell_positions, read_maps

INPUT_CHANNELS = 9
DENSE = 28
"""Side of the auxiliary dense map."""
AUXILIARY = ("dense.",)
"""Layers that are not exported."""
CODE_SPREAD = 0.04
"""Spread of the kernel that finds a vertex in the prior's PNCC planes, in codes 0..1: about the step of the map."""


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the network.

    widths: channels of the stem and of the three stages; blocks: residual blocks per stage.
    stem: kernel of the stride-4 stem; squeeze: channels of the last map before it is flattened; hidden: units of
    the fully connected layer behind it; maps: channels in front of the heat maps; lift: units of the two layers
    that lift points to coefficients; dropout: rate before the output layer (the report found it useless: 0).
    """

    widths: tuple[int, int, int, int] = (32, 64, 112, 192)
    blocks: tuple[int, int, int] = (2, 2, 2)
    stem: int = 7
    squeeze: int = 48
    hidden: int = 512
    maps: int = 64
    lift: int = 768
    dropout: float = 0.0

    def as_dict(self) -> dict:
        return asdict(self)


class Output(NamedTuple):
    """What training sees of the network.

    coefficients (B, 290) float32; confidence (B,) logits; points (B, POINTS, 3) in half crops: x and y about the
    crop's centre, and the spread of the heat map, one standard deviation per axis: how unsure the place is;
    heat (B, POINTS, MAP * MAP) logits and partition (B, POINTS), their logsumexp; dense (B, 4, 28, 28): PNCC of the
    true face and logit of its mask.
    """

    coefficients: Tensor
    confidence: Tensor
    points: Tensor
    heat: Tensor
    partition: Tensor
    dense: Tensor


class ByteConv2d(nn.Conv2d):
    """Convolution of uint8 images as they come, 0..255.

    bfloat16 holds every byte exactly, the batch norm behind takes out mean and spread, and no normalised copy of
    the largest tensor of the network is made, which had taken half of a training step.
    """

    SCALE = 1 / 64

    def forward(self, image: Tensor) -> Tensor:
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else self.weight.dtype
        return self._conv_forward(image.to(dtype), self.weight * self.SCALE, self.bias)


class BasicBlock(nn.Module):
    """Residual block of two 3 x 3 convolutions (He et al. 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        # a block starts as the identity: deep nets train from the first step
        nn.init.zeros_(self.second[1].weight)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.second(self.first(x)) + self.shortcut(x))


class Lift(nn.Module):
    """Points seen with their spread, the prior's points, and what else the image says, to the 290 coefficients."""

    def __init__(self, units: int, look: int, dropout: float):
        super().__init__()
        self.points = nn.Linear(POINTS * 5, units)
        self.look = nn.Linear(look, units, bias=False)
        nn.init.zeros_(self.look.weight)  # the image joins when the points have been learned
        self.deep = nn.Sequential(nn.Linear(units, units), nn.ReLU(inplace=True), nn.Dropout(dropout))
        self.coefficients = nn.Linear(units, OUTPUTS)
        # starts at "the prior is right, the face is the mean"
        nn.init.normal_(self.coefficients.weight, std=0.003)
        nn.init.zeros_(self.coefficients.bias)

    def forward(self, points: Tensor, prior: Tensor, look: Tensor | None = None) -> Tensor:
        """points (B, POINTS, 3), prior (B, POINTS, 2); look (B, units of the image's layer) or None: points alone."""
        x = self.points(4.0 * torch.cat([points[:, :, :2] - prior, prior, points[:, :, 2:]], 2).flatten(1))
        if look is not None:
            x = x + self.look(look)
        x = torch.relu(x)
        return self.coefficients(x + self.deep(x))


class FaceNetwork(nn.Module):
    """(B, 9, 200, 200) uint8 -> coefficients (B, 290) float32 and confidence logit (B,); `forward` adds what only
    training sees. codes (POINTS, 3): PNCC codes 0..1 of the points.

    The auxiliary dense map gives simple and early gradients: they start what the coefficients' gradient alone does
    not start, and tell the last feature map where every part of the face lies.
    """

    def __init__(self, config: NetworkConfig | None = None, codes: Tensor | None = None):
        super().__init__()
        self.config = config = config or NetworkConfig()
        stem, *stages = config.widths
        self.stem = ByteConv2d(INPUT_CHANNELS, stem, config.stem, 4, config.stem // 2, bias=False)
        self.stem_norm = nn.Sequential(nn.BatchNorm2d(stem), nn.ReLU(inplace=True))
        self.stages = nn.ModuleList()
        width = stem
        for outputs, count in zip(stages, config.blocks):
            rest = [BasicBlock(outputs, outputs, 1) for _ in range(count - 1)]
            self.stages.append(nn.Sequential(BasicBlock(width, outputs, 2), *rest))
            width = outputs
        self.heat = HeatMaps(config.widths[1:], config.maps)
        self.squeeze = nn.Sequential(
            nn.Conv2d(width, config.squeeze, 1, bias=False),
            nn.BatchNorm2d(config.squeeze),
            nn.ReLU(inplace=True),
        )
        self.hidden = nn.Sequential(nn.Linear(config.squeeze * 7 * 7, config.hidden), nn.ReLU(inplace=True))
        self.lift = Lift(config.lift, config.hidden, config.dropout)
        self.confidence = nn.Linear(config.hidden, 1)
        self.dense = nn.Sequential(nn.Conv2d(width, 4 * 16, 1), nn.PixelShuffle(4))
        nn.init.normal_(self.confidence.weight, std=0.003)
        nn.init.zeros_(self.confidence.bias)
        self.register_buffer("codes", torch.zeros(POINTS, 3) if codes is None else codes)
        self.register_buffer("cells", cell_positions(), persistent=False)

    def answer(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Coefficients (B, 290) float32 and confidence logits (B,): what is exported."""
        return self(image)[:2]

    def forward(self, image: Tensor) -> Output:
        x = self.stem_norm(self.stem(image).contiguous(memory_format=torch.channels_last))
        stages = []
        for stage in self.stages:
            x = stage(x)
            stages.append(x)
        look = self.hidden(self.squeeze(x).flatten(1))
        heat = self.heat(stages)
        points, partition = read_maps(heat, self.cells)
        coefficients = self.lift(points, self.prior_points(image), look).float()
        confidence = self.confidence(look).float()[:, 0]
        return Output(coefficients, confidence, points, heat, partition, self.dense(x).float())

    def prior_points(self, image: Tensor) -> Tensor:
        """(B, POINTS, 2) where the prior's render shows the points, in half crops: a soft look-up of their PNCC codes.

        A point that the prior hides is found at the edge of what is seen.
        """
        code = image[:, 3:6, ::STEP, ::STEP].flatten(2).float()
        square = code.square().sum(1, keepdim=True)
        square = square.masked_fill(square == 0, 1e4 * 255**2)  # empty cells are far from every code
        # -|a - b|^2 without the point's own |a|^2, which the softmax does not see, as one product of bytes
        weights = torch.cat([2 / 255 * self.codes, self.codes.new_full((POINTS, 1), -1 / 255**2)], 1)
        with torch.autocast("cpu", enabled=False):
            near = weights / (2 * CODE_SPREAD**2) @ torch.cat([code, square], 1)
            return near.softmax(2) @ self.cells


def split(coefficients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B, 290) -> identity (B, 200), expression (B, 84), pose (B, 6)."""
    return coefficients.split([IDENTITY, EXPRESSION, OUTPUTS - IDENTITY - EXPRESSION], dim=1)
