"""Which part of the MakeHuman base mesh is the head, which is the face, and how finely each quad is split."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from training.edge_graph import EdgeGraph, edge
from training.makehuman import MakeHuman
from training.subdivision import FineMesh, graded, refine

# Near the iBUG landmarks 0..67, as base mesh vertices, placed by hand with an eye on MediaPipe's canonical face; the
# jaw (0-16) is the silhouette of the frontal mean face
# fmt: off
ANCHORS = (
    5769, 269, 270, 5242, 895, 894, 917, 914, 5296, 7616, 7619, 7596, 7597, 11851, 7039, 7038, 12366,
    261, 225, 222, 205, 208, 6983, 6980, 6996, 6999, 7030, 132, 135, 164, 5134, 320, 313, 317, 7076, 7082,
    21, 0, 54, 66, 47, 41, 6850, 6838, 6784, 6805, 6825, 6831,
    425, 5354, 450, 455, 7210, 11956, 7185, 7166, 7241, 492, 486, 406, 500, 471, 474, 7227, 7249, 7242, 493, 487,
)
# fmt: on
SELLION = 132
# The face is cut along the path through these vertices (subject's left half, mirrored to the right): from the
# crown's front down the temple, along the ring behind the ear, down to the neck and round it under the jaw.
CUT = (1013, 7705, 7636, 7528, 803)
PARTS = ("skin", "mouth", "eye_left", "eye_right", "teeth_upper", "teeth_lower", "tongue")
HEAD_PARTS = (*PARTS, "scalp", "neck")
HELPERS = {
    "helper-l-eye": "eye_left",
    "helper-r-eye": "eye_right",
    "helper-upper-teeth": "teeth_upper",
    "helper-lower-teeth": "teeth_lower",
    "helper-tongue": "tongue",
}
LIP_LOOP_QUADS = 398  # the mouth bag's size, by which its UV island is known
SOCKET_QUADS = 293
SOCKET_RINGS = 3  # rings of the eye socket kept inside the lids; the rest hides behind the eyeball
NAPE = 6.75  # decimetres: height of the hairline at the back
FINE_EDGE = 0.039  # decimetres: a quad with longer edges is split twice, a smaller one once


@dataclass(frozen=True)
class HeadMesh:
    """Control mesh of the head in MakeHuman's topology; the face's own control vertices come first.

    control: (Ch,) base mesh vertex of each control vertex; the first `face_count` belong to the face model.
    quads: (F, 4) over control vertices. part: (F,) index into HEAD_PARTS. uv_corners: (F, 4, 2).
    fine: the subdivided mesh; the edge of the face is a crease, so the face does not depend on the rest.
    """

    control: np.ndarray
    face_count: int
    quads: np.ndarray
    part: np.ndarray
    uv_corners: np.ndarray
    fine: FineMesh

    @staticmethod
    def build(data: MakeHuman) -> HeadMesh:
        faces, vertices = data.faces, data.vertices
        part = _parts(data)
        kept = np.flatnonzero(part >= 0)
        in_face = part[kept] < len(PARTS)
        quads = faces[kept]
        face_vertices = np.unique(quads[in_face])
        rest = np.setdiff1d(np.unique(quads), face_vertices)
        control = np.concatenate([face_vertices, rest])
        local = np.full(len(vertices), -1)
        local[control] = np.arange(len(control))
        quads, part = local[quads], part[kept]

        corners = vertices[control][quads]
        edge = np.linalg.norm(corners - np.roll(corners, -1, 1), axis=2).mean(1)
        levels = np.where((edge > FINE_EDGE) & (part == 0), 2, 1)
        eyes = np.isin(part, [PARTS.index("eye_left"), PARTS.index("eye_right")])
        levels[eyes & (corners[:, :, 2].mean(1) > 1.25)] = 2  # the visible half of the eyeballs
        levels[(part >= len(PARTS)) & (corners[:, :, 1].min(1) < 5.7)] = 0  # shoulders
        fine = refine(quads, len(control), graded(quads, levels), _creases(quads, in_face), vertices[control])
        return HeadMesh(control, len(face_vertices), quads, part, data.uvs[data.uv_faces[kept]], fine)

    @property
    def anchors(self) -> np.ndarray:
        """(68,) the landmarks' anchors as control vertices, see `training.landmarks`."""
        place = {vertex: index for index, vertex in enumerate(self.control.tolist())}
        return np.array([place[vertex] for vertex in ANCHORS])

    @property
    def face_rows(self) -> np.ndarray:
        """(N,) the fine vertices that make up the face model: its control vertices first."""
        used = np.unique(self.fine.triangles[self.part[self.fine.quad] < len(PARTS)])
        return np.concatenate([np.arange(self.face_count), used[used >= len(self.control)]])

    @property
    def fine_uv(self) -> np.ndarray:
        """(N, 2) texture coordinates of the fine vertices (at a seam: of one side)."""
        (s, t), corners = self.fine.place.T, self.uv_corners[self.fine.place_quad]
        weights = np.stack([(1 - s) * (1 - t), s * (1 - t), s * t, (1 - s) * t], 1)
        return np.einsum("nc,nck->nk", weights, corners)


