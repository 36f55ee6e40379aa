"""Files of a run: checkpoints that are whole or not there, and the curve."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import torch

COLUMNS = ("samples", "rendered", "hours", "rate", "difficulty", "loss", "nme", "rotation", "vertices")


def save(path: Path, state: dict) -> None:
    """Write a checkpoint so that an interruption never leaves half of one."""
    torch.save(state, path.with_suffix(".part"))
    os.replace(path.with_suffix(".part"), path)


def log(path: Path, row: dict) -> None:
    """Append a row to the curve, a CSV file of COLUMNS; other keys are left out."""
    new = not path.exists()
    with open(path, "a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        if new:
            writer.writeheader()
        writer.writerow(
            {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}
        )
