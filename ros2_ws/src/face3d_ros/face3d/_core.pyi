"""The compiled kernels. Use them through `face3d.renderer` and `face3d.shape`.

Arrays must be C-contiguous and of the stated dtype (TypeError otherwise; ValueError for shapes, strides, sizes and
indices out of range). "raster" vertices are (V, 3) float32 (u, v, depth) in pixels: x right, y down, smaller depth
nearer, pixel centres at integers. Triangles are (T, 3) int32 and wind counter-clockwise seen from outside. Triangles
with a vertex that is NaN, infinite or further out than 2^20 pixels, and triangles without area, are not drawn.
Everything is deterministic, whatever the processor and the number of threads, and runs without the GIL.
"""

import numpy as np
from numpy.typing import NDArray

def vertex_normals(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> NDArray[np.float32]:
    """Area-weighted unit vertex normals (V, 3) in the frame and for the units of `vertices` (V, 3).

    (0, 0, 0) where a vertex has no triangle with an area.
    """

def rasterize(
    vertices: NDArray[np.float32], triangles: NDArray[np.int32], width: int, height: int, cull: bool = True
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]:
    """What each pixel sees: depth (H, W) float32, +inf where empty; index of the triangle (H, W) int32, -1 where
    empty; barycentric weights of its three corners (H, W, 3) float32, 0 where empty.

    Corners are rounded to 1/256 pixel; pixels exactly on an edge belong to the triangle of which it is a left or top
    edge, so that neighbours leave no gap and never both draw a pixel. Of equally deep triangles the first wins.
    `cull` leaves out triangles whose outside faces away. Sides are 1 to 8192 pixels.
    """

def interpolate(
    index: NDArray[np.int32],
    barycentric: NDArray[np.float32],
    triangles: NDArray[np.int32],
    attributes: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Vertex attributes (V, K) at the pixels of a `rasterize` result: (H, W, K), 0 where empty."""

def shade(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    colors: NDArray[np.float32],
    lights: NDArray[np.float32],
    ambient: NDArray[np.float32],
    width: int,
    height: int,
    *,
    normals: NDArray[np.float32] | None = None,
    specular: NDArray[np.float32] | None = None,
    shininess: int = 32,
    cull: bool = True,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A lit picture: rgb (H, W, 3) float32 linear, 0 where empty, not clipped; depth (H, W), +inf where empty.

    Per pixel, with the interpolated and normalised normal n:
    color * (ambient + sum of light * max(0, n.l)) + specular * sum of light * max(0, n.h)^shininess,
    h halfway between l and the viewer at (0, 0, -1).

    colors (V, 3) linear RGB; lights (L, 2, 3): direction to the light in the camera frame (any length) and linear
    colour; ambient (3,); normals (V, 3) in the camera frame, by default `vertex_normals` of the mesh; specular (V,)
    strength, by default no highlight; shininess 1 to 1024. Without `cull` both sides are drawn, the back lit as if it
    were a front.
    """

def render_prior(
    vertices: NDArray[np.float32], triangles: NDArray[np.int32], codes: NDArray[np.uint8], size: int = 200
) -> NDArray[np.uint8]:
    """The network's view of a geometry: (6, size, size) uint8, back faces culled, 0 where empty.

    Planes 0-2: `codes` (V, 3), the PNCC. Planes 3-5: the vertex normal n of the raster vertices as
    ((n_x, -n_y, -n_z) * 0.5 + 0.5) * 255. Both are interpolated as vertex colours and rounded.
    """

def project(vertices: NDArray[np.float32], projection: NDArray[np.float32]) -> NDArray[np.float32]:
    """Raster vertices (V, 3) of vertices (V, 3): projection (3, 4) @ (x, y, z, 1)."""

def crop(
    image: NDArray[np.uint8], cx: float, cy: float, size: float, out_size: int = 200
) -> NDArray[np.uint8]:
    """A square of an RGB image (H, W, 3), resampled to (out_size, out_size, 3).

    Pixel u of the result shows image position cx + (u - (out_size - 1) / 2) * size / out_size, likewise v; pixel
    centres are at integers, so nothing shifts. Bilinear when magnifying; when minifying the triangle filter widens
    with the scale (no aliasing). Outside the image is black. ValueError unless cx, cy are finite and size > 0.
    """

class Encoder:
    """Makes the network's inputs from geometries that share triangles (T, 3) and codes (V, 3): checked once, and copied.

    The planes of the last 8 priors that were asked for twice are kept, so a prior that rests costs a copy; that changes no
    bit of the result. Several threads may use it at once.
    """

    def __init__(
        self, triangles: NDArray[np.int32], codes: NDArray[np.uint8], out_size: int = 200
    ) -> None: ...
    def encode(
        self,
        image: NDArray[np.uint8],
        cx: float,
        cy: float,
        size: float,
        vertices: NDArray[np.float32],
        projection: NDArray[np.float32],
    ) -> NDArray[np.uint8]:
        """The network's input (9, out_size, out_size): `crop` as planes 0-2, `render_prior` as planes 3-8.

        `projection` (3, 4) takes the vertices (V, 3) to raster vertices in the pixels of the crop:
        raster = projection @ (x, y, z, 1).
        """

class PriorPoints:
    """Finds coded points in the PNCC planes 3-5 of network inputs (B, 9, side, side): every `step`-th pixel of every
    `step`-th row with code c weighs exp(w . (c, |c|^2)) for a point of `weights` (P, 4) float32, empty ones nothing.

    Results for the last 8 different priors are kept, to the last bit. Several threads may use it at once.
    """

    def __init__(self, weights: NDArray[np.float32], side: int, step: int) -> None: ...
    def find(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(B, P, 2) x and y of the points, in half crops about the crop's centre."""

def blend(
    mean: NDArray[np.float32],
    basis: NDArray[np.float16] | NDArray[np.float32],
    coefficients: NDArray[np.float32],
) -> NDArray[np.float32]:
    """mean (C, 3) + sum of coefficients[k] * basis[k]: (C, 3). The basis is (K, C, 3) or (K, 3 C), one row a
    coefficient; rows whose coefficient is 0 cost nothing."""

def subdivide(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    data: NDArray[np.float32],
    control: NDArray[np.float32],
    rows: int | None = None,
) -> NDArray[np.float32]:
    """The first `rows` rows (all by default) of a CSR matrix (N, C) times control (C, 3): (rows, 3)."""

class FaceShape:
    """`subdivide` of `blend` for arrays that never change: checked, packed and sorted once, then evaluated per frame.

    Keeps copies: what of the basis is not zero, in the dtype it has, and the matrix. ValueError also for weights that
    are not finite and for more than 65,536 control vertices. The first `steady` coefficients are those that rarely change:
    the sums of their rows are kept for the last 16 sets of them, which changes no bit of the result. Evaluations may run
    in several threads at once.
    """

    def __init__(
        self,
        mean: NDArray[np.float32],
        basis: NDArray[np.float16] | NDArray[np.float32],
        indptr: NDArray[np.int32],
        indices: NDArray[np.int32],
        data: NDArray[np.float32],
        steady: int = 0,
    ) -> None: ...
    def evaluate(self, coefficients: NDArray[np.float32], rows: int | None = None) -> NDArray[np.float32]:
        """The first `rows` vertices (all by default) for coefficients (K,): (rows, 3)."""

def rotation_exp(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrix (3, 3) of a rotation vector (3,) in radians. Use `face3d.rotation`."""

def rotation_log(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation vector (3,), angle in [0, pi], of a rotation matrix (3, 3)."""

def orthonormal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nearest rotation to a nearly orthonormal matrix (3, 3)."""

def angle(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Angle in radians between two rotations (3, 3)."""

def distance(
    a: NDArray[np.float32] | NDArray[np.float64], b: NDArray[np.float32] | NDArray[np.float64]
) -> float:
    """Euclidean distance of two arrays with the same number of elements."""

def dot(a: NDArray[np.float32] | NDArray[np.float64], b: NDArray[np.float32] | NDArray[np.float64]) -> float:
    """Sum of the products of two arrays with the same number of elements."""

def towards(
    value: NDArray[np.float64], measured: NDArray[np.float32] | NDArray[np.float64], gain: float
) -> NDArray[np.float64]:
    """value (K,) + gain * (measured - value); read-only."""

def projection(rotation: NDArray[np.float64], scale: float, u: float, v: float) -> NDArray[np.float32]:
    """Weak perspective as a matrix (3, 4) for `project`: scale * rotation, and the shift (u, v, 0). Use `Pose.matrix`."""

def perspective(
    points: NDArray[np.float64],
    lens: NDArray[np.float64],
    weak_rotation: NDArray[np.float64],
    scale: float,
    weak_translation: NDArray[np.float64],
    rotation: NDArray[np.float64],
    translation: NDArray[np.float64],
    steps: int,
    nearest: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotation (3, 3) and translation (3,) with which a camera, lens (4,) fx, fy, cx, cy, sees points (K, 3) closest to
    where weak perspective has them: Gauss-Newton from a first guess, which it is when a point comes nearer than
    `nearest`. Use `Camera.metric`."""

def decode(
    output: NDArray[np.float32],
    rotation: NDArray[np.float64],
    scale: float,
    translation: NDArray[np.float64],
    side: float,
    most: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64], float, NDArray[np.float64]]:
    """Identity (200,), expression (84,) clipped to 0..most, rotation (3, 3), scale and translation (2,) from the
    network's output (290,) for a prior's pose and the side of its crop in pixels. What is not finite stays so. All are
    read-only. Use `face3d.codec.decode`."""

def is_finite(*arrays: NDArray[np.float32] | NDArray[np.float64]) -> bool:
    """Whether all numbers of C-contiguous arrays are finite."""

def step(
    rule: NDArray[np.float64], speed: NDArray[np.float64], dt: float, unit: float
) -> NDArray[np.float64]:
    """How far (K,) a filter's estimate goes by itself in dt seconds with its speed (K,) per second.

    rule (6,) are a `face3d.smoothing.Filter`'s numbers; `unit` 0: every element for itself, otherwise a position whose
    speed counts in multiples of it. Use `face3d.smoothing`.
    """

def follow(
    rule: NDArray[np.float64],
    value: NDArray[np.float64],
    speed: NDArray[np.float64],
    measured: NDArray[np.float64],
    dt: float,
    unit: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Value and speed (K,) of a filter after a measurement (K,); read-only."""

def follow_rotation(
    rule: NDArray[np.float64],
    value: NDArray[np.float64],
    speed: NDArray[np.float64],
    measured: NDArray[np.float64],
    dt: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotation (3, 3) and speed (3,) of a filter after a measurement (3, 3); read-only."""

def landmarks(
    vertices: NDArray[np.float32],
    fixed: NDArray[np.int32],
    candidates: NDArray[np.int32],
    outward: NDArray[np.float64],
    rotation: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Vertices `fixed` (L,) of vertices (V, 3): (L, 3). The first J of them are where their candidates (J, K) reach
    furthest along outward (J, 2), right and up in the mean face's frontal plane, as the face turned by rotation (3, 3)
    shows them: a mean, in which those that reach less far count less. Use `FaceModel.landmarks_of`."""

def look(tensor: NDArray[np.uint8], border: int, cells: int, flat: float) -> NDArray[np.float32]:
    """(3, cells, cells) averages of the first three planes of (9, S, S), `border` pixels left out, without their mean and
    divided by their norm; zero with less than `flat` grey levels of contrast. Use `face3d.likeness`."""

def mixed_looks(look: NDArray[np.float32], other: NDArray[np.float32], gain: float) -> NDArray[np.float32]:
    """look + gain * (other - look), (3, K, K), divided by its norm unless that is 0. Use `face3d.likeness`."""

def instruction_sets() -> tuple[str, ...]:
    """The instruction sets the kernels were compiled for and this processor has. Results do not depend on them."""

def select_instruction_set(name: str) -> None:
    """Makes the kernels use another instruction set, for the whole process. For tests and benchmarks."""