def _creases(quads: np.ndarray, in_face: np.ndarray) -> set[tuple[int, int]]:
    """Edges between a quad of the face and one of the rest."""
    sides = defaultdict(set)
    for quad, inside in zip(quads.tolist(), in_face.tolist()):
        for c in range(4):
            a, b = quad[c], quad[(c + 1) % 4]
            sides[min(a, b), max(a, b)].add(inside)
    return {edge for edge, values in sides.items() if len(values) == 2}


def _islands(uv_faces: np.ndarray) -> np.ndarray:
    """(F,) label of the UV island of each quad."""
    parent = np.arange(uv_faces.max() + 1)

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for quad in uv_faces.tolist():
        for corner in quad[1:]:
            parent[root(corner)] = root(quad[0])
    return np.array([root(quad[0]) for quad in uv_faces.tolist()])


def _parts(data: MakeHuman) -> np.ndarray:
    """(all quads,) index into HEAD_PARTS, or -1: not part of the head."""
    faces, vertices = data.faces, data.vertices
    part = np.full(len(faces), -1)
    body = np.flatnonzero(data.groups == "body")
    island = np.full(len(faces), -1)
    island[body] = _islands(data.uv_faces[body])
    centre = vertices[faces].mean(1)

    inside = np.zeros(len(faces), bool)
    inside[body[_flood(faces[body], vertices, data.mirror)]] = True
    label, size = np.unique(island[body], return_counts=True)
    mouth = np.isin(island, label[size == LIP_LOOP_QUADS])
    socket = np.isin(island, label[size == SOCKET_QUADS])
    skin_island = island[np.flatnonzero((faces == SELLION).any(1))[0]]
    skin = inside & (island >= 0) & ~mouth & ~socket
    ring = np.unique(faces[island == skin_island])
    for _ in range(SOCKET_RINGS):
        near = socket & np.isin(faces, ring).any(1)
        skin |= near
        ring = np.union1d(ring, faces[near])

    others = np.zeros(len(faces), bool)
    others[body] = True
    others &= ~inside & (np.abs(vertices[faces][:, :, 0]).max(1) < 2.4)
    others &= vertices[faces][:, :, 1].min(1) > 4.2
    others &= (centre[:, 1] > 4.9) | (np.abs(centre[:, 0]) < 2.4)
    scalp = (island == skin_island) & (centre[:, 1] > NAPE)
    part[others] = np.where(scalp[others], HEAD_PARTS.index("scalp"), HEAD_PARTS.index("neck"))
    part[skin], part[mouth] = PARTS.index("skin"), PARTS.index("mouth")
    for group, name in HELPERS.items():
        part[data.groups == group] = PARTS.index(name)
    return part


def _flood(faces: np.ndarray, vertices: np.ndarray, mirror: np.ndarray) -> list[int]:
    """Indices of the quads on the face's side of the cut."""
    graph = EdgeGraph(faces)
    wall = set()
    for start, end in pairwise(CUT):
        path = graph.path(start, end, vertices, vertices[:, 0] > -1e-6, turn=0.3)
        for half in (np.array(path), mirror[path]):
            wall |= {edge(a, b) for a, b in zip(half.tolist(), half[1:].tolist())}
    return graph.flood(int(np.flatnonzero((faces == SELLION).any(1))[0]), wall)
