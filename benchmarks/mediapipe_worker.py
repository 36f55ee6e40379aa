"""MediaPipe FaceMesh on frames from standard input; not for use by hand: `benchmarks.against_mediapipe` starts it.

Runs in an environment of its own. For every picture, two int32 (height, width) and the RGB bytes, it answers with three
float64: milliseconds on the clock, milliseconds of CPU time of all threads, and the number of points found.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # the library talks on standard output
    import mediapipe

    mesh = mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=1)  # tracks: detects only without a face
    answers.write(b"ready\n")
    answers.flush()
    while len(header := sys.stdin.buffer.read(8)) == 8:
        height, width = (int(side) for side in np.frombuffer(header, np.int32))
        image = np.frombuffer(sys.stdin.buffer.read(height * width * 3), np.uint8).reshape(height, width, 3)
        wall, cpu = time.perf_counter(), time.process_time()
        found = mesh.process(image).multi_face_landmarks
        spent = [(time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3]
        answers.write(np.array([*spent, len(found[0].landmark) if found else 0]).tobytes())
        answers.flush()


if __name__ == "__main__":
    main()
