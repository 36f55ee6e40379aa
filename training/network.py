"""The coarse network: a ResNet of basic blocks from 9 x 200 x 200 to 290 coefficients and a confidence.

After Richardson et al. (CVPR 2017), with three changes, each measured in docs/TRAINING.md: the stem takes 4 x 4
pixel steps at once (a pass costs a tenth of ResNet-18), the last feature map is flattened instead of averaged (pose
is a position, and averages forget where things are), and a second output says whether the crop holds a face.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from face3d.codec import EXPRESSION, IDENTITY, OUTPUTS

INPUT_CHANNELS = 9
DENSE = 28
"""Side of the auxiliary dense map."""
AUXILIARY = ("landmarks.", "dense.")
"""Layers that are not exported."""


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the network.

    widths: channels of the stem and of the three stages; blocks: residual blocks per stage.
    stem: kernel of the stride-4 stem; squeeze: channels of the last map before it is flattened; hidden: units of
    the fully connected layer; dropout: rate before the output layer (the report found it useless: 0).
    """

    widths: tuple[int, int, int, int] = (40, 64, 112, 192)
    blocks: tuple[int, int, int] = (2, 2, 2)
    stem: int = 7
    squeeze: int = 48
    hidden: int = 512
    dropout: float = 0.0

    def as_dict(self) -> dict:
        return asdict(self)


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
        nn.init.zeros_(
            self.second[1].weight
        )  # a block starts as the identity: deep nets train from the first step
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.second(self.first(x)) + self.shortcut(x))


class FaceNetwork(nn.Module):
    """(B, 9, 200, 200) uint8 -> coefficients (B, 290) float32, confidence logit (B,), and two outputs that only
    training sees: landmarks (B, 68, 2) in half crops about the crop's centre, and a dense map (B, 4, 28, 28) of the
    true face's PNCC and mask logit.

    The auxiliary gradients are simple and early: they start what the coefficients' gradient alone does not start,
    and tell the last feature map where every part of the face lies.
    """

    def __init__(self, config: NetworkConfig | None = None):
        super().__init__()
        self.config = config = config or NetworkConfig()
        stem, *stages = config.widths
        self.stem = ByteConv2d(INPUT_CHANNELS, stem, config.stem, 4, config.stem // 2, bias=False)
        self.stem_norm = nn.Sequential(nn.BatchNorm2d(stem), nn.ReLU(inplace=True))
        blocks: list[nn.Module] = []
        width = stem
        for outputs, count in zip(stages, config.blocks):
            for index in range(count):
                blocks.append(BasicBlock(width, outputs, 2 if index == 0 else 1))
                width = outputs
        self.trunk = nn.Sequential(*blocks)
        self.squeeze = nn.Sequential(
            nn.Conv2d(width, config.squeeze, 1, bias=False),
            nn.BatchNorm2d(config.squeeze),
            nn.ReLU(inplace=True),
        )
        self.hidden = nn.Sequential(
            nn.Linear(config.squeeze * 7 * 7, config.hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(config.dropout),
        )
        self.coefficients = nn.Linear(config.hidden, OUTPUTS)
        self.confidence = nn.Linear(config.hidden, 1)
        self.landmarks = nn.Linear(config.hidden, 68 * 2)
        self.dense = nn.Sequential(nn.Conv2d(width, 4 * 16, 1), nn.PixelShuffle(4))
        for head in (self.coefficients, self.confidence, self.landmarks):
            nn.init.normal_(
                head.weight, std=0.003
            )  # starts at "the prior is right, the face is the mean face"
            nn.init.zeros_(head.bias)

    def features(self, image: Tensor) -> Tensor:
        """Last feature map (B, widths[-1], 7, 7)."""
        return self.trunk(self.stem_norm(self.stem(image).contiguous(memory_format=torch.channels_last)))

    def answer(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Coefficients (B, 290), confidence logit (B,), and the hidden layer (B, hidden)."""
        x = self.hidden(self.squeeze(features).flatten(1))
        return self.coefficients(x).float(), self.confidence(x).float()[:, 0], x

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        features = self.features(image)
        coefficients, confidence, hidden = self.answer(features)
        landmarks = self.landmarks(hidden).float().view(-1, 68, 2)
        return coefficients, confidence, landmarks, self.dense(features).float()


def split(coefficients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B, 290) -> identity (B, 200), expression (B, 84), pose (B, 6)."""
    return coefficients.split([IDENTITY, EXPRESSION, OUTPUTS - IDENTITY - EXPRESSION], dim=1)
